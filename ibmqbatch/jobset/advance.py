"""The one function that moves a job set forward, and the loop that calls it.

There is no other path for "after a restart": a fresh process and a running one do the same, and
each begins by asking the service what it has under the set's tag.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from pathlib import Path

from ..errors import Argument, Call, StorageError, UsageError, Words
from ..files import FileLock
from ..manifest.errors import SetInUse
from ..manifest.lease import lease
from ..manifest.manifest import Manifest
from ..manifest.records import JobRecord, SetRecord
from ..manifest.snapshot import Snapshot
from ..service.endpoint import Account
from ..service.errors import AuthenticationFailed, Reserved, ServiceError, Unreadable
from .catalog import reference_to
from .errors import HeldCopy, Interrupted, TimedOut
from .fetch import fetch, refetch
from .observe import catch_up, observe, settles_in
from .reconcile import reconcile
from .results import repair
from .submit import drain_batches, send
from .work import Work

__all__ = [
    "Goal",
    "Step",
    "Tempo",
    "advance",
    "ask_again",
    "check_held",
    "close_if_complete",
    "follow",
    "try_advance",
]

_LOCK_POLL = 0.05  # seconds
_LONGEST_PAUSE = 60.0  # seconds between attempts to reach a service that is away
# What passes by itself, besides what is transient: it takes longer than a request can wait.
_PASSING = (Reserved, Unreadable)

Goal = Callable[[Snapshot], bool]


@dataclass(frozen=True, slots=True)
class Step:
    """What one step left: whether anything changed, and the seconds until the next may help.

    `wait` None: nothing has a time of its own, and the account's poll interval decides.
    """

    changed: bool
    wait: float | None


def advance(work: Work, *, sending: bool = True, fetching: bool = True) -> Step:
    """Move the set one durable step forward. The caller holds the set's lock.

    Settles what is unsure, refreshes what runs, carries out wants, sends what waits (as far as pace
    and pending window allow, and never from a copy that has not taken over), fetches what is done,
    and closes the set when nothing is left.
    Raises a ServiceError, SetInUse where another copy of the file sends at present, or Unsettled;
    what was achieved until then is kept.
    """
    manifest = work.manifest
    before = manifest.snapshot()
    if before.record.closed_at is not None:
        return Step(changed=False, wait=None)
    sending = sending and before.record.copied_at is None
    _check_instance(work, before.record)
    with _holding_lease(work, before.record.id, sending=sending):
        known = before if work.lease is None else catch_up(work, before)
        known = observe(work, known, sending=sending)
        refusal = reconcile(work, known)
        wait: float | None = None
        stopped: ServiceError | None = None
        if sending and work.sole_sender:
            try:
                wait = send(work, known.record).wait
            except ServiceError as error:
                if error.transient or isinstance(error, AuthenticationFailed):
                    raise  # fetching would meet the same
                stopped = error
    if fetching:
        fetch(work)
    if before.record.batch:
        drain_batches(work)
    after = close_if_complete(manifest)
    if stopped is not None:
        raise stopped
    if refusal is not None:
        raise refusal
    changed = after.last_event != before.last_event
    times = (wait, settles_in(work, after))  # of what has a time of its own
    return Step(changed, min((time for time in times if time is not None), default=None))


def close_if_complete(manifest: Manifest) -> Snapshot:
    """Mark a set as closed once nothing is left to do; return how it stands then."""
    known = manifest.snapshot()
    if known.is_complete():
        with manifest.transaction() as change:
            # Another process may have asked for something in the meantime.
            if manifest.snapshot().is_complete():
                change.jobs.close()
        known = manifest.snapshot()
    return known


@contextlib.contextmanager
def _holding_lease(work: Work, set_id: str, *, sending: bool) -> Iterator[None]:
    """Hold the lease for the block: of all files of the set, only this one sends and settles.

    Where another copy does at present, or what is kept cannot be locked, the block does neither;
    where it is to send, that is raised.
    """
    with contextlib.ExitStack() as stack:
        try:
            work.lease = stack.enter_context(lease(set_id))
        except (SetInUse, StorageError):
            if sending and work.manifest.unsent(1):
                raise
        try:
            yield
        finally:
            work.lease = None


def _check_instance(work: Work, record: SetRecord) -> None:
    """Refuse to ask another instance for this set's jobs: it would say that there are none."""
    if work.client.instance != record.instance:
        raise UsageError(
            f"The set {record.id} belongs to another instance than the one that the account "
            f"'{record.account}' leads to here.",
            "Use the account that it was submitted with; what the embedded service runs is "
            "followed from the data folder that it was submitted from.",
        )


def try_advance(
    work: Work, *, patience: float = 0.0, sending: bool = True, fetching: bool = True
) -> Step | None:
    """Take one step, unless somebody else holds the set for longer than `patience` seconds.

    Who holds it is another process, or thread; it is not waited for beyond the clock's deadline.
    """
    lock = _lock(work, patience)
    if lock is None:
        return None
    try:
        return advance(work, sending=sending, fetching=fetching)
    except SetInUse:
        return None  # another copy of its file sends at present
    finally:
        lock.release()


