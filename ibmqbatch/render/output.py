"""Where data goes: stdout, or a file that is written whole or not at all."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterator
from io import TextIOWrapper
from pathlib import Path
from typing import TextIO

from ..errors import StorageError
from ..files import replacing

__all__ = ["output"]


@contextlib.contextmanager
def output(path: Path | None) -> Iterator[TextIO]:
    """Open where data goes: stdout, or a file that appears when it is whole.

    Raises StorageError when the file cannot be written; an older one of its name is then untouched.
    """
    if path is None:
        yield sys.stdout
        sys.stdout.flush()
        return
    target = path.resolve()  # a link stays a link; what it points to is replaced
    # The permissions that a plain new file would get.
    umask = os.umask(0)
    os.umask(umask)
    try:
        with replacing(target, 0o666 & ~umask) as file:
            text = TextIOWrapper(file, encoding="utf-8", newline="")
            yield text
            text.flush()
            text.detach()
    except OSError as error:
        raise StorageError(
            f"{path} cannot be written: {error.strerror or error}.",
            "Name another file; the results are kept and can be written again.",
        ) from error
