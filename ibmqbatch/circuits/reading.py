"""Reading files that were named, by whomever: one may be a device, and have no end."""

from __future__ import annotations

import errno
from pathlib import Path

__all__ = ["decoded", "read_bytes", "read_text"]

_LARGEST = 500_000_000  # bytes; more than any job takes
_AT_ONCE = 65_536  # bytes


def read_bytes(path: Path) -> bytes:
    """Return what a file holds; raises OSError, also where that is far too much."""
    parts: list[bytes] = []
    size = 0
    with path.open("rb", buffering=0) as file:
        while part := file.read(_AT_ONCE):
            parts.append(part)
            size += len(part)
            if size > _LARGEST:
                raise OSError(errno.EFBIG, f"it holds more than {_LARGEST // 1_000_000} MB")
    return b"".join(parts)


def read_text(path: Path) -> str:
    """Return what a text file in UTF-8 holds; raises OSError, and UnicodeDecodeError."""
    return decoded(read_bytes(path))


def decoded(data: bytes) -> str:
    """Return text in UTF-8, whose lines end in one way; raises UnicodeDecodeError."""
    text = data.decode("utf-8-sig")
    return text.replace("\r\n", "\n").replace("\r", "\n")
