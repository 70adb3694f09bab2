"""What the old job manager's own tests asked of it, told anew, through the names programs use.

They were twenty-two, of which twenty hold as they were. One asked by way of what was private (a job
whose id had been spoilt: a status is None where the service does not tell one, see the behaviours
beside this). One counted the tag of the set among those of a job; `tags()` keeps it to itself now.
Whether the limit of jobs is told, and how loudly, is told elsewhere.
"""

from __future__ import annotations

import inspect
from datetime import datetime, timedelta
from uuid import uuid4

import pytest
from qiskit.providers import JobStatus
from qiskit.result import Result

from ibmqbatch import (
    IBMQJobManager,
    IBMQJobManagerJobNotFound,
    IBMQManagedResultDataNotAvailable,
    ManagedResults,
)
from ibmqbatch.managed.job_set import ManagedJobSet
from tests.managed.programs import bell
from tests.managed.support import (
    REFUSAL,
    numbered,
    on_service,
    planned,
    spoiled,
)
from tests.managed.test_behaviours_submission import FULL
from tests.qiskits import needs_terra

pytestmark = pytest.mark.filterwarnings("ignore:Unable to retrieve job result")


def named(count: int) -> list:
    return [bell(f"circuit {n}") for n in range(count)]


def test_more_circuits_than_a_job_takes_are_two_jobs_and_both_end_well(manager, simulator):
    most = simulator.configuration().max_experiments
    job_set = manager.run(named(most + 2), simulator, shots=1)
    job_set.results()
    assert job_set.statuses() == [JobStatus.DONE] * 2
    assert len(job_set.jobs()) == 2


def test_circuits_that_one_job_takes_are_one_job(manager, simulator):
    assert len(manager.run(named(5), simulator, shots=1).jobs()) == 1


def test_a_job_takes_no_more_circuits_than_the_program_says(manager, simulator):
    job_set = manager.run([bell()] * 2, simulator, max_experiments_per_job=1, shots=1)
    assert len(job_set.jobs()) == 2


def test_the_report_of_the_manager_names_every_job(manager, simulator):
    job_set = manager.run([bell()] * 2, simulator, max_experiments_per_job=1, shots=1)
    jobs = job_set.jobs()
    told = manager.report()
    assert all(job.job_id() in told for job in jobs)


@needs_terra("Qiskit 2 has no Qobj.")
def test_the_qobj_of_a_job_is_that_of_the_job_retrieved(manager, simulator, provider):
    job_set = manager.run(numbered(2), simulator, max_experiments_per_job=1, shots=1)
    jobs = job_set.jobs()
    job_set.results()
    for job, qobj in zip(jobs, job_set.qobjs(), strict=True):
        again = provider.backend.retrieve_job(job.job_id()).qobj()
        assert again.to_dict() == qobj.to_dict()


def test_error_messages_name_the_jobs_that_failed_and_no_others(service):
    job_set = spoiled(named(4), 2, 3, max_experiments_per_job=2, shots=1)
    job_set.results()
    good, bad = job_set.jobs()
    told = job_set.error_messages()
    assert bad.job_id() in told
    assert good.job_id() not in told


def test_a_job_that_is_not_taken_is_none_and_results_and_statuses_do_not_fail(
    proxy, manager, simulator
):
    proxy.when("POST", "/jobs", times=1, status=400, body=REFUSAL)
    job_set = manager.run([bell()] * 2, simulator, max_experiments_per_job=1, shots=1)
    jobs = job_set.jobs()
    assert jobs.count(None) == 1
    assert not job_set.results().success
    assert job_set.statuses().count(None) == 1


def test_jobs_of_two_sets_are_not_the_same(manager, simulator):
    sets = [
        manager.run(circuits, simulator, max_experiments_per_job=1, shots=1)
        for circuits in ([bell()] * 2, numbered(1))
    ]
    first, second = ({job.job_id() for job in job_set.jobs()} for job_set in sets)
    assert first.isdisjoint(second)


def test_a_set_is_found_by_its_name(manager, simulator):
    job_set = manager.run([bell()] * 2, simulator, name=uuid4().hex, shots=1)
    assert manager.job_sets(name=job_set.name())[0] == job_set


