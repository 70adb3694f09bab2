"""What sending does when the service will take no more at present: waits, learns, or stops."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from ibmqbatch.exitcodes import ExitCode
from ibmqbatch.jobset.advance import advance, follow
from ibmqbatch.jobset.work import Work
from ibmqbatch.manifest.manifest import Manifest
from ibmqbatch.manifest.records import JobStatus
from ibmqbatch.manifest.snapshot import Snapshot
from ibmqbatch.service.errors import (
    Busy,
    Conflict,
    NoAnswer,
    Refused,
    Reserved,
    ServiceError,
    SessionClosed,
    TooManyPending,
    Unreachable,
    WrongInstance,
)
from tests.jobset.support import FakeService, Told, answered, raising
from tests.support.accounts import account
from tests.support.manifests import write_set

JOBS = 10


@pytest.fixture
def work(home, clock, service) -> Iterator[Work]:
    with Manifest.open(write_set(JOBS)) as manifest:
        yield Work(manifest, service, clock, Told(), sole_sender=True)


def refusal(kind: type[Refused], *, status: int = 400, number: int | None = None) -> Refused:
    return kind("It is so.", "Do so.", status=status, number=number, trace="trace-1")


class Window:
    """Has a service refuse what does not fit among `limit` jobs that wait."""

    def __init__(self, service: FakeService, limit: int, *, tells: bool = True) -> None:
        self.service, self.limit, self.tells = service, limit, tells
        self.refused = 0
        service.answers = [self.answer] * 1000

    @property
    def waiting(self) -> int:
        return sum(job.status == "Queued" for job in self.service.stored.values())

    def answer(self, service: FakeService, tags: list[str]) -> str:
        if self.waiting >= self.limit:
            self.refused += 1
            error = refusal(TooManyPending, number=3458)
            assert isinstance(error, TooManyPending)
            error.limit = self.limit if self.tells else None
            raise error
        return service.create(tags)

    def end(self, count: int) -> None:
        """Have so many jobs end, and be listed as pending no more."""
        waiting = [i for i, job in self.service.stored.items() if job.status == "Queued"]
        for job_id in waiting[:count]:
            self.service.say(job_id, "Completed")


@pytest.fixture
def pending_only(service, monkeypatch):
    """Have the service heed `pending=True`, as the real one does."""
    whole = service.jobs

    def jobs(*, pending=None, **query):
        if not pending:
            return whole(pending=pending, **query)
        service.stored, kept = (
            {i: job for i, job in service.stored.items() if job.status == "Queued"},
            service.stored,
        )
        try:
            return whole(pending=pending, **query)
        finally:
            service.stored = kept

    monkeypatch.setattr(service, "jobs", jobs)


def step(work: Work, after: float = 0.0):
    work.clock.time += after
    return advance(work, fetching=False)


def sent(work: Work) -> int:
    return sum(job.remote is not None for job in work.manifest.jobs())


@pytest.mark.usefixtures("pending_only")
@pytest.mark.parametrize("tells", [True, False])
def test_pending_window_is_learnt_from_a_refusal_and_kept_from_then_on(tells, work, service):
    window = Window(service, 3, tells=tells)
    step(work)
    assert (sent(work), window.refused) == (3, JOBS - 3)
    assert service.pace().pending_limit() == 3
    refused = window.refused
    step(work, 5)
    window.end(2)
    step(work, 5)
    assert (sent(work), window.refused) == (5, refused)


@pytest.mark.usefixtures("pending_only")
def test_refused_jobs_wait_and_are_all_sent_in_the_end(work, service):
    window = Window(service, 3)
    for _ in range(JOBS):
        step(work, 5)
        window.end(3)
    assert (sent(work), service.posts - window.refused) == (JOBS, JOBS)
    assert not any(job.status is JobStatus.ERROR for job in work.manifest.jobs())


@pytest.mark.usefixtures("pending_only")
def test_full_pending_window_is_told_once(work, service):
    Window(service, 3)
    for _ in range(4):
        step(work, 5)
    assert work.observer.notes == [
        "The service takes 3 waiting jobs at a time; the rest follow as these end."
    ]


@pytest.mark.usefixtures("pending_only")
def test_full_pending_window_leaves_the_wait_to_the_accounts_polls(work, service):
    Window(service, 3)
    assert step(work).wait is None
    assert step(work, 5).wait is None


@pytest.mark.usefixtures("pending_only")
def test_waiting_for_the_pending_window_slows_down(work, service):
    service.account = account(pace_limit=None, max_pending=1)
    service.answers = []
    until = service.listings + 30
    follow(work, lambda _: service.listings >= until, fetching=False)
    assert max(work.clock.slept) == 30.0


@pytest.mark.usefixtures("pending_only")
def test_pending_window_of_the_account_goes_before_what_was_learnt(work, service):
    service.account = account(pace_limit=None, max_pending=2)
    service.pace().learn_pending(7, told=True)
    step(work)
    assert sent(work) == 2


@pytest.mark.usefixtures("pending_only")
def test_learnt_pending_window_is_tried_again_after_a_day(work, service):
    window = Window(service, 3)
    step(work)
    window.limit = 6
    step(work, 86_401)
    assert sent(work) == 6


def test_window_that_cannot_be_counted_is_learnt_from_the_next_refusal(work, service):
    Window(service, 3, tells=False)
    service.pending_fails = NoAnswer("no answer")
    step(work)
    assert (sent(work), service.pace().pending_limit()) == (3, None)


def test_jobs_that_wait_are_counted_only_as_often_as_that_may_give_more(home, clock, service):
    service.account = account(pace_limit=None, max_pending=1000)
    with Manifest.open(write_set(100)) as manifest:
        work = Work(manifest, service, clock, sole_sender=True)
        advance(work, fetching=False)
        assert (sent(work), service.listings) == (100, 1)


def test_reserved_backend_is_an_error_for_who_does_not_wait(work, service):
    service.answers = [raising(refusal(Reserved, status=423, number=1233))] * JOBS
    with pytest.raises(Reserved) as caught:
        follow(work, Snapshot.is_sent, persistent=False, fetching=False)
    assert caught.value.exit_code is ExitCode.UNAVAILABLE == 75
    assert sent(work) == 0


def test_reserved_backend_is_waited_for(work, service):
    service.answers = [raising(refusal(Reserved, status=423, number=1233))] * JOBS
    follow(work, Snapshot.is_sent, fetching=False)
    assert sent(work) == JOBS
    assert work.observer.notes[0].startswith("It is so. Trying again in ")


@pytest.mark.parametrize("number", [None, 4317])
def test_used_up_instance_is_refused_by_a_limit(number, work, service):
    service.answers = [raising(refusal(Conflict, status=409, number=number))] * JOBS
    with pytest.raises(ServiceError) as caught:
        follow(work, Snapshot.is_sent, fetching=False)
    assert caught.value.exit_code is ExitCode.REFUSED == 8
    assert caught.value.problems[0].hint == "Do so. Trace for the support desk: trace-1."
    assert sent(work) == 0
    assert not any(job.status.final for job in work.manifest.jobs())


def test_wrong_instance_stops_every_job(work, service):
    service.answers = [raising(refusal(WrongInstance, status=404, number=1279))] * JOBS
    with pytest.raises(WrongInstance) as caught:
        follow(work, Snapshot.is_sent, fetching=False)
    assert caught.value.exit_code is ExitCode.AUTHENTICATION == 4
    assert not any(job.status.final for job in work.manifest.jobs())


def test_closed_session_can_be_told_from_other_refusals(work, service):
    service.answers = [raising(refusal(SessionClosed, number=1217))]
    step(work)
    (refused,) = [job for job in work.manifest.jobs() if job.status is JobStatus.ERROR]
    assert refused.reason == "It is so."


def test_trace_of_a_refused_job_stands_among_the_events(work, service):
    service.answers = [raising(refusal(Refused, number=1208))]
    step(work)
    (event,) = [event for event in work.manifest.events() if event.kind == "refused"]
    assert event.detail == "It is so. Trace trace-1."


def busy(**more: object) -> Busy:
    return Busy("Busy.", **more)  # type: ignore[arg-type]


def test_rate_that_a_busy_service_tells_is_the_pace_from_then_on(work, service):
    service.account = account(pace_limit=3)
    service.answers = [raising(busy(rate=(2, 30.0)))]
    assert step(work).wait == 30.0
    assert (service.posts, service.pace().figures()) == (3, (2, 30.0))
    step(work, 31)
    assert service.posts == 5
    assert work.observer.notes == [
        "Paced at 3 submissions in 60 s: about 3 min to go.",
        "Busy. Going on in 30 s.",
        "Paced at 2 submissions in 30 s: about 2 min to go.",
    ]


@pytest.mark.parametrize(
    ("error", "wait"),
    [
        (busy(), 60.0),
        (busy(rate=(2, 30.0)), 30.0),
        (busy(retry_after=7.0, rate=(2, 30.0)), 7.0),
        (busy(retry_after=0.0), 60.0),
    ],
)
def test_busy_service_is_left_alone_for_as_long_as_it_tells_or_a_minute(error, wait, work, service):
    service.answers = [raising(error)]
    assert step(work).wait == wait


def test_busy_service_of_an_account_without_a_pace_teaches_none(work, service):
    service.answers = [raising(busy(rate=(2, 30.0)))]
    step(work)
    step(work, 31)
    assert sent(work) == JOBS


def test_what_is_done_is_fetched_although_nothing_more_is_taken(work, service, monkeypatch):
    reserved = raising(refusal(Reserved, status=423, number=1233))
    service.answers = [answered, *[reserved] * (2 * JOBS)]
    with pytest.raises(Reserved):
        advance(work, fetching=False)
    asked: list[str] = []
    monkeypatch.setattr("ibmqbatch.jobset.advance.fetch", lambda _: asked.append("results"))
    with pytest.raises(Reserved):
        advance(work)
    assert asked == ["results"]


def test_service_that_is_away_is_not_asked_for_results(work, service, monkeypatch):
    service.answers = [raising(Unreachable("Away."))] * JOBS
    monkeypatch.setattr("ibmqbatch.jobset.advance.fetch", lambda _: pytest.fail("asked"))
    with pytest.raises(Unreachable):
        advance(work)
