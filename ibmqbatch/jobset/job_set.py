"""A job set: what programs, the classes of the old manager and the command line work with."""

from __future__ import annotations

import contextlib
import logging
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Self

from .. import paths
from ..accounts.find import find_account
from ..arguments import seconds, text, texts
from ..clock import Clock
from ..errors import UsageError
from ..manifest import wants
from ..manifest.copies import export_copy
from ..manifest.errors import SetInUse
from ..manifest.records import (
    CircuitRecord,
    EventRecord,
    JobRecord,
    JobStatus,
    SetRecord,
    SetState,
    count_statuses,
    set_state,
)
from ..manifest.store import SUFFIX, Manifest
from ..service.errors import ServiceError
from .advance import Goal, ask_again, follow, try_advance
from .catalog import find_path
from .errors import NotFinished, TimedOut
from .interrupts import landing
from .reconcile import unlabelled
from .results import Results, missing_jobs, repair
from .retry import given_after_all, jobs_to_retry, lacks_results, sendable
from .selection import Jobs, chosen_jobs
from .standing import check_held, is_idle, is_sent, is_settled
from .tags import changed_tags, check_name, check_tags
from .try_submit import give_up, try_submit
from .work import Observer, Unobserved, Work

if TYPE_CHECKING:
    from ..service.client import Client

__all__ = ["JobSet", "Progress", "Status", "connected"]

Progress = Callable[[str, int, int], None]

_PATIENCE = 10.0  # seconds
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Status:
    """How a set stands: its state in one word, and its jobs by their status.

    `counts` has an entry for every status and adds up to `total_jobs`. Of `unsure_jobs` it is not
    known whether they have reached the service; the results of `lost_jobs` cannot be had.
    """

    state: SetState
    counts: Mapping[JobStatus, int]
    total_jobs: int
    unsure_jobs: int
    lost_jobs: int

    @property
    def final(self) -> bool:
        """Whether all jobs have ended."""
        return self.state.final

    def __str__(self) -> str:
        told = ", ".join(f"{n} {status.lower()}" for status, n in self.counts.items() if n)
        return f"{self.state}: {told}"


