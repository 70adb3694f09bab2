"""Several sets at once: one connection and one listing for the sets of an account."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import TYPE_CHECKING, Self

from ..clock import Clock
from ..errors import Argument, IbmqbatchError, Words
from .errors import Interrupted, TimedOut
from .job_set import JobSet, connected
from .listing import CommonListing
from .work import Observer

if TYPE_CHECKING:
    from ..service.client import Client
    from .advance import Tempo

__all__ = ["Connections", "Round", "wait_together"]

_SLACK = 1.0  # seconds; what is due so soon is done in the same round


class Connections:
    """One client an account, made when it is needed first. Use as a context manager."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self._clients: dict[str, Client] = {}
        self._stack = contextlib.ExitStack()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stack.__exit__(kind, error, trace)

    def client(self, account: str) -> Client:
        """Return the client of an account."""
        if account not in self._clients:
            self._clients[account] = self._stack.enter_context(connected(account, self.clock))
        return self._clients[account]


class Round:
    """One step of each of several sets.

    Where fewer pages hold all jobs of an account since the oldest that has not ended than there are
    sets to ask for, they are listed once for all of these.
    """

    def __init__(self, connections: Connections, sets: Iterable[JobSet]) -> None:
        self._connections = connections
        self._listings: dict[str, CommonListing] = {}
        oldest: dict[str, list[str]] = {}
        for job_set in sets:
            # What is wrong with its file is told once it is moved.
            with contextlib.suppress(IbmqbatchError), job_set.open() as manifest:
                at = manifest.oldest_unfinished()
                if at is not None:
                    oldest.setdefault(job_set.account, []).append(at)
        self._since = {account: (min(times), len(times)) for account, times in oldest.items()}

    @contextlib.contextmanager
    def session(self, job_set: JobSet, observer: Observer) -> Iterator[JobSet]:
        """Open a set for the block, to be moved on with what the sets of its account share."""
        with job_set.session(
            self._connections.clock,
            observer,
            lambda _: contextlib.nullcontext(),
            self._connections.client,
            self._listing,
        ):
            yield job_set

    def _listing(self, account: str) -> CommonListing | None:
        since, sets = self._since.get(account, ("", 0))
        if sets < 2:
            return None
        if account not in self._listings:
            client = self._connections.client(account)
            self._listings[account] = CommonListing(
                client, self._connections.clock, since, most_pages=sets - 1
            )
        return self._listings[account]


@dataclass(slots=True)
class _Course:
    """One set on its way to its end; what is told of it names it where there are others."""

    job_set: JobSet
    observer: Observer
    alone: bool
    due: float = 0.0
    tempo: Tempo | None = None

    def progress(self, stage: str, done: int, total: int) -> None:
        """Pass it on."""
        self.observer.progress(stage, done, total)

    def note(self, text: str) -> None:
        """Pass it on."""
        self.observer.note(text if self.alone else Words("{}: {}", self.job_set.reference, text))


def wait_together(
    job_sets: Sequence[JobSet],
    connections: Connections,
    observer: Observer,
    *,
    moved: Callable[[JobSet], None],
    shown: Callable[[], None],
) -> dict[JobSet, IbmqbatchError]:
    """Send, follow and fetch until nothing is left to do of any set; see `JobSet.wait`.

    `moved` is called for each set after each of its steps, while it is open, and `shown` after each
    round of steps. Return what has failed for good, by set: it does not keep the others waiting.
    Raises TimedOut at the clock's deadline, and Interrupted.
    """
    clock = connections.clock
    failures: dict[JobSet, IbmqbatchError] = {}
    courses = [_Course(each, observer, alone=len(job_sets) == 1) for each in job_sets]
    while courses:
        now = clock.monotonic()
        due = [course for course in courses if course.due <= now + _SLACK]
        round_ = Round(connections, [course.job_set for course in due])
        for course in due:
            try:
                with round_.session(course.job_set, course) as job_set:
                    wait, course.tempo = job_set.step_to_end(course.tempo)
                    moved(job_set)
            except IbmqbatchError as error:
                failures[course.job_set], wait = error, None
            _check(clock)
            if wait is None:
                courses.remove(course)
            else:
                course.due = clock.monotonic() + wait
        shown()
        if courses:
            clock.sleep(max(0.0, min(course.due for course in courses) - clock.monotonic()))
            _check(clock)
    return failures


def _check(clock: Clock) -> None:
    if clock.interrupted.is_set():
        raise Interrupted("Interrupted.")
    if clock.left <= 0:
        raise TimedOut(Words("The time given with {} has run out.", Argument("timeout")))
