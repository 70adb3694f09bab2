"""Running the jobs of a set again, from a program."""

from __future__ import annotations

import json

import pytest
from qiskit.providers import JobStatus

from ibmqbatch import IBMQJobManagerInvalidStateError
from ibmqbatch.managed.backend import IBMQBackend
from ibmqbatch.managed.job_set import ManagedJobSet
from tests.managed.support import REFUSAL, cancelled, foreign, numbered, outcome, planned, said

pytestmark = pytest.mark.filterwarnings("ignore:Unable to retrieve job result")


def unsent(simulator: IBMQBackend) -> ManagedJobSet:
    """Return a set of two jobs, none of which is sent."""
    return ManagedJobSet.of(planned(simulator), simulator)


def test_jobs_that_failed_run_again_and_the_set_has_their_results(proxy, manager, simulator):
    proxy.when("POST", "/jobs", times=1, status=400, body=REFUSAL)
    job_set = manager.run(numbered(2), simulator, max_experiments_per_job=1, shots=5)
    assert not job_set.results().success
    # They are sent side by side, and either may be the one that is refused.
    refused = [job.start_index for job in job_set.managed_jobs() if job.submit_error]
    (again,) = job_set.retry()
    assert ([again.start_index], again.submit_error) == (refused, None)
    results = job_set.results()
    assert results.success
    assert [results.get_counts(n) for n in range(2)] == [outcome(n, 5) for n in range(2)]


def test_a_job_that_failed_has_a_new_id_once_it_runs_again(proxy, manager, simulator):
    job_set = manager.run(numbered(1), simulator, shots=5)
    (job,) = job_set.jobs()
    before = job.job_id()
    proxy.when("GET", "/jobs?", status=200, body=said(job, "Failed", reason_code=1517))
    assert job_set.statuses() == [JobStatus.ERROR]
    job_set.retry()
    (again,) = job_set.jobs()
    assert again.job_id() != before
    assert job_set.results().get_counts(0) == outcome(0, 5)


def test_cancelled_jobs_run_again_only_when_that_is_asked_for(simulator):
    job_set = unsent(simulator)
    cancelled(job_set)
    assert job_set.retry() == []
    assert len(job_set.retry(cancelled=True)) == 2
    assert job_set.results().success


def lose(job_set: ManagedJobSet) -> None:
    """Have the set take the results of its first job for lost."""
    with job_set.job_set.open() as manifest, manifest.db.transaction():
        manifest.db.write("DELETE FROM results WHERE remote_id = (SELECT remote_id FROM jobs)")
        manifest.db.write("UPDATE remotes SET result = 'lost' WHERE job = 0")


def test_what_is_lost_is_asked_for_before_it_runs_again(proxy, manager, simulator):
    job_set = manager.run(numbered(1), simulator, shots=5)
    job_set.results()
    lose(job_set)
    assert job_set.retry() == []
    assert job_set.retry(lost=True) == []  # the service has given it
    assert job_set.results().get_counts(0) == outcome(0, 5)
    assert proxy.submissions == 1


def test_what_is_lost_for_good_runs_again(proxy, manager, simulator):
    job_set = manager.run(numbered(1), simulator, shots=5)
    job_set.results()
    lose(job_set)
    proxy.when("GET", "/results", times=1, status=204)
    assert len(job_set.retry(lost=True)) == 1
    assert job_set.results().get_counts(0) == outcome(0, 5)
    assert proxy.submissions == 2


def test_nothing_is_sent_where_nothing_failed(proxy, manager, simulator):
    job_set = manager.run(numbered(1), simulator, shots=5)
    job_set.results()
    assert job_set.retry(cancelled=True, lost=True) == []
    assert proxy.submissions == 1


def test_jobs_of_another_program_are_not_run_again(proxy, simulator):
    job = simulator.retrieve_job(foreign())
    job.result()
    job_set = ManagedJobSet.of(job._source.job_set)
    state = {"id": job.job_id(), "state": {"status": "Failed"}, "tags": []}
    proxy.when("GET", "/jobs", times=9, status=200, body=json.dumps(state).encode())
    with job_set.job_set.open() as manifest, manifest.db.transaction():
        manifest.db.write("UPDATE remotes SET status = 'Failed', result = NULL")
    with pytest.raises(IBMQJobManagerInvalidStateError, match="another program"):
        job_set.retry()
