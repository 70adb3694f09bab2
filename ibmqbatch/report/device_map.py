"""The map of a device: where its qubits are drawn, which were used, and their errors."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ..service.models import Calibration, QubitFigures

__all__ = ["DeviceMap", "Link", "Place", "device_map"]

_ROUNDS = 60  # of stress majorization; it settles after some thirty
_POWERS = 100  # steps of power iteration for each axis


@dataclass(frozen=True, slots=True)
class Place:
    """A qubit: where it is drawn, in distances of neighbours, and its figures; times in µs.

    `circuits` of the set begin or end on it. Figures that are not known are None.
    """

    x: float
    y: float
    circuits: int
    readout_error: float | None
    t1: float | None
    t2: float | None
    operational: bool


@dataclass(frozen=True, slots=True)
class Link:
    """Two coupled qubits, and the error of the gate on them: the lowest of several."""

    qubits: tuple[int, int]
    gate: str
    error: float | None


@dataclass(frozen=True, slots=True)
class DeviceMap:
    """The qubits of a device in their order, and what couples them."""

    qubits: Sequence[Place]
    links: Sequence[Link]


def device_map(
    configuration: Mapping[str, Any],
    properties: Mapping[str, Any] | None,
    layouts: Iterable[tuple[Mapping[str, object], int]],
) -> DeviceMap | None:
    """Return the map of a device; None where it has no couplings of qubits that could be drawn.

    `layouts` tell on which qubits circuits begin and end, and how many circuits each is of.
    """
    count, pairs = configuration.get("n_qubits"), configuration.get("coupling_map")
    if not isinstance(count, int) or not isinstance(pairs, list) or not 0 < count <= 2000:
        return None
    links = {
        (min(pair), max(pair))
        for pair in pairs
        if isinstance(pair, list)
        and len(pair) == 2
        and all(type(qubit) is int and 0 <= qubit < count for qubit in pair)
        and pair[0] != pair[1]
    }
    calibration = Calibration.from_wire(properties or {})
    errors: dict[tuple[int, int], tuple[float, str]] = {}
    for gate in calibration.gates:
        if len(gate.qubits) == 2 and gate.error is not None:
            low, high = sorted(gate.qubits)
            found = (gate.error, gate.name)
            errors[low, high] = min(errors.get((low, high), found), found)
    used = [0] * count
    for layout, circuits in layouts:
        places = {
            qubit
            for part in ("initial", "final")
            if isinstance(listed := layout.get(part), list)
            for qubit in listed
            if type(qubit) is int and 0 <= qubit < count
        }
        for qubit in places:
            used[qubit] += circuits
    figures = {qubit.index: qubit for qubit in calibration.qubits}
    return DeviceMap(
        [
            _place(spot, circuits, figures.get(number))
            for number, (spot, circuits) in enumerate(
                zip(_positions(count, links), used, strict=True)
            )
        ],
        [
            Link(pair, *(reversed(errors[pair]) if pair in errors else ("", None)))
            for pair in sorted(links)
        ],
    )


def _place(spot: tuple[float, float], circuits: int, figures: QubitFigures | None) -> Place:
    if figures is None:
        return Place(*spot, circuits, None, None, None, operational=True)
    return Place(
        *spot,
        circuits,
        figures.readout_error,
        figures.t1,
        figures.t2,
        operational=figures.operational,
    )


def _positions(count: int, links: Iterable[tuple[int, int]]) -> list[tuple[float, float]]:
    """Return places in a plane whose distances are as near as can be to the steps between qubits.

    No service tells where qubits are. This is stress majorization from the two widest axes of all
    distances, so that the same device is always drawn alike, with the first qubit at the top left.
    """
    distances = _distances(count, links)
    if count == 1:
        return [(0.0, 0.0)]
    axes = _widest_axes(distances)
    spots = list(zip(*axes, strict=True))
    weights = [[1 / (d * d) if d else 0.0 for d in row] for row in distances]
    totals = [math.fsum(row) for row in weights]
    for _ in range(_ROUNDS):
        moved = []
        for i, (x, y) in enumerate(spots):
            row, weight = distances[i], weights[i]
            sum_x = sum_y = 0.0
            for j, (other_x, other_y) in enumerate(spots):
                if i == j:
                    continue
                apart_x, apart_y = x - other_x, y - other_y
                scale = row[j] / (math.hypot(apart_x, apart_y) or 1e-9)
                sum_x += weight[j] * (other_x + apart_x * scale)
                sum_y += weight[j] * (other_y + apart_y * scale)
            moved.append((sum_x / totals[i], sum_y / totals[i]))
        spots = moved
    return _turned(spots)


def _distances(count: int, links: Iterable[tuple[int, int]]) -> list[list[float]]:
    """Return the steps between all qubits; parts that are not connected stand a bit apart."""
    neighbours: list[list[int]] = [[] for _ in range(count)]
    for low, high in links:
        neighbours[low].append(high)
        neighbours[high].append(low)
    found = []
    for start in range(count):
        steps: dict[int, int] = {start: 0}
        queue = deque([start])
        while queue:
            qubit = queue.popleft()
            for other in neighbours[qubit]:
                if other not in steps:
                    steps[other] = steps[qubit] + 1
                    queue.append(other)
        apart = max(steps.values()) + 2.0
        found.append([float(steps.get(other, apart)) for other in range(count)])
    return [[max(row[j], found[j][i]) for j in range(count)] for i, row in enumerate(found)]


def _widest_axes(distances: Sequence[Sequence[float]]) -> list[list[float]]:
    """Return the coordinates along the two axes of the largest spread: classical scaling."""
    count = len(distances)
    squares = [[d * d for d in row] for row in distances]
    means = [math.fsum(row) / count for row in squares]
    mean = math.fsum(means) / count
    centred = [
        [-(square - means[i] - means[j] + mean) / 2 for j, square in enumerate(row)]
        for i, row in enumerate(squares)
    ]
    axes: list[list[float]] = []
    for axis in range(2):
        # Neither start is symmetric in a way that qubits can be.
        vector = [math.sin(1.3 * (n + 1) * (axis + 1)) for n in range(count)]
        size = 0.0
        for _ in range(_POWERS):
            for other in axes:
                length = _dot(other, other)
                share = _dot(vector, other) / (length or 1.0)
                vector = [v - share * o for v, o in zip(vector, other, strict=True)]
            image = [_dot(row, vector) for row in centred]
            size = math.sqrt(_dot(image, image)) or 1.0
            vector = [value / size for value in image]
        axes.append([value * math.sqrt(size) for value in vector])
    return axes


def _dot(one: Sequence[float], other: Sequence[float]) -> float:
    return sum(map(float.__mul__, one, other))


def _turned(spots: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    """Return the places with the first qubits at the top left, the longer side being the width."""
    half = len(spots) // 2 or 1
    # The direction from the first half to the second, for numbers go row by row, shall be down.
    down_x = sum(x for x, _ in spots[half:]) / (len(spots) - half) - (
        sum(x for x, _ in spots[:half]) / half
    )
    down_y = sum(y for _, y in spots[half:]) / (len(spots) - half) - (
        sum(y for _, y in spots[:half]) / half
    )
    length = math.hypot(down_x, down_y)
    cos, sin = (down_y / length, down_x / length) if length > 1e-6 else (1.0, 0.0)
    turned = [(x * cos - y * sin, x * sin + y * cos) for x, y in spots]
    middle = sum(x for x, _ in turned) / len(turned)
    if turned[0][0] > middle:
        turned = [(-x, y) for x, y in turned]
    left, top = min(x for x, _ in turned), min(y for _, y in turned)
    if max(y for _, y in turned) - top > max(x for x, _ in turned) - left:
        # Pages are wide.
        turned, left, top = [(y, x) for x, y in turned], top, left
    return [(round(x - left, 3), round(y - top, 3)) for x, y in turned]
