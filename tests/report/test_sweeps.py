"""Sweeps: which circuits are one, and what was measured in them."""

from __future__ import annotations

import math

import pytest

from ibmqbatch.jobset.expectation_values import ExpectationValue
from ibmqbatch.report.sweeps import Sweep, find_sweeps, sweep_of_values


def test_runs_of_a_circuit_with_rows_of_values_are_a_sweep():
    runs = [(n, f"rabi@{n}", {"theta": n / 2}) for n in range(4)]
    (sweep,) = find_sweeps(runs)
    assert (sweep.name, list(sweep.circuits)) == ("rabi", [0, 1, 2, 3])
    assert sweep.parameters == {"theta": [0.0, 0.5, 1.0, 1.5]}


def test_runs_of_different_circuits_are_different_sweeps():
    runs = [(3 * k + n, f"{name}@{n}", {"t": n}) for k, name in enumerate("ab") for n in range(3)]
    assert [sweep.name for sweep in find_sweeps(runs)] == ["a", "b"]


def test_numbers_that_a_table_has_as_text_are_numbers():
    rows = [(n, f"c{n}", {"depth": str(n), "kind": "ghz"}) for n in range(3)]
    assert find_sweeps(rows)[0].parameters == {"depth": [0, 1, 2]}


def test_what_is_the_same_everywhere_is_no_parameter():
    rows = [(n, f"c{n}", {"depth": n, "qubits": 5}) for n in range(3)]
    assert list(find_sweeps(rows)[0].parameters) == ["depth"]


@pytest.mark.parametrize(
    "metadata", [{}, {"family": "ghz"}, {"flag": True}, {"depth": math.nan}, {"depth": 7}]
)
def test_circuits_without_numbers_that_differ_are_no_sweep(metadata):
    assert find_sweeps([(n, f"c{n}", metadata) for n in range(5)]) == []


def test_values_of_observables_stand_in_the_order_of_the_sweep():
    sweep = Sweep("ising", [0, 1], {"field": [0.0, 1.0]})
    values = [
        ExpectationValue(index, "ising", "energy", value, 0.1, 100, {})
        for index, value in ((1, 2.5), (0, None))
    ]
    (quantity,) = sweep_of_values(sweep, values).quantities
    assert (quantity.label, list(quantity.values)) == ("energy", [None, 2.5])