class JobSet:
    """One job set.

    All that is known of it stands in its file, which other threads and processes may be changing;
    nothing of it is kept in memory. An object may be used from several threads, and pickled for
    other programs on this machine. Errors are below `IbmqbatchError`, those of a service below
    `ServiceError`.
    """

    def __init__(self, path: Path, *, planned: bool = False, account: str | None = None) -> None:
        # `planned`: this very process has planned it, so that nobody else has sent anything of it.
        # `account` is the one to go to the service with, where it is not the one of the set.
        self.path = path
        self._planned = planned
        self._account = account
        self._fresh_until = 0.0  # by the monotonic clock
        self._noted: set[str] = set()

    @classmethod
    def find(cls, reference: str | PathLike[str]) -> Self:
        """Return the set of an id, the beginning of one, a name, `latest`, or a file's path.

        Raises NoSuchSet, and AmbiguousSet where several are meant.
        """
        return cls(find_path(str(reference)))

    def __getstate__(self) -> dict[str, object]:
        # Who reads this elsewhere is not the process that planned the set, nor asked for it.
        return {**self.__dict__, "_planned": False, "_fresh_until": 0.0, "_noted": set()}

    def __eq__(self, other: object) -> bool:
        return self.path == other.path if isinstance(other, JobSet) else NotImplemented

    def __hash__(self) -> int:
        return hash(self.path)

    def __repr__(self) -> str:
        return f"<JobSet {self.id}>"

    # What it is.

    @property
    def id(self) -> str:
        """The id, by which it is found again: the day, a hyphen, seven letters or digits."""
        here = self.path.absolute().parent == paths.sets().absolute()
        return self.path.stem if here else self.record().id

    @property
    def name(self) -> str:
        """The name."""
        return self.record().name

    @property
    def tags(self) -> tuple[str, ...]:
        """The tags that its owner has given it."""
        return self.record().tags

    @property
    def backend(self) -> str:
        """The name of the backend that it runs on."""
        return self.record().backend

    @property
    def account(self) -> str:
        """The name of the account that goes to the service for it."""
        return self._account or self.record().account

    @property
    def jobs(self) -> list[JobRecord]:
        """The jobs in order, as they were last seen.

        Each has `index, first_circuit, last_circuit` (both included), `status` by Qiskit's names,
        `reason` why it failed, and `remote`, the job on the service: its `id`, and more; None as
        long as it is not sent.
        """
        with self.open() as manifest:
            return manifest.jobs()

    @property
    def circuits(self) -> list[CircuitRecord]:
        """The circuits in the order in which they were given: `index, name, metadata, shots`."""
        with self.open() as manifest:
            return manifest.circuits()

    def record(self) -> SetRecord:
        """Return all that is written down of the set itself."""
        with self.open() as manifest:
            return manifest.job_set()

    def events(self) -> list[EventRecord]:
        """Return the history of the set, oldest first: `at` (ISO 8601), `kind`, `job`, `detail`."""
        with self.open() as manifest:
            return manifest.events()

    # How it stands.

    def status(self, *, refresh: bool = True) -> Status:
        """Return how the set stands; `refresh` asks the service first, unless all has ended.

        Nothing is sent or fetched. Raises a ServiceError where the service cannot be asked.
        """
        if refresh:
            self.refresh()
        jobs = self.jobs
        return Status(
            state=set_state(jobs),
            counts=count_statuses(jobs),
            total_jobs=len(jobs),
            unsure_jobs=sum(job.unsure for job in jobs),
            lost_jobs=sum(job.lost for job in jobs),
        )

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

    def ask_again(self, jobs: Jobs | None = None, timeout: float | None = None) -> list[JobRecord]:
        """Ask for the results of jobs that are done, by their indexes, or of all of them.

        Those that are lost are asked for, too, and those that are here are replaced once others
        have arrived whole. What the service gives once is left alone where it is here, unless it is
        damaged. Return the jobs whose results are here, and not given any more. Raises SetInUse,
        TimedOut where that takes longer than `timeout` seconds, and ServiceErrors.
        """
        clock = Clock()
        clock.set_deadline(timeout)
        try:
            with landing(clock), self.working(clock) as work:
                left = ask_again(work, chosen_jobs(work.manifest, jobs))
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

    # Moving it on.

    def resume(self, *, take_over: bool = False, progress: Progress | None = None) -> Self:
        """Send what is not sent yet, whatever stopped it, and return the set. Nothing goes twice.

        `take_over` has a copy of a set send from now on; the other one should then be left alone.
        Raises a ServiceError, SetInUse while another process moves the set, and HeldCopy where a
        copy sends nothing.
        """
        if take_over:
            with self.open() as manifest:
                wants.take_over(manifest)
        clock = Clock()
        with landing(clock), self.working(clock, _Told(self._noted, progress)) as work:
            work.taking_over = take_over
            follow(work, is_sent, persistent=False, at_least_once=True)
        with self.open() as manifest:
            check_held(manifest)
        return self

    def try_submit(self) -> None:
        """Send the set's only job, or nothing: whatever this raises, it is not sent later.

        Should a job turn up of which the answer was lost, it is cancelled. Raises PendingLimit
        where no more jobs may wait, NotSent, Unsettled and ServiceErrors.
        """
        try:
            clock = Clock()
            with landing(clock), self.working(clock) as work:
                try_submit(work)
        except BaseException:
            with self.open() as manifest:
                give_up(manifest)
            raise

    def wait(self, timeout: float | None = None, *, progress: Progress | None = None) -> Self:
        """Send, follow and fetch until nothing is left to do, and return the set.

        A service that is away is waited for. `timeout` is in seconds, None for as long as it takes.
        `progress` is called with "sending" or "fetching" and how many of how many jobs are, and
        with "waiting" and how many have ended. Failed jobs do not raise: see `status`. Raises
        TimedOut and ServiceErrors; Ctrl-C raises KeyboardInterrupt once what is in flight has
        landed. Whatever ends the wait, nothing is lost.
        """

        def tell() -> None:
            if progress is not None:
                jobs = self.jobs
                progress("waiting", sum(job.status.final for job in jobs), len(jobs))

        self.follow(
            is_settled,
            None if timeout is None else seconds(timeout, "timeout"),
            observer=_Told(self._noted, progress),
            shown=tell,
            at_least_once=any(job.overdue for job in self.jobs),  # they are asked for once more
        )
        return self

    def results(self, *, partial: bool = False, refresh: bool = False) -> Results:
        """Fetch what is done, and return the results of the circuits.

        They are kept for good: the service is asked once, unless `refresh` has it asked again, also
        for what was taken for lost. While some are still to come NotFinished
        is raised, unless `partial` takes what is here. Jobs that have failed do not raise: they are
        `missing` from what is returned. Raises a ServiceError where the service cannot be asked for
        what is not here.
        """
        if refresh:
            self.ask_again()
        with self.open() as manifest:
            repair(manifest)
            asking = manifest.job_set().closed_at is None and not manifest.db.is_copy
        if asking:
            self.refresh(fetching=True)
        with self.open() as manifest:
            jobs, circuits = manifest.jobs(), manifest.circuits()
            coming = [job for job in missing_jobs(manifest) if not job.delivered]
        if coming and not partial:
            raise NotFinished(
                f"The results of {len(coming)} of {len(jobs)} jobs are still to come.",
                "Wait for them with `wait()`, or take what is here with `partial=True`.",
            )
        return Results(circuits, jobs, self.open)

    # Changing it.

    def cancel(self, jobs: Jobs | None = None) -> list[JobRecord]:
        """Cancel jobs, given as they are or by index, or all; return those that have not ended yet.

        What is not sent yet never is from this moment. The others are asked to stop, and looked
        after for some seconds; what is wanted stays so, whatever comes in between. Raises a
        ServiceError, and UsageError for a job that is not there.
        """
        with self.open() as manifest:
            chosen = chosen_jobs(manifest, jobs)
            wants.want_cancel(manifest, chosen)

        def left(manifest: Manifest) -> list[JobRecord]:
            return [job for job in manifest.jobs() if job.index in chosen and not job.status.final]

        self.carry_out(lambda manifest: not left(manifest))
        with self.open() as manifest:
            return left(manifest)

    def retag(
        self,
        replace: Sequence[str] | None = None,
        *,
        add: Sequence[str] = (),
        remove: Sequence[str] = (),
        name: str | None = None,
    ) -> tuple[str, ...]:
        """Replace, then add, then remove tags, and rename the set; return the tags that it has now.

        An empty `replace` takes all away. The set has them from this moment on, its jobs as soon as
        the service takes them. Raises UsageError for what cannot be a tag, and ServiceErrors.
        """
        new = None if name is None else check_name(text(name, "name"))
        replacement = None if replace is None else check_tags(texts(replace, "replace"))
        additions, removals = check_tags(texts(add, "add"), most=None), {*texts(remove, "remove")}

        def change(present: tuple[str, ...]) -> tuple[str, ...]:
            return changed_tags(
                present, replacement=replacement, additions=additions, removals=removals
            )

        self.relabel(name=new, change=change)
        return self.tags

    def relabel(
        self,
        *,
        name: str | None = None,
        change: Callable[[tuple[str, ...]], Sequence[str]] = tuple,
    ) -> int:
        """Rename the set, and `change` its tags; return how many jobs do not carry both yet.

        `change` makes the new tags of the present ones, which others may be changing as well.
        Raises what it raises, and ServiceErrors.
        """
        with self.open() as manifest:
            wants.want_labels(manifest, name=name, change=change)
        self.carry_out(lambda manifest: not unlabelled(manifest))
        return self.count_unlabelled()

    def count_unlabelled(self) -> int:
        """Return how many jobs on the service do not carry the set's name and tags yet."""
        with self.open() as manifest:
            return len(unlabelled(manifest))

    def retry(
        self,
        jobs: Jobs | None = None,
        *,
        cancelled: bool = False,
        lost: bool = False,
        progress: Progress | None = None,
    ) -> list[int]:
        """Send failed jobs again, as new attempts; return which, by their indexes.

        Of all, or of those in `jobs`. Jobs that were `cancelled`, and those that ran and whose
        results are `lost` or overdue, are run again where that is asked for; the service is asked
        once more for the latter first. Old attempts stay in the history.
        Raises UsageError for a job whose circuits are not known here, and what `resume` does.
        """
        chosen = self.want_retry(jobs, cancelled=cancelled, lost=lost)
        if chosen:
            self.resume(progress=progress)
        return chosen

    def want_retry(
        self, jobs: Jobs | None = None, *, cancelled: bool = False, lost: bool = False
    ) -> list[int]:
        """Have jobs be sent again by whoever moves the set on next, see `retry`; return which."""
        with self.open() as manifest:
            chosen = jobs_to_retry(manifest, jobs, cancelled=cancelled, lost=lost)
        if any(map(lacks_results, chosen)):
            with self.working(Clock()) as work:
                given = given_after_all(work, chosen)
            chosen = [job for job in chosen if job not in given]
        with self.open() as manifest:
            chosen, _ = sendable(manifest, chosen, named=jobs is not None)
            return wants.want_retry(manifest, chosen) if chosen else []

    def export(self, path: str | PathLike[str], *, overwrite: bool = False) -> Path:
        """Copy the set, with its circuits and results, into one file, and return its path.

        In a folder the file is named by the set's id. Raises UsageError for a file that is there,
        unless it is to be overwritten, and StorageError.
        """
        target = Path(path).expanduser()
        if target.is_dir():
            target /= f"{self.id}{SUFFIX}"
        if target.suffix != SUFFIX:
            raise UsageError(
                f"The name '{target}' does not end in {SUFFIX}, by which a set's file is known.",
                f"Name it {target}{SUFFIX}.",
            )
        if target.exists() and not overwrite:
            raise UsageError(f"{target} exists already.", "Name another file, or overwrite it.")
        with self.open() as manifest:
            export_copy(manifest, target)
        return target

    # What these are made of.

    def open(self) -> Manifest:
        """Open the set's file, for the block of a `with`."""
        return Manifest.open(self.path)

    @contextlib.contextmanager
    def working(self, clock: Clock, observer: Observer | None = None) -> Iterator[Work]:
        """Open the set's file, connected to its service, for the block."""
        with self.open() as manifest, connected(self.account, clock) as client:
            yield Work(manifest, client, clock, observer or Unobserved(), looked=self._planned)

    def follow(
        self,
        goal: Goal,
        timeout: float | None = None,
        *,
        clock: Clock | None = None,
        observer: Observer | None = None,
        shown: Callable[[], None] = lambda: None,
        at_least_once: bool = False,
    ) -> None:
        """Move the set on until `goal` holds; raises TimedOut, Interrupted and ServiceErrors.

        `at_least_once`: by one step in any case. Jobs are sent, followed and fetched on the way. A
        service that is away is waited for. Without an `observer` what holds the jobs up is logged
        as a warning, once. `timeout` is in seconds; None for as long as it takes. Ctrl-C raises
        KeyboardInterrupt once what is in flight has landed.
        """
        clock = clock or Clock()
        clock.set_deadline(timeout)
        with self.open() as manifest:
            if goal(manifest) and not at_least_once:
                return
        with landing(clock), self.working(clock, observer or _Told(self._noted)) as work:
            follow(work, goal, shown=shown, at_least_once=at_least_once)

    def carry_out(self, until: Goal, patience: float = _PATIENCE) -> bool:
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


@contextlib.contextmanager
def connected(account_name: str, clock: Clock) -> Iterator[Client]:
    """Connect to the service of an account for the block."""
    from ..service.client import Client

    with Client(find_account(account_name), clock) as client:
        yield client


class _Told:
    """Tells a program how far the work is, and logs what a person who waits should know.

    Each is logged once for all threads that wait for the set.
    """

    def __init__(self, noted: set[str], progress: Progress | None = None) -> None:
        self._noted = noted
        self._progress = progress

    def progress(self, stage: str, done: int, total: int) -> None:
        """Pass it on, if anybody wants to know."""
        if self._progress is not None:
            self._progress(stage, done, total)

    def note(self, text: str) -> None:
        """Log it as a warning, unless it was."""
        if text not in self._noted:
            self._noted.add(text)
            _log.warning("%s", text)
