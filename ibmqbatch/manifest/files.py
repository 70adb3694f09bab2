"""The files of a set: its manifest, and what stands beside it in the data folder."""

from __future__ import annotations

from pathlib import Path

from .. import paths

__all__ = [
    "DRAFT_SUFFIX",
    "JOURNAL_SUFFIX",
    "LOCK_SUFFIX",
    "SUFFIX",
    "disk_bytes",
    "lock_path",
    "manifest_path",
    "remove_leftovers",
    "spool_path",
]

SUFFIX = ".sqlite"
DRAFT_SUFFIX = ".draft"  # of a manifest until it is whole
LOCK_SUFFIX = ".lock"
JOURNAL_SUFFIX = "-journal"
# What SQLite leaves beside a database whose writer died. Beside another database of the same name
# it would be played back into that one.
_LEFTOVERS = (JOURNAL_SUFFIX, "-wal", "-shm")


def manifest_path(set_id: str) -> Path:
    """Return where the manifest of the set of this id is, or would be."""
    return paths.sets() / f"{set_id}{SUFFIX}"


def lock_path(manifest: Path) -> Path:
    """Return the lock file of a set."""
    return manifest.with_suffix(LOCK_SUFFIX)


def spool_path(manifest: Path) -> Path:
    """Return the folder where result bodies of a set arrive."""
    return manifest.with_suffix(".arriving")


def remove_leftovers(manifest: Path) -> None:
    """Remove what SQLite has left beside a manifest that is not there (any more)."""
    for suffix in _LEFTOVERS:
        manifest.with_name(manifest.name + suffix).unlink(missing_ok=True)


def disk_bytes(manifest: Path) -> int:
    """Return the size of a manifest and of the results that are spooled beside it, in bytes."""
    try:
        files = [manifest, *spool_path(manifest).iterdir()]
    except OSError:  # nothing is spooled, or nobody may look
        files = [manifest]
    return sum(_size(path) for path in files)


def _size(path: Path) -> int:
    try:
        return path.lstat().st_size
    except FileNotFoundError:  # others fetch, commit and remove meanwhile
        return 0
