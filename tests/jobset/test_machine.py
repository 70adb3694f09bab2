"""A model of the service against the manifest: whatever happens, in whatever order.

Answers are lost, processes die, listings lag by less than the settle time and come shuffled; people
cancel, retry and rename, and put old files back. Afterwards all is calm, and every circuit must
have run once for each time that somebody wanted it to.
"""

from __future__ import annotations

import contextlib
import shutil
from collections import Counter

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
from ibmqbatch.service.errors import Busy, NoAnswer, ServiceError
from tests.jobset.model import JOBS, LAGS, SETTLE, Fate, Killed, Model
from tests.jobset.support import own_folders
from tests.support.accounts import FakeClock
from tests.support.manifests import write_set

TIMES = st.sampled_from([11.0, 1.0, 0.0, 2 * SETTLE])


FATES = st.builds(
    Fate,
    created=st.booleans(),
    ending=st.sampled_from([NoAnswer, None, Killed, NoAnswer, Busy]),
    lag=LAGS,
)


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
    max_examples=settings.default.max_examples // 2,
    stateful_step_count=25,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
