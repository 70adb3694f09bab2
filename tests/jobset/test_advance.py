"""Exactly once: what a step does with answers that stay away, and with what it finds."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace

import pytest

from ibmqbatch.errors import StorageError
from ibmqbatch.jobset.advance import advance, try_advance
from ibmqbatch.jobset.errors import Unsettled
from ibmqbatch.jobset.standing import is_settled
from ibmqbatch.jobset.tags import find_nonce, set_tag
from ibmqbatch.jobset.work import Work
from ibmqbatch.manifest import attempts
from ibmqbatch.manifest.records import JobStatus
from ibmqbatch.manifest.store import Manifest, lock_path
from ibmqbatch.manifest.wants import want_cancel, want_retry
from ibmqbatch.service.errors import Busy, NoAnswer, NotFound, Refused, ServiceError, Unreachable
from ibmqbatch.service.pace import Pace
from ibmqbatch.service.types import JobPage, RemoteJob
from tests.manifest.conftest import begin, write_set
from tests.service.conftest import FakeClock, account

SETTLE, GAP = 30.0, 10.0


@dataclass
class FakeService:
    """A service that keeps jobs, and loses answers or hides jobs when told to."""

    clock: FakeClock
    instance: str = "crn:1"
    account: object = field(default_factory=lambda: account(pace_limit=None))
    stored: dict[str, RemoteJob] = field(default_factory=dict)
    hidden: set[str] = field(default_factory=set)
    answers: list[Callable[[str], str]] = field(default_factory=list)
    listing_fails: ServiceError | None = None
    pending_fails: ServiceError | None = None
    posts: int = 0
    listings: int = 0
    cancelled: list[str] = field(default_factory=list)
    ids: itertools.count = field(default_factory=itertools.count)

    def pace(self) -> Pace:
        return Pace("key", self.account.pace_limit, 60.0, self.clock)

    def submit(self, body: bytes) -> str:
        import json

        self.posts += 1
        answer = self.answers.pop(0) if self.answers else answered
        return answer(self, json.loads(body)["tags"])

    def create(self, tags: list[str], status: str = "Queued") -> str:
        job_id = f"r{next(self.ids)}"
        self.stored[job_id] = RemoteJob(job_id, status, tags=tuple(tags))
        return job_id

    def say(self, job_id: str, status: str) -> None:
        self.stored[job_id] = replace(self.stored[job_id], status=status)

    def jobs(self, *, tags=(), pending=None, limit=200, offset=0) -> JobPage:
        self.listings += 1
        error = self.listing_fails if pending is None else self.pending_fails
        if error is not None:
            raise error
        found = [j for i, j in self.stored.items() if i not in self.hidden]
        found = [j for j in reversed(found) if set(tags) <= set(j.tags)]
        return JobPage(tuple(found[offset : offset + limit]), len(found))

    def job(self, job_id: str) -> RemoteJob:
        if job_id not in self.stored:
            raise NotFound("none", status=404, number=1291, trace=None)
        return self.stored[job_id]

    def cancel(self, job_id: str) -> bool:
        self.cancelled.append(job_id)
        self.say(job_id, "Cancelled")
        return True


def answered(service: FakeService, tags: list[str]) -> str:
    return service.create(tags)


def created_without_an_answer(service: FakeService, tags: list[str]) -> str:
    service.create(tags)
    raise NoAnswer("no answer")


def lost_on_the_way(service: FakeService, tags: list[str]) -> str:
    raise NoAnswer("no answer")


def raising(error: ServiceError) -> Callable[[FakeService, list[str]], str]:
    def answer(service: FakeService, tags: list[str]) -> str:
        raise error

    return answer


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock(time.time())


@pytest.fixture
def service(clock) -> FakeService:
    return FakeService(clock)


@pytest.fixture
def work(home, clock, service):
    with Manifest.open(write_set(1)) as manifest:
        yield Work(manifest, service, clock)


def step(work: Work, after: float = 0.0) -> None:
    work.clock.time += after
    advance(work, fetching=False)


def job(work: Work, index: int = 0):
    return work.manifest.jobs()[index]


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
    assert find_nonce(record.id, stored.tags) == attempt.nonce


def test_job_whose_answer_was_lost_is_found_and_not_sent_again(work, service):
    service.answers = [created_without_an_answer]
    step(work)
    assert job(work).unsure
    step(work, 1)
    assert (service.posts, job(work).remote.id, job(work).unsure) == (1, "r0", False)


def test_job_that_never_arrived_is_sent_again_only_when_that_is_settled(work, service):
    service.answers = [lost_on_the_way]
    step(work)
    for after in (1, SETTLE - 2, 1, 1, GAP - 2):
        step(work, after)
        assert service.posts == 1
    step(work, 2)
    assert service.posts == 2
    assert (job(work).attempt, job(work).status) == (2, JobStatus.QUEUED)


def test_one_listing_however_late_settles_nothing(work, service):
    service.answers = [lost_on_the_way]
    step(work)
    step(work, 10 * SETTLE)
    assert (service.posts, job(work).unsure) == (1, True)


def test_two_listings_too_close_together_settle_nothing(work, service):
    service.answers = [lost_on_the_way]
    step(work)
    step(work, SETTLE)
    step(work, GAP - 0.1)
    assert (service.posts, job(work).unsure) == (1, True)


def test_listing_that_fails_settles_nothing(work, service):
    service.answers = [lost_on_the_way]
    step(work)
    service.listing_fails = NoAnswer("no answer")
    for _ in range(5):
        with pytest.raises(NoAnswer):
            step(work, SETTLE)
    assert (service.posts, job(work).unsure) == (1, True)


def test_listing_that_does_not_show_everything_settles_nothing(work, service, monkeypatch):
    service.answers = [lost_on_the_way]
    step(work)
    monkeypatch.setattr(service, "jobs", lambda **_: JobPage((), 1))
    for _ in range(5):
        step(work, SETTLE)
    assert (service.posts, job(work).unsure) == (1, True)


def test_job_that_shows_up_late_is_found_as_long_as_the_listing_lags_less(work, service):
    service.answers = [created_without_an_answer]
    service.hidden = {"r0"}
    step(work)
    step(work, SETTLE)
    service.hidden = set()
    step(work, GAP)
    assert (service.posts, job(work).remote.id) == (1, "r0")


def test_what_a_dead_process_was_sending_is_settled_from_now_on(work, service):
    begin(work.manifest, 0)
    step(work, 1000)
    step(work, SETTLE - 1)
    assert job(work).unsure
    step(work, 1)
    step(work, GAP)
    assert (service.posts, job(work).attempt) == (1, 2)


def test_what_a_dead_process_had_sent_is_found(work, service):
    (intent,) = begin(work.manifest, 0)
    from ibmqbatch.jobset.tags import labels

    service.create(labels(work.manifest.job_set(), intent, intent))
    step(work)
    assert (service.posts, job(work).remote.id) == (0, "r0")


def lagging(work: Work, service: FakeService) -> None:
    """Send a job whose first attempt the listing hides until it has been sent again."""
    service.answers = [created_without_an_answer]
    service.hidden = {"r0"}
    step(work)
    step(work, SETTLE)
    step(work, GAP)
    assert service.posts == 2
    service.hidden = set()


def test_duplicate_is_found_and_the_one_less_far_along_cancelled(work, service):
    lagging(work, service)
    service.say("r1", "Running")
    step(work, 1)
    assert service.cancelled == ["r0"]
    assert job(work).remote.id == "r1"
    assert "duplicate" in [event.kind for event in work.manifest.events()]


@pytest.mark.parametrize(("word", "code"), [("Failed", 1517), ("Cancelled", 1305)])
def test_found_job_that_has_failed_already_tells_why(word, code, work, service):
    service.answers = [created_without_an_answer]
    step(work)
    failed = replace(service.stored["r0"], status=word, reason="it is so", reason_code=code)
    service.stored["r0"] = failed
    step(work, 1)
    assert (job(work).status, job(work).reason) == (JobStatus.ERROR, f"it is so (code {code})")
    assert job(work).remote.finished_at is not None


def stranger(work):
    record = work.manifest.job_set()
    return [set_tag(record.id), f"ibmq_jobset_{record.id}_j0.1_c0-1_r0.1_a1_{'x' * 13}"]


def test_set_that_another_copy_has_sent_is_not_sent_again(work, service):
    service.create(stranger(work))
    with pytest.raises(Unsettled):
        step(work)
    assert len(service.stored) == 1


def test_job_of_others_under_the_sets_tag_is_never_touched(work, service):
    work.looked = True
    service.answers = [created_without_an_answer]
    step(work)
    service.create(stranger(work))
    with pytest.raises(Unsettled):
        step(work, 1)
    assert job(work).remote.id == "r0"
    assert service.cancelled == []


def test_set_that_another_copy_takes_over_while_it_is_sent_is_sent_no_further(home, clock, service):
    service.account = account(pace_limit=2)
    with Manifest.open(write_set(6)) as manifest:
        work = Work(manifest, service, clock, looked=True)
        step(work)
        service.create(stranger(work))
        with pytest.raises(Unsettled):
            step(work, 100)
        assert service.posts == 2


def test_set_is_not_closed_while_any_attempt_is_unsettled(work, service):
    """The first attempt turns up and ends while the second one is in doubt."""
    service.answers = [created_without_an_answer, lost_on_the_way]
    service.hidden = {"r0"}
    step(work)
    step(work, SETTLE)
    step(work, GAP)
    service.hidden = set()
    service.say("r0", "Failed")
    step(work, 1)
    assert job(work).status is JobStatus.ERROR
    assert not is_settled(work.manifest)
    step(work, SETTLE)
    step(work, GAP)
    assert work.manifest.job_set().closed_at is not None
    assert service.posts == 2


def test_cancel_that_is_wanted_in_time_stops_the_request(work, service):
    want_cancel(work.manifest, [0])
    step(work)
    assert (service.posts, job(work).status) == (0, JobStatus.CANCELLED)


def test_cancel_of_an_unsure_job_finds_it_first(work, service):
    service.answers = [created_without_an_answer]
    step(work)
    want_cancel(work.manifest, [0])
    step(work, 1)
    assert (service.posts, service.cancelled) == (1, ["r0"])


def test_cancelled_job_that_never_arrived_is_not_sent_again(work, service):
    service.answers = [lost_on_the_way]
    step(work)
    want_cancel(work.manifest, [0])
    step(work, SETTLE)
    step(work, GAP)
    step(work, 100)
    assert (service.posts, job(work).status) == (1, JobStatus.CANCELLED)


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
    want_retry(work.manifest, work.manifest.jobs())
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


def test_known_job_that_the_listing_does_not_show_is_asked_for_by_id(work, service):
    step(work)
    service.hidden = {"r0"}
    service.say("r0", "Running")
    step(work, 1)
    assert job(work).status is JobStatus.RUNNING


def test_known_job_that_is_gone_a_moment_after_it_was_sent_is_not_given_up(work, service):
    step(work)
    stored = service.stored.pop("r0")
    step(work, 1)
    assert job(work).status is JobStatus.QUEUED
    service.stored["r0"] = stored


def test_known_job_that_is_gone_for_good_has_failed(work, service):
    step(work)
    del service.stored["r0"]
    step(work, SETTLE + 1)
    assert job(work).status is JobStatus.QUEUED  # one answer may be a slip
    step(work, SETTLE + GAP + 1)
    assert job(work).status is JobStatus.ERROR
    assert "does not have this job" in job(work).reason


def test_other_instance_is_not_asked(work, service):
    service.instance = "crn:other"
    with pytest.raises(Exception, match="belongs to another instance"):
        step(work)
    assert (service.listings, service.posts) == (0, 0)


def test_nothing_is_asked_about_a_closed_set(work, service):
    want_cancel(work.manifest, [0])
    step(work)
    listings = service.listings
    step(work)
    assert service.listings == listings


def test_many_jobs_are_refreshed_by_few_listings(home, clock, service):
    with Manifest.open(write_set(120)) as manifest:
        work = Work(manifest, service, clock)
        advance(work, fetching=False)
        before = service.listings
        advance(work, fetching=False)
    assert service.listings - before == 1


def test_set_that_another_process_holds_is_left_alone(work, service):
    with work.manifest.lock():
        assert try_advance(work) is None
    assert service.posts == 0


def test_set_that_is_held_is_not_waited_for_beyond_the_deadline(work, clock, service):
    clock.set_deadline(2.0)
    begun = clock.monotonic()
    with work.manifest.lock():
        assert try_advance(work, patience=10.0) is None
    assert clock.monotonic() - begun < 2.1


def test_lock_is_given_back_after_a_step(work):
    assert try_advance(work, fetching=False) is not None
    lock = work.manifest.lock()
    assert lock.acquire(blocking=False)
    lock.release()


def test_lock_that_cannot_be_taken_is_a_storage_error(work):
    lock_path(work.manifest.path).unlink()
    lock_path(work.manifest.path).mkdir()
    with pytest.raises(StorageError):
        try_advance(work)


def test_doubt_is_committed_before_the_service_is_asked(work, service):
    begin(work.manifest, 0)
    service.listing_fails = NoAnswer("no answer")
    with pytest.raises(NoAnswer):
        step(work)
    assert [a.state for a in work.manifest.attempts()] == ["unsure"]


def test_absent_attempts_are_looked_for_until_the_set_closes(work, service):
    service.answers = [lost_on_the_way]
    step(work)
    step(work, SETTLE)
    step(work, GAP)
    old = next(a for a in work.manifest.attempts() if a.state == "absent")
    with work.manifest.db.transaction():
        assert attempts.doubt_orphans(work.manifest, 0.0) == 0
    service.create(
        [
            set_tag(work.manifest.job_set().id),
            f"{set_tag(work.manifest.job_set().id)}j0.1_c0-1_r0.1_a1_{old.nonce}",
        ]
    )
    step(work, 1)
    assert len(work.manifest.remotes()) == 2
    assert len(service.cancelled) == 1
