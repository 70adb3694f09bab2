"""A job set: what programs, the classes of the old manager and the command line work with."""

from __future__ import annotations

import contextlib
import logging
import os
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from .. import paths
from ..arguments import seconds, text, texts
from ..clock import Clock
from ..errors import Argument, UsageError, Words
from ..manifest.errors import SetInUse
from ..manifest.files import SUFFIX
from ..manifest.manifest import Manifest
from ..manifest.records import (
    CircuitRecord,
    EventRecord,
    JobRecord,
    SetRecord,
    Status,
)
from ..manifest.snapshot import Snapshot
from ..service.errors import ServiceError
from .catalog import Jobs, chosen_jobs, find_path, reference_to
from .documents import set_data
from .errors import NotFinished, TimedOut
from .forecast import Advice, Forecast, forecast
from .interrupts import landing
from .tags import changed_tags, check_name, check_tags
from .work import Observer, Unobserved, Work, side_by_side

if TYPE_CHECKING:
    # Loads the HTTP library, which looking at a set does without; so methods import what moves it.
    from ..service.client import Client
    from .advance import Goal, Tempo
    from .compare import Comparison
    from .listing import CommonListing
    from .results import Results

__all__ = ["JobSet", "Progress", "Status", "connected"]

Progress = Callable[[str, int, int], None]

_PATIENCE = 10.0  # seconds
_MOST_NAMED = 10  # jobs
_ADVICE_AGE = 60.0  # seconds for which what the service told of its queue is good
_log = logging.getLogger(__name__)


# Who has a file open: a thread of a process. After a fork a new thread may be called as one of the
# parent, whose connection is not its own.
_Holder = tuple[int, int]


def _holder() -> _Holder:
    return os.getpid(), threading.get_ident()


