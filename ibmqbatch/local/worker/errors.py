"""What fails a job: a code of the REST API and a sentence."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

__all__ = ["JobError", "first_line", "naming"]


class JobError(Exception):
    """A job cannot be run: a code of the REST API, a reason, and a solution."""

    def __init__(self, code: int, reason: str, solution: str = "") -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason
        self.solution = solution


@contextlib.contextmanager
def naming(part: str) -> Iterator[None]:
    """Prefix the reason of an error in the block with the part of the job that it is about."""
    try:
        yield
    except JobError as error:
        raise JobError(error.code, f"{part}: {error.reason}", error.solution) from error
    except BaseException as error:  # of Qiskit or Aer, about circuits that they reject
        if not isinstance(error, Exception) and type(error).__name__ != "PanicException":
            raise  # anything but a panic of Qiskit's Rust code
        reason = f"{part}: the circuit cannot be run: {first_line(error)}."
        raise JobError(3211, reason) from error


def first_line(error: BaseException) -> str:
    """Return the first line of what an error says, without its full stop.

    Errors of Qiskit put quotes around their message when they become strings.
    """
    message = getattr(error, "message", None)
    text = message if isinstance(message, str) else str(error)
    lines = text.strip().splitlines() or [type(error).__name__]
    return lines[0].rstrip(".")[:500]
