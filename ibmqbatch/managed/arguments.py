"""Checking what programs give. What cannot be used is an error of the engine's."""

from __future__ import annotations

import math
import numbers

from ..errors import UsageError
from ..jobset.tags import check_name

__all__ = ["as_index", "checked_name", "checked_timeout"]


def as_index(value: object) -> int | None:
    """Return a whole number of whichever kind as an int; None for all else, True and False too."""
    if isinstance(value, numbers.Integral) and not isinstance(value, bool):
        return int(value)
    return None


def checked_timeout(value: object) -> float | None:
    """Return a number of seconds, None for no limit, which 0 means as well; raises UsageError."""
    if value is None:
        return None
    number = isinstance(value, numbers.Real) and not isinstance(value, bool)
    seconds = float(value) if number else -1.0  # type: ignore[arg-type]
    if not 0 <= seconds < math.inf:
        raise UsageError(
            f"The timeout is {value!r}.", "Give a number of seconds, or None for no limit."
        )
    return seconds or None


def checked_name(value: object) -> str:
    """Return the name of a set as it may be; raises UsageError."""
    if not isinstance(value, str):
        raise UsageError(f"{value!r} is no name.", "Give a text.")
    return check_name(value)
