"""What a set takes on this machine's disk, and where."""

from __future__ import annotations

from pathlib import Path

__all__ = ["disk_bytes", "spool_path"]


def spool_path(manifest: Path) -> Path:
    """Return the folder beside a set's file where result bodies arrive."""
    return manifest.with_suffix(".arriving")


def disk_bytes(manifest: Path) -> int:
    """Return the size of a set's file and of the results that are spooled beside it, in bytes."""
    folder = spool_path(manifest)
    try:
        files = [manifest, *folder.iterdir()]
    except OSError:  # nothing is spooled, or nobody may look
        files = [manifest]
    return sum(_size(path) for path in files)


def _size(path: Path) -> int:
    try:
        return path.lstat().st_size
    except FileNotFoundError:  # others fetch, commit and remove meanwhile
        return 0
