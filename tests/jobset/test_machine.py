"""A model of the service against the manifest: whatever happens, in whatever order.

Answers are lost, processes die, listings lag by less than the settle time and come shuffled; people
cancel, retry and rename, and put old files back. Afterwards all is calm, and every circuit must
have run once for each time that somebody wanted it to.
"""

from __future__ import annotations

import contextlib
import json
import random
import shutil
import threading
from collections import Counter
from dataclasses import dataclass, replace
from typing import BinaryIO

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from ibmqbatch import paths
from ibmqbatch.jobset.advance import advance
from ibmqbatch.jobset.errors import Unsettled
from ibmqbatch.jobset.tags import find_job_tag, labels
from ibmqbatch.jobset.work import Work
from ibmqbatch.manifest.manifest import Manifest
from ibmqbatch.manifest.records import JobStatus
from ibmqbatch.service.errors import Busy, NoAnswer, NotFound, ServiceError, Unreachable
from ibmqbatch.service.models import JobPage, RemoteJob
from ibmqbatch.service.pace import Pace
from tests.jobset.support import own_folders
from tests.manifest.conftest import write_set
from tests.service.conftest import FakeClock, account

JOBS = 8
PAGE = 3  # jobs, of a listing
SETTLE = 30.0  # seconds; listings lag by less
LAGS = st.sampled_from([SETTLE - 1.0, 15.0, 0.0])
TIMES = st.sampled_from([11.0, 1.0, 0.0, 2 * SETTLE])
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


FATES = st.builds(
    Fate,
    created=st.booleans(),
    ending=st.sampled_from([NoAnswer, None, Killed, NoAnswer, Busy]),
    lag=LAGS,
)


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


class SetUnderFire(RuleBasedStateMachine):
    @initialize()
    def plan(self) -> None:
        self.stack = contextlib.ExitStack()
        self.stack.enter_context(own_folders())
        self.clock = FakeClock()
        self.service = Model(self.clock)
        self.path = write_set(JOBS)
        self.forgetful = False  # of wants, as an old file is
        self.backup = self.path.with_suffix(".backup")
        self.wanted = Counter(range(JOBS))  # how often each job was to run
        self.name = "the first name"
        self.open()

    def open(self) -> None:
        """Be another process, that knows what is on the disk and nothing else."""
        self.manifest = Manifest.open(self.path)
        self.work = Work(self.manifest, self.service, self.clock)

    def step(self) -> None:
        try:
            advance(self.work)
        except ServiceError:
            pass
        except Killed:
            self.restart()
        except Unsettled:
            self.work.taking_over = True  # there is no other copy

    @rule(seconds=TIMES, fates=st.dictionaries(st.integers(0, JOBS - 1), FATES))
    def advance(self, seconds: float, fates: dict[int, Fate]) -> None:
        self.clock.time += seconds
        self.service.fates = fates
        self.step()
        self.service.fates = {}

    @rule(seconds=TIMES)
    def advance_again(self, seconds: float) -> None:
        self.advance(seconds, {})

    @rule()
    def advance_while_nobody_answers(self) -> None:
        self.service.fails = True
        self.step()
        self.service.fails = False

    @rule()
    def restart(self) -> None:
        self.manifest.close()
        self.open()

    @rule()
    def back_up(self) -> None:
        self.manifest.close()
        shutil.copy(self.path, self.backup)
        self.open()

    @precondition(lambda self: self.backup.exists())
    @rule()
    def put_the_backup_back(self) -> None:
        self.manifest.close()
        shutil.copy(self.backup, self.path)
        self.open()
        self.forgetful = True

    @precondition(lambda _self: paths.runtime().exists())
    @rule()
    def restart_the_machine(self) -> None:
        shutil.rmtree(paths.runtime())
        self.restart()

    @precondition(lambda self: self.service.stored)
    @rule(data=st.data(), status=st.sampled_from(["Running", "Completed", "Failed"]))
    def job_moves_on(self, data: st.DataObject, status: str) -> None:
        self.service.say(data.draw(st.sampled_from(sorted(self.service.stored))), status)

    @rule(job=st.integers(0, 1))  # or soon there would be nothing left to send
    def cancel(self, job: int) -> None:
        self.manifest.wants.cancel({job})

    @rule()
    def retry(self) -> None:
        over = [
            job
            for job in self.manifest.jobs()
            if job.status in {JobStatus.ERROR, JobStatus.CANCELLED}
        ]
        self.manifest.wants.retry(over)
        created = self.created()
        for job in over:
            self.wanted[job.index] = created[job.index] + 1

    @rule(number=st.integers(0, 9))
    def rename(self, number: int) -> None:
        self.name = f"name {number}"
        self.manifest.wants.retag(name=self.name)

    @invariant()
    def none_is_created_more_often_than_it_was_wanted(self) -> None:
        assert self.created() <= self.wanted

    def created(self) -> Counter[int]:
        set_id = self.path.stem
        told = (find_job_tag(set_id, job.tags) for job in self.service.stored.values())
        return Counter(tag.job for tag in told if tag is not None)

    def teardown(self) -> None:
        if hasattr(self, "manifest"):
            with self.stack:
                self.calm_down()
                self.manifest.close()

    def calm_down(self) -> None:
        self.service.shuffled = False
        for _ in range(60):
            for job_id in self.service.stored:
                self.service.say(job_id, "Completed")
            if self.manifest.snapshot().is_settled() and self.clock.time > max(
                self.service.listed_at.values(), default=0.0
            ):
                break
            self.step()
            self.clock.time += SETTLE / 2
        self.look()

    def look(self) -> None:
        """Nothing is left to do, and everything is as it was wanted."""
        assert self.manifest.snapshot().is_settled(), self.manifest.jobs()
        self.none_is_created_more_often_than_it_was_wanted()
        record = self.manifest.job_set()
        for job in self.manifest.jobs():
            assert not job.unsure
            if job.remote is None:
                assert job.wanted == "cancel" or job.status is JobStatus.ERROR
                continue
            stored = self.service.stored[job.remote.id]
            assert self.forgetful or stored.tags == tuple(labels(record, job, job.remote))
            if job.status is JobStatus.DONE:
                assert job.remote.result == "stored"
            if job.wanted == "run" and not self.forgetful:
                assert stored.status in {"Completed", "Failed"}


TestSetUnderFire = SetUnderFire.TestCase
TestSetUnderFire.settings = settings(
    max_examples=60, stateful_step_count=25, deadline=None, suppress_health_check=list(HealthCheck)
)
