"""What every verb does around its own work: errors, JSON, interrupts, progress, questions."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import time
import traceback
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Any, NoReturn

from .. import paths
from ..clock import Clock
from ..errors import IbmqbatchError, Problem, StorageError
from ..exitcodes import ExitCode
from ..jobset.errors import HeldCopy, Interrupted, TimedOut, Unsettled
from ..jobset.interrupts import interrupting
from ..render.console import complain, discard_output, err, is_terminal, message
from ..render.output import write_envelope
from ..render.progress import ProgressBars, live_view
from ..render.tables import show_outcome
from ..render.text import clean
from ..render.wording import problems_in_commands

if TYPE_CHECKING:
    from ..jobset.job_set import JobSet
    from ..manifest.records import JobRecord
    from ..service.client import Client

__all__ = ["Context", "can_ask", "confirm", "outcome", "pick", "running"]

_LOGS_KEPT = 20
_LOG_REQUESTS = 2  # how often --verbose is given
_SHOW_CURSOR = b"\x1b[?25h"  # a live table hides it


@dataclass(slots=True)
class Context:
    """One run of a verb: its exit code, what was wrong, the data of its JSON document.

    The document is printed, or written to the file `output`. `things` are what several problems are
    about. `advice` says how to go on after an interrupt. `bars` show progress, but not if `quiet`.
    """

    command: str
    json: bool = False
    verbose: int = 0
    quiet: bool = False
    things: str = "job set"
    output: Path | None = None
    advice: str = "Run the command again."
    clock: Clock = field(default_factory=Clock)
    data: dict[str, Any] = field(default_factory=dict)
    exit_code: ExitCode = ExitCode.DONE
    problems: list[Problem] = field(default_factory=list)
    bars: ProgressBars = field(init=False, repr=False)

    def __post_init__(self) -> None:
        self.bars = ProgressBars(enabled=not self.quiet)

    @property
    def talkative(self) -> bool:
        """Whether to report in words what becomes of it."""
        return not self.quiet and not self.json

    def fail(self, error: IbmqbatchError, exit_code: ExitCode | None = None) -> None:
        """Take an error as the way this run ends."""
        self.problems += error.problems
        self.exit_code = error.exit_code if exit_code is None else exit_code

    @contextlib.contextmanager
    def interruptible(self, advice: str) -> Iterator[None]:
        """Let Ctrl-C and SIGTERM end the block's waits, and what is in flight land.

        `advice` says how to go on then. Raises Interrupted at the end of the block.
        """
        self.advice = advice
        with _interruptible(self.clock, advice):
            yield
        if self.clock.interrupted.is_set():
            raise Interrupted("Interrupted.")

    @contextlib.contextmanager
    def opened(self, found: str | JobSet, client: Client | None = None) -> Iterator[JobSet]:
        """Find a set and open it for the block; `bars` show the progress of what is done with it.

        The service is asked by `client` if there is one. Where it leaves a submission in doubt, its
        error becomes Unsettled.
        """
        from ..jobset.job_set import JobSet

        job_set = JobSet.find(found) if isinstance(found, str) else found

        @contextlib.contextmanager
        def guard(_clock: Clock) -> Iterator[None]:
            from ..service.errors import ServiceError

            here = job_set.id
            advice = (
                f"Nothing is lost; go on with `ibmqbatch resume {here}` "
                f"or `ibmqbatch results {here} --wait`, "
                f"or end its jobs with `ibmqbatch cancel {here}`."
            )
            try:
                with self.interruptible(advice):
                    yield
            except ServiceError as error:
                if any(job.unsure for job in job_set.jobs):
                    raise Unsettled(
                        f"{error.message} A submission may or may not have reached the service.",
                        f"`ibmqbatch resume {here}` finds out; it sends nothing twice.",
                    ) from error
                raise
            finally:
                self.bars.clear()

        serving = (lambda _: None) if client is None else client.serving
        with job_set.session(self.clock, self.bars, guard, serving):
            yield job_set
        self.tell(job_set)

    def tell(self, job_set: JobSet) -> None:
        """Tell those who want a word of a set that it is closed, if it is; each of them once."""
        if (paths.notices() / f"{job_set.id}.json").exists():
            from ._notices import deliver

            deliver(job_set, outcome(job_set.jobs))

    def move_on(
        self, job_set: JobSet, *, wait: bool, timeout: float | None, take_over: bool = False
    ) -> None:
        """Send what is not sent yet, with `wait` follow the set to its end, and report on it.

        Raises HeldCopy where there is something that this copy of the set does not send.
        """
        held = None
        self.clock.set_deadline(timeout)
        try:
            # Elsewhere than on a terminal sending is told in lines of its own.
            following = self.talkative and (wait or is_terminal(stderr=True))
            with live_view(
                lambda: job_set.describe(progress=True),
                stderr=True,
                enabled=following,
                bars=self.bars,
            ) as show:
                try:
                    job_set.resume(take_over=take_over, persistent=wait, shown=show)
                except HeldCopy as error:
                    held = error  # what the other copy has sent is followed all the same
                if wait:
                    show()
                    job_set.wait(progress=lambda *_: show())
        finally:
            self.data["job_set"] = job_set.describe(progress=True)
        self.exit_code = outcome(job_set.jobs)
        if self.exit_code is ExitCode.UNFINISHED and not wait:
            # All is sent, which was the task; unless something has failed already.
            failed = self.data["job_set"]["counts"]["ERROR"]
            self.exit_code = ExitCode.PARTIAL if failed else ExitCode.DONE
        if self.talkative:
            show_outcome(self.data["job_set"])
        if held is not None:
            raise held


class _Terminated(BaseException):
    """SIGTERM, where nothing is under way that would have to land."""


@contextlib.contextmanager
def running(
    command: str,
    *,
    json: bool = False,
    verbose: int = 0,
    quiet: bool = True,
    things: str = "job set",
) -> Iterator[Context]:
    """Run the block as a verb: what it raises becomes a sentence, or JSON, and an exit code.

    `verbose`: 1 names the log file of an error, 2 tells of every request as well. `quiet` tells
    nothing of progress, as befits a verb that has none.
    """
    context = Context(command, json, verbose, quiet, things)
    log = ""
    previous = signal.signal(signal.SIGTERM, _raise_terminated)
    try:
        with (
            _logging_requests() if verbose >= _LOG_REQUESTS else contextlib.nullcontext(),
            context.bars,
        ):
            yield context
    except Interrupted as error:
        ended_by = context.clock.signal
        context.fail(error, ExitCode.TERMINATED if ended_by == signal.SIGTERM else None)
    except TimedOut as error:
        error.hint = context.advice
        context.fail(error)
    except IbmqbatchError as error:
        context.fail(error)
        if verbose:
            log = _write_log(command, context.problems)
            message(f"More is in {log}.")
    except KeyboardInterrupt:
        context.fail(Interrupted("Interrupted.", context.advice))
    except _Terminated:
        context.fail(Interrupted("Terminated.", context.advice), ExitCode.TERMINATED)
    except BrokenPipeError:
        discard_output()
    except OSError as error:
        # What is written to, stdout above all, is full or gone.
        log = _write_log(command)
        context.problems.append(
            Problem(
                "storage",
                f"Something cannot be read or written: {error.strerror or error}"
                + (f" ({error.filename})." if error.filename else "."),
                f"The details are in {log}. Nothing that was acknowledged is lost.",
            )
        )
        context.exit_code = ExitCode.ERROR
        discard_output()
    except Exception as error:  # noqa: BLE001 - the edge: an error of ours must not be a traceback
        log = _write_log(command)
        context.problems.append(
            Problem(
                "internal",
                f"Something unforeseen went wrong ({type(error).__name__}).",
                f"The details are in {log}. Nothing that was acknowledged is lost.",
            )
        )
        context.exit_code = ExitCode.ERROR
    finally:
        signal.signal(signal.SIGTERM, previous)
    try:
        if context.json:
            _write_document(context)
        sys.stdout.flush()
    except BrokenPipeError:
        discard_output()
    _report_problems(context, log)


def _report_problems(context: Context, log: str) -> None:
    """Report what was wrong; where that is not all, name the log file that has the rest."""
    left_out = complain(context.problems, context.things) if context.problems else 0
    if left_out and not context.json:
        message(f"All problems are in {log or _write_log(context.command, context.problems)}.")


@contextlib.contextmanager
def _logging_requests() -> Iterator[None]:
    """While the block runs, tell of each request on stderr, without breaking what is drawn."""
    import logging

    from ..service.request_trace import LOGGER

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


def _write_document(context: Context) -> None:
    try:
        write_envelope(
            context.command, context.exit_code, context.data, context.problems, context.output
        )
    except StorageError as error:
        context.fail(error)
        write_envelope(context.command, context.exit_code, {}, context.problems)


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


def _interruptible(clock: Clock, advice: str) -> AbstractContextManager[None]:
    """Let Ctrl-C and SIGTERM end the block's waits, and what is in flight land.

    The first says at once what is safe and how to go on (`advice`); the second leaves at once.
    """

    def first() -> None:
        text = f"Stopping: requests in flight land first. {advice}"
        try:
            message(text)
        except RuntimeError:
            # What this interrupts was itself writing to the stream.
            os.write(sys.stderr.fileno(), f"\n{text}\n".encode())

    def again(number: int) -> NoReturn:
        if is_terminal(stderr=True):
            os.write(sys.stderr.fileno(), _SHOW_CURSOR)
        os._exit(ExitCode.TERMINATED if number == signal.SIGTERM else ExitCode.INTERRUPTED)

    return interrupting(clock, (signal.SIGINT, signal.SIGTERM), first, again)


def outcome(jobs: Sequence[JobRecord]) -> ExitCode:
    """Return the exit code that tells how the jobs of a set stand."""
    if any(job.unsure for job in jobs):
        return ExitCode.UNSETTLED
    if not all(job.status.final for job in jobs):
        return ExitCode.UNFINISHED
    if any(job.lost or job.overdue or job.status != "DONE" for job in jobs):
        return ExitCode.PARTIAL
    return ExitCode.DONE


# Questions to the person at the terminal stand on stderr: stdout is for data.


def can_ask() -> bool:
    """Return whether there is a person to ask."""
    return sys.stdin.isatty() and is_terminal(stderr=True)


def confirm(question: str) -> bool:
    """Ask a question that is answered by yes or no. Silence is a no."""
    return _answer(f"{question} [y/N]").lower() in {"y", "yes"}


def pick(question: str, number: int) -> int | None:
    """Ask for a number from 1 to `number` until there is one; None where there is no answer."""
    while answer := _answer(f"{question} [1-{number}]"):
        if answer.isdecimal() and 1 <= int(answer) <= number:
            return int(answer)
        message(f"Give a number from 1 to {number}, or nothing.")
    return None


def _answer(question: str) -> str:
    err().print(clean(question), end=" ")
    return sys.stdin.readline().strip()
