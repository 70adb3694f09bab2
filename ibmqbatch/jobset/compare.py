"""Comparing two sets: their counts by distances, their expectation values by standard errors."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ..errors import UsageError
from .expectation_values import ExpectationValue, find_observed
from .results import CircuitResult, ResultReader, read_results, read_values

if TYPE_CHECKING:
    from ..circuits.distances import Distances
    from ..manifest.manifest import Manifest
    from .job_set import JobSet

__all__ = [
    "CircuitComparison",
    "Comparison",
    "ValueComparison",
    "compare_sets",
    "comparison_data",
]

_SEED = 20_261_129  # the same intervals each time


@dataclass(frozen=True, slots=True)
class CircuitComparison:
    """One circuit's counts in two sets: its name, its indexes, and how far they are apart."""

    name: str
    first: int
    second: int
    shots: tuple[int, int]
    distances: Distances


@dataclass(frozen=True, slots=True)
class ValueComparison:
    """One expectation value in two sets.

    `sigmas` is their difference, second less first, in its standard errors; None where there are
    none, or a value is missing.
    """

    name: str
    observable: str
    first: int
    second: int
    values: tuple[float | None, float | None]
    errors: tuple[float | None, float | None]

    @property
    def difference(self) -> float | None:
        """The second value less the first."""
        one, other = self.values
        return None if one is None or other is None else other - one

    @property
    def sigmas(self) -> float | None:
        """The difference in its standard errors."""
        one, other = self.errors
        if self.difference is None or one is None or other is None:
            return None
        error = math.hypot(one, other)
        return self.difference / error if error else None


@dataclass(frozen=True, slots=True)
class Comparison:
    """What two sets have in common, circuit by circuit in the order of the first.

    `unmatched` counts the circuits, or values, of either that the other has no results of.
    """

    circuits: tuple[CircuitComparison, ...] = ()
    values: tuple[ValueComparison, ...] = ()
    unmatched: tuple[int, int] = (0, 0)


def compare_sets(first: JobSet, second: JobSet) -> Comparison:
    """Compare the results of two sets that are here.

    Circuits are paired by names that stand once in each set; where they have no name in common,
    by index. Where both sets have observables, their values are compared. Raises UsageError where
    only one has, or circuits have outcomes of different bits, and MissingPackage without NumPy.
    """
    with first.open() as one, second.open() as other:
        observed = [find_observed(manifest.measured())[0] for manifest in (one, other)]
        if bool(observed[0]) != bool(observed[1]):
            raise UsageError(
                "Only one of the sets has observables.", "Compare sets that both have them."
            )
        if observed[0]:
            return _compare_values(
                list(read_values(one, observed[0])), list(read_values(other, observed[1]))
            )
        return _compare_counts(one, other)


def _compare_counts(one: Manifest, other: Manifest) -> Comparison:
    from ..circuits.distances import distances

    names = [[circuit.name for circuit in manifest.circuits()] for manifest in (one, other)]
    pairs = _paired(*names)
    compared: list[CircuitComparison] = []
    for number, (mine, theirs) in enumerate(_both(one, other, pairs)):
        counts = mine.counts, theirs.counts
        if len({_shape(outcome) for each in counts for outcome in each}) > 1:
            raise UsageError(
                f"Circuits {mine.index} and {theirs.index} have outcomes of different bits.",
                "Compare sets of the same circuits.",
            )
        if not counts[0] or not counts[1]:
            continue  # what was measured is not classified into bits
        compared.append(
            CircuitComparison(
                mine.name,
                mine.index,
                theirs.index,
                (mine.shots, theirs.shots),
                distances(*counts, seed=_SEED + number),
            )
        )
    left = len(names[0]) - len(compared), len(names[1]) - len(compared)
    return Comparison(circuits=tuple(compared), unmatched=left)


def _both(
    one: Manifest, other: Manifest, pairs: Sequence[tuple[int, int]]
) -> Iterator[tuple[CircuitResult, CircuitResult]]:
    """Yield the results of both circuits of a pair, where both are here."""
    circuits, jobs = other.circuits(), other.jobs()
    reader = ResultReader(circuits, jobs, lambda: contextlib.nullcontext(other))
    partner = dict(pairs)
    for mine in read_results(one, [index for index, _ in pairs]):
        circuit = circuits[partner[mine.index]]
        outcomes = reader.outcomes(circuit.index)
        if outcomes is not None:
            yield (
                mine,
                CircuitResult(
                    circuit.index, circuit.name, circuit.metadata, outcomes, circuit.shots
                ),
            )


def _shape(outcome: str) -> tuple[int, ...]:
    return tuple(len(part) for part in outcome.split(" "))


def _compare_values(
    one: Sequence[ExpectationValue], other: Sequence[ExpectationValue]
) -> Comparison:
    pairs = _paired(
        [(value.name, value.observable) for value in one],
        [(value.name, value.observable) for value in other],
    )
    compared = tuple(
        ValueComparison(
            one[at].name,
            one[at].observable,
            one[at].index,
            other[there].index,
            (one[at].value, other[there].value),
            (one[at].standard_error, other[there].standard_error),
        )
        for at, there in pairs
    )
    return Comparison(
        values=compared, unmatched=(len(one) - len(compared), len(other) - len(compared))
    )


def _paired(first: Sequence[object], second: Sequence[object]) -> list[tuple[int, int]]:
    """Pair positions by names that stand once on either side; without any, by position."""
    places = [_once(first), _once(second)]
    common = [name for name in places[0] if name in places[1]]
    if common:
        return [(places[0][name], places[1][name]) for name in common]
    return [(at, at) for at in range(min(len(first), len(second)))]


def _once(names: Sequence[object]) -> dict[object, int]:
    seen: dict[object, list[int]] = {}
    for at, name in enumerate(names):
        seen.setdefault(name, []).append(at)
    return {name: at[0] for name, at in seen.items() if len(at) == 1}


def comparison_data(comparison: Comparison) -> dict[str, Any]:
    """Describe a comparison."""
    return {
        "circuits": [
            {
                "name": each.name,
                "first": each.first,
                "second": each.second,
                "shots": list(each.shots),
                "total_variation": _distance_data(each.distances.total_variation),
                "hellinger": _distance_data(each.distances.hellinger),
                "fidelity": each.distances.fidelity,
            }
            for each in comparison.circuits
        ],
        "values": [
            {
                "name": each.name,
                "observable": each.observable,
                "first": each.first,
                "second": each.second,
                "values": list(each.values),
                "standard_errors": list(each.errors),
                "difference": each.difference,
                "sigmas": each.sigmas,
            }
            for each in comparison.values
        ],
        "unmatched": list(comparison.unmatched),
    }


def _distance_data(distance: Any) -> Mapping[str, float]:
    return {"value": distance.value, "low": distance.low, "high": distance.high}
