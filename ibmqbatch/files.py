"""What must be done right with plain files: make one private, write one whole, lock one.

Locks are the kernel's (`flock`), held on an open descriptor: they are gone with their holder,
however it died.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, Self

__all__ = ["FileLock", "make_private", "replacing", "replacing_path", "sync_folder"]


def sync_folder(folder: Path) -> None:
    """Make a rename inside `folder` survive a power cut."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def make_private(path: Path) -> None:
    """Make an empty file that its owner alone can read, unless it is there.

    For what opens files by their names, as SQLite does: it would make one that others can read.
    """
    os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600))


@contextlib.contextmanager
def replacing(path: Path, mode: int = 0o600) -> Iterator[BinaryIO]:
    """Open a file that takes the place of `path` when the block ends well; see below."""
    with replacing_path(path, mode) as temporary, temporary.open("r+b") as file:
        yield file


@contextlib.contextmanager
def replacing_path(path: Path, mode: int = 0o600) -> Iterator[Path]:
    """Yield the path of an empty file that takes the place of `path` when the block ends well.

    Else no trace is left. The permissions are `mode` from before the first byte. The temporary file
    stands in the same folder, because a rename is atomic within one file system only.
    """
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".tmp")
    temporary = Path(name)
    try:
        try:
            os.fchmod(descriptor, mode)
            yield temporary
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    sync_folder(path.parent)


class FileLock:
    """An exclusive lock on a file, which its holder may remove, and should not replace.

    Use as a context manager, which waits; or call `acquire(blocking=False)`.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._descriptor: int | None = None

    def acquire(self, *, blocking: bool = True) -> bool:
        """Take the lock; return whether it was taken (always, when `blocking`)."""
        while True:
            descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | (0 if blocking else fcntl.LOCK_NB))
                if self._is_here(descriptor):
                    self._descriptor = descriptor
                    _held.add(self)
                    return True
            except BlockingIOError:
                os.close(descriptor)
                return False
            except BaseException:
                os.close(descriptor)
                raise
            os.close(descriptor)

    def _is_here(self, descriptor: int) -> bool:
        """Tell whether what was locked still is the file of this name.

        Whoever held the lock may have removed it; others may be locking another one by now.
        """
        try:
            here = self.path.stat()
        except FileNotFoundError:
            return False
        return os.path.samestat(here, os.fstat(descriptor))

    def release(self) -> None:
        """Give the lock back; nothing happens when it is not held."""
        if self._descriptor is not None:
            # Closing is not enough while a process that was forked has it open as well.
            fcntl.flock(self._descriptor, fcntl.LOCK_UN)
            self.abandon()

    def abandon(self) -> None:
        """Hold the lock no more in this process; one that it was forked from still does."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None
            _held.discard(self)

    def __enter__(self) -> Self:
        self.acquire()
        return self

    def __exit__(self, *_: object) -> None:
        self.release()


_held: set[FileLock] = set()


def _let_go() -> None:
    """Have a forked process not hold what its parent does: it would beyond the parent's end."""
    for lock in list(_held):
        lock.abandon()


os.register_at_fork(after_in_child=_let_go)
