"""Checking what programs give. What cannot be used is an error of the engine's."""

from __future__ import annotations

import functools
import math
import numbers
from collections.abc import Callable, Iterable, Mapping
from typing import ParamSpec, TypeVar

import numpy as np

from ..errors import UsageError
from ..jobset.tags import check_name

__all__ = [
    "also_called",
    "as_index",
    "checked_name",
    "checked_timeout",
    "qubits",
    "seconds",
    "switch",
    "whole_number",
]


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
    if not isinstance(value, bool | np.bool_) and as_index(value) not in {0, 1}:
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
