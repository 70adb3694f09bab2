"""Warning of what a program should know, at its own line and not at one of these modules."""

from __future__ import annotations

import inspect
import warnings

__all__ = ["warn"]

_PACKAGE = f"{__name__.partition('.')[0]}."


def warn(text: str, category: type[Warning] = UserWarning) -> None:
    """Warn at the line outside of the package from which it was called.

    Python shows a warning once for each line: at a line of ours all programs would share one.
    """
    frame, level = inspect.currentframe(), 1
    while frame is not None and frame.f_globals.get("__name__", "").startswith(_PACKAGE):
        frame, level = frame.f_back, level + 1
    warnings.warn(text, category, stacklevel=level)
