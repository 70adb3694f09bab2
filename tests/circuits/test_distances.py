"""Distances of samples, against values worked out by hand and by SciPy; what intervals cover."""

from __future__ import annotations

import math
from collections import Counter

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from ibmqbatch.circuits.distances import distances

COUNTS = st.dictionaries(st.sampled_from("abcdef"), st.integers(1, 50), min_size=1)


def test_distances_are_those_worked_out_by_hand():
    found = distances({"00": 50, "11": 50}, {"00": 80, "01": 20}, seed=1)
    # |0.5-0.8|/2 + 0.2/2 + 0.5/2; and the overlap is sqrt(0.5 * 0.8).
    assert found.total_variation.value == pytest.approx(0.5)
    assert found.hellinger.value == pytest.approx(math.sqrt(1 - math.sqrt(0.4)))
    assert found.fidelity == pytest.approx(0.4)


def test_samples_without_a_common_outcome_are_as_far_apart_as_can_be():
    found = distances({"0": 100}, {"1": 100}, seed=1)
    assert (found.total_variation.value, found.hellinger.value, found.fidelity) == (1, 1, 0)
    assert found.total_variation.high == 1
    assert found.total_variation.low > 0.9


def test_equal_samples_are_nothing_apart():
    found = distances({"0": 500, "1": 500}, {"0": 500, "1": 500}, seed=1)
    for distance in (found.total_variation, found.hellinger):
        assert distance.value == pytest.approx(0, abs=1e-7)
        assert distance.low == 0
        assert 0 < distance.high < 0.1


def test_what_never_came_is_not_taken_for_impossible():
    found = distances({"0": 1000}, {"0": 1000}, seed=1)
    # An outcome that is missing among 1000 shots is this likely at most, in 97.5 % of samples.
    assert found.total_variation.high == pytest.approx(1 - 0.025**0.001)


@pytest.mark.parametrize("rare", [1, 2, 5])
def test_rare_outcomes_leave_the_interval_narrow(rare):
    found = distances({"0": 500}, {"0": 500 - rare, "1": rare}, seed=1)
    assert found.total_variation.high < 0.05


def test_same_seed_gives_the_same_interval():
    one, other = {"0": 600, "1": 400}, {"0": 500, "1": 500}
    assert distances(one, other, seed=3) == distances(one, other, seed=3)


@example({"a": 2}, {"b": 1, "c": 23, "d": 1, "e": 1})
@given(COUNTS, COUNTS)
def test_distances_are_those_of_scipy(first, second):
    distance = pytest.importorskip("scipy.spatial.distance")
    p, q = (
        np.array([counts.get(key, 0) for key in "abcdef"]) / sum(counts.values())
        for counts in (first, second)
    )
    found = distances(first, second, seed=1)
    assert found.total_variation.value == pytest.approx(distance.cityblock(p, q) / 2)
    expected = distance.euclidean(np.sqrt(p), np.sqrt(q)) / math.sqrt(2)
    assert found.hellinger.value == pytest.approx(expected, abs=1e-7)
    for each in (found.total_variation, found.hellinger):
        assert 0 <= each.low <= each.high <= 1


@pytest.mark.slow
def test_intervals_cover_the_truth_in_93_to_97_of_100_pairs():
    random = np.random.default_rng(17)
    covered = Counter()
    for number in range(1000):
        p, q = random.dirichlet(np.ones(8)), random.dirichlet(np.ones(8))
        truths = {
            "total_variation": abs(p - q).sum() / 2,
            "hellinger": math.sqrt(1 - np.sqrt(p * q).sum()),
        }
        samples = [
            {str(at): int(n) for at, n in enumerate(random.multinomial(2000, each)) if n}
            for each in (p, q)
        ]
        found = distances(*samples, seed=number)
        for measure, truth in truths.items():
            distance = getattr(found, measure)
            covered[measure] += distance.low <= truth <= distance.high
    assert all(930 <= covered[measure] <= 970 for measure in truths), covered
