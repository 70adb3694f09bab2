"""Sending in the background, and what happens when the interpreter ends meanwhile."""

from __future__ import annotations

import atexit
import logging
import math
import os
import sys
import threading
import time
from typing import TYPE_CHECKING

from ..clock import Clock
from ..errors import IbmqbatchError
from ..exitcodes import ExitCode
from ..jobset.errors import Interrupted
from ..jobset.standing import is_sent

if TYPE_CHECKING:
    from ..jobset.job_set import JobSet

__all__ = ["Sender", "senders"]

_log = logging.getLogger(__name__)
_SLICE = 0.5  # seconds
_SIGNAL = 0  # that none was: the program itself is ending


class Sender:
    """A thread that sends what waits of one set, at the account's pace.

    What stops it for good is kept as `error`; the rest of the set waits in its manifest.
    """

    def __init__(self, handle: JobSet) -> None:
        self._handle = handle
        self._clock = Clock()
        self.error: IbmqbatchError | None = None
        self._done = threading.Event()
        # A daemon, for the interpreter's end would wait for any other before it tells us.
        self._thread = threading.Thread(
            target=self._run, name=f"sender of {handle.id}", daemon=True
        )
        _running.append(self)
        self._thread.start()

    def _run(self) -> None:
        try:
            self._handle.follow(is_sent, clock=self._clock, observer=_Notes())
        except Interrupted:
            pass
        except IbmqbatchError as error:
            self.error = error
            _log.warning("%s: %s %s", self._handle.id, error.message, error.hint)
        finally:
            self._done.set()
            # One that has failed stays, for the program's end tells what is left.
            if self in _running and not self._clock.interrupted.is_set() and self.error is None:
                _running.remove(self)

    @property
    def finished(self) -> bool:
        """Whether it has ended: everything is sent, or something stands in the way."""
        return self._done.is_set()

    def join(self, timeout: float | None = None) -> bool:
        """Wait until it has ended; return whether it has."""
        deadline = math.inf if timeout is None else time.monotonic() + timeout
        while (left := deadline - time.monotonic()) > 0:
            # In slices: a Ctrl-C just before a wait, or one that another thread gets, does not end
            # it, and is heard of after it.
            if self._done.wait(min(left, _SLICE)):
                return True
        return self._done.is_set()

    def interrupt(self) -> None:
        """Send nothing more; what is in flight lands."""
        self._clock.interrupt(_SIGNAL)

    def stop(self) -> None:
        """Let what is in flight land, send nothing more, and say how to go on."""
        self.interrupt()
        self.join()
        self.tell()

    def tell(self) -> None:
        """Say how many jobs are not sent, or perhaps not, and how to go on; nothing if none is."""
        set_id = self._handle.id
        try:
            jobs = self._handle.jobs
        except IbmqbatchError:
            return  # the set was taken away meanwhile, and nobody wants to know
        left = sum(job.unsent or job.unsure or job.leaving for job in jobs)
        if left:
            are = "job is" if left == 1 else "jobs are"
            sys.stderr.write(
                f"ibmqbatch: {left} of the {len(jobs)} {are} not sent yet; "
                f"`ibmqbatch resume {set_id}` sends what is left.\n"
            )


class _Notes:
    """Passes on what a person who waits should know to the log."""

    def progress(self, stage: str, done: int, total: int) -> None:
        """Do nothing: the set itself tells how far it is."""

    def note(self, text: str) -> None:
        """Log it."""
        _log.info("%s", text)


_running: list[Sender] = []


# The threads of a process are not those of its copy, which has nothing to wait for.
os.register_at_fork(after_in_child=_running.clear)


def senders() -> list[Sender]:
    """Return those that have not ended."""
    return [sender for sender in _running if not sender.finished]


def _at_exit() -> None:
    ending = _running.copy()
    try:
        for sender in ending:
            sender.interrupt()
        for sender in ending:
            sender.stop()
    except KeyboardInterrupt:
        # Somebody is in a hurry. What is in flight is settled by whoever goes on with the set.
        for sender in ending:
            sender.tell()
        sys.stderr.flush()
        os._exit(ExitCode.INTERRUPTED)
    _running.clear()


# Pools of threads take nothing more once the interpreter has begun to end, and what is in flight
# is on one: this has to be called before they hear of it, which is earlier than `atexit`.
if hasattr(threading, "_register_atexit"):
    import concurrent.futures.thread  # noqa: F401 - callbacks run in the reverse order

    threading._register_atexit(_at_exit)  # noqa: SLF001
else:
    atexit.register(_at_exit)
