"""A service that fails as it is told to, steps of a set that is sent to it, and records of one."""

from __future__ import annotations

import contextlib
import itertools
import json
import os
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from unittest import mock

from ibmqbatch.jobset.advance import advance
from ibmqbatch.jobset.work import Work
from ibmqbatch.manifest.records import SetRecord
from ibmqbatch.manifest.submissions import Intent
from ibmqbatch.service.errors import NoAnswer, NotFound, ServiceError
from ibmqbatch.service.models import JobPage, RemoteJob
from ibmqbatch.service.pace import Pace
from tests.support.accounts import FakeClock, account

SETTLE, GAP = 30.0, 10.0
SET = "20261120-zzzzzzz"


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
    retagged: list[str] = field(default_factory=list)
    ids: itertools.count = field(default_factory=itertools.count)

    def pace(self) -> Pace:
        return Pace("key", self.account.pace_limit, 60.0, self.clock)

    def submit(self, body: bytes) -> str:
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

    def set_tags(self, job_id: str, tags) -> None:
        self.retagged.append(job_id)
        self.stored[job_id] = replace(self.stored[job_id], tags=tuple(tags))

    def cancel(self, job_id: str) -> bool:
        self.cancelled.append(job_id)
        self.say(job_id, "Cancelled")
        return True


class Told:
    """An observer that remembers what it hears."""

    def __init__(self) -> None:
        self.notes: list[str] = []

    def progress(self, stage: str, done: int, total: int) -> None:
        pass

    def note(self, text: str) -> None:
        self.notes.append(text)


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


def step(work: Work, after: float = 0.0) -> None:
    work.clock.time += after
    advance(work, fetching=False)


def job(work: Work, index: int = 0):
    return work.manifest.jobs()[index]


@contextlib.contextmanager
def own_folders() -> Iterator[None]:
    """Have a data folder, and one of what the machine remembers, for the block alone."""
    with tempfile.TemporaryDirectory() as home:
        folders = {"IBMQBATCH_HOME": home, "IBMQBATCH_RUNTIME": f"{home}/runtime"}
        with mock.patch.dict(os.environ, folders):
            yield


def record(**changes: object) -> SetRecord:
    values: dict[str, object] = {
        "id": SET,
        "created_at": "",
        "host": "h",
        "account": "a",
        "instance": "i",
        "backend": "b",
        "calibrated_at": None,
        "once_key": None,
        "shots": 1,
        "seed": None,
        "options": {},
        "total_circuits": 1,
        "total_jobs": 1,
        "total_repeats": 1,
        "name": "n",
        "tags": (),
        "labels_version": 1,
        "closed_at": None,
        "compilation": {},
        "max_fails": None,
        "copied_at": None,
        "private": False,
        "max_execution_time": None,
        "batch": False,
        "made_elsewhere": False,
        "estimated_seconds": None,
        **changes,
    }
    return SetRecord(**values)  # type: ignore[arg-type]


def intent(job: int = 0, attempt: int = 1, nonce: str = "z" * 13, **more: int) -> Intent:
    values = {"first_place": 0, "last_place": 0, "repeat": 0, "shots": 1, **more}
    return Intent(job, attempt, nonce, **values)
