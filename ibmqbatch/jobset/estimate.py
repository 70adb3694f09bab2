"""Expectation values, put together of the outcomes of the circuits that measured their terms."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ..circuits.measured import Measured, Terms

__all__ = ["ExpectationValue", "Moments", "estimated", "moments_of"]


@dataclass(frozen=True, slots=True)
class ExpectationValue:
    """The value of an observable of one circuit, or of one of its runs.

    `index` and `name` are those of the circuit as it was given, `name@3` those of a run. `shots`
    are those of all circuits that were measured for it; 0 for a constant, which is exact. `value`
    is None where results are missing, and `standard_error` also where there is a single shot.
    """

    index: int
    name: str
    observable: str
    value: float | None
    standard_error: float | None
    shots: int
    metadata: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Moments:
    """The mean of what is measured shot by shot, and the variance of one shot, unbiased.

    The variance is None where there is one shot alone.
    """

    shots: int
    mean: float
    variance: float | None


def moments_of(counts: Mapping[str, int], measured: Measured, terms: Terms) -> Moments:
    """Return the moments of a sum of terms, of counts of the bits that were measured.

    Each shot gives one value of the whole sum: that its terms are not independent is in the
    variance.
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
        return Moments(shots, mean, None)
    squares = math.fsum((value - mean) ** 2 * count for value, count in values)
    return Moments(shots, mean, squares / (shots - 1))


def estimated(
    told: Sequence[tuple[Measured, Mapping[str, int] | None]],
) -> list[tuple[str, float | None, float | None, int]]:
    """Return name, value, standard error and shots of the observables of one run of a circuit.

    `told` are all its parts, with the counts of what each has measured; None where these are
    missing. Parts are independent: their variances add up.
    """
    names: dict[int, str] = {}
    found: dict[int, list[Moments | None]] = {}
    constants: dict[int, float] = {}
    for measured, counts in told:
        for number, name, terms in measured.terms:
            names[number] = name
            constant = math.fsum(c for pauli, c in terms if not pauli.support)
            constants[number] = constants.get(number, 0.0) + constant
            measurable = tuple(term for term in terms if term[0].support)
            if measurable:
                here = None if not counts else moments_of(counts, measured, measurable)
                found.setdefault(number, []).append(here)
    return [
        (names[number], *_combined(constants[number], found.get(number, ())))
        for number in sorted(names)
    ]


def _combined(
    constant: float, parts: Sequence[Moments | None]
) -> tuple[float | None, float | None, int]:
    there = [part for part in parts if part is not None]
    shots = sum(part.shots for part in there)
    if len(there) < len(parts):
        return None, None, shots
    value = math.fsum((constant, *(part.mean for part in there)))
    squares = [part.variance / part.shots for part in there if part.variance is not None]
    error = math.sqrt(math.fsum(squares)) if len(squares) == len(there) else None
    return value, error, shots
