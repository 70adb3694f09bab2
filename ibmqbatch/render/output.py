"""Where data goes: stdout, or a file that is written whole or not at all."""

from __future__ import annotations

import contextlib
import os
import stat
import sys
from collections.abc import Iterator
from io import TextIOWrapper
from pathlib import Path
from typing import TextIO

from ..errors import StorageError
from ..files import replacing
from .console import discard_output

__all__ = ["output"]


@contextlib.contextmanager
def output(path: Path | None) -> Iterator[TextIO]:
    """Open where data goes: stdout, or a file that appears when it is whole.

    Raises StorageError when the file cannot be written; an older one of its name is then untouched.
    """
    if path is None:
        try:
            yield sys.stdout
            sys.stdout.flush()
        except BrokenPipeError:
            raise
        except OSError as error:
            discard_output()
            raise StorageError(
                f"The output cannot be written: {error.strerror or error}.",
                "The results are kept and can be written again.",
            ) from error
        return
    target = path.resolve()  # a link stays a link; what it points to is replaced
    try:
        if target.exists() and not target.is_file():
            # A device or a pipe is written to, never replaced.
            with target.open("w", encoding="utf-8", newline="") as text:
                yield text
            return
        with replacing(target, _permissions(target)) as file:
            text = TextIOWrapper(file, encoding="utf-8", newline="")
            yield text
            text.flush()
            text.detach()
    except OSError as error:
        raise StorageError(
            f"{path} cannot be written: {error.strerror or error}.",
            "Name another file; the results are kept and can be written again.",
        ) from error


def _permissions(target: Path) -> int:
    """Return the permissions that the file has, or that a plain new one would get."""
    if target.exists():
        return stat.S_IMODE(target.stat().st_mode)
    umask = os.umask(0)
    os.umask(umask)
    return 0o666 & ~umask
