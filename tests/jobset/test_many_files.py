"""Several files of one set on one machine, used in turn and at once, copied over one another."""

from __future__ import annotations

import contextlib
import shutil
import sqlite3
import threading
from collections import Counter
from collections.abc import Callable
from pathlib import Path

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from ibmqbatch import paths
from ibmqbatch.jobset.advance import try_advance
from ibmqbatch.jobset.errors import Unsettled
from ibmqbatch.jobset.tags import find_job_tag
from ibmqbatch.jobset.work import Work
from ibmqbatch.manifest.manifest import Manifest
from ibmqbatch.service.errors import NoAnswer, ServiceError, Unreachable
from tests.jobset.model import LAGS, SETTLE, Fate, Killed, Model
from tests.jobset.support import own_folders
from tests.support.accounts import FakeClock
from tests.support.manifests import write_set

JOBS, FILES = 3, 3
LATEST = SETTLE - 1.0
NUMBERS = st.integers(0, FILES - 1)
TIMES = st.sampled_from([1.0, 0.0, 11.0, LATEST, SETTLE + 1])
FATES = st.dictionaries(
    st.integers(0, JOBS - 1),
    st.builds(
        Fate,
        created=st.booleans(),
        ending=st.sampled_from([NoAnswer, None, Killed, Unreachable]),
        lag=LAGS,
    ),
)
# What another file does while a submission of one is on its way: steps, after so many seconds.
STEPS = st.sampled_from([(0.0,), (0.0, SETTLE + 1, 11.0), (0.0, 60.0, 11.0, 1.0)])


class Slow(Model):
    """A service on the way to which something may happen, and that lists jobs as late as may be."""

    def __init__(self, clock: FakeClock) -> None:
        super().__init__(clock)
        self.usual = Fate(created=True, ending=None, lag=LATEST)
        self.meanwhile: list[Callable[[], None]] = []

    def submit(self, body: bytes) -> str:
        with self.lock:
            while self.meanwhile:
                self.meanwhile.pop()()
        return super().submit(body)


class FilesInUse(RuleBasedStateMachine):
    @initialize()
    def plan(self) -> None:
        self.stack = contextlib.ExitStack()
        self.stack.enter_context(own_folders())
        self.clock = FakeClock()
        self.service = Slow(self.clock)
        first = write_set(JOBS)
        self.paths = [first]
        for number in range(1, FILES):
            folder = first.parent / str(number)
            folder.mkdir()
            self.paths.append(Path(shutil.copy(first, folder)))
        self.works = [self.open(path) for path in self.paths]

    def open(self, path: Path) -> Work:
        return Work(Manifest.open(path), self.service, self.clock)

    def step(self, number: int) -> None:
        work = self.works[number]
        try:
            try_advance(work, fetching=False)
        except ServiceError:
            pass
        except Killed:
            self.restart(number)
        except Unsettled:
            work.taking_over = True

    @rule(number=NUMBERS, seconds=TIMES, fates=FATES)
    def advance(self, number: int, seconds: float, fates: dict[int, Fate]) -> None:
        self.clock.time += seconds
        self.service.fates = fates
        self.step(number)
        self.service.fates = {}

    @rule(number=NUMBERS, seconds=TIMES)
    def advance_again(self, number: int, seconds: float) -> None:
        self.advance(number, seconds, {})

    @rule(pair=st.permutations(range(FILES)), steps=STEPS, copied=st.booleans(), fates=FATES)
    def advance_while_another_one_does(
        self, pair: list[int], steps: tuple[float, ...], copied: bool, fates: dict[int, Fate]
    ) -> None:
        number, other, *_ = pair

        def go_on() -> None:
            if copied:
                self.copy_file(number, other)
            for seconds in steps:
                self.clock.time += seconds
                work = self.open(self.paths[other])
                with work.manifest, contextlib.suppress(ServiceError, Unsettled, Killed):
                    try_advance(work, fetching=False)

        def meanwhile() -> None:
            thread = threading.Thread(target=go_on)  # SQLite's connections keep to their threads
            thread.start()
            thread.join()

        self.service.meanwhile = [meanwhile]
        self.advance(number, 0.0, fates)
        self.service.meanwhile = []
        self.restart(other)

    def copy_file(self, number: int, other: int) -> None:
        """Have one file be as another one is at this instant."""
        target = self.paths[other].with_suffix(".copy")
        with (
            contextlib.closing(sqlite3.connect(self.paths[number])) as source,
            contextlib.closing(sqlite3.connect(target)) as connection,
        ):
            source.backup(connection)
        target.replace(self.paths[other])
        Path(f"{self.paths[other]}-journal").unlink(missing_ok=True)

    @rule(pair=st.permutations(range(FILES)))
    def copy(self, pair: list[int]) -> None:
        number, other, *_ = pair
        self.works[other].manifest.close()
        self.copy_file(number, other)
        self.works[other] = self.open(self.paths[other])

    @rule(number=NUMBERS)
    def restart(self, number: int) -> None:
        self.works[number].manifest.close()
        self.works[number] = self.open(self.paths[number])

    @precondition(lambda _self: paths.runtime().exists())
    @rule()
    def restart_the_machine(self) -> None:
        shutil.rmtree(paths.runtime())
        for number in range(FILES):
            self.restart(number)

    @invariant()
    def each_job_is_created_once(self) -> None:
        set_id = self.paths[0].stem
        told = (find_job_tag(set_id, job.tags) for job in self.service.stored.values())
        assert set(Counter(tag.job for tag in told if tag).values()) <= {1}

    def teardown(self) -> None:
        if not hasattr(self, "works"):
            return
        with self.stack:
            self.service.shuffled = False
            for _ in range(60):
                for number in range(FILES):
                    self.step(number)
                    self.clock.time += SETTLE / 5
            self.each_job_is_created_once()
            assert len(self.service.stored) == JOBS
            for work in self.works:
                work.manifest.close()


TestFilesInUse = FilesInUse.TestCase
TestFilesInUse.settings = settings(
    max_examples=settings.default.max_examples // 3,
    stateful_step_count=15,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
