"""Packed blobs as they are sent: base64 of zlib, which can unpack to any size."""

from __future__ import annotations

import base64
import zlib

__all__ = ["unpack"]

_LARGEST = 2**29  # bytes


def unpack(text: str) -> bytes:
    """Return what was packed; raises ValueError (binascii.Error is one) and zlib.error."""
    unpacker = zlib.decompressobj()
    blob = unpacker.decompress(base64.b64decode(text, validate=True), _LARGEST)
    if not unpacker.eof:
        raise zlib.error("cut short, or far too large")
    return blob
