"""Outcomes as Qiskit's objects: bits, and what was measured where nothing was classified."""

from __future__ import annotations

import copy
import json
import pickle
import subprocess
import sys
from types import SimpleNamespace

import numpy as np
import pytest
from qiskit.result import Result

from ibmqbatch.jobset.results import CircuitResult
from ibmqbatch.managed.qiskit_results import experiment_result, qiskit_result
from ibmqbatch.service.outcomes import BitArray, PubResult
from tests.support.arrays import as_array
from tests.support.qiskits import needs_qiskit2


def of(outcomes: PubResult, header: object = None) -> Result:
    """Return Qiskit's result of one circuit with these outcomes, of a set with this header."""
    circuit = CircuitResult(0, "a", {"x": 1}, outcomes, 3)
    return qiskit_result(
        backend_name="b",
        job_id="j",
        experiments=[experiment_result(circuit)],
        record=SimpleNamespace(run_config={"header": header}),
        metadata={"job_ids": ["j"]},
    )


BITS = PubResult({"c": BitArray(as_array(np.array([[1], [0], [1]], np.uint8)), 1)})


@pytest.fixture
def result() -> Result:
    """A result of one circuit, with a header."""
    return of(BITS, {"run": 7})


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


def test_old_programs_read_headers_as_attributes(result):
    for it in (result, copy.deepcopy(result), copy.copy(result)):
        assert it.header.run == 7
        assert it.header.to_dict() == {"run": 7}
        assert (it.results[0].header.name, it.results[0].header.metadata) == ("a", {"x": 1})
        assert not hasattr(it.results[0].header, "time_taken")


@needs_qiskit2("Headers of Terra are no dictionaries.")
def test_new_programs_read_headers_as_dictionaries(result):
    header = result.results[0].header
    assert isinstance(header, dict)
    header.name = "other"
    assert (header["name"], header.get("creg_sizes")) == ("other", [["c", 1]])
    assert result.get_counts("other") == {"1": 2, "0": 1}
    assert type(copy.copy(header)) is type(copy.deepcopy(header)) is type(header)


def test_a_pickled_result_is_read_by_programs_without_this_package(result, tmp_path):
    path = tmp_path / "result"
    path.write_bytes(pickle.dumps(result))
    code = (
        "import pickle, sys; it = pickle.load(open(sys.argv[1], 'rb'));"
        "print(it.get_counts('a'), it.job_id, sorted(m for m in sys.modules if 'ibmqbatch' in m))"
    )
    said = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", code, path],
        capture_output=True,
        check=True,
        text=True,
    )
    assert said.stdout == "{'0': 1, '1': 2} j []\n"


def test_the_ids_of_jobs_and_of_qobjs_are_the_same(result):
    assert result.qobj_id == result.job_id == result.to_dict()["qobj_id"] == "j"
    assert result.metadata == {"job_ids": ["j"]}


# As Terra and Qiskit 2 write them; both are read by both.
_KEPT = {
    "backend_name": "b",
    "backend_version": "1.0.0",
    "qobj_id": "j",
    "job_id": "j",
    "success": True,
    "status": "COMPLETED",
    "date": None,
    "header": {"run": 7},
    "client_version": {},
    "metadata": {"job_ids": ["j"]},
    "results": [
        {
            "shots": 3,
            "success": True,
            "status": "DONE",
            "data": {"counts": {"0x0": 1, "0x1": 2}, "memory": ["0x1", "0x0", "0x1"]},
            "header": {
                "name": "a",
                "metadata": {"x": 1},
                "creg_sizes": [["c", 1]],
                "memory_slots": 1,
                "clbit_labels": [["c", 0]],
            },
            "meas_level": 2,
            "meas_return": "single",
        }
    ],
}


def test_results_are_kept_in_the_same_form_by_both_qiskits(result):
    assert json.loads(json.dumps(result.to_dict())) == _KEPT
    assert Result.from_dict(json.loads(json.dumps(_KEPT))).get_counts("a") == {"1": 2, "0": 1}
    plain = of(BITS)
    assert plain.to_dict() == _KEPT | {"header": {}}
    for each in (result, plain):
        again = Result.from_dict(json.loads(json.dumps(each.to_dict())))
        assert again.to_dict() == each.to_dict()
