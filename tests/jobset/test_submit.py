"""Jobs are sent once each, as far as the service takes them."""

from __future__ import annotations

import pytest

from ibmqbatch.jobset.advance import advance
from ibmqbatch.jobset.tags import find_job_tag, set_tag
from ibmqbatch.jobset.work import Work
from ibmqbatch.manifest.manifest import Manifest
from ibmqbatch.manifest.records import JobStatus
from ibmqbatch.service.errors import Busy, NoAnswer, Refused, Unreachable
from tests.jobset.support import FakeService, job, raising, step
from tests.support.accounts import account
from tests.support.manifests import write_set


def test_job_is_sent_once(work, service):
    step(work)
    step(work, 100)
    assert service.posts == 1
    assert job(work).status is JobStatus.QUEUED


def test_job_carries_a_nonce_that_leads_back_to_it(work, service):
    step(work)
    record = work.manifest.job_set()
    (attempt,) = work.manifest.attempts()
    (stored,) = service.stored.values()
    assert set_tag(record.id) in stored.tags
    assert find_job_tag(record.id, stored.tags).nonce == attempt.nonce


def test_cancel_that_is_wanted_in_time_stops_the_request(work, service):
    work.manifest.wants.cancel([0])
    step(work)
    assert (service.posts, job(work).status) == (0, JobStatus.CANCELLED)


def test_job_that_certainly_did_not_arrive_is_sent_again_at_once(work, service):
    service.answers = [raising(Unreachable("no connection"))]
    with pytest.raises(Unreachable):
        step(work)
    assert not job(work).unsure
    step(work)
    assert (service.posts, job(work).attempt) == (2, 1)


def test_busy_service_is_left_alone_for_as_long_as_it_says(work, service):
    service.answers = [raising(Busy("busy", retry_after=45.0))]
    assert advance(work, fetching=False).wait == 45.0
    step(work, 44)
    assert service.posts == 1
    step(work, 1)
    assert service.posts == 2


def test_refused_job_is_not_sent_again(work, service):
    service.answers = [raising(Refused("bad", status=400, number=1208, trace=None))]
    step(work)
    step(work, 100)
    assert (service.posts, job(work).status, job(work).reason) == (1, JobStatus.ERROR, "bad")


def test_retried_job_is_sent_once_more(work, service):
    step(work)
    service.say("r0", "Failed")
    step(work, 1)
    work.manifest.wants.retry(work.manifest.jobs())
    step(work, 1)
    step(work, 100)
    assert (service.posts, job(work).remote.id, service.cancelled) == (2, "r1", [])


def test_refusal_about_one_job_does_not_stop_the_others(home, clock, service):
    service.answers = [raising(Refused("bad", status=400, number=1208, trace=None))]
    with Manifest.open(write_set(3)) as manifest:
        advance(Work(manifest, service, clock), fetching=False)
        statuses = sorted(j.status for j in manifest.jobs())
    assert statuses == [JobStatus.ERROR, JobStatus.QUEUED, JobStatus.QUEUED]


def test_pace_that_is_used_up_holds_the_rest_back(home, clock, service):
    service.account = account(pace_limit=2)
    with Manifest.open(write_set(5)) as manifest:
        assert advance(Work(manifest, service, clock), fetching=False).wait > 0
        assert service.posts == 2


def test_pending_window_holds_the_rest_back(home, clock, service):
    service.account = account(pace_limit=None, max_pending=2)
    with Manifest.open(write_set(5)) as manifest:
        advance(Work(manifest, service, clock), fetching=False)
    assert service.posts == 2


def test_what_has_landed_is_recorded_though_the_pending_window_is_not_told(home, clock, service):
    service.account = account(pace_limit=None, max_pending=18)

    def last(service: FakeService, tags: list[str]) -> str:
        service.pending_fails = NoAnswer("no answer")
        return service.create(tags)

    service.answers = [last]
    with Manifest.open(write_set(20)) as manifest:
        with pytest.raises(NoAnswer):
            advance(Work(manifest, service, clock), fetching=False)
        assert [a.state for a in manifest.attempts()] == ["accepted"] * 16
