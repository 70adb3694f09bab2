"""Jobs that other programs have sent, or other processes of this one."""

from __future__ import annotations

import base64
import json
import zlib

import pytest
from qiskit.providers import JobStatus

from ibmqbatch import (
    IBMQJobInvalidStateError,
    IBMQJobTimeoutError,
)
from ibmqbatch.jobset.catalog import set_paths
from tests.managed.support import STEPS, Gate, foreign, on_service
from tests.support.qiskits import needs_terra


def test_a_retrieved_job_is_that_of_its_set(job, simulator):
    again = simulator.retrieve_job(job.job_id())
    assert (again.name(), again.tags(), again.header()) == ("mine", ["a", "b"], {"for": "me"})
    assert len(set_paths()) == 1


def test_a_job_of_another_program_is_made_a_set_when_its_results_are_wanted(simulator):
    job = simulator.retrieve_job(foreign())
    assert (job.tags(), job.name()) == (["theirs"], None)
    assert isinstance(job.status(), JobStatus)
    assert set_paths() == []
    assert job.result().get_counts() == {"10": 12}
    assert len(job.circuits()) == 1
    assert job.backend_options()["shots"] == 12
    assert list(job.time_per_step()) == STEPS
    assert simulator.retrieve_job(job.job_id()).result().get_counts() == {"10": 12}
    assert len(set_paths()) == 1


def test_tags_of_another_programs_job_are_changed_on_the_service(simulator):
    job = simulator.retrieve_job(foreign())
    assert job.update_tags(additional_tags=["x"]) == ["theirs", "x"]
    job.result()
    assert job.update_tags(removal_tags=["theirs"]) == job.tags() == ["x"]
    assert on_service(job.job_id()).tags == ("x",)
    with pytest.raises(IBMQJobInvalidStateError, match="Another program"):
        job.update_name("mine")


def test_another_programs_job_is_cancelled_without_being_made_a_set(proxy, simulator):
    job = simulator.retrieve_job(foreign())
    job.wait_for_final_state()
    other = simulator.retrieve_job(foreign())
    state = {"id": other.job_id(), "state": {"status": "Cancelled"}, "tags": []}
    proxy.when("POST", "/cancel", status=204)
    proxy.when("GET", f"/jobs/{other.job_id()}", status=200, body=json.dumps(state).encode())
    assert other.cancel() is True
    assert job.cancel() is False
    assert len(set_paths()) == 1


def test_a_private_job_of_another_program_cannot_be_made_a_set(simulator):
    job = simulator.retrieve_job(foreign(private=True))
    with pytest.raises(IBMQJobInvalidStateError, match="private"):
        job.result()


@pytest.fixture
def unreadable(simulator):
    """A job of another program, whose circuits a newer Qiskit has written."""
    qpy = b"QISKIT\x63" + bytes(30)  # QPY 99, which nobody reads yet
    circuit = {
        "__type__": "QuantumCircuit",
        "__value__": base64.b64encode(zlib.compress(qpy)).decode(),
    }
    return simulator.retrieve_job(foreign(params={"version": 2, "pubs": [[circuit]]}))


def test_circuits_of_a_newer_qiskit_are_an_empty_list(unreadable):
    assert unreadable.circuits() == []


@needs_terra("Qiskit 2 has no Qobj.")
def test_circuits_of_a_newer_qiskit_are_no_qobj_and_a_warning_says_so(unreadable):
    with pytest.warns(UserWarning, match="cannot be a Qobj: they cannot be read"):
        assert unreadable.qobj() is None


def test_a_time_out_holds_while_a_job_of_another_program_is_made_a_set(proxy, simulator):
    job = simulator.retrieve_job(foreign())
    gate = Gate()
    proxy.when("GET", f"/jobs/{job.job_id()}", times=99, before=gate)
    # Nothing is answered before this has been raised.
    with pytest.raises(IBMQJobTimeoutError):
        job.result(timeout=1)
    gate.open()
    proxy.rules.clear()
    assert job.result().get_counts() == {"10": 12}
