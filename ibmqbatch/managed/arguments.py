"""What old programs give: arguments by older names, times and names of sets."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import ParamSpec, TypeVar

from ..arguments import seconds
from ..errors import UsageError
from ..jobset.tags import check_name

__all__ = ["also_called", "checked_name", "checked_timeout"]


P = ParamSpec("P")
R = TypeVar("R")


def also_called(**names: str) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Have a function take arguments by older names as well: `also_called(qobj="circuits")`."""

    def decorate(function: Callable[P, R]) -> Callable[P, R]:
        @functools.wraps(function)
        def call(*args: P.args, **kwargs: P.kwargs) -> R:
            for old, new in names.items():
                if old not in kwargs:
                    continue
                if new in kwargs:
                    raise TypeError(f"{old} and {new} are the same argument: give one of them.")
                kwargs[new] = kwargs.pop(old)
            return function(*args, **kwargs)

        return call

    return decorate


def checked_timeout(value: object) -> float | None:
    """Return a number of seconds, None for no limit, which 0 means as well; raises UsageError."""
    return None if value is None else seconds(value, "timeout") or None


def checked_name(value: object) -> str:
    """Return the name of a set as it may be; raises UsageError."""
    if not isinstance(value, str):
        raise UsageError(f"{value!r} is no name.", "Give a text.")
    if not value.strip():
        raise UsageError("The name is empty.", "Give one.")
    return check_name(value)
