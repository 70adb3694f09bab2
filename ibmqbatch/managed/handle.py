"""A job set as these classes hold it: where its file is, and ways of moving it on.

Nothing of the set is kept in memory: what it is stands in its manifest, which other threads and
processes may be changing. A handle may be used from several threads.
"""

from __future__ import annotations

import contextlib
import logging
import time
from collections.abc import Callable, Collection, Iterator
from pathlib import Path

from ..clock import Clock
from ..jobset.advance import ask_again, follow, try_advance
from ..jobset.errors import TimedOut
from ..jobset.results import repair
from ..jobset.standing import is_idle
from ..jobset.work import Observer, Unobserved, Work
from ..manifest.errors import SetInUse
from ..manifest.records import JobRecord, SetRecord
from ..manifest.store import Manifest
from ..service.errors import ServiceError
from .connection import connected
from .interrupts import landing

__all__ = ["Goal", "SetHandle"]

Goal = Callable[[Manifest], bool]

_PATIENCE = 10.0  # seconds
_log = logging.getLogger(__name__)


class _Notes(Unobserved):
    """Logs what a person who waits should know, once for all threads that wait for a set."""

    def __init__(self, noted: set[str]) -> None:
        self._noted = noted

    def note(self, text: str) -> None:
        """Log it as a warning, unless it was."""
        if text not in self._noted:
            self._noted.add(text)
            _log.warning("%s", text)


def _once(_manifest: Manifest) -> bool:
    return True


class SetHandle:
    """One job set. `planned`: this very process has planned it, so that nobody else has sent it.

    `account` is the one to go to the service with, where it is not the one that the set names.
    """

    def __init__(self, path: Path, *, planned: bool = False, account: str | None = None) -> None:
        self.path = path
        self._planned = planned
        self._account = account
        self._fresh_until = 0.0  # by the monotonic clock
        self._noted: set[str] = set()

    def __getstate__(self) -> dict[str, object]:
        # Who reads this elsewhere is not the process that planned the set, nor asked for it.
        return {**self.__dict__, "_planned": False, "_fresh_until": 0.0, "_noted": set()}

    @property
    def set_id(self) -> str:
        """The set's id."""
        return self.path.stem

    @property
    def account_name(self) -> str:
        """The account that the set is moved on with."""
        return self._account or self.record().account

    def open(self) -> Manifest:
        """Open the manifest, for the block of a `with`."""
        return Manifest.open(self.path)

    def record(self) -> SetRecord:
        """Return the set itself."""
        with self.open() as manifest:
            return manifest.job_set()

    def jobs(self) -> list[JobRecord]:
        """Return all jobs in order."""
        with self.open() as manifest:
            return manifest.jobs()

    @contextlib.contextmanager
    def working(self, clock: Clock, observer: Observer | None = None) -> Iterator[Work]:
        """Open the set, connected to its service."""
        with self.open() as manifest, connected(self.account_name, clock) as client:
            yield Work(manifest, client, clock, observer or Unobserved(), looked=self._planned)

    def refresh(self, *, fetching: bool = False) -> None:
        """Ask the service how the jobs stand, unless nothing can have changed.

        Nothing is sent. Where another process, or a thread of this one, is moving the set, that one
        does the asking. With `fetching`, results that are done are fetched, for which that one is
        waited for, for some seconds. Raises a ServiceError.
        """
        with self.open() as manifest:
            if is_idle(manifest):
                return
        with self.working(Clock()) as work:
            patience = _PATIENCE if fetching else 0.0
            try_advance(work, patience=patience, sending=False, fetching=fetching)
            self._fresh_until = time.monotonic() + work.client.account.poll_first

    def ask_again(
        self, jobs: Collection[int] | None = None, timeout: float | None = None
    ) -> list[JobRecord]:
        """Ask for the results of jobs that are done, by their indexes, or of all of them.

        Those that are lost are asked for, too, and those that are here are replaced once others
        have arrived whole. What the service gives once is left alone where it is here, unless it is
        damaged. Return the jobs whose results are here, and not given any more. Raises SetInUse,
        TimedOut where that takes longer than `timeout` seconds, and ServiceErrors.
        """
        clock = Clock()
        clock.set_deadline(timeout)
        with self.open() as manifest:
            repair(manifest)
            every = range(manifest.job_set().total_jobs)
        try:
            with landing(clock), self.working(clock) as work:
                left = ask_again(work, every if jobs is None else jobs)
        except ServiceError as error:
            if clock.left > 0:
                raise
            raise TimedOut("The service has not given the results in time.") from error
        return [job for job in left if job.remote is not None and job.remote.result == "stored"]

    def catch_up(self) -> None:
        """Do as `refresh` does, unless that was done a moment ago.

        Programs go through the jobs of a set one by one, and the first answer is that of them all.
        The moment is the shortest pause between two polls of the account.
        """
        if time.monotonic() >= self._fresh_until:
            self.refresh()

    def carry_out(self, until: Goal = _once, patience: float = _PATIENCE) -> bool:
        """Do what has been wanted of the set (cancels, labels) until it is seen to be done.

        Look for `patience` seconds at most whether `until` holds, and return that; what is left
        then is done by whoever moves the set on next. Raises a ServiceError.
        """
        with self.open() as manifest:
            # Nothing of it is on the service, or wanted there.
            if is_idle(manifest):
                return until(manifest)
        clock = Clock()
        clock.set_deadline(patience)
        with landing(clock), self.working(clock) as work:
            with contextlib.suppress(TimedOut, SetInUse):
                follow(
                    work,
                    until,
                    persistent=False,
                    sending=False,
                    fetching=False,
                    at_least_once=True,
                    patience=patience,
                )
            return until(work.manifest)

    def wait(
        self,
        goal: Goal,
        timeout: float | None = None,
        *,
        clock: Clock | None = None,
        observer: Observer | None = None,
        shown: Callable[[], None] = lambda: None,
    ) -> None:
        """Move the set on until `goal` holds; raises TimedOut, Interrupted and ServiceErrors.

        Jobs are sent, followed and fetched on the way. A service that is away is waited for.
        Without an `observer` what holds the jobs up is logged as a warning, once.
        `timeout` is in seconds; None for as long as it takes. Ctrl-C raises KeyboardInterrupt once
        what is in flight has landed.
        """
        clock = clock or Clock()
        clock.set_deadline(timeout)
        with self.open() as manifest:
            if goal(manifest):
                return
        with landing(clock), self.working(clock, observer or _Notes(self._noted)) as work:
            follow(work, goal, shown=shown)
