"""Reading what a manifest holds packed: its file may come from elsewhere, and say anything."""

from __future__ import annotations

import zlib

__all__ = ["unpack"]

_LARGEST = 2**30  # bytes; more than any body that this program packs


def unpack(packed: bytes) -> bytes:
    """Return what was packed; raises zlib.error where that is damaged, or far too large."""
    unpacker = zlib.decompressobj()
    body = unpacker.decompress(packed, _LARGEST)
    if not unpacker.eof:
        raise zlib.error("cut short, or far too large")
    return body
