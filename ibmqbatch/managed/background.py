"""Sending job sets in the background, also while the interpreter ends."""

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
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Self, TypeVar

from qiskit.providers.exceptions import QiskitBackendNotFoundError

from ..accounts.find import find_account
from ..accounts.model import LOCAL_BACKEND
from ..arguments import switch
from ..clock import Clock
from ..errors import IbmqbatchError, UsageError
from ..exitcodes import ExitCode
from ..jobset.errors import Interrupted
from ..jobset.job_set import connected
from ..manifest.manifest import Manifest
from ..manifest.snapshot import Snapshot
from .arguments import checked_tags
from .backend import IBMQBackend
from .caller_warnings import warn_caller
from .exceptions import (
    IBMQBackendError,
    IBMQJobManagerError,
    IBMQJobManagerInvalidStateError,
    message_of,
    translated,
)
from .ibmq import IBMQ
from .planning import plan_set
from .provider import AccountProvider

if TYPE_CHECKING:
    from ..jobset.advance import Goal
    from ..jobset.job_set import JobSet
    from ..manifest.records import JobRecord

__all__ = ["Sender", "Submission", "senders"]

_DETACH = "IBMQBATCH_DETACH"  # the variable for `detach` where that is not given
_log = logging.getLogger(__name__)
_SLICE = 0.5  # seconds
_LOOK_EVERY = 0.05  # seconds
_SIGNAL = 0  # no signal: the program is ending

T = TypeVar("T")


class Sender:
    """A thread that sends the unsent jobs of one set, at the account's pace.

    The program's end waits for it, unless the set is `detached`. What is not sent then, or after
    an `error` that stopped the thread, stays in the set's file.
    """

    def __init__(self, job_set: JobSet, *, detached: bool = False) -> None:
        self._job_set = job_set
        self.detached = detached
        self._clock = Clock()
        self.error: IbmqbatchError | None = None
        self._done = threading.Event()
        self._process = os.getpid()
        # A daemon: the interpreter would join any other thread before `_at_exit` runs.
        self._thread = threading.Thread(
            target=self._run, name=f"sender of {job_set.id}", daemon=True
        )
        self._thread.start()
        _running.append(self)

    def _run(self) -> None:
        try:
            self._job_set.follow(Snapshot.is_sent, clock=self._clock)
        except Interrupted:
            pass
        except IbmqbatchError as error:
            self.error = error
            _log.warning("%s: %s", self._job_set.id, message_of(error))
        except Exception as error:  # noqa: BLE001 - who waits for the thread, or its end, reports it
            self.error = IbmqbatchError(
                f"Something unforeseen went wrong ({type(error).__name__}: {error})."
            )
            _log.exception("%s", self._job_set.id)
        finally:
            self._done.set()
            # A failed one stays, so that the program's end reports what is left.
            if self in _running and not self._clock.interrupted.is_set() and self.error is None:
                _running.remove(self)

    @property
    def finished(self) -> bool:
        """Whether the thread has ended: everything is sent, or an error stopped it.

        A forked process has none of its parent's threads.
        """
        return self._done.is_set() or self._process != os.getpid()

    def join(self, timeout: float | None = None) -> bool:
        """Wait for the thread's end; return whether it has ended."""
        if self._process != os.getpid():
            return True
        deadline = math.inf if timeout is None else time.monotonic() + timeout
        while (left := deadline - time.monotonic()) > 0:
            # In slices: Ctrl-C does not interrupt a wait that begins right after it, or one of
            # another thread.
            if self._done.wait(min(left, _SLICE)):
                return True
        return self.finished

    def interrupt(self) -> None:
        """Stop sending; requests in flight are finished."""
        self._clock.interrupt(_SIGNAL)

    def announce(self) -> None:
        """Write how many jobs the program's end waits for, if any, and how to skip them."""
        jobs = self._jobs()
        left = sum(job.unsent or job.unsure for job in jobs)
        if self.finished or not left:
            return
        minutes = 0.0
        with contextlib.suppress(IbmqbatchError):  # the sending raises it, too
            minutes = find_account(self._job_set.account).minutes_to_send(left)
        how_long = f" (at least {minutes:.0f} min at the account's pace)" if minutes else ""
        _say(
            f"sending {left} of the {len(jobs)} jobs before the program ends{how_long}. "
            f"Ctrl-C leaves the rest for `ibmqbatch resume {self._job_set.id}`."
        )

    def report_unsent(self) -> None:
        """Write how many jobs are not sent for certain, if any, and how to send them."""
        jobs = self._jobs()
        left = sum(job.unsent or job.unsure or job.leaving for job in jobs)
        if left:
            are = "job is" if left == 1 else "jobs are"
            _say(
                f"{left} of the {len(jobs)} {are} not sent yet; "
                f"`ibmqbatch resume {self._job_set.id}` sends what is left."
            )

    def _jobs(self) -> list[JobRecord]:
        try:
            return self._job_set.jobs
        except IbmqbatchError:
            return []  # the set was removed meanwhile


def _say(text: str) -> None:
    with contextlib.suppress(AttributeError, OSError, ValueError):  # stderr is closed
        sys.stderr.write(f"ibmqbatch: {text}\n")
        sys.stderr.flush()


_running: list[Sender] = []


# A forked process has none of its parent's threads.
os.register_at_fork(after_in_child=_running.clear)


def senders() -> list[Sender]:
    """Return the senders that have not ended."""
    return [sender for sender in _running if not sender.finished]


