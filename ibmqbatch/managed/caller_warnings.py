"""Warnings at the line of the program that called, not at a line of this package."""

from __future__ import annotations

import inspect
import warnings

__all__ = ["warn_caller"]

_PACKAGE = f"{__name__.partition('.')[0]}."


def warn_caller(text: str, category: type[Warning] = UserWarning) -> None:
    """Warn at the innermost line outside of this package.

    Python shows a warning once for each line: at a line of this package only the first would show.
    """
    frame, level = inspect.currentframe(), 1
    while frame is not None and frame.f_globals.get("__name__", "").startswith(_PACKAGE):
        frame, level = frame.f_back, level + 1
    warnings.warn(text, category, stacklevel=level)
