"""A model of the service: it loses answers, lists late and out of order, and forgets nothing."""

from __future__ import annotations

import json
import random
import threading
from dataclasses import dataclass, replace
from typing import BinaryIO

from hypothesis import strategies as st

from ibmqbatch.jobset.tags import find_job_tag
from ibmqbatch.service.errors import Busy, NoAnswer, NotFound, Unreachable
from ibmqbatch.service.models import JobPage, RemoteJob
from ibmqbatch.service.pace import Pace
from tests.support.accounts import FakeClock, account

JOBS = 8


PAGE = 3  # jobs, of a listing


SETTLE = 30.0  # seconds; listings lag by less


LAGS = st.sampled_from([SETTLE - 1.0, 15.0, 0.0])


BODY = json.dumps(
    {"results": [{"data": {"c": {"samples": ["0x1"] * 100, "num_bits": 1}}, "metadata": {}}] * 2}
).encode()


class Killed(BaseException):
    """The process dies here."""


@dataclass(frozen=True)
class Fate:
    """What becomes of a submission, and how late it is listed."""

    created: bool
    ending: type[BaseException] | None
    lag: float


class Model:
    """A service that keeps what it is sent, whatever it answers."""

    instance = "crn:1"

    def __init__(self, clock: FakeClock) -> None:
        self.account = account(pace_limit=None)
        self.clock = clock
        self.random = random.Random(0)
        self.stored: dict[str, RemoteJob] = {}
        self.listed_at: dict[str, float] = {}
        self.fates: dict[int, Fate] = {}
        self.usual = Fate(created=True, ending=None, lag=0.0)
        self.fails = False
        self.shuffled = True
        self.lock = threading.Lock()

    def pace(self) -> Pace:
        return Pace("key", None, 60.0, self.clock)

    def submit(self, body: bytes) -> str:
        tags = json.loads(body)["tags"]
        told = find_job_tag(tags[-2].split("_")[2], tags)
        assert told is not None
        # Requests come side by side: what becomes of one must not depend on when it came.
        fate = self.fates.get(told.job, self.usual)
        if fate.ending in {Busy, Unreachable}:  # which tell that nothing was created
            raise fate.ending("not sent")
        with self.lock:
            return self.create(fate, told.job, tags)

    def create(self, fate: Fate, job: int, tags: list[str]) -> str:
        job_id = f"r{job}-{sum(i.startswith(f'r{job}-') for i in self.stored)}"
        if fate.created or fate.ending is None:
            self.stored[job_id] = RemoteJob(job_id, "Queued", tags=tuple(tags))
            self.listed_at[job_id] = self.clock.time + fate.lag
        if fate.ending is not None:
            raise fate.ending("no answer")
        return job_id

    def jobs(self, *, tags: list[str], offset: int = 0) -> JobPage:
        self._may_fail()
        found = [
            job
            for _, job in sorted(self.stored.items())
            if set(tags) <= set(job.tags) and self.listed_at[job.id] <= self.clock.time
        ]
        if self.shuffled:
            self.random.shuffle(found)
        # Shuffled anew for each page: some jobs stand on two of them, and some on none.
        return JobPage(tuple(found[offset : offset + PAGE]), len(found))

    def job(self, job_id: str) -> RemoteJob:
        self._may_fail()
        if job_id not in self.stored:
            raise NotFound("none", status=404, number=1291, trace=None)
        return self.stored[job_id]

    def cancel(self, job_id: str) -> bool:
        self._may_fail()
        self.say(job_id, "Cancelled")
        return True

    def set_tags(self, job_id: str, tags: list[str]) -> None:
        self._may_fail()
        self.stored[job_id] = replace(self.stored[job_id], tags=tuple(tags))

    def download_results(self, _job_id: str, file: BinaryIO, **_how: bool) -> bool:
        self._may_fail()
        file.write(BODY)
        return True

    def say(self, job_id: str, status: str) -> None:
        if self.stored[job_id].status in {"Queued", "Running"}:
            self.stored[job_id] = replace(self.stored[job_id], status=status)

    def _may_fail(self) -> None:
        if self.fails:
            raise NoAnswer("no answer")
