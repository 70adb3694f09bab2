"""Warnings that name the program's own line."""

from __future__ import annotations

import inspect
import os
import warnings
from pathlib import Path

__all__ = ["warn"]

_PACKAGE = f"{Path(__file__).parents[1]}{os.sep}"


def warn(text: str, kind: type[Warning] = UserWarning) -> None:
    """Warn at the line that called this package, however deep in it the reason was found."""
    level = 1
    frame = inspect.currentframe()
    while frame is not None and frame.f_code.co_filename.startswith(_PACKAGE):
        level += 1
        frame = frame.f_back
    warnings.warn(text, kind, stacklevel=level)
