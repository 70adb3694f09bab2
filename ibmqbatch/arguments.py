"""Checking what programs give, whatever kinds of numbers and lists they have."""

from __future__ import annotations

import math
import numbers
from collections.abc import Iterable, Mapping

from .errors import UsageError

__all__ = ["as_index", "qubits", "seconds", "switch", "text", "texts", "whole_number"]


def as_index(value: object) -> int | None:
    """Return a whole number of whichever kind as an int; None for all else, True and False too."""
    if isinstance(value, numbers.Integral) and not isinstance(value, bool):
        return int(value)
    return None


def whole_number(value: object, what: str) -> int:
    """Return a whole number of whichever kind as an int; raises UsageError."""
    number = as_index(value)
    if number is None:
        raise UsageError(f"{what} is {value!r}, no whole number.", "Give one.")
    return number


def seconds(value: object, what: str) -> float:
    """Return a time of 0 seconds or more, of whichever kind of number; raises UsageError."""
    number = isinstance(value, numbers.Real) and not isinstance(value, bool)
    told = float(value) if number else -1.0  # type: ignore[arg-type]
    if not 0 <= told < math.inf:
        raise UsageError(f"{what} is {value!r}, no number of seconds.", "Give 0 or more.")
    return told


def switch(value: object, what: str) -> bool:
    """Return True or False, of whichever kind; raises UsageError."""
    plain = value.item() if hasattr(value, "item") else value  # of NumPy's kinds
    if not isinstance(plain, bool) and as_index(plain) not in {0, 1}:
        raise UsageError(f"{what} is {value!r}, neither True nor False.", "Give one of them.")
    return bool(value)


def qubits(value: object, what: str) -> tuple[int, ...]:
    """Return the numbers of qubits; raises UsageError."""
    if not isinstance(value, Iterable) or isinstance(value, str | Mapping):
        raise UsageError(
            f"{what} is {value!r}, no list of qubits.",
            "Give a number for each qubit of the circuit.",
        )
    return tuple(whole_number(qubit, "a qubit") for qubit in value)


def text(value: object, what: str) -> str:
    """Return a text; raises UsageError."""
    if not isinstance(value, str):
        raise UsageError(f"{what} is {value!r}, no text.", "Give a string.")
    return str(value)


def texts(value: object, what: str) -> tuple[str, ...]:
    """Return texts as they are listed; raises UsageError, also for a single one."""
    if not isinstance(value, Iterable) or isinstance(value, str | bytes | Mapping):
        raise UsageError(f"{what} is {value!r}, no list of texts.", "Give a list.")
    return tuple(text(each, f"one of {what}") for each in value)
