"""How many requests and commits the engine needs. Counts only: times are for `tests.bench`."""

from __future__ import annotations

import os
import zlib
from collections.abc import Iterator
from pathlib import Path

import pytest
from qiskit import qasm2
from qiskit.providers import JobStatus

from ibmqbatch import IBMQJobManager, ManagedJobSet
from ibmqbatch.accounts.find import find_account
from ibmqbatch.clock import Clock
from ibmqbatch.jobset.advance import follow, try_advance
from ibmqbatch.jobset.job_set import JobSet
from ibmqbatch.jobset.recovery.rebuild import rebuild_set
from ibmqbatch.jobset.together import Connections, Round
from ibmqbatch.jobset.work import IN_FLIGHT, Unobserved, Work
from ibmqbatch.manifest.draft import Draft, DraftCircuit, DraftJob
from ibmqbatch.manifest.ids import new_set_id
from ibmqbatch.manifest.manifest import Manifest
from ibmqbatch.manifest.snapshot import Snapshot
from ibmqbatch.service.client import Client
from tests.bench.measure import Measurement
from tests.bench.sets import SMALL, environment, many_submitted, planned, submitted
from tests.jobset.submitter import PROGRAM
from tests.support import forks
from tests.support.manifests import draft_set
from tests.support.stub import BACKEND, Stub
from tests.support.waiting import wait_until

ROOT = Path(__file__).parents[2]


@pytest.fixture
def stub() -> Iterator[Stub]:
    with Stub() as stub:
        yield stub


def test_a_refresh_of_1000_jobs_takes_five_requests(stub: Stub) -> None:
    with submitted(stub, 1000) as work:
        try_advance(work, sending=False, fetching=False)
        assert stub.take_counts() == {"list": 5}


@pytest.mark.parametrize(
    ("jobs", "pages"), [(401, 3), pytest.param(1000, 5, marks=pytest.mark.slow)]
)
def test_the_statuses_of_jobs_take_a_request_for_200(stub: Stub, jobs: int, pages: int) -> None:
    with submitted(stub, jobs) as work:
        job_set = ManagedJobSet.of(JobSet(work.manifest.path))
        assert job_set.statuses() == jobs * [JobStatus.RUNNING]
        assert stub.take_counts() == {"list": pages}
        job_set.report()
        assert stub.take_counts() == {"list": pages}


def test_a_set_of_the_manager_takes_no_more_requests_than_one_of_the_engine(stub: Stub) -> None:
    with environment(**stub.environment):
        circuits = [qasm2.loads(SMALL)] * 200
        job_set = IBMQJobManager().run(circuits, BACKEND, max_experiments_per_job=1, shots=100)
        assert None not in job_set.jobs()
        assert stub.take_counts()["submit"] == 200
        stub.finish_jobs()
        assert job_set.results().success
        counts = stub.take_counts()
    assert (counts["list"], counts["results"]) == (1, 200)


def test_200_jobs_take_200_submissions_one_token_and_few_commits(stub: Stub) -> None:
    with planned(stub, 200) as work:
        statements: list[str] = []
        work.manifest.db._connection.set_trace_callback(statements.append)
        follow(work, Snapshot.is_sent)
        assert stub.take_counts() == {"configuration": 1, "token": 1, "submit": 200}
    # One for all that has landed, and for what leaves in its place.
    assert statements.count("COMMIT") <= 210


