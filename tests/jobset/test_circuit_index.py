"""Circuits by name: one, several, none."""

from __future__ import annotations

import pytest

from ibmqbatch.errors import UsageError
from ibmqbatch.jobset.results import CircuitIndex, find_circuits
from ibmqbatch.manifest.records import CircuitRecord


def circuits(*names: str) -> list[CircuitRecord]:
    return [CircuitRecord(n, name, {}, "memory", n, 100, n) for n, name in enumerate(names)]


def test_a_name_that_stands_once_is_found():
    assert CircuitIndex(circuits("a", "b")).named("b") == 1


def test_a_name_that_stands_twice_is_refused_with_its_indexes():
    with pytest.raises(UsageError, match="2 circuits are named 'a': 0, 2"):
        CircuitIndex(circuits("a", "b", "a")).named("a")


def test_of_many_indexes_the_first_are_listed():
    with pytest.raises(UsageError, match="19, …"):
        CircuitIndex(circuits(*30 * ["a"])).named("a")


def test_the_only_run_of_a_circuit_with_values_is_found_by_its_own_name():
    assert CircuitIndex(circuits("a", "b@0")).named("b") == 1


def test_the_runs_of_a_circuit_with_values_are_ambiguous():
    with pytest.raises(UsageError, match="are named 'b': 0, 1"):
        CircuitIndex(circuits("b@0", "b@1")).named("b")


def test_a_name_of_its_own_goes_before_runs():
    assert CircuitIndex(circuits("b@0", "b@1", "b")).named("b") == 2


def test_a_command_takes_indexes_and_names():
    assert find_circuits(circuits("7", "b", "1"), ["1", "name:1", "b", "name:7"]) == [1, 2, 0]
