"""Shots as arrays, in NumPy's own form."""

from __future__ import annotations

import zipfile
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, BinaryIO

if TYPE_CHECKING:
    import numpy.typing as npt

__all__ = ["write_arrays"]


def write_arrays(arrays: Iterable[tuple[str, npt.NDArray[Any]]], stream: BinaryIO) -> None:
    """Write arrays by name as a compressed `.npz`, with one of them in memory at a time."""
    from numpy.lib import format as npy

    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, array in arrays:
            with archive.open(f"{name}.npy", "w", force_zip64=True) as member:
                npy.write_array(member, array, allow_pickle=False)
