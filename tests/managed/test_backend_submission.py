"""What `run` makes of a service that does not take the job."""

from __future__ import annotations

import json

import pytest
from qiskit import QuantumCircuit
from qiskit.providers import JobStatus

from ibmqbatch import (
    IBMQBackendApiError,
    IBMQBackendJobLimitError,
)
from ibmqbatch.jobset import try_submit
from ibmqbatch.jobset.catalog import set_paths
from ibmqbatch.jobset.job_set import JobSet
from ibmqbatch.manifest.records import JobStatus as Status
from ibmqbatch.manifest.snapshot import Snapshot
from tests.managed.support import REFUSAL, bell, flipped, sets


def test_a_lost_answer_is_looked_after_until_it_is_known(proxy, simulator):
    proxy.when("POST", "/jobs", drop="after")
    job = simulator.run(flipped("1"), shots=3)
    assert job.result().get_counts() == {"1": 3}
    assert proxy.submissions == 1


def left_over() -> Status:
    """Return what became of the job of the only set."""
    (manifest,) = sets()
    with manifest:
        (job,) = manifest.jobs()
        assert manifest.job_set().closed_at is not None or job.unsure
        return job.status if not job.unsure else job.wanted


def test_a_service_that_does_not_let_one_in_is_an_error_and_leaves_nothing_to_run(proxy, simulator):
    proxy.when("POST", "/jobs", times=99, status=403, body=REFUSAL)
    with pytest.raises(IBMQBackendApiError, match="Bad body"):
        simulator.run(bell())
    assert left_over() is Status.CANCELLED


def test_a_service_that_fails_is_tried_a_few_times(proxy, simulator, no_waits, monkeypatch):
    monkeypatch.setenv("IBMQBATCH_SETTLE", "0.05")
    proxy.when("POST", "/jobs", times=99, status=503)
    with pytest.raises(IBMQBackendApiError, match="failed 3 times"):
        simulator.run(bell())
    assert proxy.submissions == 3
    assert left_over() is Status.CANCELLED


def slow() -> QuantumCircuit:
    """Return a circuit that is still run, or waits to be, when it is cancelled."""
    circuit = QuantumCircuit(20, 20)
    for _ in range(30):
        circuit.h(range(20))
        circuit.cx(range(19), range(1, 20))
    circuit.measure(range(20), range(20))
    return circuit


def test_what_cannot_be_found_out_is_told_and_is_cancelled_in_the_end(
    proxy, simulator, no_waits, monkeypatch
):
    monkeypatch.setenv("IBMQBATCH_SETTLE", "0.05")
    monkeypatch.setattr(try_submit, "_PATIENCE", 0.2)
    proxy.when("POST", "/jobs", drop="after")  # it is taken, and nobody hears of it
    proxy.when("GET", "/jobs?", times=999, status=503)
    with pytest.raises(IBMQBackendApiError, match=r"may or may not .* resume"):
        simulator.run(slow(), job_tags=["mine"])
    assert left_over() == "cancel"
    proxy.rules.clear()
    (path,) = set_paths()
    assert JobSet(path).carry_out(Snapshot.is_over, patience=60).is_over()
    (job,) = simulator.jobs(job_tags=["mine"])
    assert job.status() is JobStatus.CANCELLED


def test_a_job_that_the_service_refuses_is_an_error_with_its_code(proxy, simulator):
    proxy.when("POST", "/jobs", status=400, body=REFUSAL)
    with pytest.raises(IBMQBackendApiError, match=r"Bad body.*1208"):
        simulator.run(bell())


def test_a_full_service_is_a_job_limit_error(proxy, simulator, monkeypatch):
    full = json.dumps({"errors": [{"code": 3458, "message": "Too many pending jobs: limit 3."}]})
    proxy.when("POST", "/jobs", status=400, body=full.encode())
    with pytest.raises(IBMQBackendJobLimitError, match="IBMQJobManager"):
        simulator.run(bell())
    with sets()[0] as manifest:
        assert [job.status for job in manifest.jobs()] == [Status.CANCELLED]


def test_the_job_limit_is_what_the_user_says(simulator, monkeypatch):
    assert simulator.job_limit().maximum_jobs is None
    assert simulator.remaining_jobs_count() is None
    monkeypatch.setenv("IBMQBATCH_MAX_PENDING", "1000")
    limit = simulator.job_limit()
    assert (limit.maximum_jobs, limit.active_jobs) == (1000, limit.running_jobs)
    assert simulator.remaining_jobs_count() == 1000 - limit.active_jobs
