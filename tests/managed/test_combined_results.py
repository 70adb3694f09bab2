"""All results of a set as one of Qiskit's, and what results tell of their circuits."""

from __future__ import annotations

import copy
import json
import pickle
from datetime import datetime, timedelta

import pytest
from qiskit import ClassicalRegister, QuantumCircuit, QuantumRegister
from qiskit.exceptions import QiskitError
from qiskit.result import Result

from ibmqbatch import IBMQManagedResultDataNotAvailable, __version__
from tests.managed.support import (
    BACKEND,
    REFUSAL,
    bell,
    flipped,
    foreign,
    numbered,
    outcome,
    spoiled,
)

pytestmark = pytest.mark.filterwarnings("ignore:Unable to retrieve job result")


@pytest.fixture
def holed(proxy, manager) -> Result:
    """The combined result of three circuits, the second of which the service did not take."""
    proxy.when("POST", "/jobs", times=1, status=400, body=REFUSAL)
    circuits = numbered(3)
    circuits[1].metadata = {"x": 1}
    job_set = manager.run(circuits, BACKEND, max_experiments_per_job=1, shots=5)
    return job_set.results().combine_results()


def test_what_is_here_is_combined_and_what_is_missing_stands_in_its_place(holed):
    assert (holed.success, holed.status) == (False, "PARTIAL COMPLETED")
    assert [result.success for result in holed.results].count(False) == 1
    for number, result in enumerate(holed.results):
        assert result.header.name == f"c{number}"
        if result.success:
            assert holed.get_counts(number) == outcome(number, 5)


def test_what_is_missing_tells_why_and_keeps_its_header(holed):
    (missing,) = (result for result in holed.results if not result.success)
    assert "Bad body" in missing.status
    assert missing.data.to_dict() == {}
    assert missing.header.creg_sizes == [["c", 4]]
    with pytest.raises(QiskitError, match="Bad body"):
        holed.get_counts(missing.header.name)


def test_a_result_with_holes_goes_through_a_dictionary(holed):
    again = Result.from_dict(holed.to_dict())
    assert [result.success for result in again.results] == [r.success for r in holed.results]


def test_where_nothing_is_here_there_is_nothing_to_combine(service):
    results = spoiled(numbered(2), 0, 1, shots=2).results()
    with pytest.raises(IBMQManagedResultDataNotAvailable, match="no results to combine"):
        results.combine_results()


def test_results_have_a_header_a_local_date_and_the_versions_of_what_has_sent_them(job, manager):
    job_set = manager.run(numbered(1), BACKEND, shots=2, header={"for": "me"})
    now = datetime.now().astimezone()
    for result in (job.result(), job_set.results().combine_results()):
        assert result.header.to_dict() == {"for": "me"}
        assert result.date.utcoffset() == now.utcoffset()
        assert abs(result.date - now) < timedelta(minutes=2)
        assert result.client_version["ibmqbatch"] == __version__
        assert len(result.client_version) > 1  # and Qiskit's
    assert job.client_version == job.result().client_version


def test_a_result_with_a_date_is_kept_copied_and_pickled(job):
    result = job.result()
    kept = json.loads(json.dumps(result.to_dict()))
    assert datetime.fromisoformat(kept["date"]) == result.date
    for again in (copy.copy(result), copy.deepcopy(result)):
        assert again.to_dict() == result.to_dict()
    pickled = pickle.loads(pickle.dumps(result))
    assert (type(pickled), pickled.date) == (Result, result.date)
    assert pickled.get_counts(0) == result.get_counts(0)


def test_what_has_sent_a_job_of_another_program_is_not_known(simulator):
    job = simulator.retrieve_job(foreign())
    assert job.client_version == job.result().client_version == {}


def shaped() -> QuantumCircuit:
    circuit = QuantumCircuit(
        QuantumRegister(2, "a"), QuantumRegister(1, "b"), ClassicalRegister(2, "c")
    )
    circuit.x(2)
    circuit.measure([1, 2], [0, 1])
    return circuit


SHAPE = {
    "n_qubits": 3,
    "qreg_sizes": [["a", 2], ["b", 1]],
    "qubit_labels": [["a", 0], ["a", 1], ["b", 0]],
    "creg_sizes": [["c", 2]],
    "clbit_labels": [["c", 0], ["c", 1]],
    "memory_slots": 2,
}


def test_headers_tell_the_qubits_and_registers_of_the_circuit(manager):
    job_set = manager.run([bell(), shaped()], BACKEND, shots=2)
    (job,) = job_set.jobs()
    for result in (job.result(), job_set.results().combine_results()):
        header = result.results[1].header.to_dict()
        assert {name: header[name] for name in SHAPE} == SHAPE


def test_headers_tell_the_qubits_of_the_device_that_a_circuit_was_compiled_to(provider):
    result = provider.get_backend("fake_manila").run(flipped("1"), shots=2).result()
    assert result.results[0].header.n_qubits == 5


def test_headers_tell_the_devices_qubits_where_a_text_names_them(provider):
    text = 'OPENQASM 3.0;\ninclude "stdgates.inc";\nbit[1] c;\nx $3;\nc[0] = measure $3;\n'
    result = provider.get_backend("fake_manila").run(text, shots=2).result()
    header = result.results[0].header
    assert (header.n_qubits, header.qreg_sizes) == (5, [["q", 5]])
