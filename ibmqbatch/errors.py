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

Each says in one sentence what is wrong and in another what to do. A sentence that mentions an
argument or an action is `Words`: whoever shows it writes them as its users type them, the command
line as options and commands. As plain text they are Python's.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Self

from .exitcodes import ExitCode

__all__ = [
    "Argument",
    "Call",
    "IbmqbatchError",
    "InputError",
    "LimitError",
    "MissingPackage",
    "Problem",
    "StorageError",
    "UsageError",
    "Words",
]


@dataclass(frozen=True, slots=True)
class Argument:
    """The mention of an argument by its name in Python, alone or with the value that it has."""

    name: str
    value: object = None

    def __str__(self) -> str:
        return self.name if self.value is None else f"{self.name}={self.value!r}"

    @property
    def option(self) -> str:
        """The argument as an option of a command: `--name`, `--no-name`, `--name value`."""
        name = self.name.replace("_", "-")
        if self.value is False:
            return f"--no-{name}"
        return f"--{name}" if self.value is None or self.value is True else f"--{name} {self.value}"


@dataclass(frozen=True, slots=True)
class Call:
    """The mention of something to do: a verb of the command line, what it is done to, and how.

    `method` is that of a `JobSet` which does the same; without one the command is the only way.
    """

    verb: str
    target: str = ""
    arguments: tuple[Argument, ...] = ()
    method: str = ""

    def __str__(self) -> str:
        if not self.method:
            return self.command
        return f"`open({self.target!r}).{self.method}({', '.join(map(str, self.arguments))})`"

    @property
    def command(self) -> str:
        """The command, in quotes as code has them."""
        options = [argument.option for argument in self.arguments]
        return f"`{' '.join(filter(None, ['ibmqbatch', self.verb, self.target, *options]))}`"


class Words(str):
    """A sentence with mentions: `Words("Leave {} out.", Argument("seed"))`.

    The template is one of `str.format` that holds nothing but `{}`. As a `str` it is in the words
    of Python.
    """

    _template: str
    _parts: tuple[object, ...]

    def __new__(cls, template: str, *parts: object) -> Self:  # noqa: D102 - see above
        words = super().__new__(cls, template.format(*parts))
        words._template, words._parts = template, parts
        return words

    def written(self, write: Callable[[Argument | Call], str]) -> str:
        """Return the sentence with its mentions, and those of sentences in it, as `write` does."""

        def as_text(part: object) -> object:
            if isinstance(part, Words):
                return part.written(write)
            return write(part) if isinstance(part, Argument | Call) else part

        return self._template.format(*map(as_text, self._parts))

    def __reduce__(self) -> tuple[object, ...]:
        return type(self), (self._template, *self._parts)


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
