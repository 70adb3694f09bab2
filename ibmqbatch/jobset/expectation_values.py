"""Expectation values, put together of the outcomes of the circuits that measured their terms."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..circuits.measured import REGISTER, Measured, Terms
from ..circuits.observables import is_text

if TYPE_CHECKING:
    from ..manifest.records import CircuitRecord
    from ..service.outcomes import PubResult

__all__ = [
    "ExpectationValue",
    "Observed",
    "circuit_of",
    "expectation_values",
    "find_observed",
    "moments_of",
]


@dataclass(frozen=True, slots=True)
class ExpectationValue:
    """The value of an observable of one circuit, or of one of its runs.

    `index` and `name` are those of the circuit as it was given, `name@3` that of a run with a row
    of values. `shots` are those of all circuits that were measured for it; a constant takes none,
    and is exact. `value` is None where results are missing, and `standard_error` also where one of
    these circuits had a single shot.
    """

    index: int
    name: str
    observable: str
    value: float | None
    standard_error: float | None
    shots: int
    metadata: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Observed:
    """A circuit with observables: its `parts`, and the first circuit of the set that is of each.

    The runs of a part follow one another.
    """

    parts: tuple[Measured, ...]
    firsts: tuple[int, ...]

    @property
    def index(self) -> int:
        """The index that its first run would have without observables."""
        return self.parts[0].index

    @property
    def runs(self) -> int:
        """How often it is run, with as many rows of values."""
        return self.parts[0].runs

    def measured(self, runs: Collection[int] | None = None) -> list[int]:
        """Return the circuits of the set that were measured for it, or for its `runs` by index."""
        chosen = [r for r in range(self.runs) if runs is None or self.index + r in runs]
        return [first + run for first in self.firsts for run in chosen]

    def name(self, run: int, circuits: Sequence[CircuitRecord]) -> str:
        """Return what one of its runs is called, as if it had no observables."""
        circuit = self.parts[0].circuit
        basis = circuits[self.firsts[0] + run].name.rpartition("/")[2]
        _, mark, row = basis.rpartition("@")
        return f"{circuit}@{row or run}" if self.runs > 1 or mark else circuit


@dataclass(frozen=True, slots=True)
class _Moments:
    """The mean of what is measured shot by shot, and its variance; None where that of one shot."""

    shots: int
    mean: float
    variance: float | None


def find_observed(told: Iterable[tuple[int, object]]) -> tuple[list[Observed], list[str]]:
    """Return the circuits with observables, and the names of those of which not all is known.

    `told` are circuits of the set, by index, and what each tells, see `Manifest.measured`.
    """
    found: list[Observed] = []
    lost: dict[str, None] = {}
    read: list[tuple[int, Measured]] = []
    for number, document in told:
        try:
            read.append((number, Measured.read(document)))
        except ValueError:
            lost[circuit_of(document)] = None
    for _, same in itertools.groupby(read, lambda item: (item[1].index, item[1].circuit)):
        circuits = list(same)
        first = circuits[0][1]
        # Whatever they say of parts and runs: there are as many circuits as there are.
        if len(circuits) != first.parts * first.runs or any(
            (number, measured.part, measured.runs)
            != (circuits[0][0] + place, place // first.runs, first.runs)
            for place, (number, measured) in enumerate(circuits)
        ):
            lost[first.circuit] = None
            continue
        each = circuits[:: first.runs]
        found.append(Observed(tuple(m for _, m in each), tuple(number for number, _ in each)))
    return found, list(lost)


def circuit_of(document: object) -> str:
    """Return of which circuit something tells that cannot be read, as far as that can be."""
    name = document.get("circuit") if isinstance(document, Mapping) else None
    return name if is_text(name) else "?"


def expectation_values(
    observed: Iterable[Observed],
    circuits: Sequence[CircuitRecord],
    outcomes: Callable[[int], PubResult | None],
    runs: Collection[int] | None = None,
) -> Iterator[ExpectationValue]:
    """Yield the values of all observables, by circuits, by their runs, and in the order given.

    `circuits` are those of the set; `outcomes` tells what one of them has given, if that is here,
    and is asked in their order. With `runs`, by index, only theirs.
    """
    for each in observed:
        chosen = [r for r in range(each.runs) if runs is None or each.index + r in runs]
        names = _names(each.parts)
        told: dict[int, dict[int, list[_Moments | None]]] = {
            run: {number: [] for number, _, _ in names} for run in chosen
        }
        for measured, first in zip(each.parts, each.firsts, strict=True):
            for run in chosen:
                found = outcomes(first + run)
                counts = None if found is None else found.only([REGISTER]).counts()
                for number, moments in _of_part(measured, counts):
                    told[run][number].append(moments)
        for run in chosen:
            for number, name, constant in names:
                yield ExpectationValue(
                    each.index + run,
                    each.name(run, circuits),
                    name,
                    *_combined(constant, told[run][number]),
                    circuits[each.firsts[0] + run].metadata,
                )


def _names(parts: Sequence[Measured]) -> list[tuple[int, str, float]]:
    """Return the number, name and constant of each observable."""
    names: dict[int, str] = {}
    constants: dict[int, float] = {}
    for part in parts:
        for number, name, terms in part.terms:
            names[number] = name
            constant = math.fsum(c for pauli, c in terms if not pauli.support)
            constants[number] = constants.get(number, 0.0) + constant
    return [(number, names[number], constants[number]) for number in sorted(names)]


def _of_part(
    measured: Measured, counts: Mapping[str, int] | None
) -> list[tuple[int, _Moments | None]]:
    """Return what one measured circuit tells of each observable that has terms in it."""
    found = []
    for number, _, terms in measured.terms:
        there = tuple(term for term in terms if term[0].support)
        if there:
            found.append((number, moments_of(counts, measured, there) if counts else None))
    return found


def moments_of(counts: Mapping[str, int], measured: Measured, terms: Terms) -> _Moments:
    """Return the moments of a sum of terms, of counts of the bits that were measured.

    A shot gives one value of the whole sum, so that covariances of its terms are in the variance,
    which is the unbiased one of a sample.
    """
    place = {qubit: bit for bit, qubit in enumerate(measured.basis.qubits)}
    masks = [
        (sum(1 << place[qubit] for qubit in pauli.qubits), -2.0 * coefficient)
        for pauli, coefficient in terms
    ]
    top = math.fsum(coefficient for _, coefficient in terms)
    values: list[tuple[float, int]] = []
    for bits, count in counts.items():
        outcome = int(bits, 2)
        odd = [less for mask, less in masks if (outcome & mask).bit_count() & 1]
        values.append((math.fsum((top, *odd)), count))
    shots = sum(count for _, count in values)
    mean = math.fsum(value * count for value, count in values) / shots
    if shots < 2:
        return _Moments(shots, mean, None)
    squares = math.fsum((value - mean) ** 2 * count for value, count in values)
    return _Moments(shots, mean, squares / (shots - 1))


def _combined(
    constant: float, parts: Sequence[_Moments | None]
) -> tuple[float | None, float | None, int]:
    """Return value, standard error and shots; parts are independent: their variances add up."""
    there = [part for part in parts if part is not None]
    shots = sum(part.shots for part in there)
    if len(there) < len(parts):
        return None, None, shots
    value = math.fsum((constant, *(part.mean for part in there)))
    squares = [part.variance / part.shots for part in there if part.variance is not None]
    error = math.sqrt(math.fsum(squares)) if len(squares) == len(there) else None
    return value, error, shots
