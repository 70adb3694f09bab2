"""The exit codes, each with the sentence that `ibmqbatch help exit-codes` prints."""

from __future__ import annotations

from enum import IntEnum
from typing import Self

__all__ = ["ExitCode"]


class ExitCode(IntEnum):
    """How a command ended. Scripts may rely on these numbers; a new meaning gets a new number."""

    meaning: str

    def __new__(cls, value: int, meaning: str) -> Self:
        """Make a member out of its number and its sentence."""
        member = int.__new__(cls, value)
        member._value_ = value
        member.meaning = meaning
        return member

    DONE = 0, "done"
    ERROR = 1, "error"
    USAGE = 2, "usage, or a bad input file"
    PARTIAL = 3, "some jobs failed or were cancelled, or the results are partial"
    AUTHENTICATION = 4, "authentication: no such account, or the service refuses its key"
    UNFINISHED = 5, "not finished"
    NO_SUCH_SET = 6, "no such job set"
    LOCKED = 7, "another process holds the job set"
    REFUSED = 8, "refused by a limit or budget"
    UNSETTLED = 9, "a submission is unsettled: it may or may not have reached the service"
    UNAVAILABLE = 75, "the service is unreachable or busy; try again later"
    TIMEOUT = 124, "--timeout ran out"
    INTERRUPTED = 130, "interrupted (Ctrl-C)"
    TERMINATED = 143, "terminated (SIGTERM)"
