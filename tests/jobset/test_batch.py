"""Batches on the service: opened with the first job, drained after the last, replaced if shut."""

from __future__ import annotations

import json
from dataclasses import dataclass, field

import pytest

from ibmqbatch.jobset.work import Work
from ibmqbatch.manifest.manifest import Manifest
from ibmqbatch.service.errors import (
    Conflict,
    NotFound,
    Refused,
    ServerFault,
    ServiceError,
    SessionClosed,
    Unreachable,
)
from tests.jobset.support import FakeService, created_without_an_answer, step
from tests.support.accounts import account
from tests.support.manifests import kinds, write_set


def shut() -> SessionClosed:
    return SessionClosed("It is closed (code 1217).", status=400, number=1217, trace=None)


@dataclass
class Batching(FakeService):
    """A service with batches: which were opened and drained, and which took which posts."""

    opened: list[str] = field(default_factory=list)
    drained: list[str] = field(default_factory=list)
    shut: set[str] = field(default_factory=set)
    took: list[str | None] = field(default_factory=list)
    opening_fails: ServiceError | None = None
    draining_fails: ServiceError | None = None

    def open_batch(self, backend: str) -> str:
        assert backend == "ideal_simulator"
        if self.opening_fails is not None:
            raise self.opening_fails
        self.opened.append(f"b{len(self.opened)}")
        return self.opened[-1]

    def close_batch(self, batch: str) -> None:
        if self.draining_fails is not None:
            raise self.draining_fails
        self.drained.append(batch)

    def submit(self, body: bytes) -> str:
        batch = json.loads(body).get("session_id")
        if batch in self.shut:
            raise shut()
        self.took.append(batch)
        return super().submit(body)


@pytest.fixture
def service(clock) -> Batching:
    return Batching(clock)


@pytest.fixture
def work(home, clock, service):
    with Manifest.open(write_set(4, batch=True)) as manifest:
        yield Work(manifest, service, clock, sole_sender=True)


def test_all_jobs_go_into_one_batch_that_is_drained_after_the_last(work, service):
    step(work)
    assert service.took == ["b0"] * 4
    assert (service.opened, service.drained) == (["b0"], ["b0"])
    assert work.manifest.open_batches() == []
    step(work, 100)
    assert (service.opened, service.drained) == (["b0"], ["b0"])


def test_set_that_wants_none_has_none(home, clock, service):
    with Manifest.open(write_set(2)) as manifest:
        step(Work(manifest, service, clock, sole_sender=True))
    assert (service.took, service.opened, service.drained) == ([None] * 2, [], [])


def test_batch_stays_open_while_the_pace_holds_jobs_back(work, service):
    service.account = account(pace_limit=3)
    step(work)
    assert (service.took, service.drained) == (["b0"] * 3, [])
    step(work, 100)
    assert (service.took, service.drained) == (["b0"] * 4, ["b0"])


def test_batch_that_is_known_is_used_by_the_next_process(work, service, clock):
    service.account = account(pace_limit=3)
    step(work)
    clock.time += 100
    step(Work(work.manifest, service, clock))
    assert service.opened == ["b0"]


def test_batch_that_is_shut_on_the_way_is_replaced(work, service):
    """Its time runs out while the pace holds jobs back: nothing is wrong with that."""
    service.account = account(pace_limit=3)
    step(work)
    service.shut = {"b0"}
    step(work, 100)
    step(work, 100)
    assert service.took == ["b0"] * 3 + ["b1"]
    assert service.posts == 4
    assert service.drained == ["b1"]
    assert "batch_closed" in kinds(work.manifest)


def test_batch_that_is_shut_before_it_took_a_job_tells_of_more(work, service):
    service.shut = {"b0", "b1"}
    with pytest.raises(SessionClosed):
        step(work)
    assert (service.posts, service.opened) == (0, ["b0"])
    assert work.manifest.open_batches() == []
    service.shut = set()
    step(work, 100)
    assert service.took == ["b1"] * 4


@pytest.mark.parametrize(
    "error",
    [
        Unreachable("no connection"),
        Refused("no batches on this plan", status=400, number=1352, trace=None),
    ],
    ids=str,
)
def test_batch_that_cannot_be_opened_keeps_jobs_back(error, work, service):
    service.opening_fails = error
    with pytest.raises(type(error)):
        step(work)
    assert (service.posts, work.manifest.open_batches()) == (0, [])
    assert all(job.unsent for job in work.manifest.jobs())


@pytest.mark.parametrize(
    "error",
    [
        NotFound("It is gone", status=404, number=None, trace=None),
        Conflict("It is shut", status=409, number=None, trace=None),
        shut(),
    ],
    ids=str,
)
def test_batch_that_is_shut_or_gone_needs_no_draining(error, work, service):
    service.draining_fails = error
    step(work)
    assert work.manifest.open_batches() == []
    assert error.message in work.manifest.events()[-1].detail


def test_draining_that_fails_is_tried_again(work, service):
    service.draining_fails = Unreachable("no connection")
    step(work)
    assert work.manifest.open_batches() == ["b0"]
    service.draining_fails = None
    # By the next process: this one has waited long enough for a thing that nothing depends on.
    work.drain_failed = False
    step(work, 1)
    assert service.drained == ["b0"]


def test_batch_is_not_drained_while_a_job_is_in_doubt(work, service):
    service.answers = [created_without_an_answer]
    step(work)
    assert service.drained == []
    step(work, 1)
    assert service.drained == ["b0"]


def test_batch_is_drained_when_the_rest_is_cancelled(work, service):
    service.account = account(pace_limit=3)
    step(work)
    work.manifest.wants.cancel([3])
    step(work, 1)
    assert (len(service.took), service.drained) == (3, ["b0"])


def test_batch_that_cannot_be_drained_keeps_no_results_away(work, service):
    service.draining_fails = ServerFault("it failed", status=500)
    step(work)
    assert all(job.remote is not None for job in work.manifest.jobs())
    assert work.drain_failed


def unknown(status: int, kind: type[Refused], number: int, text: str) -> Refused:
    return kind(text, status=status, number=number, trace=None)


@pytest.mark.parametrize(
    "answer",
    [
        unknown(404, NotFound, 1250, "Session not found."),
        unknown(400, Refused, 1208, "session_id: there is no such session."),
    ],
    ids=str,
)
def test_batch_that_the_service_does_not_know_is_replaced(answer, work, service):
    service.account = account(pace_limit=2)
    step(work)

    def submit(body: bytes, real=service.submit) -> str:
        if json.loads(body)["session_id"] == "b0":
            raise answer
        return real(body)

    service.submit = submit
    step(work, 100)
    step(work, 100)
    step(work, 100)
    assert service.opened == ["b0", "b1"]
    assert [job.status for job in work.manifest.jobs()].count("ERROR") == 0


def test_no_batch_is_opened_while_the_pace_holds(work, service):
    service.account = account(pace_limit=2)
    first = service.pace()
    assert len(first.reserve(2).tickets) == 2
    step(work)
    assert service.opened == []