@dataclass(frozen=True, slots=True)
class _Session:
    """What a set is moved with for a while, by one thread: see `JobSet.session`."""

    holder: _Holder
    connect: Callable[[], Client]
    clients: list[Client]  # none, until the service is needed
    clock: Clock
    observer: Observer | None
    guard: Callable[[Clock], AbstractContextManager[None]]
    listing: Callable[[str], CommonListing | None]


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
        self._opened: dict[_Holder, Manifest] = {}
        self._session: _Session | None = None
        self._advice: tuple[float, Advice] | None = None  # with the monotonic time of it

    @classmethod
    def find(cls, reference: str | PathLike[str]) -> Self:
        """Return the set of an id, the beginning of one, a name, `latest`, or a file's path.

        Raises NoSuchSet, and AmbiguousSet where several are meant.
        """
        return cls(find_path(str(reference)))

    def __getstate__(self) -> dict[str, object]:
        # Who reads this elsewhere is not the process that planned the set, nor asked for it.
        own = {"_planned": False, "_fresh_until": 0.0, "_noted": set()}
        return {**self.__dict__, **own, "_opened": {}, "_session": None, "_advice": None}

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
        reference = self.reference
        return reference if reference != str(self.path) else self.record().id

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

        Each has `index, first_circuit, last_circuit, total_circuits`, `status` by Qiskit's names,
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

    @property
    def read_only(self) -> bool:
        """Whether its file can only be read, so that nothing that is learnt can be kept."""
        with self.open() as manifest:
            return manifest.db.is_copy

    @property
    def reference(self) -> str:
        """What means this very set on a command line: its id, or the path of its file."""
        return reference_to(self.path)

    @property
    def held(self) -> bool:
        """Whether another process, or thread, is moving it at this moment."""
        with self.open() as manifest:
            lock = manifest.lock()
        if not lock.acquire(blocking=False):
            return True
        lock.release()
        return False

    @property
    def missing(self) -> list[JobRecord]:
        """The jobs whose results are not here, for whatever reason."""
        with self.open() as manifest:
            return manifest.snapshot().missing

    def choose(self, jobs: Jobs | None) -> list[JobRecord]:
        """Return jobs as they are known now, given as they are or by index, or all, in order.

        Raises UsageError for one that is not there.
        """
        with self.open() as manifest:
            chosen = chosen_jobs(manifest, jobs)
            return [job for job in manifest.snapshot().jobs if job.index in chosen]

    def record(self) -> SetRecord:
        """Return all that is written down of the set itself."""
        with self.open() as manifest:
            return manifest.snapshot().record

    def events(self) -> list[EventRecord]:
        """Return the history of the set, oldest first: `at` (ISO 8601), `kind`, `job`, `detail`."""
        with self.open() as manifest:
            return manifest.events()

    def describe(
        self,
        *,
        with_jobs: bool = True,
        usage: bool = False,
        disk: bool = False,
        progress: bool = False,
    ) -> dict[str, Any]:
        """Return the set as plain data, as last seen, under the names of the JSON documents.

        `usage` adds what its jobs have used, `disk` what its file takes, `progress` how far it is:
        see `forecast`.
        """
        with self.open() as manifest:
            known = manifest.snapshot()
            return set_data(
                known.record,
                known.jobs,
                with_jobs=with_jobs,
                usage=usage,
                path=self.path if disk else None,
                forecast=self.forecast() if progress else None,
            )

    def forecast(self) -> Forecast:
        """Tell how far the set is, and how long the rest takes, as far as that is known.

        What was last seen of its jobs counts. The pace at which jobs may leave, and what the
        service tells of its queue and the instance's time, are known where the service has been
        asked for something else, within a `session`; the latter is asked for once a minute at most.
        """
        with self.open() as manifest:
            known = manifest.snapshot()
            session = self._own_session()
            clock = session.clock if session else Clock()
            pace, advice = None, Advice()
            if session and session.clients and not known.is_over():
                (client,) = session.clients
                if any(job.unsent for job in known.jobs):
                    pace = client.pace().state()
                advice = self._advised(client, known)
            return forecast(known.record, known.jobs, clock.now(), pace, advice)

    def _advised(self, client: Client, known: Snapshot) -> Advice:
        """Return what the service tells of a set that uses a quantum processor."""
        if known.record.estimated_seconds is None:
            return Advice()
        now = time.monotonic()
        if self._advice is None or now >= self._advice[0] + _ADVICE_AGE:
            from .estimate import ask_advice

            # Of one whose jobs end the queue is known from these.
            queued = not known.done
            self._advice = now, ask_advice(client, known.record.backend, queued=queued)
        return self._advice[1]

    # How it stands.

    def status(self, *, refresh: bool = True) -> Status:
        """Return how the set stands; `refresh` asks the service first, unless all has ended.

        Nothing is sent or fetched. Raises a ServiceError where the service cannot be asked.
        """
        if refresh:
            self.refresh()
        return Status.of([(job, 1) for job in self.jobs])

    def refresh(self, *, fetching: bool = False, patience: float | None = None) -> None:
        """Ask the service how the jobs stand, unless nothing can have changed.

        Nothing is sent. Where another process, or a thread of this one, is moving the set, that one
        does the asking. With `fetching`, results that are done are fetched, for which that one is
        waited for, for `patience` seconds, some where none is given. Raises a ServiceError.
        """
        if patience is None:
            patience = _PATIENCE if fetching else 0.0
        with self.open() as manifest:
            if manifest.snapshot().is_idle() or manifest.db.is_copy:
                return
            from .advance import try_advance

            with self._moving() as work:
                try_advance(work, patience=patience, sending=False, fetching=fetching)
                self._fresh_until = time.monotonic() + work.client.account.poll_first

    def fetch(self, *, patience: float | None = None) -> None:
        """Fetch the results of jobs that are done, and once more those that are damaged here.

        Raises what `refresh` does.
        """
        with self.open():
            self.repair()
            self.refresh(fetching=True, patience=patience)

    def repair(self) -> None:
        """Check the results that are here; those that are damaged are fetched again some time."""
        from .results import repair

        with self.open() as manifest:
            if repair(manifest):
                self._observer().note("Stored results were damaged; they are fetched again.")

    def fetch_usage(self) -> None:
        """Ask what the jobs that have ended have used, as far as that is not known.

        One request a job. Raises the last ServiceError, if any; what was learnt is kept.
        """
        if self.read_only:
            return
        from .usage import fetch_metrics

        with self._moving() as work:
            fetch_metrics(work)

    def logs(self, jobs: Jobs | None = None) -> dict[int, str]:
        """Return the service's logs of jobs, by their indexes; of those that it has any of.

        Raises a ServiceError where none can be had.
        """
        asked = [job for job in self.choose(jobs) if job.remote is not None]
        found: dict[int, str] = {}
        failure = None
        if asked:
            with self._moving() as work:

                def ask(job: JobRecord) -> str:
                    assert job.remote is not None
                    return work.client.logs(job.remote.id)

                for ended in side_by_side(asked, ask, work.clock):
                    for job, answer in ended:
                        if isinstance(answer, str):
                            found[job.index] = answer
                        else:
                            failure = answer
                if failure is not None and not found:
                    raise failure
        return found

    def ask_again(self, jobs: Jobs | None = None, timeout: float | None = None) -> list[JobRecord]:
        """Do as `refetch` does; return the jobs whose results are here, and not given any more."""
        left = self.refetch(jobs, timeout)
        return [job for job in left if job.remote is not None and job.remote.result == "stored"]

    def refetch(self, jobs: Jobs | None = None, timeout: float | None = None) -> list[JobRecord]:
        """Ask for the results of jobs that are done, by their indexes, or of all of them.

        Those that are lost are asked for, too, and those that are here are replaced once others
        have arrived whole. What the service gives once is left alone where it is here, unless it is
        damaged. Return the jobs that the service gives no results of any more. Raises SetInUse,
        TimedOut where that takes longer than `timeout` seconds, and ServiceErrors.
        """
        from .advance import ask_again

        clock = self._clock(timeout)
        try:
            with self._moving(clock) as work:
                return ask_again(work, chosen_jobs(work.manifest, jobs))
        except ServiceError as error:
            if clock.left > 0:
                raise
            raise TimedOut("The service has not given the results in time.") from error

    def catch_up(self) -> None:
        """Do as `refresh` does, unless that was done a moment ago.

        Programs go through the jobs of a set one by one, and the first answer is that of them all.
        The moment is the shortest pause between two polls of the account.
        """
        if time.monotonic() >= self._fresh_until:
            self.refresh()

    # Moving it on.

    def resume(
        self,
        *,
        take_over: bool = False,
        persistent: bool = False,
        progress: Progress | None = None,
        shown: Callable[[], None] | None = None,
    ) -> Self:
        """Send what is not sent yet, whatever stopped it, and return the set. Nothing goes twice.

        `take_over` has a copy of a set send from now on; the other one should then be left alone.
        `persistent` waits for a service that is away, and for another process that moves the set.
        `shown` is called after each step. Raises a ServiceError, SetInUse while another process
        moves the set, and HeldCopy where a copy sends nothing.
        """
        with self.open() as manifest:
            if take_over:
                manifest.wants.take_over()
            if manifest.snapshot().record.closed_at is not None:
                return self
            from .advance import check_held, follow

            with self._moving(observer=self._observer(progress)) as work:
                work.taking_over = take_over
                known = follow(
                    work,
                    Snapshot.is_sent,
                    persistent=persistent,
                    at_least_once=True,
                    shown=shown or (lambda: None),
                )
            check_held(known, self.path)
        return self

    def try_submit(self) -> None:
        """Send the set's only job, or nothing: whatever this raises, it is not sent later.

        Should a job turn up of which the answer was lost, it is cancelled. Raises PendingLimit
        where no more jobs may wait, NotSent, Unsettled and ServiceErrors.
        """
        from .try_submit import give_up, try_submit

        try:
            with self._moving() as work:
                try_submit(work)
        except BaseException:
            with self.open() as manifest:
                give_up(manifest)
            raise

    def step(self) -> float | None:
        """Move the set one step on, unless another process does at present.

        Return in how many seconds another step may help, where the set had to be claimed first: see
        `manifest.lease`. Raises a ServiceError.
        """
        from .advance import try_advance

        with self._moving() as work:
            step = try_advance(work)
            return step.wait if step is not None and work.claim is not None else None

    def step_to_end(self, tempo: Tempo | None) -> tuple[float | None, Tempo | None]:
        """Move the set one step on, as `wait` does again and again.

        Return in how many seconds to do so again, None once nothing is left to do; and what the
        next step is given as `tempo`, None for the first. Raises what `wait` does.
        """
        with self.open() as manifest:
            known = manifest.snapshot()
            overdue = tempo is None and any(job.overdue for job in known.jobs)
            if (known.is_settled() and not overdue) or manifest.db.is_copy:
                return None, tempo
            from .advance import Tempo, check_held, try_advance

            with self._moving() as work:
                tempo = tempo or Tempo(work.client.account)
                try:
                    wait = tempo.after(try_advance(work))
                except ServiceError as error:
                    wait = tempo.after_error(error, work)
            known = manifest.snapshot()
            if known.is_settled():
                return None, tempo
            if known.is_idle():
                check_held(known, self.path)
            return wait, tempo

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
            Snapshot.is_settled,
            None if timeout is None else seconds(timeout, "timeout"),
            observer=self._observer(progress),
            shown=tell,
            at_least_once=any(job.overdue for job in self.jobs),  # they are asked for once more
        )
        return self

    def watch(self, timeout: float | None = None, *, shown: Callable[[], None]) -> Self:
        """Follow the jobs until all have ended, and return the set; nothing is sent or fetched.

        `shown` is called whenever they were asked for. Raises what `wait` does.
        """
        self.follow(Snapshot.is_over, timeout, shown=shown, sending=False, fetching=False)
        return self

    def results(self, *, partial: bool = False, refresh: bool = False) -> Results:
        """Fetch what is done, and return the results of the circuits.

        They are kept for good: the service is asked once, unless `refresh` has it asked again, also
        for what was taken for lost. While some are still to come NotFinished
        is raised, unless `partial` takes what is here. Jobs that have failed do not raise: they are
        `missing` from what is returned. Raises a ServiceError where the service cannot be asked for
        what is not here.
        """
        from .results import Results

        if refresh:
            self.ask_again()
        with self.open() as manifest:
            self.fetch()
            known, circuits = manifest.snapshot(), manifest.circuits()
        coming = [job for job in known.missing if not job.delivered]
        if coming and not partial:
            raise NotFinished(
                f"The results of {len(coming)} of {len(known.jobs)} jobs are still to come.",
                "Wait for them with `wait()`, or take what is here with `partial=True`.",
            )
        return Results(circuits, known.jobs, self.open)

    def compare(self, other: JobSet) -> Comparison:
        """Compare the results that are here with those of another set, circuit by circuit.

        See `compare_sets` for what is paired. Raises UsageError where the sets cannot be compared,
        and MissingPackage without NumPy.
        """
        from .compare import compare_sets

        return compare_sets(self, other)

    # Changing it.

    def cancel(self, jobs: Jobs | None = None) -> list[JobRecord]:
        """Cancel jobs, given as they are or by index, or all; return those that have not ended yet.

        What is not sent yet never is from this moment. The others are asked to stop, and looked
        after for some seconds; what is wanted stays so, whatever comes in between. Raises a
        ServiceError, and UsageError for a job that is not there.
        """
        with self.open() as manifest:
            chosen = chosen_jobs(manifest, jobs)
            manifest.wants.cancel(chosen)
            return self.carry_out(lambda known: not known.pending(chosen)).pending(chosen)

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
        additions, removals = (
            check_tags(texts(tags, what), most=None)
            for tags, what in ((add, "add"), (remove, "remove"))
        )

        def change(present: tuple[str, ...]) -> tuple[str, ...]:
            return changed_tags(
                present, replacement=replacement, additions=additions, removals=removals
            )

        return self._relabel(new, change).record.tags

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
        return len(self._relabel(name, change).unlabelled)

    def _relabel(
        self, name: str | None, change: Callable[[tuple[str, ...]], Sequence[str]]
    ) -> Snapshot:
        with self.open() as manifest:
            manifest.wants.retag(name=name, change=change)
            return self.carry_out(lambda known: not known.unlabelled)

    def count_unlabelled(self) -> int:
        """Return how many jobs on the service do not carry the set's name and tags yet."""
        with self.open() as manifest:
            return len(manifest.snapshot().unlabelled)

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
        """Mark jobs to be sent again by whoever moves the set on next; see `retry`."""
        from .retry import given_after_all, jobs_to_retry, lacks_results, sendable

        with self.open() as manifest:
            chosen = jobs_to_retry(manifest, jobs, cancelled=cancelled, lost=lost)
            if any(map(lacks_results, chosen)):
                with self._moving() as work:
                    given = given_after_all(work, chosen)
                chosen = [job for job in chosen if job not in given]
                if given:
                    self._observer().note(f"The results of {_named(given)} have come after all.")
            sent, unknown = sendable(manifest, chosen, named=jobs is not None)
            if unknown:
                left = [job for job in chosen if job.index in unknown]
                self._observer().note(
                    f"The circuits of {_named(left)} are not known here; the others go on."
                )
            return manifest.wants.retry(sent) if sent else []

    def export(self, path: str | PathLike[str], *, overwrite: bool = False) -> Path:
        """Copy the set, with its circuits and results, into one file, and return its path.

        In a folder the file is named by the set's id. Raises UsageError for a file that is there,
        unless it is to be overwritten, or that cannot be, and StorageError.
        """
        from ..manifest.transfer import export_copy

        target = self._file_to_write(Path(path).expanduser(), overwrite=overwrite)
        with self.open() as manifest:
            export_copy(manifest, target)
        return target

    def report(self, path: str | PathLike[str]) -> Path:
        """Write all that is known of the set as one HTML file with pictures; return its path.

        The service is not asked. A file of this name is replaced, once the new one is whole. Raises
        MissingPackage where the plotting library is not installed, and StorageError.
        """
        from ..report.page import write_report

        target = Path(path).expanduser()
        write_report([self], target)
        return target

    def _file_to_write(self, path: Path, *, overwrite: bool) -> Path:
        try:
            target = path / f"{self.id}{SUFFIX}" if path.is_dir() else path
        except OSError as error:
            raise UsageError(
                f"There cannot be a file {path}: {error.strerror or error}.", "Name another."
            ) from error
        if target.suffix != SUFFIX:
            raise UsageError(
                f"The name '{target}' does not end in {SUFFIX}, by which a set's file is known.",
                f"Name it {target}{SUFFIX}.",
            )
        target = target.resolve()  # a link stays a link; what it points to is written
        if target.parent == paths.sets().resolve():
            raise UsageError(
                f"{target.parent} is where ibmqbatch keeps its own files.", "Name another folder."
            )
        if not target.parent.is_dir():
            raise UsageError(f"There is no folder {target.parent}.", "Make it first.")
        if target.exists() and not target.is_file():
            raise UsageError(f"{target} is not a regular file.", "Name another.")
        if target.exists() and not overwrite:
            raise UsageError(
                f"{target} exists already.",
                Words(
                    "Name another file, or replace it with {}.", Argument("overwrite", value=True)
                ),
            )
        return target

    # What these are made of.

    @contextlib.contextmanager
    def open(self) -> Iterator[Manifest]:
        """Open the set's file for the block of a `with`; within another one it is open already."""
        holder = _holder()
        if holder in self._opened:
            yield self._opened[holder]
            return
        with Manifest.open(self.path) as manifest:
            self._opened[holder] = manifest
            try:
                yield manifest
            finally:
                del self._opened[holder]

    @contextlib.contextmanager
    def session(
        self,
        clock: Clock,
        observer: Observer | None = None,
        guard: Callable[[Clock], AbstractContextManager[None]] = landing,
        client: Callable[[str], Client | None] = lambda _: None,
        listing: Callable[[str], CommonListing | None] = lambda _: None,
    ) -> Iterator[Self]:
        """Keep the set's file open for the block, and the way to its service once it is needed.

        What this thread does with the set goes by one `clock`, and `observer` is told of it. What
        asks the service does so within `guard`, which decides what Ctrl-C does; by `client`, if it
        gives one, and looking at `listing` first: both by the name of the account.
        """
        with contextlib.ExitStack() as stack:
            stack.enter_context(self.open())
            clients: list[Client] = []

            def connect() -> Client:
                if not clients:
                    given = client(self.account)
                    clients.append(given or stack.enter_context(connected(self.account, clock)))
                return clients[0]

            self._session = _Session(_holder(), connect, clients, clock, observer, guard, listing)
            try:
                yield self
            finally:
                self._session = None

    def _own_session(self) -> _Session | None:
        session = self._session
        return session if session and session.holder == _holder() else None

    def _clock(self, timeout: float | None = None) -> Clock:
        """Return the clock to go by, with `timeout` for its deadline if there is one."""
        session = self._own_session()
        clock = session.clock if session else Clock()
        if timeout is not None:
            clock.set_deadline(timeout)
        return clock

    def _observer(self, progress: Progress | None = None) -> Observer:
        session = self._own_session()
        told = session.observer if session else None
        return told or _Told(self._noted, progress)

    @contextlib.contextmanager
    def _moving(
        self, clock: Clock | None = None, observer: Observer | None = None
    ) -> Iterator[Work]:
        """Work on the set for the block; Ctrl-C lets what is in flight land."""
        session = self._own_session()
        clock = clock or self._clock()
        guard = session.guard if session else landing
        if observer is None and session:
            observer = session.observer
        with guard(clock), self.working(clock, observer) as work:
            yield work

    @contextlib.contextmanager
    def working(self, clock: Clock, observer: Observer | None = None) -> Iterator[Work]:
        """Open the set's file, connected to its service, for the block."""
        session = self._own_session()
        with contextlib.ExitStack() as stack:
            manifest = stack.enter_context(self.open())
            client = (
                session.connect()
                if session and session.clock is clock
                else stack.enter_context(connected(self.account, clock))
            )
            yield Work(
                manifest,
                client,
                clock,
                observer or Unobserved(),
                sole_sender=self._planned,
                listing=session.listing(self.account) if session else None,
                noted=self._noted if session else set(),  # a session may be one of many steps
            )

    def follow(
        self,
        goal: Goal,
        timeout: float | None = None,
        *,
        clock: Clock | None = None,
        observer: Observer | None = None,
        shown: Callable[[], None] = lambda: None,
        at_least_once: bool = False,
        sending: bool = True,
        fetching: bool = True,
    ) -> None:
        """Move the set on until `goal` holds; raises TimedOut, Interrupted and ServiceErrors.

        `at_least_once`: by one step in any case. Jobs are sent, followed and fetched on the way. A
        service that is away is waited for. Without an `observer` what holds the jobs up is logged
        as a warning, once. `timeout` is in seconds; None for as long as it takes. Ctrl-C raises
        KeyboardInterrupt once what is in flight has landed.
        """
        if clock is None:
            clock = self._clock(timeout)
        else:
            clock.set_deadline(timeout)
        with self.open() as manifest:
            if goal(manifest.snapshot()) and not at_least_once:
                return
            from .advance import follow

            with self._moving(clock, observer or self._observer()) as work:
                follow(
                    work,
                    goal,
                    shown=shown,
                    at_least_once=at_least_once,
                    sending=sending,
                    fetching=fetching,
                )

    def carry_out(self, until: Goal, patience: float = _PATIENCE) -> Snapshot:
        """Do what has been wanted of the set (cancels, labels) until it is seen to be done.

        Look for `patience` seconds at most whether `until` holds, and return how the set stands;
        what is left then is done by whoever moves it on next. Raises a ServiceError.
        """
        # Whoever types a command need not wait for another process: that one does what is wanted.
        lock_patience = 0.0 if self._own_session() else patience
        with self.open() as manifest:
            # Nothing of it is on the service, or wanted there.
            known = manifest.snapshot()
            if known.is_idle():
                return known
            from .advance import follow, try_advance

            with self._moving() as work, contextlib.suppress(TimedOut, SetInUse):
                # All of it is asked for, however long that takes.
                step = try_advance(work, patience=lock_patience, sending=False, fetching=False)
                if step is not None:
                    work.clock.set_deadline(patience)
                    return follow(
                        work,
                        until,
                        persistent=False,
                        sending=False,
                        fetching=False,
                        patience=patience,
                    )
            return manifest.snapshot()


@contextlib.contextmanager
def connected(account_name: str | None, clock: Clock) -> Iterator[Client]:
    """Connect to the service of an account for the block."""
    from ..accounts.find import find_account
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


def _named(jobs: Sequence[JobRecord]) -> str:
    indexes = ", ".join(str(job.index) for job in jobs[:_MOST_NAMED])
    more = ", …" if len(jobs) > _MOST_NAMED else ""
    return f"job{'' if len(jobs) == 1 else 's'} {indexes}{more}"
