"""What errors say, in the words of the command line: options for arguments, commands for calls."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from ..errors import Argument, Call, Problem, Words

__all__ = ["in_commands", "problems_in_commands"]

# What is not called as the argument of Python is.
_OPTIONS = {"tags": "tag", "overwrite": "force"}


def in_commands(text: str) -> str:
    """Return a sentence as whoever types commands reads it."""
    return text.written(_write) if isinstance(text, Words) else text


def problems_in_commands(problems: Iterable[Problem]) -> list[Problem]:
    """Return problems as whoever types commands reads them."""
    return [
        replace(
            problem,
            message=in_commands(problem.message),
            hint=in_commands(problem.hint),
        )
        for problem in problems
    ]


def _write(mention: Argument | Call) -> str:
    if isinstance(mention, Call):
        return mention.command
    name = _OPTIONS.get(mention.name, mention.name)
    return replace(mention, name=name).option
