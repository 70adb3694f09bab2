"""Compressing what a manifest holds, and reading it: a file that comes from elsewhere may lie."""

from __future__ import annotations

import hashlib
import zlib
from dataclasses import dataclass

__all__ = ["PackedResult", "pack", "unpack"]

_LARGEST = 2**30  # bytes; more than any body that this program packs


@dataclass(frozen=True, slots=True)
class PackedResult:
    """A result body as it is kept: `size` and `sha256` are of the body itself."""

    body: bytes
    size: int
    sha256: str


def pack(body: bytes) -> PackedResult:
    """Return a result body as it is kept."""
    return PackedResult(zlib.compress(body), len(body), hashlib.sha256(body).hexdigest())


def unpack(packed: bytes) -> bytes:
    """Return what was packed; raises zlib.error where that is damaged, or far too large."""
    unpacker = zlib.decompressobj()
    body = unpacker.decompress(packed, _LARGEST)
    if not unpacker.eof:
        raise zlib.error("cut short, or far too large")
    return body