@pytest.mark.parametrize(("count", "size"), [(3, 2), (4, 2), (11, 1)])
def test_another_manager_retrieves_a_set_as_it_was_run(count, size, manager, simulator, provider):
    job_set = manager.run(
        named(count), simulator, max_experiments_per_job=size, job_tags=["retrieved"], shots=1
    )
    assert job_set.tags() == ["retrieved"]
    jobs = job_set.jobs()
    again = IBMQJobManager().retrieve_job_set(job_set.job_set_id(), provider)
    assert [job.job_id() for job in again.jobs()] == [job.job_id() for job in jobs]
    assert again.tags() == job_set.tags()
    for ours, theirs in zip(job_set.managed_jobs(), again.managed_jobs(), strict=True):
        assert (theirs.start_index, theirs.end_index) == (ours.start_index, ours.end_index)
        names = [circuit.name for circuit in theirs.job.circuits()]
        assert names == [f"circuit {n}" for n in range(ours.start_index, ours.end_index + 1)]
    again.results()
    assert again.statuses() == [JobStatus.DONE] * len(jobs)


def test_the_jobs_of_a_set_are_found_by_its_tags(manager, simulator, provider):
    tag = uuid4().hex
    job_set = manager.run(
        [bell()] * 2, simulator, max_experiments_per_job=1, job_tags=[tag], shots=1
    )
    ids = {job.job_id() for job in job_set.jobs()}
    week = datetime.now().astimezone() - timedelta(days=7)
    found = provider.backend.jobs(job_tags=[tag], start_datetime=week)
    assert {job.job_id() for job in found} == ids
    assert job_set.tags() == [tag]


@pytest.mark.parametrize("refusals", [1, 3])
def test_jobs_beyond_the_limit_wait_and_are_all_taken_in_the_end(
    refusals, proxy, manager, simulator
):
    proxy.when("POST", "/jobs", times=refusals, status=400, body=FULL)
    job_set = manager.run(numbered(4), simulator, max_experiments_per_job=1, shots=1)
    assert all(job.job_id() for job in job_set.jobs())


def test_tags_of_a_set_are_replaced_on_all_its_jobs(manager, simulator):
    job_set = manager.run(
        [bell()] * 2, simulator, max_experiments_per_job=1, job_tags=["old"], shots=1
    )
    jobs = job_set.jobs()
    job_set.update_tags(replacement_tags=["new", "newer"])
    for job in jobs:
        job.refresh()
        assert set(job.tags()) == {"new", "newer"}
        assert f"ibmq_jobset_{job_set.job_set_id()}_" in on_service(job.job_id()).tags


def test_the_tag_by_which_a_set_is_found_cannot_be_removed(manager, simulator):
    job_set = manager.run(
        [bell()] * 2, simulator, max_experiments_per_job=1, job_tags=["old"], shots=1
    )
    own = f"ibmq_jobset_{job_set.job_set_id()}_"
    jobs = job_set.jobs()
    assert job_set.update_tags(removal_tags=["old", own]) == []
    for job in jobs:
        job.refresh()
        assert job.tags() == []
        assert own in on_service(job.job_id()).tags


@pytest.fixture
def eleven(manager, simulator):
    """A set of eleven circuits, five in a job."""
    return manager.run(named(11), simulator, max_experiments_per_job=5, shots=10)


@pytest.mark.parametrize("by", ["index", "name"])
def test_counts_of_a_set_are_those_of_its_jobs(by, eleven):
    results, jobs = eleven.results(), eleven.jobs()
    for number in (0, 4, 6, 10):
        experiment = number if by == "index" else f"circuit {number}"
        own = jobs[number // 5].result().get_counts(number % 5)
        assert results.get_counts(experiment) == own


def test_an_index_that_is_out_of_range_is_not_found(manager, simulator):
    results = manager.run([bell()], simulator, shots=1).results()
    with pytest.raises(IBMQJobManagerJobNotFound):
        results.get_counts(1)


def test_an_experiment_of_a_cancelled_job_has_no_counts(simulator):
    job_set = ManagedJobSet.of(planned(simulator), simulator)
    job_set.managed_jobs()[1].cancel()
    results = job_set.results()
    assert results.get_counts(0) == {"10": 4000}
    with pytest.raises(IBMQManagedResultDataNotAvailable):
        results.get_counts(1)


def test_combined_results_have_the_counts_of_each(eleven):
    results = eleven.results()
    combined = results.combine_results()
    assert [results.get_counts(n) for n in range(11)] == combined.get_counts()


def test_results_of_a_set_are_read_as_qiskits_are():
    def methods(owner: type) -> dict[str, list[str]]:
        return {
            name: list(inspect.signature(method).parameters)
            for name, method in vars(owner).items()
            if inspect.isfunction(method) and not name.startswith("_")
        }

    ours, theirs = methods(ManagedResults), methods(Result)
    del ours["combine_results"], theirs["to_dict"]
    assert ours == theirs
