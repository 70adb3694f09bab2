"""What every verb does around its own work: errors, JSON, interrupts, the connection."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import time
import traceback
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Any

from .. import paths
from ..clock import Clock
from ..errors import IbmqbatchError, Problem, StorageError
from ..exitcodes import ExitCode
from ..jobset.errors import Interrupted, TimedOut, Unsettled
from ..render.console import complain, discard_output, is_terminal, message
from ..render.envelope import write_envelope
from ..render.wording import problems_in_commands

if TYPE_CHECKING:
    from ..jobset.work import Observer, Work
    from ..manifest.records import JobRecord
    from ..manifest.store import Manifest

__all__ = ["Verb", "interrupts", "outcome", "verb", "working"]

_LOGS_KEPT = 20
_TELL_REQUESTS = 2  # how often --verbose is given
_SHOW_CURSOR = b"\x1b[?25h"  # a live table hides it


@dataclass(slots=True)
class Verb:
    """One run of a verb: its exit code, what was wrong, the data of its JSON document.

    The document is printed, or written to the file `output`. `things` are what several problems are
    about. `advice` says how to go on after an interrupt; `planned` that this very run has made the
    set, so that nobody else can have sent it.
    """

    command: str
    json: bool = False
    verbose: int = 0
    things: str = "job set"
    output: Path | None = None
    advice: str = "Run the command again."
    planned: bool = False
    clock: Clock = field(default_factory=Clock)
    data: dict[str, Any] = field(default_factory=dict)
    exit_code: ExitCode = ExitCode.DONE
    problems: list[Problem] = field(default_factory=list)

    def fail(self, error: IbmqbatchError, exit_code: ExitCode | None = None) -> None:
        """Take an error as the way this run ends."""
        self.problems += error.problems
        self.exit_code = error.exit_code if exit_code is None else exit_code


class _Terminated(BaseException):
    """SIGTERM, where nothing is under way that would have to land."""


@contextlib.contextmanager
def verb(
    command: str, *, json: bool = False, verbose: int = 0, things: str = "job set"
) -> Iterator[Verb]:
    """Run the block as a verb: what it raises becomes a sentence, or JSON, and an exit code.

    `verbose`: 1 names the log file of an error, 2 tells of every request as well.
    """
    this = Verb(command, json, verbose, things)
    log = ""
    previous = signal.signal(signal.SIGTERM, _raise_terminated)
    try:
        with _requests_told() if verbose >= _TELL_REQUESTS else contextlib.nullcontext():
            yield this
    except Interrupted as error:
        ended_by = this.clock.signal
        this.fail(error, ExitCode.TERMINATED if ended_by == signal.SIGTERM else None)
    except TimedOut as error:
        error.hint = this.advice
        this.fail(error)
    except IbmqbatchError as error:
        this.fail(error)
        if verbose:
            log = _write_log(command, this.problems)
            message(f"More is in {log}.")
    except KeyboardInterrupt:
        this.fail(Interrupted("Interrupted.", this.advice))
    except _Terminated:
        this.fail(Interrupted("Terminated.", this.advice), ExitCode.TERMINATED)
    except BrokenPipeError:
        discard_output()
    except OSError as error:
        # What is written to, stdout above all, is full or gone.
        log = _write_log(command)
        this.problems.append(
            Problem(
                "storage",
                f"Something cannot be read or written: {error.strerror or error}"
                + (f" ({error.filename})." if error.filename else "."),
                f"The details are in {log}. Nothing that was acknowledged is lost.",
            )
        )
        this.exit_code = ExitCode.ERROR
        discard_output()
    except Exception as error:  # noqa: BLE001 - the edge: an error of ours must not be a traceback
        log = _write_log(command)
        this.problems.append(
            Problem(
                "internal",
                f"Something unforeseen went wrong ({type(error).__name__}).",
                f"The details are in {log}. Nothing that was acknowledged is lost.",
            )
        )
        this.exit_code = ExitCode.ERROR
    finally:
        signal.signal(signal.SIGTERM, previous)
    try:
        if this.json:
            _write_document(this)
        sys.stdout.flush()
    except BrokenPipeError:
        discard_output()
    _tell_problems(this, log)


def _tell_problems(this: Verb, log: str) -> None:
    """Say what was wrong; where not all is told, name where it is: the document, or a log file."""
    left_out = complain(this.problems, this.things)
    if left_out and not this.json:
        message(f"All problems are in {log or _write_log(this.command, this.problems)}.")


@contextlib.contextmanager
def _requests_told() -> Iterator[None]:
    """While the block runs, tell of each request on stderr, without breaking what is drawn."""
    import logging

    from ..service.journey import LOGGER

    class Teller(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            message(self.format(record))

    logger, teller = logging.getLogger(LOGGER), Teller()
    teller.setFormatter(logging.Formatter("%(asctime)s.%(msecs)03d %(message)s", "%H:%M:%S"))
    logger.addHandler(teller)
    logger.setLevel(logging.INFO)
    try:
        yield
    finally:
        logger.removeHandler(teller)
        logger.setLevel(logging.NOTSET)


def _write_document(this: Verb) -> None:
    try:
        write_envelope(this.command, this.exit_code, this.data, this.problems, this.output)
    except StorageError as error:
        this.fail(error)
        write_envelope(this.command, this.exit_code, {}, this.problems)


def _raise_terminated(_signal: int, _frame: FrameType | None) -> None:
    raise _Terminated


def _write_log(command: str, problems: Sequence[Problem] = ()) -> str:
    """Write all problems, and the traceback at hand, to a file of their own; return its path."""
    try:
        folder = paths.ensure_folder(paths.logs())
        for old in sorted(folder.glob("*.log"))[: -_LOGS_KEPT + 1]:
            old.unlink(missing_ok=True)
        stamp = time.strftime("%Y%m%d-%H%M%S", time.gmtime())
        path = folder / f"{stamp}-{command.replace(' ', '-')}-{os.getpid()}.log"
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            for problem in problems_in_commands(problems):
                file.write(f"{problem.code}: {problem.message} {problem.hint}".rstrip() + "\n")
            if sys.exception() is not None:
                # Without the values of variables: they may hold secrets.
                file.write(traceback.format_exc())
    except (OSError, IbmqbatchError):
        return "no log: the data folder cannot be written"
    return str(path)


@contextlib.contextmanager
def interrupts(clock: Clock, advice: str) -> Iterator[None]:
    """While the block runs, have Ctrl-C and SIGTERM end waits, and let what is in flight land.

    The first says at once what is safe and how to go on (`advice`); the second leaves at once.
    """

    def handle(number: int, _frame: FrameType | None) -> None:
        if clock.interrupted.is_set():
            if is_terminal(stderr=True):
                os.write(sys.stderr.fileno(), _SHOW_CURSOR)
            os._exit(ExitCode.TERMINATED if number == signal.SIGTERM else ExitCode.INTERRUPTED)
        clock.interrupt(number)
        text = f"Stopping: requests in flight land first. {advice}"
        try:
            message(text)
        except RuntimeError:
            # What this interrupts was itself writing to the stream.
            os.write(sys.stderr.fileno(), f"\n{text}\n".encode())

    previous = {number: signal.signal(number, handle) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)


@contextlib.contextmanager
def working(this: Verb, manifest: Manifest, observer: Observer | None = None) -> Iterator[Work]:
    """Connect to the service of a set for the block.

    An error of the service that leaves a submission in doubt becomes Unsettled.
    """
    from ..accounts.find import find_account
    from ..jobset.work import Unobserved, Work
    from ..service.client import Client
    from ..service.errors import ServiceError

    record = manifest.job_set()
    this.advice = (
        f"Nothing is lost; go on with `ibmqbatch resume {record.id}` "
        f"or `ibmqbatch results {record.id} --wait`, "
        f"or end its jobs with `ibmqbatch cancel {record.id}`."
    )
    with Client(find_account(record.account), this.clock) as client:
        try:
            with interrupts(this.clock, this.advice):
                watcher = observer or Unobserved()
                yield Work(manifest, client, this.clock, watcher, looked=this.planned)
            if this.clock.interrupted.is_set():
                raise Interrupted("Interrupted.")
        except ServiceError as error:
            if any(job.unsure for job in manifest.jobs()):
                raise Unsettled(
                    f"{error.message} A submission may or may not have reached the service.",
                    f"`ibmqbatch resume {record.id}` finds out; it sends nothing twice.",
                ) from error
            raise


def outcome(jobs: Sequence[JobRecord]) -> ExitCode:
    """Return the exit code that tells how the jobs of a set stand."""
    if any(job.unsure for job in jobs):
        return ExitCode.UNSETTLED
    if not all(job.status.final for job in jobs):
        return ExitCode.UNFINISHED
    if any(job.lost or job.overdue or job.status != "DONE" for job in jobs):
        return ExitCode.PARTIAL
    return ExitCode.DONE
