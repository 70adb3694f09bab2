"""Sending in the background, and what happens when the interpreter ends meanwhile."""

from __future__ import annotations

import atexit
import contextlib
import logging
import math
import os
import signal
import sys
import threading
import time
from typing import TYPE_CHECKING

from ..accounts.find import find_account
from ..arguments import switch
from ..clock import Clock
from ..errors import IbmqbatchError, UsageError
from ..exitcodes import ExitCode
from ..jobset.errors import Interrupted
from ..manifest.snapshot import Snapshot

if TYPE_CHECKING:
    from ..jobset.job_set import JobSet
    from ..manifest.records import JobRecord

__all__ = ["DETACH", "Sender", "read_detach", "senders"]

DETACH = "IBMQBATCH_DETACH"  # the variable that says what `detach` does where it is not given

_log = logging.getLogger(__name__)
_SLICE = 0.5  # seconds
_SIGNAL = 0  # that none was: the program is ending, or was told in another way


class Sender:
    """A thread that sends what waits of one set, at the account's pace.

    A program ends once all is sent, unless the set is `detached`: then the rest of it waits in its
    manifest. So it does when something stops the sending for good, which is kept as `error`.
    """

    def __init__(self, handle: JobSet, *, detached: bool = False) -> None:
        self._handle = handle
        self.detached = detached
        self._clock = Clock()
        self.error: IbmqbatchError | None = None
        self._done = threading.Event()
        self._process = os.getpid()
        # A daemon, for the interpreter's end would wait for any other before it tells us.
        self._thread = threading.Thread(
            target=self._run, name=f"sender of {handle.id}", daemon=True
        )
        self._thread.start()
        _running.append(self)

    def _run(self) -> None:
        try:
            self._handle.follow(Snapshot.is_sent, clock=self._clock)
        except Interrupted:
            pass
        except IbmqbatchError as error:
            self.error = error
            _log.warning("%s: %s %s", self._handle.id, error.message, error.hint)
        except Exception as error:  # noqa: BLE001 - of a thread, of whose end nobody would hear
            # Whoever waits is told, and so is the program's end.
            self.error = IbmqbatchError(
                f"Something unforeseen went wrong ({type(error).__name__}: {error})."
            )
            _log.exception("%s", self._handle.id)
        finally:
            self._done.set()
            # One that has failed stays, for the program's end tells what is left.
            if self in _running and not self._clock.interrupted.is_set() and self.error is None:
                _running.remove(self)

    @property
    def finished(self) -> bool:
        """Whether it has ended: everything is sent, or something stands in the way.

        A process that was forked has none of the threads of the one that it came from.
        """
        return self._done.is_set() or self._process != os.getpid()

    def join(self, timeout: float | None = None) -> bool:
        """Wait until it has ended; return whether it has."""
        if self._process != os.getpid():
            return True
        deadline = math.inf if timeout is None else time.monotonic() + timeout
        while (left := deadline - time.monotonic()) > 0:
            # In slices: a Ctrl-C just before a wait, or one that another thread gets, does not end
            # it, and is heard of after it.
            if self._done.wait(min(left, _SLICE)):
                return True
        return self.finished

    def interrupt(self) -> None:
        """Send nothing more; what is in flight lands."""
        self._clock.interrupt(_SIGNAL)

    def announce(self) -> None:
        """Say how many jobs the program's end waits for, and how not to; nothing if for none."""
        jobs = self._jobs()
        left = sum(job.unsent or job.unsure for job in jobs)
        if self.finished or not left:
            return
        minutes = 0.0
        with contextlib.suppress(IbmqbatchError):  # which stops the sending, and is told then
            minutes = find_account(self._handle.account).minutes_to_send(left)
        how_long = f" (at least {minutes:.0f} min at the account's pace)" if minutes else ""
        _say(
            f"sending {left} of the {len(jobs)} jobs before the program ends{how_long}. "
            f"Ctrl-C leaves the rest for `ibmqbatch resume {self._handle.id}`."
        )

    def tell(self) -> None:
        """Say how many jobs are not sent, or perhaps not, and how to go on; nothing if none is."""
        jobs = self._jobs()
        left = sum(job.unsent or job.unsure or job.leaving for job in jobs)
        if left:
            are = "job is" if left == 1 else "jobs are"
            _say(
                f"{left} of the {len(jobs)} {are} not sent yet; "
                f"`ibmqbatch resume {self._handle.id}` sends what is left."
            )

    def _jobs(self) -> list[JobRecord]:
        try:
            return self._handle.jobs
        except IbmqbatchError:
            return []  # the set was taken away meanwhile, and nobody wants to know


def _say(text: str) -> None:
    with contextlib.suppress(AttributeError, OSError, ValueError):  # there is no stderr any more
        sys.stderr.write(f"ibmqbatch: {text}\n")
        sys.stderr.flush()


_running: list[Sender] = []


# The threads of a process are not those of its copy, which has nothing to wait for.
os.register_at_fork(after_in_child=_running.clear)


def senders() -> list[Sender]:
    """Return those that have not ended."""
    return [sender for sender in _running if not sender.finished]


def read_detach(given: object) -> bool:
    """Return whether a set is detached: as given, or else as the variable says.

    Raises UsageError for what is neither yes nor no.
    """
    if given is not None:
        return switch(given, "detach")
    told = os.environ.get(DETACH) or "0"
    if told not in {"0", "1"}:
        raise UsageError(f"{DETACH} is '{told}', neither 0 nor 1.", "Mend or unset it.")
    return told == "1"


def _at_exit() -> None:
    """Wait until all is sent; Ctrl-C has what is in flight land, and a second one leaves at once.

    Ctrl-C may be what has ended the program. Where it ends the wait, the exit code says so.
    """
    ending = _running.copy()
    leaving = [s for s in ending if s.detached or _ended_by_ctrl_c()]
    for sender in leaving:
        sender.interrupt()
    interrupted = False
    try:
        staying = [sender for sender in ending if sender not in leaving]
        for sender in staying:
            sender.announce()
        for sender in staying:
            sender.join()
    except KeyboardInterrupt:
        interrupted = True
        for sender in ending:
            sender.interrupt()
    try:
        for sender in ending:
            sender.join()
    except KeyboardInterrupt:
        # Somebody is in a hurry. What is in flight is settled by whoever goes on with the set.
        interrupted = True
    for sender in ending:
        sender.tell()
    _running.clear()
    if interrupted:
        _leave()


def _ended_by_ctrl_c() -> bool:
    """Tell whether a Ctrl-C that nobody caught is why the program ends."""
    # At a prompt it may have ended a command only, long ago.
    return not hasattr(sys, "ps1") and getattr(sys, "last_type", None) is KeyboardInterrupt


def _leave() -> None:
    """End with the exit code of an interrupt, which the interpreter's own end cannot have."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    atexit._run_exitfuncs()  # noqa: SLF001
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(AttributeError, OSError, ValueError):  # closed, or never there
            stream.flush()
    os._exit(ExitCode.INTERRUPTED)


# Pools of threads take nothing more once the interpreter has begun to end, and what is in flight
# is on one: this has to be called before they hear of it, which is earlier than `atexit`.
if hasattr(threading, "_register_atexit"):
    import concurrent.futures.thread  # noqa: F401 - callbacks run in the reverse order

    threading._register_atexit(_at_exit)  # noqa: SLF001
else:
    atexit.register(_at_exit)
