"""How far two samples of outcomes are apart, and how sure that is."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ..errors import MissingPackage

if TYPE_CHECKING:
    import numpy as np

__all__ = ["Distance", "Distances", "distances"]

_RESAMPLES, _FEWEST = 500, 100
_NUMBERS = 20_000_000  # drawn for a pair at most, unless that leaves too few resamples
_TAIL = 0.025  # on each side of an interval of 95 %
# By how many of its standard errors each difference is made smaller: from pairs further apart than
# what was seen to equal ones.
_SHRINKING = (
    -20,
    -12,
    -8,
    -5,
    -3,
    -2,
    -1.25,
    -0.75,
    -0.35,
    0,
    0.35,
    0.75,
    1.25,
    2,
    3,
    4,
    6,
    float("inf"),
)

_Array = Any


@dataclass(frozen=True, slots=True)
class Distance:
    """A distance of the samples, from 0 to 1, and the interval of 95 % of that of what they are of.

    Chance alone puts samples apart: the interval may lie below the distance of the samples.
    """

    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Distances:
    """What two samples are apart: total variation, and the Hellinger distance."""

    total_variation: Distance
    hellinger: Distance

    @property
    def fidelity(self) -> float:
        """The Hellinger fidelity, (1 - H²)², as Qiskit has it: 1 for samples that are alike."""
        return (1 - self.hellinger.value**2) ** 2


def distances(first: Mapping[str, int], second: Mapping[str, int], seed: int) -> Distances:
    """Return the distances of two samples of outcomes, each given by its counts.

    The interval is the inversion of a parametric bootstrap: the distances from which what was seen
    is no surprise. Pairs of distributions are made from the samples by taking from each outcome's
    difference as many of its standard errors, samples as large as the given ones are drawn from
    every pair, and the interval holds the pairs between whose quantiles the distance that was seen
    lies. Raises MissingPackage without NumPy.
    """
    numpy = _numpy()
    outcomes = sorted({*first, *second})
    a = numpy.array([first.get(outcome, 0) for outcome in outcomes], dtype=numpy.int64)
    b = numpy.array([second.get(outcome, 0) for outcome in outcomes], dtype=numpy.int64)
    n, m = int(a.sum()), int(b.sum())
    measures: tuple[Callable[[_Array, _Array], _Array], ...] = (_total_variation, _hellinger)
    seen = [float(measure(a / n, b / m)) for measure in measures]
    random = numpy.random.default_rng(seed)
    most = _NUMBERS // (2 * len(_SHRINKING) * len(outcomes))
    size = max(_FEWEST, min(_RESAMPLES, most))
    truths: list[list[float]] = [[], []]
    lows: list[list[float]] = [[], []]
    highs: list[list[float]] = [[], []]
    for p, q in _pairs(a, b):
        drawn = random.multinomial(n, p, size) / n, random.multinomial(m, q, size) / m
        for at, measure in enumerate(measures):
            low, high = numpy.quantile(measure(*drawn), [_TAIL, 1 - _TAIL])
            truths[at].append(float(measure(p, q)))
            lows[at].append(float(low))
            highs[at].append(float(high))
    # What has never come may be this likely all the same; a bootstrap does not know of it.
    unseen = 1 - _TAIL ** (1 / min(n, m))
    least = unseen, float(numpy.sqrt(1 - numpy.sqrt(1 - unseen)))
    found = []
    for at in range(2):
        low = _inverted(seen[at], highs[at], truths[at])
        # Nearer than equal distributions mostly are: what chance may do bounds it all the same.
        nearest = highs[at][0] - lows[at][0] if seen[at] <= lows[at][0] else 0.0
        high = max(least[at], nearest, _inverted(seen[at], lows[at], truths[at]))
        # What is interpolated may be beyond an end by rounding.
        found.append(Distance(seen[at], min(low, 1.0), min(max(low, high), 1.0)))
    return Distances(*found)


def _pairs(a: np.ndarray[Any, Any], b: np.ndarray[Any, Any]) -> list[tuple[_Array, _Array]]:
    """Return pairs of distributions like the samples, from equal ones to those far apart."""
    numpy = _numpy()
    n, m = a.sum(), b.sum()
    pooled = (a + b) / (n + m)
    errors = numpy.sqrt(pooled * (1 - pooled) * (1 / n + 1 / m))
    difference = a / n - b / m
    pairs = []
    for errors_less in reversed(_SHRINKING):
        size = (
            numpy.zeros_like(pooled)
            if errors_less == float("inf")
            else numpy.maximum(abs(difference) - errors_less * errors, 0)
        )
        apart = numpy.sign(difference) * size
        p = numpy.maximum(pooled + apart * m / (n + m), 0)
        q = numpy.maximum(pooled - apart * n / (n + m), 0)
        pairs.append((p / p.sum(), q / q.sum()))
    return pairs


def _inverted(seen: float, quantiles: list[float], truths: list[float]) -> float:
    """Return the distance whose quantile is what was seen; 0 or 1 where there is none."""
    numpy = _numpy()
    # Both grow with the distance, but for chance.
    rising = numpy.maximum.accumulate(quantiles)
    if seen <= rising[0]:
        return 0.0
    if seen >= rising[-1]:
        return 1.0
    return float(numpy.interp(seen, rising, numpy.maximum.accumulate(truths)))


def _total_variation(p: _Array, q: _Array) -> _Array:
    return abs(p - q).sum(-1) / 2


def _hellinger(p: _Array, q: _Array) -> _Array:
    numpy = _numpy()
    return numpy.sqrt(numpy.maximum(0, 1 - numpy.sqrt(p * q).sum(-1)))


def _numpy() -> Any:
    try:
        import numpy
    except ImportError as error:
        raise MissingPackage(
            "Comparing counts needs NumPy, which is not installed.", "pip install numpy"
        ) from error
    return numpy
