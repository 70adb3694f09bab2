"""Single jobs of a set, and one that is submitted by itself."""

from __future__ import annotations

import logging

import pytest
from qiskit.providers import JobStatus
from qiskit.result import Result

from ibmqbatch import IBMQ, IBMQJob, IBMQJobManager, ManagedJob
from ibmqbatch.jobset.catalog import set_paths
from ibmqbatch.managed.exceptions import (
    IBMQBackendError,
    IBMQJobManagerInvalidStateError,
    IBMQJobTimeoutError,
    IBMQManagedResultDataNotAvailable,
)
from tests.managed.support import BACKEND, REFUSAL, Gate, bell, flipped, numbered, outcome, spoiled
from tests.support.qiskits import needs_qiskit2, needs_terra


@pytest.fixture
def jobs(service) -> list[ManagedJob]:
    """The two jobs of a set that has ended."""
    job_set = IBMQJobManager().run(numbered(3), BACKEND, max_experiments_per_job=2, shots=4)
    job_set.results()
    return job_set.managed_jobs()


def test_a_job_is_a_view_on_its_part_of_the_set(jobs, held):
    first, second = jobs
    assert [(job.start_index, job.end_index) for job in jobs] == [(0, 1), (2, 2)]
    assert isinstance(second.job, IBMQJob)
    assert second.status() is JobStatus.DONE
    assert second.submit_error is None
    assert second.error_message() is None
    assert isinstance(second.result(), Result)
    assert second.result().get_counts() == outcome(2, 4)
    assert first.result(timeout=5, partial=True, refresh=True).get_counts(1) == outcome(1, 4)
    assert repr(second) == "<ManagedJob: experiments 2-2>"


@needs_terra("Qiskit 2 has no Qobj.")
def test_a_job_has_its_qobj_whether_it_is_of_a_set_or_was_given(jobs):
    from qiskit.qobj import QasmQobj

    for job in (jobs[1], ManagedJob(0, 1, jobs[1].job)):
        assert isinstance(job.qobj(), QasmQobj)


@needs_qiskit2("Terra has Qobj.")
def test_where_there_is_no_qobj_a_warning_says_so(jobs):
    with pytest.warns(UserWarning, match="Qiskit 2 has no Qobj") as caught:
        assert jobs[1].qobj() is None
    assert [warning.filename for warning in caught] == [__file__]


def test_a_job_is_known_before_it_is_sent(proxy):
    gate = Gate()
    proxy.when("POST", "/jobs", times=9, before=gate)
    job_set = IBMQJobManager().run(numbered(1), BACKEND, shots=2)
    (job,) = job_set.managed_jobs()
    assert gate.reached.wait(30)
    assert job.job is None
    assert job.status() is JobStatus.INITIALIZING
    assert job.error_message() is None
    with pytest.raises(IBMQJobTimeoutError, match="experiments 0-0 to be sent"):
        job.result(timeout=0.2)
    gate.open()
    assert job.result(timeout=30).get_counts() == outcome(0, 2)


def test_a_job_that_is_not_taken_tells_why(proxy):
    proxy.when("POST", "/jobs", status=400, body=REFUSAL)
    job_set = IBMQJobManager().run(numbered(1), BACKEND, shots=2)
    assert job_set.jobs() == [None]
    (job,) = job_set.managed_jobs()
    assert isinstance(job.submit_error, IBMQBackendError)
    assert job.status() is None
    assert job.result(timeout=5) is None
    assert job.error_message() == "Bad body (code 1208)."
    job.cancel()


def test_a_job_that_failed_warns_and_has_no_result(service):
    job_set = spoiled(numbered(1), 0, shots=2)
    (job,) = job_set.managed_jobs()
    with pytest.warns(UserWarning, match="Unable to retrieve job result for experiments 0-0, job"):
        assert job.result(timeout=30) is None
    assert job.status() is JobStatus.ERROR
    assert "Error code: 1" in job.error_message()


def test_a_job_is_cancelled_before_it_is_sent(service, held):
    job_set = spoiled(numbered(2), max_experiments_per_job=1, shots=2)
    job_set.managed_jobs()[1].cancel()
    with pytest.warns(UserWarning, match="experiments 1-1: Job has been cancelled"):
        results = job_set.results()
    assert results.get_counts(0) == outcome(0, 2)
    with pytest.raises(IBMQManagedResultDataNotAvailable):
        results.get_counts(1)
    assert job_set.managed_jobs()[1].status() is JobStatus.CANCELLED
    assert [job.circuits for job in held(job_set.job_set_id())] == [(0, 0)]


def test_a_cancel_that_is_not_heard_is_logged(proxy, no_waits, caplog):
    job_set = IBMQJobManager().run([bell()] * 5, BACKEND, shots=1_000_000)
    job_set.jobs()
    proxy.when("POST", "/cancel", times=99, status=503, body=b"{}")
    with caplog.at_level(logging.WARNING):
        job_set.managed_jobs()[0].cancel()
    assert "not confirmed" in caplog.text
    proxy.rules.clear()
    job_set.cancel()


def test_a_job_is_submitted_by_itself(service, held):
    job = ManagedJob(10, 2)
    assert (job.status(), job.job, job.submit_error) == (JobStatus.INITIALIZING, None, None)
    assert job.result() is job.error_message() is job.qobj() is None
    job.cancel()
    job.submit(numbered(3), "mine", BACKEND, None, None, job_tags=["t"], shots=3)
    assert (job.start_index, job.end_index) == (10, 12)
    assert job.result(timeout=60).get_counts(2) == outcome(2, 3)
    assert job.job.name() == "mine"
    (path,) = set_paths()
    assert [each.tags[0] for each in held(path.stem)] == ["t"]
    with pytest.raises(IBMQJobManagerInvalidStateError, match="already been submitted"):
        job.submit(numbered(1), "mine", BACKEND, None, None)


def test_what_takes_several_jobs_is_not_submitted_as_one(service):
    job = ManagedJob(0, 301)
    with pytest.raises(IBMQJobManagerInvalidStateError, match="take 2 jobs"):
        job.submit(numbered(301), "many", BACKEND, None, None)
    assert set_paths() == []


def test_a_job_of_the_service_may_be_given(service):
    backend = IBMQ.load_account().get_backend(BACKEND)
    given = backend.run(flipped("1"), shots=3)
    job = ManagedJob(0, 1, given)
    assert job.job is given
    assert job.result(timeout=60).get_counts() == {"1": 3}
    assert job.status() is JobStatus.DONE
    assert job.error_message() is None
    job.cancel()
    with pytest.raises(IBMQJobManagerInvalidStateError):
        job.submit(numbered(1), "x", backend, None, None)
