"""Measuring several observables with few circuits: those that commute qubit by qubit share one."""

from __future__ import annotations

import functools
import math
from collections.abc import Sequence
from dataclasses import dataclass

from .paulis import Pauli, PauliSum

__all__ = ["Part", "parts_of", "shots_for"]

_MOST_SEARCHED = 300  # operators for which fewer bases are searched for
_MOST_COMPARED = 2_000_000  # operators with bases in that search, which is about a second
_MOST_SHOTS = 1e15
_KEPT = 64  # sequences of observables, of which sets have one, as a rule


@dataclass(frozen=True, slots=True)
class Part:
    """What one measured circuit tells of observables.

    `basis` is what its qubits are measured in, `terms` holds for each of the observables those of
    its terms that this circuit tells of.
    """

    basis: Pauli
    terms: tuple[tuple[tuple[Pauli, float], ...], ...]


@functools.lru_cache(maxsize=_KEPT)
def parts_of(sums: tuple[PauliSum, ...]) -> tuple[Part, ...]:
    """Divide the terms of observables of one circuit into as few parts as can be found.

    Every term is in one part, with terms that commute with it qubit by qubit. The fewest are found
    for some tens of operators; of many each goes into the first part that it fits into. The order
    of the parts is that of the terms. There are none where all observables are constants.
    """
    paulis = list(dict.fromkeys(pauli for each in sums for pauli, _ in each.terms))
    bases = _bases(paulis)
    place = {
        pauli: next(number for number, basis in enumerate(bases) if _measures(basis, pauli))
        for pauli in paulis
    }
    order = list(dict.fromkeys(place.values()))
    return tuple(
        Part(
            bases[number],
            tuple(tuple(term for term in each.terms if place[term[0]] == number) for each in sums),
        )
        for number in order
    )


def shots_for(sums: Sequence[PauliSum], precision: float) -> int:
    """Return how many shots of each part make every standard error `precision` at most.

    The value of an observable is the sum of what its parts give, each the mean of a quantity that
    is between -w and w, w being the sum of the absolute coefficients in that part. Its variance is
    at most w². The error is estimated from N shots of every part with N - 1 in the denominator, and
    then is at most sqrt(sum of w² / (N - 1)). More than a quadrillion are no number of shots.
    """
    most = 0.0  # of the variances
    for each in zip(*(part.terms for part in parts_of(tuple(sums))), strict=True):
        weights = (math.fsum(abs(coefficient) for _, coefficient in terms) for terms in each)
        most = max(most, math.fsum(weight * weight for weight in weights))
    shots = most / precision / precision * (1 - 1e-12)  # 100 stays 100
    return 1 + max(1, math.ceil(min(shots, _MOST_SHOTS)))


def _measures(basis: Pauli, pauli: Pauli) -> bool:
    """Tell whether an operator is measured where qubits are measured in this basis."""
    return not pauli.support & ~basis.support and pauli.agrees(basis)


def _bases(paulis: Sequence[Pauli]) -> list[Pauli]:
    """Return bases in which each of the operators is measured."""
    # By weight: what is on many qubits fits into few, and what is on few into one of those.
    ordered = sorted(paulis, key=lambda pauli: (-pauli.support.bit_count(), pauli))
    bases: list[Pauli] = []
    leading: list[Pauli] = []  # those that are no part of an earlier one
    for pauli in ordered:
        if len(leading) <= _MOST_SEARCHED and not any(_measures(other, pauli) for other in leading):
            leading.append(pauli)
        for number, basis in enumerate(bases):
            if pauli.agrees(basis):
                bases[number] = basis.merged(pauli)
                break
        else:
            bases.append(pauli)
    if len(leading) > _MOST_SEARCHED or len(bases) < 3:
        return bases  # two are the fewest where one will not do
    return _fewest(leading, bases)


def _fewest(paulis: Sequence[Pauli], found: list[Pauli]) -> list[Pauli]:
    """Search for fewer bases than were `found`, for some time; return the fewest.

    Operators that do not agree need different bases, as neighbours on a map need different colours;
    those that agree, each with each, need one. It goes on where the choice is smallest, and back
    where there would be as many bases as in the best solution.
    """
    at_odds = {pauli: sum(not pauli.agrees(other) for other in paulis) for pauli in paulis}
    ordered = sorted(paulis, key=lambda pauli: -at_odds[pauli])
    apart: list[Pauli] = []  # of these no two agree: so many bases are needed
    for pauli in ordered:
        if not any(pauli.agrees(other) for other in apart):
            apart.append(pauli)
    compared, best = 0, found

    def search(left: list[Pauli], bases: list[Pauli]) -> None:
        nonlocal compared, best
        compared += len(left) * len(bases)
        if len(bases) >= len(best) or len(best) == len(apart) or compared > _MOST_COMPARED:
            return
        if not left:
            best = bases
            return
        fewest, chosen = [0] * (len(bases) + 1), left[0]
        for pauli in left:
            choice = [number for number, basis in enumerate(bases) if pauli.agrees(basis)]
            if len(choice) < len(fewest):
                fewest, chosen = choice, pauli
        rest = [pauli for pauli in left if pauli is not chosen]
        for number in fewest:
            merged = bases[number].merged(chosen)
            search(rest, [*bases[:number], merged, *bases[number + 1 :]])
        search(rest, [*bases, chosen])

    search(ordered, [])
    return best
