"""A doomed set stops: failures that would repeat themselves are counted, and the rest held back."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from ibmqbatch.jobset.advance import advance
from ibmqbatch.jobset.work import Work
from ibmqbatch.manifest.manifest import Manifest
from ibmqbatch.manifest.records import JobStatus
from ibmqbatch.service.errors import Busy, Refused
from tests.jobset.support import FakeService, raising
from tests.support.accounts import account
from tests.support.manifests import write_set

REFUSED = raising(Refused("no", status=400, number=1208, trace=None))
JOBS = 40


@pytest.fixture
def work(home, clock, service) -> Iterator[Work]:
    with Manifest.open(write_set(JOBS, max_fails=2)) as manifest:
        yield Work(manifest, service, clock)


def fail(service: FakeService, job_id: str, code: int) -> None:
    service.stored[job_id] = replace(service.stored[job_id], status="Failed", reason_code=code)


def paced(service: FakeService) -> None:
    service.account = account(pace_limit=5)


def statuses(work: Work) -> list[JobStatus]:
    return [job.status for job in work.manifest.jobs()]


def test_nothing_more_is_sent_after_so_many_refusals(work, service):
    service.answers = [REFUSED] * JOBS
    advance(work)
    assert service.posts <= 2 + 16  # those that were in flight already
    assert set(statuses(work)) == {JobStatus.ERROR, JobStatus.CANCELLED}


def test_nothing_more_is_sent_once_so_many_jobs_have_failed(work, service, clock):
    paced(service)
    advance(work)
    assert service.posts == 5
    fail(service, "r0", 1517)
    fail(service, "r1", 1603)
    clock.sleep(100)
    advance(work)
    assert service.posts == 5
    assert statuses(work).count(JobStatus.CANCELLED) == JOBS - 5
    assert [e.kind for e in work.manifest.events()].count("held_back") == 1


@pytest.mark.parametrize("code", [9999, 1305])
def test_failure_that_may_not_repeat_itself_does_not_count(code, work, service, clock):
    paced(service)
    advance(work)
    for job_id in ("r0", "r1", "r2"):
        fail(service, job_id, code)
    clock.sleep(100)
    advance(work)
    assert service.posts == 10


def test_busy_service_is_no_failure(work, service, clock):
    service.answers = [raising(Busy("busy", retry_after=5))] * 2
    advance(work)
    clock.sleep(100)
    advance(work)
    assert statuses(work).count(JobStatus.QUEUED) == JOBS


def test_set_without_a_limit_goes_on(home, clock, service):
    service.answers = [REFUSED] * 20
    with Manifest.open(write_set(JOBS)) as manifest:
        advance(Work(manifest, service, clock))
    assert service.posts == JOBS


def test_retry_of_what_was_held_back_sends_it_whatever_fails(work, service):
    service.answers = [REFUSED] * JOBS
    advance(work)
    tried = service.posts
    work.manifest.wants.retry(work.manifest.jobs())
    advance(work)
    assert service.posts == tried + JOBS


def test_retry_of_the_failed_jobs_alone_keeps_the_limit(work, service):
    service.answers = [REFUSED] * JOBS
    advance(work)
    tried = service.posts
    failed = [job for job in work.manifest.jobs() if job.status is JobStatus.ERROR]
    work.manifest.wants.retry(failed)
    advance(work)
    assert service.posts == tried + len(failed)
    assert JobStatus.CANCELLED in statuses(work)
