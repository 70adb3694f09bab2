"""Removing a set from this machine, so that a kill at any instant leaves it whole or gone.

The key that found it goes first: until its file is gone, the set is whole. Then its file, in one
step, and with it the set. What is left, spooled results, a journal, the lock, means nothing without
it, and the next `forget` clears it away.
"""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from .. import paths
from ..errors import StorageError, UsageError
from ..files import FileLock, sync_folder
from ..manifest.errors import DamagedManifest, SetInUse
from ..manifest.files import (
    DRAFT_SUFFIX,
    LOCK_SUFFIX,
    SUFFIX,
    disk_bytes,
    lock_path,
    remove_leftovers,
    spool_path,
)
from ..manifest.manifest import Manifest
from ..manifest.records import JobRecord, RemoteRecord, SetRecord
from .once import release

__all__ = ["Candidate", "clear_away", "consider", "forget"]


@dataclass(frozen=True, slots=True)
class Candidate:
    """A set that may be forgotten, under its lock.

    `record` is None, and `jobs` empty, where the file is too damaged to tell. `losses` says what
    would be lost of what is not finished, empty where nothing would.
    """

    path: Path
    lock: FileLock
    record: SetRecord | None
    jobs: Sequence[JobRecord]
    circuits_with_results: int
    disk_bytes: int
    losses: str

    @property
    def id(self) -> str:
        """The set's id."""
        return self.path.stem


def consider(path: Path) -> Candidate:
    """Take the lock of the set at `path`, and look what it is; the caller gives the lock back.

    Raises SetInUse, and UsageError for a file that is not in the data folder.
    """
    if path.parent.resolve() != paths.sets().resolve():
        raise UsageError(
            f"{path} is a file of yours, not one of ibmqbatch's.", "Remove it as any other file."
        )
    lock = FileLock(lock_path(path))
    try:
        taken = lock.acquire(blocking=False)
    except OSError as error:
        raise _unremovable(path, error) from error
    if not taken:
        raise SetInUse(
            f"Another process holds the set {path.stem}.", "Wait until it is done, then try again."
        )
    try:
        return _look(path, lock)
    except BaseException:
        lock.release()
        raise


def _look(path: Path, lock: FileLock) -> Candidate:
    size = disk_bytes(path)
    try:
        with Manifest.open(path) as manifest:
            known = manifest.snapshot()
            jobs = known.jobs
            stored = {
                place
                for job in jobs
                if job.stored
                for place in range(job.first_place, job.last_place + 1)
            }
            losses = "" if known.is_complete() else _losses(jobs, known.remotes)
            return Candidate(path, lock, known.record, jobs, len(stored), size, losses)
    except DamagedManifest:
        losses = "its file is damaged, and nobody can tell what it held"
        return Candidate(path, lock, None, (), 0, size, losses)


def _losses(jobs: Sequence[JobRecord], remotes: Sequence[RemoteRecord]) -> str:
    """Say what is not finished; empty where only labels, say, were still to be changed."""
    parts = {
        "not sent yet": sum(job.unsent for job in jobs),
        "perhaps on the service": sum(job.unsure or job.leaving for job in jobs),
        "still on the service, which will run to the end": sum(
            not remote.status.final for remote in remotes
        ),
        "done, but without results here": sum(
            job.overdue or (job.status.final and not job.delivered) for job in jobs
        ),
    }
    losses = (
        f"{count} job{'' if count == 1 else 's'} {what}" for what, count in parts.items() if count
    )
    return ", ".join(losses)


def forget(candidate: Candidate) -> None:
    """Remove a set; raises SetInUse, or StorageError with what is left of it whole."""
    try:
        release(candidate.id)
        candidate.path.unlink(missing_ok=True)
        sync_folder(candidate.path.parent)
        _remove_rest(candidate.path)
    except OSError as error:
        raise _unremovable(candidate.path, error) from error


def clear_away() -> None:
    """Remove what a `forget` that was killed has left: what belongs to no set and to no plan."""
    folder = paths.sets()
    if not folder.is_dir():
        return
    for lock_file in sorted(folder.glob(f"*{LOCK_SUFFIX}")):
        manifest = lock_file.with_suffix(SUFFIX)
        if manifest.exists():
            continue
        lock = FileLock(lock_file)
        try:
            if not lock.acquire(blocking=False):
                continue
            if not manifest.exists() and not manifest.with_suffix(DRAFT_SUFFIX).exists():
                _remove_rest(manifest)
        except OSError as error:
            raise _unremovable(manifest, error) from error
        finally:
            lock.release()


def _remove_rest(manifest: Path) -> None:
    """Remove what stands beside a set's file that is gone; the lock, which is held, at last."""
    spool = spool_path(manifest)
    if spool.is_symlink():
        spool.unlink()
    elif spool.exists():
        shutil.rmtree(spool)
    remove_leftovers(manifest)
    for rest in paths.notices().glob(f"{manifest.stem}.*"):
        rest.unlink(missing_ok=True)
    lock_path(manifest).unlink(missing_ok=True)


def _unremovable(path: Path, error: OSError) -> StorageError:
    return StorageError(
        f"The set {path.stem} cannot be removed: {error.strerror or error}.",
        f"Mend the permissions of {path.parent}, then try again.",
    )