def ask_again(work: Work, jobs: Collection[int], *, patience: float = 10.0) -> list[JobRecord]:
    """Ask for results once more; see `fetch.refetch`. What is damaged on disk is dropped before.

    Raises UsageError where the set can only be read, ServiceErrors, Interrupted, and SetInUse where
    somebody else holds the set for longer than `patience` seconds.
    """
    if work.manifest.db.is_copy:
        raise UsageError(
            f"{work.manifest.path} can only be read: what comes could not be kept.",
            "Mend the permissions of the file and its folder.",
        )
    lock = _lock(work, patience)
    if lock is None:
        raise _in_use()
    try:
        _check_instance(work, work.manifest.snapshot().record)
        repair(work.manifest)
        left = refetch(work, jobs)
    finally:
        lock.release()
    if work.clock.interrupted.is_set():
        raise Interrupted("Interrupted.")
    return left


def _lock(work: Work, patience: float) -> FileLock | None:
    """Take the set's lock; None where somebody else holds it for longer than `patience`."""
    lock = work.manifest.lock()
    for _ in work.clock.tries(patience, _LOCK_POLL):
        if _acquired(lock):
            return lock
    return None


def _in_use() -> SetInUse:
    return SetInUse("Another process holds the set.", "Wait until it is done, then try again.")


def _acquired(lock: FileLock) -> bool:
    try:
        return lock.acquire(blocking=False)
    except OSError as error:
        raise StorageError(
            f"The set's lock {lock.path} cannot be taken: {error.strerror or error}.",
            "Mend the permissions of the folder that the set is in.",
        ) from error


def follow(
    work: Work,
    goal: Goal,
    *,
    persistent: bool = True,
    sending: bool = True,
    fetching: bool = True,
    at_least_once: bool = False,
    patience: float = 10.0,
    shown: Callable[[], None] = lambda: None,
) -> Snapshot:
    """Take steps until `goal` holds, and return how the set stands; `at_least_once`: one at least.

    The set's lock is given back while waiting between them.

    `persistent` sits out a service that is away, a backend that is reserved, and a set that
    another process works on; else they raise, the last SetInUse after `patience` seconds.
    `shown` is called after every step. Raises TimedOut at the clock's deadline, Interrupted when
    the clock is; what was achieved is kept either way.
    """
    clock, tempo = work.clock, Tempo(work.client.account)
    while at_least_once or not goal(known := work.manifest.snapshot()):
        at_least_once = False
        try:
            step = try_advance(work, patience=patience, sending=sending, fetching=fetching)
            if step is None and not persistent and not clock.interrupted.is_set():
                raise _in_use()
            wait = tempo.after(step)
        except ServiceError as error:
            if not persistent:
                raise
            wait = tempo.after_error(error, work)
        shown()
        known = work.manifest.snapshot()
        if goal(known):
            return known
        if sending and known.is_idle():
            check_held(known, work.manifest.path)
        _sleep(work, wait)
    return known


class Tempo:
    """When to take the next step of a set: soon after a change, then less and less often."""

    def __init__(self, account: Account) -> None:
        self._account = account
        self._poll = self._pause = account.poll_first

    def after(self, step: Step | None) -> float:
        """Return the seconds to wait after a step; None: somebody else moves the set."""
        self._pause = self._account.poll_first
        if step is not None and step.changed:
            self._poll = self._account.poll_first
        return self._next(None if step is None else step.wait)

    def after_error(self, error: ServiceError, work: Work) -> float:
        """Return the seconds to wait for what passes by itself, and tell; raises all else."""
        if not (error.transient or isinstance(error, _PASSING)):
            raise error
        self._poll = self._pause = min(2 * self._pause, _LONGEST_PAUSE)
        work.observer.note(f"{error.message} Trying again in {max(1.0, self._pause):.0f} s.")
        return self._next(None)

    def _next(self, wait: float | None) -> float:
        wait = self._poll if wait is None else min(wait, self._poll)
        self._poll = min(1.5 * self._poll, self._account.poll_longest)
        return wait


def check_held(known: Snapshot, path: Path) -> None:
    """Raise HeldCopy where jobs wait to be sent that this copy of the set, at `path`, sends not."""
    if not known.is_held():
        return
    unsent = sum(job.unsent for job in known.jobs)
    raise HeldCopy(
        f"The set {known.record.id} is a copy, with {unsent} unsent "
        f"job{'' if unsent == 1 else 's'} that may yet be sent from where it was copied.",
        Words(
            "{} sends them from here; the other copy should then be left alone.",
            Call(
                "resume",
                reference_to(path),
                (Argument("take_over", value=True),),
                method="resume",
            ),
        ),
    )


def _sleep(work: Work, seconds: float) -> None:
    clock = work.clock
    clock.sleep(seconds)
    if clock.interrupted.is_set():
        raise Interrupted("Interrupted.")
    if clock.left <= 0:
        raise TimedOut(Words("The time given with {} has run out.", Argument("timeout")))
