"""The errors a user can meet.

    IbmqbatchError
    ├── UsageError           a wrong argument
    ├── InputError           input files that cannot be used; lists every one of them
    ├── LimitError           refused by a limit, before anything was sent
    ├── MissingPackage       what an optional package does was asked for, and it is not there
    ├── StorageError         the data folder or a file cannot be read or written
    ├── manifest.errors …    a damaged or foreign job set, a set that is in use
    ├── jobset.errors …      no such set, not finished, time ran out
    └── service.errors …     what the service, or the way to it, answered

Each says in one sentence what is wrong and in another what to do. They are turned into an exit
code and into text or JSON in one place, `cli.main`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from .exitcodes import ExitCode

__all__ = [
    "IbmqbatchError",
    "InputError",
    "LimitError",
    "MissingPackage",
    "Problem",
    "StorageError",
    "UsageError",
]


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong: a machine-readable code, a sentence, and what to do about it.

    `about` is the name of what it is about, as it stands in the sentence: of a file, as a rule.
    """

    code: str
    message: str
    hint: str = ""
    about: str = ""


class IbmqbatchError(Exception):
    """Base of every error that is meant for the user's eyes."""

    code: str = "error"
    exit_code: ExitCode = ExitCode.ERROR

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self._notes: list[str] = []

    def __reduce__(self) -> tuple[object, ...]:
        # Not every error is made of its message alone.
        return _restored, (type(self), self.message), self.__dict__

    def add_note(self, note: str) -> None:
        """Have a traceback show a note, as of any exception."""
        self._notes.append(note)

    @property
    def __notes__(self) -> list[str]:  # type: ignore[override]
        """What a traceback shows below the message: what to do, and what else is wrong."""
        first, *others = self.problems
        more = [f"{problem.message} {problem.hint}".strip() for problem in others]
        return [*([first.hint] if first.hint else []), *more, *self._notes]

    @property
    def problems(self) -> Sequence[Problem]:
        """What is wrong, one entry a thing; most errors are about a single one."""
        return [Problem(self.code, self.message, self.hint)]


def _restored(kind: type[IbmqbatchError], message: str) -> IbmqbatchError:
    """Return an error of a kind; what else it holds is put into it by whoever reads a pickle."""
    error = kind.__new__(kind)
    error.args = (message,)
    return error


class UsageError(IbmqbatchError):
    """An argument that cannot be used."""

    code = "usage"
    exit_code = ExitCode.USAGE


class InputError(IbmqbatchError):
    """Input that cannot be used. Holds all problems found, not only the first."""

    code = "bad_input"
    exit_code = ExitCode.USAGE

    def __init__(self, problems: Sequence[Problem]) -> None:
        first = problems[0]
        super().__init__(first.message, first.hint)
        self._problems = list(problems)

    @property
    def problems(self) -> Sequence[Problem]:
        """One entry for each unusable file or circuit, in input order."""
        return self._problems


class LimitError(IbmqbatchError):
    """More than a limit or budget allows; nothing was sent."""

    code = "limit"
    exit_code = ExitCode.REFUSED


class MissingPackage(IbmqbatchError):
    """A package that is needed for what was asked is not installed, or not as it should be."""

    code = "missing_package"


class StorageError(IbmqbatchError):
    """A file or folder that cannot be read or written."""

    code = "storage"
