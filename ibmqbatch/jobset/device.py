"""A device, from the JSON in which its service describes it."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from ..circuits.device import (
    FRACTIONAL,
    JUMPS,
    LOOPS,
    PLAIN,
    QUICKER,
    STATEMENTS,
    Device,
    Facts,
    Qubits,
    largest_region,
)
from ..service.models import Calibration

if TYPE_CHECKING:
    from ..service.models import Backend

__all__ = ["device_from_wire", "device_of"]

_NANO, _MICRO = 1e-9, 1e-6


def device_of(backend: Backend) -> Device:
    """Return what circuits for a backend are made ready for."""
    return device_from_wire(
        backend.name, backend.configuration, backend.properties, backend.max_active_qubits
    )


def device_from_wire(
    name: str,
    configuration: Mapping[str, Any],
    properties: Mapping[str, Any] | None,
    max_active_qubits: int | None = None,
) -> Device:
    """Read a configuration and properties, None where there are none.

    Qubits and gates that do not work are left out, and so is whatever makes no sense.
    """
    num_qubits = int(configuration["n_qubits"])
    basis = tuple(map(str, _list(configuration.get("basis_gates"))))
    supported = set(map(str, _list(configuration.get("supported_instructions")) or PLAIN))
    flow = frozenset(supported & STATEMENTS)
    if flow & LOOPS:
        flow |= JUMPS  # which few services list
    if not isinstance(configuration.get("coupling_map"), list):
        return Device(name, num_qubits, basis, max_active_qubits, flow=flow)
    calibration = Calibration.from_wire(properties or {})
    qubits = dict(enumerate(calibration.qubits[:num_qubits]))
    working = [q for q in range(num_qubits) if q not in qubits or qubits[q].operational]
    by_place = {(gate.name, gate.qubits): gate for gate in calibration.gates}
    instructions: dict[str, dict[Qubits, Facts]] = {}
    for gate, places in _places(configuration, set(working)):
        found = instructions.setdefault(gate, {})
        for place in places:
            figures = by_place.get((gate, place))
            if figures is None or figures.operational:
                found[place] = Facts(figures.error, figures.seconds) if figures else Facts()
    for plain in (*PLAIN, *QUICKER):
        if plain in supported or plain == "measure":
            instructions[plain] = {(q,): _plain(plain, q, qubits, by_place) for q in working}
    return Device(
        name=name,
        num_qubits=num_qubits,
        basis_gates=basis,
        max_active_qubits=max_active_qubits,
        instructions=instructions,
        flow=flow,
        region=largest_region(working, instructions),
        t1=tuple(_seconds(qubits[q].t1) if q in qubits else None for q in range(num_qubits)),
        t2=tuple(_seconds(qubits[q].t2) if q in qubits else None for q in range(num_qubits)),
        dt=_positive(configuration.get("dt"), _NANO),
        fractional=_fractional(instructions),
        rep_delay=_positive(configuration.get("default_rep_delay"), _MICRO),
    )


def _places(
    configuration: Mapping[str, Any], working: set[int]
) -> Iterator[tuple[str, list[Qubits]]]:
    """Yield the gates with the working qubits that they are on."""
    for gate in _list(configuration.get("gates")):
        if not isinstance(gate, dict) or not isinstance(gate.get("name"), str):
            continue
        places = [
            tuple(place)
            for place in _list(gate.get("coupling_map"))
            if isinstance(place, list)
            and all(type(qubit) is int for qubit in place)
            and working.issuperset(place)
            and len(set(place)) == len(place) > 0
        ]
        yield gate["name"], places


def _plain(
    instruction: str, qubit: int, qubits: Mapping[int, Any], by_place: Mapping[Any, Any]
) -> Facts:
    if instruction == "measure":
        figures = qubits.get(qubit)
        return Facts(figures.readout_error, figures.readout_seconds) if figures else Facts()
    figures = by_place.get((instruction, (qubit,)))
    return Facts(figures.error, figures.seconds) if figures else Facts()


def _seconds(microseconds: float | None) -> float | None:
    return None if microseconds is None else microseconds * 1e-6


def _fractional(instructions: Mapping[str, Mapping[Qubits, Facts]]) -> frozenset[str]:
    """Return the fractional gates of a device that has others to compile to."""
    pairs = any(
        len(qubits) == 2
        for name, places in instructions.items()
        if name not in FRACTIONAL
        for qubits in places
    )
    return frozenset(
        name
        for name, needed in (("rx", "sx" in instructions), ("rzz", pairs))
        if needed and name in instructions
    )


def _positive(value: object, unit: float) -> float | None:
    """Return a time in seconds, where it is one."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return value * unit if 0 < value < math.inf else None


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []
