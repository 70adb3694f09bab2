"""The one function that moves a job set forward, and the loop that calls it.

There is no other path for "after a restart": a fresh process and a running one do the same, and
each begins by asking the service what it has under the set's tag.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass

from ..errors import Argument, Call, StorageError, UsageError, Words
from ..files import FileLock
from ..manifest.errors import SetInUse
from ..manifest.lease import lease
from ..manifest.manifest import Manifest
from ..manifest.records import JobRecord, SetRecord
from ..manifest.snapshot import Snapshot
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
        if work.lease is not None:
            catch_up(work, before.record.generation)
            _doubt_orphans(work)
        observe(work, sending=sending)
        refusal = reconcile(work)
        wait: float | None = None
        stopped: ServiceError | None = None
        if sending and work.sole_sender:
            try:
                wait = send(work).wait
            except ServiceError as error:
                if error.transient or isinstance(error, AuthenticationFailed):
                    raise  # fetching would meet the same
                stopped = error
    if fetching:
        fetch(work)
    drain_batches(work)
    close_if_complete(manifest)
    if stopped is not None:
        raise stopped
    if refusal is not None:
        raise refusal
    after = manifest.snapshot()
    changed = after.last_event != before.last_event
    times = (wait, settles_in(work, after))  # of what has a time of its own
    return Step(changed, min((time for time in times if time is not None), default=None))


def _doubt_orphans(work: Work) -> None:
    """Mark what a process that is gone was sending as unsure; nobody else is sending now."""
    if any(attempt.state == "sending" for attempt in work.manifest.snapshot().attempts):
        with work.manifest.transaction() as change:
            change.submissions.mark_orphans_unsure(work.clock.instant())


def close_if_complete(manifest: Manifest) -> None:
    """Mark a set as closed once nothing is left to do."""
    if manifest.snapshot().is_complete():
        with manifest.transaction() as change:
            # Another process may have asked for something in the meantime.
            if manifest.snapshot().is_complete():
                change.jobs.close()


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
    clock, lock = work.clock, work.manifest.lock()
    deadline = clock.monotonic() + min(patience, clock.left)
    while not _acquired(lock):
        if clock.monotonic() >= deadline or clock.interrupted.is_set():
            return None
        clock.sleep(_LOCK_POLL)
    return lock


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
) -> None:
    """Take steps until `goal` holds; `at_least_once`: one in any case.

    The set's lock is given back while waiting between them.

    `persistent` sits out a service that is away, a backend that is reserved, and a set that
    another process works on; else they raise, the last SetInUse after `patience` seconds.
    `shown` is called after every step. Raises TimedOut at the clock's deadline, Interrupted when
    the clock is; what was achieved is kept either way.
    """
    clock, account = work.clock, work.client.account
    poll = account.poll_first
    pause = account.poll_first
    while at_least_once or not goal(work.manifest.snapshot()):
        at_least_once = False
        try:
            step = try_advance(work, patience=patience, sending=sending, fetching=fetching)
            if step is None and not persistent and not clock.interrupted.is_set():
                raise _in_use()
            pause = account.poll_first
            wait = None if step is None else step.wait
            poll = account.poll_first if step and step.changed else poll
        except ServiceError as error:
            if not persistent or not (error.transient or isinstance(error, _PASSING)):
                raise
            poll = pause = min(2 * pause, _LONGEST_PAUSE)
            wait = None
            work.observer.note(f"{error.message} Trying again in {max(1.0, pause):.0f} s.")
        shown()
        known = work.manifest.snapshot()
        if goal(known):
            return
        if sending and known.is_idle():
            check_held(work.manifest)
        wait = poll if wait is None else min(wait, poll)
        poll = min(1.5 * poll, account.poll_longest)
        _sleep(work, wait)


def check_held(manifest: Manifest) -> None:
    """Raise HeldCopy where jobs wait to be sent that this copy of the set does not send."""
    snapshot = manifest.snapshot()
    if not snapshot.is_held():
        return
    unsent = sum(job.unsent for job in snapshot.jobs)
    raise HeldCopy(
        f"The set {snapshot.record.id} is a copy, with {unsent} unsent "
        f"job{'' if unsent == 1 else 's'} that may yet be sent from where it was copied.",
        Words(
            "{} sends them from here; the other copy should then be left alone.",
            Call(
                "resume",
                reference_to(manifest.path),
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
