"""Shots as arrays, in NumPy's own form."""

from __future__ import annotations

import zipfile
from collections.abc import Iterable
from typing import BinaryIO

__all__ = ["write_arrays"]


def write_arrays(
    arrays: Iterable[tuple[str, Iterable[bytes | memoryview]]], stream: BinaryIO
) -> None:
    """Write .npy files, each in pieces, by name as a compressed `.npz`: one of them at a time."""
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, pieces in arrays:
            with archive.open(f"{name}.npy", "w", force_zip64=True) as member:
                member.writelines(pieces)
