"""Comparing the results of two sets."""

from __future__ import annotations

import math

import pytest

from ibmqbatch.jobset.compare import ValueComparison, _paired


def compared(values, errors):
    return ValueComparison("a", "zz", 0, 0, values, errors)


def test_difference_is_told_in_its_standard_errors():
    each = compared((0.5, 0.9), (0.03, 0.04))
    assert each.difference == pytest.approx(0.4)
    assert each.sigmas == pytest.approx(0.4 / 0.05)


@pytest.mark.parametrize(
    ("values", "errors"),
    [((None, 1.0), (None, 0.1)), ((1.0, 1.0), (0.0, 0.0)), ((1.0, 0.5), (0.1, None))],
)
def test_without_errors_there_are_no_sigmas(values, errors):
    assert compared(values, errors).sigmas is None


def test_exact_values_are_compared_with_those_that_are_measured():
    assert compared((1.0, 0.9), (0.0, 0.1)).sigmas == pytest.approx(-1)
    assert math.isclose(compared((1.0, 0.9), (0.0, 0.1)).difference, -0.1)


def test_circuits_are_paired_by_names_that_stand_once():
    assert _paired(["a", "b", "b", "c"], ["c", "b", "a"]) == [(0, 2), (3, 0)]


def test_without_a_common_name_circuits_are_paired_by_index():
    assert _paired(["a", "b"], ["c", "d", "e"]) == [(0, 0), (1, 1)]