def _is_detached(detach: object) -> bool:
    """Return the value of an argument `detach`, or of the variable where it is None."""
    if detach is not None:
        return switch(detach, "detach")
    variable = os.environ.get(_DETACH) or "0"
    if variable not in {"0", "1"}:
        raise UsageError(f"{_DETACH} is '{variable}', neither 0 nor 1.", "Mend or unset it.")
    return variable == "1"


def as_backend(backend: object) -> IBMQBackend:
    """Return a backend, or that of a name in the account that `IBMQ` uses.

    Raises IBMQJobManagerInvalidStateError for anything else, IBMQAccountError, and
    IBMQJobManagerError where the service does not answer.
    """
    if isinstance(backend, IBMQBackend):
        return backend
    if isinstance(backend, str) and backend:
        try:
            return IBMQ.default_provider().get_backend(backend)
        except QiskitBackendNotFoundError as error:
            raise IBMQJobManagerInvalidStateError(error.message) from error
        except IBMQBackendError as error:
            raise IBMQJobManagerError(error.message) from error
    raise IBMQJobManagerInvalidStateError(
        f"{backend!r} is not a backend of the service. Give an IBMQBackend, or the name of one: "
        f"'{LOCAL_BACKEND}' simulates on this machine."
    )


class Submission:
    """A job set that this program has planned or found, its backend, and its sender."""

    def __init__(
        self,
        job_set: JobSet,
        backend: IBMQBackend | None = None,
        *,
        detached: bool | None = None,
    ) -> None:
        self.job_set = job_set
        self._backend = backend
        self._detached = detached
        self._sender: Sender | None = None

    def __getstate__(self) -> dict[str, object]:
        # A thread stays in its process.
        return {**self.__dict__, "_sender": None}

    @classmethod
    def planned(
        cls,
        backend: object,
        experiments: object,
        *,
        name: str | None,
        max_circuits: int | None = None,
        tags: list[str] | None,
        run_config: Mapping[str, Any],
        lone: bool = False,
    ) -> Self:
        """Plan a set, and start to send it in the background; raises IBMQErrors, and keeps nothing.

        `run_config` may have `detach`; the other arguments are those of `plan_set`.
        """
        with translated(IBMQJobManagerError):
            detached = _is_detached(run_config.get("detach"))
            run_config = {key: value for key, value in run_config.items() if key != "detach"}
            target = as_backend(backend)
            with connected(target.account_name, Clock()) as client:
                job_set = plan_set(
                    target,
                    experiments,
                    client,
                    name=name,
                    max_circuits=max_circuits,
                    tags=checked_tags(tags),
                    run_config=run_config,
                    lone=lone,
                )
        submission = cls(job_set, target, detached=detached)
        submission.send()
        return submission

    def backend(self) -> IBMQBackend:
        """Return the backend that the set runs on, in the set's own account."""
        if self._backend is None:
            name = self.read(Manifest.job_set).backend
            self._backend = IBMQBackend(AccountProvider(self.job_set.account), name)
        return self._backend

    def read(self, what: Callable[[Manifest], T]) -> T:
        """Return what a function reads of the set's file."""
        with translated(IBMQJobManagerError), self.job_set.open() as manifest:
            return what(manifest)

    def has(self, goal: Goal) -> bool:
        """Return whether `goal` holds, by the set's file."""
        return self.read(lambda manifest: goal(manifest.snapshot()))

    def send(self) -> None:
        """Start to send unsent jobs in the background, unless that is under way."""
        if self._sender is not None and not self._sender.finished:
            return
        if not self.has(Snapshot.is_sent):
            with translated(IBMQJobManagerError):
                detached = _is_detached(self._detached)
            self._sender = Sender(self.job_set, detached=detached)

    def wait_until_sent(self, enough: Goal | None = None) -> None:
        """Wait until the jobs are sent, or `enough` of them; warn of what prevents that."""
        if enough is not None and self.has(enough):
            return
        self.send()
        if self._sender is None:
            return
        if enough is None:
            self._sender.join()
        else:
            while not self.has(enough) and not self._sender.join(_LOOK_EVERY):
                pass
        error = self._sender.error
        if error is not None and not self.has(enough or Snapshot.is_sent):
            warn_caller(f"Not all jobs of the set {self.job_set.id} are sent: {message_of(error)}")


def _at_exit() -> None:
    """Wait until all is sent; Ctrl-C finishes requests in flight, a second one leaves at once.

    Ctrl-C may also be what ended the program. Where it ends the wait, the exit code says so.
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
        # Requests in flight are settled by the next process that works on the set.
        interrupted = True
    for sender in ending:
        sender.report_unsent()
    _running.clear()
    if interrupted:
        _leave()


def _ended_by_ctrl_c() -> bool:
    """Return whether a Ctrl-C that nobody caught ends the program."""
    # At a prompt it may have ended a single command, long ago.
    return not hasattr(sys, "ps1") and getattr(sys, "last_type", None) is KeyboardInterrupt


def _leave() -> None:
    """End with the exit code of an interrupt, which the interpreter's own end cannot set."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    atexit._run_exitfuncs()  # noqa: SLF001
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(AttributeError, OSError, ValueError):  # closed, or missing
            stream.flush()
    os._exit(ExitCode.INTERRUPTED)


# Thread pools, on which requests are in flight, stop before `atexit` runs: this must come earlier.
if hasattr(threading, "_register_atexit"):
    import concurrent.futures.thread  # noqa: F401 - its callback, registered first, runs last

    threading._register_atexit(_at_exit)  # noqa: SLF001
else:
    atexit.register(_at_exit)