@pytest.mark.parametrize(
    ("jobs", "pages"), [(300, 2), pytest.param(1000, 5, marks=pytest.mark.slow)]
)
def test_a_set_killed_half_way_resumes_with_a_refresh_more_at_most(
    stub: Stub, jobs: int, pages: int
) -> None:
    with planned(stub, jobs) as work:
        words = (stub.url, work.manifest.path, 0, 0, 0)
        stub.hold(after=jobs // 2)
        with forks.start(words, env=os.environ, cwd=ROOT, code=PROGRAM) as process:
            wait_until(lambda: stub.held() == IN_FLIGHT)
            process.kill()
        stub.release()
        sent = stub.take_counts()["submit"]
        follow(Work(work.manifest, work.client, work.clock), Snapshot.is_sent)
        counts = stub.take_counts()
        assert jobs / 2 <= sent < jobs
        assert sent + counts["submit"] == jobs
        # One it takes in any case.
        assert counts["list"] <= 2 * pages
        assert work.client.jobs(limit=1).count == jobs


def test_the_results_of_200_jobs_take_a_request_each(stub: Stub) -> None:
    with submitted(stub, 200) as work:
        stub.finish_jobs()
        follow(work, Snapshot.is_settled)
        assert stub.take_counts() == {"list": 1, "results": 200}


def test_100_jobs_of_20_circuits_take_a_listing_and_a_request_each_16_at_a_time_at_most() -> None:
    with Stub(0.02) as stub, submitted(stub, 100, 20) as work:
        stub.finish_jobs()
        follow(work, Snapshot.is_settled)
        assert stub.take_counts() == {"list": 1, "results": 100}
        assert 1 < stub.most_waiting() <= IN_FLIGHT


@pytest.mark.parametrize(
    ("jobs", "pages"),
    [(1, 1), (11, 1), (201, 2), pytest.param(1100, 6, marks=pytest.mark.slow)],
)
def test_a_set_is_rebuilt_with_a_request_for_200_jobs_and_one_for_each(
    stub: Stub, jobs: int, pages: int
) -> None:
    with submitted(stub, jobs) as work:
        stub.finish_jobs()
        made = work.manifest.job_set(), work.manifest.circuits(), work.manifest.jobs()
        path = work.manifest.path.rename(work.manifest.path.with_suffix(".made"))
        rebuilt = rebuild_set(work.client, path.stem, work.clock, lambda *_: None)
        assert stub.take_counts() == {"list": pages, "params": jobs}
        with Manifest.open(rebuilt.path) as manifest:
            follow(Work(manifest, work.client, work.clock), Snapshot.is_settled)
            assert stub.take_counts() == {"results": jobs}
            assert rebuilt.holes == ()
            record, circuits, done = manifest.job_set(), manifest.circuits(), manifest.jobs()
    assert (record.name, record.shots, record.total_jobs) == (made[0].name, made[0].shots, jobs)
    assert [(c.name, c.shots) for c in circuits] == [(c.name, c.shots) for c in made[1]]
    assert [(j.first_circuit, j.remote and j.remote.id) for j in done] == [
        (j.first_circuit, j.remote and j.remote.id) for j in made[2]
    ]
    assert all(job.remote and job.remote.result == "stored" for job in done)


def test_of_three_repeats_the_middle_one_is_not_asked_what_it_was_asked(stub: Stub) -> None:
    with environment(**stub.environment), Client(find_account(), Clock()) as client:
        with Draft(new_set_id()) as draft:
            body = draft.add_body("0", zlib.compress(b""))
            draft.add_circuits([DraftCircuit("c", {}, "f", 0, 25, body)])
            path = draft.commit(
                draft_set(backend=BACKEND, instance=client.instance, account=client.account.name),
                [DraftJob(0, 0, repeat, 10) for repeat in range(3)],
            )
        with Manifest.open(path) as manifest:
            follow(Work(manifest, client, Clock(), sole_sender=True), Snapshot.is_sent)
        path.unlink()
        stub.take_counts()
        rebuilt = rebuild_set(client, path.stem, Clock(), lambda *_: None)
        assert stub.take_counts() == {"list": 1, "params": 2}
        with Manifest.open(rebuilt.path) as manifest:
            assert [circuit.shots for circuit in manifest.circuits()] == [25]


def collected(sets: list[JobSet]) -> None:
    """Take one step of each set, as `collect` does."""
    with Connections(Clock()) as connections:
        round_ = Round(connections, sets)
        for job_set in sets:
            with round_.session(job_set, Unobserved()):
                job_set.step()


def test_the_sets_of_an_account_are_looked_at_with_one_listing(stub: Stub) -> None:
    with many_submitted(stub, 8) as sets:
        collected(sets)
        assert stub.take_counts() == {"list": 1}


def test_their_results_take_a_request_each_and_no_other_listing(stub: Stub) -> None:
    with many_submitted(stub, 8) as sets:
        stub.finish_jobs()
        collected(sets)
        assert stub.take_counts() == {"list": 1, "results": 8}
        assert all(job_set.record().closed_at for job_set in sets)
        collected(sets)
        assert stub.take_counts() == {}


@pytest.mark.slow
def test_a_thousand_sets_are_looked_at_with_a_request_for_200_jobs(stub: Stub) -> None:
    with many_submitted(stub, 1000) as sets:
        collected(sets)
        assert stub.take_counts() == {"list": 5}


def test_sets_are_listed_each_where_all_jobs_since_then_are_more_pages(stub: Stub) -> None:
    with many_submitted(stub, 2, jobs=101) as sets:
        collected(sets)
        # The first page of all tells that there are too many.
        assert stub.take_counts() == {"list": 3}


def test_a_set_alone_is_listed_by_its_own_tag(stub: Stub) -> None:
    with many_submitted(stub, 1) as (job_set,):
        collected([job_set])
        assert stub.take_counts() == {"list": 1}


def test_a_measurement_tells_whether_it_is_within_its_bound() -> None:
    assert not Measurement("name", 1.2, 1.0, 1.25).over
    assert Measurement("name", 1.3, 1.0, 1.25).over
    assert not Measurement("name", 9.9, 1.0).over
    assert str(Measurement("name", 5, 5, 1.0, "requests")).split()[-3:] == ["1.00", "1.00", "ok"]
