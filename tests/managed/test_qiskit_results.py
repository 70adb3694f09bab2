"""Outcomes as Qiskit's objects: bits, and what was measured where nothing was classified."""

from __future__ import annotations

import json

import numpy as np
import pytest
from qiskit.result import Result

from ibmqbatch.jobset.results import CircuitResult
from ibmqbatch.managed.qiskit_results import experiment_result, qiskit_result
from ibmqbatch.service.outcomes import BitArray, PubResult
from tests.arrays import as_array


def of(outcomes: PubResult):
    """Return Qiskit's result of one circuit with these outcomes."""
    circuit = CircuitResult(0, "a", {"x": 1}, outcomes, 3)
    return qiskit_result(backend_name="b", job_id="j", experiments=[experiment_result(circuit)])


def test_wide_registers_keep_all_their_bits():
    rows = np.zeros((3, 16), np.uint8)
    rows[:, 0] = 0x80
    rows[1, 15] = 1
    result = of(PubResult({"c": BitArray(as_array(rows), 128)}))
    top = f"1{127 * '0'}"
    assert result.get_counts() == {top: 2, f"1{126 * '0'}1": 1}
    assert result.get_memory()[0] == top


def test_registers_without_bits_are_no_outcomes():
    result = of(PubResult({"c": BitArray(as_array(np.zeros((3, 0), np.uint8)), 0)}))
    assert result.data() == {"counts": {"0x0": 3}, "memory": ["0x0"] * 3}


@pytest.mark.parametrize(("shape", "kind"), [((3, 2), "single"), ((2,), "avg")])
def test_what_is_measured_comes_as_complex_numbers(shape, kind):
    levels = np.arange(np.prod(shape)).reshape(shape) + 1j
    result = of(PubResult({}, {"c": as_array(levels)}))
    assert np.array_equal(result.get_memory(), levels)
    (experiment,) = result.results
    assert (experiment.meas_level, experiment.meas_return) == (1, kind)


@pytest.mark.parametrize("header", [{}, {"run": 7}])
def test_results_go_through_dictionaries_as_programs_keep_them(header):
    bits = PubResult({"c": BitArray(as_array(np.array([[1], [0], [1]], np.uint8)), 1)})
    circuit = CircuitResult(0, "a", {"x": 1}, bits, 3)
    result = qiskit_result(
        backend_name="b", job_id="j", experiments=[experiment_result(circuit)], header=header
    )
    again = Result.from_dict(json.loads(json.dumps(result.to_dict())))
    assert again.get_counts("a") == {"1": 2, "0": 1}
    told = again.to_dict()
    assert told["header"] == header
    assert told["results"][0]["header"]["metadata"] == {"x": 1}
