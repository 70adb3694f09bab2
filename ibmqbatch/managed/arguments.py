"""Checking what old programs pass: arguments by older names, timeouts, names and tags."""

from __future__ import annotations

import functools
import logging
import time
from collections.abc import Callable, Sequence
from typing import ParamSpec, TypeVar

from ..arguments import seconds
from ..errors import UsageError
from ..jobset.tags import changed_tags, check_name, check_tags, is_ours

__all__ = ["Timeout", "also_called", "checked_name", "checked_tags", "tag_change"]

_SHORTEST = 0.001  # seconds
_log = logging.getLogger(__name__)

P = ParamSpec("P")
R = TypeVar("R")


def also_called(**names: str) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Let a function take arguments by older names as well: `also_called(qobj="circuits")`."""

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


class Timeout:
    """A limit of time that begins to run now; None or 0 seconds are no limit.

    Raises UsageError for what is no number of seconds.
    """

    def __init__(self, value: object) -> None:
        limit = None if value is None else seconds(value, "timeout") or None
        self._end = None if limit is None else time.monotonic() + limit

    @property
    def left(self) -> float | None:
        """How many seconds are left, always more than 0; None without a limit."""
        return None if self._end is None else max(_SHORTEST, self._end - time.monotonic())


def checked_name(value: object) -> str:
    """Return the name of a set; raises UsageError for what cannot be one."""
    if not isinstance(value, str):
        raise UsageError(f"{value!r} is not a name.", "Give a string.")
    if not value.strip():
        raise UsageError("The name is empty.", "Give one.")
    return check_name(value)


def checked_tags(tags: object, name: str = "job_tags") -> tuple[str, ...]:
    """Return tags, none for None; raises UsageError unless they are a list of strings."""
    if tags is None:
        return ()
    if not isinstance(tags, list | tuple) or not all(isinstance(tag, str) for tag in tags):
        raise UsageError(f"{name} is {tags!r}, not a list of strings.", "Give a list of tags.")
    return tuple(tags)


def tag_change(
    replacement_tags: Sequence[str] | None,
    additional_tags: Sequence[str] | None,
    removal_tags: Sequence[str] | None,
) -> Callable[[tuple[str, ...]], tuple[str, ...]]:
    """Return a function from the present tags to the new ones; an empty replacement clears them.

    Tags that find sets again stay: removing one is logged and ignored, adding one is an error.
    Raises UsageError where no argument is given, or one is not a list of strings.
    """
    if replacement_tags is None and additional_tags is None and removal_tags is None:
        raise UsageError(
            "The tags cannot be updated: none are given.",
            "Give replacement_tags, additional_tags or removal_tags.",
        )
    replacement = None
    if replacement_tags is not None:
        replacement = check_tags(checked_tags(replacement_tags, "replacement_tags"))
    additions = check_tags(checked_tags(additional_tags, "additional_tags"), most=None)
    removals = {*checked_tags(removal_tags, "removal_tags")}
    for tag in sorted(filter(is_ours, removals)):
        _log.warning("The tag %s is not removed: the job is found again by it.", tag)

    return lambda present: changed_tags(
        present, replacement=replacement, additions=additions, removals=removals
    )
