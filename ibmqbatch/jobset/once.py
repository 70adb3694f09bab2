"""Keys of submissions: a second one with the same key finds the set of the first."""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Iterator
from pathlib import Path

from .. import paths
from ..files import FileLock, replacing, sync_folder
from ..manifest.errors import SetInUse
from ..manifest.ids import new_set_id

__all__ = ["is_changed", "release", "reserved", "restore"]


@contextlib.contextmanager
def reserved(key: str | None, fingerprint: str = "") -> Iterator[tuple[str, bool]]:
    """Yield the set id that belongs to `key`, and whether it is new; alone with it meanwhile.

    The id is written down before the set is made: whoever comes after a crash makes the set under
    the same id, or finds it made. Beside it stands the `fingerprint` of what is to be submitted.
    Without a key it is a new id, and nobody is kept waiting.
    """
    if key is None:
        yield new_set_id(), True
        return
    paths.ensure_folder(paths.home() / "once")
    paths.ensure_folder(paths.sets())
    path = _note(key)
    with FileLock(path.with_suffix(".lock")):
        known = path.read_text("ascii").split() if path.exists() else []
        fresh = not known
        if fresh:
            known = [new_set_id(), fingerprint]
            with replacing(path) as file:
                file.write(" ".join(known).encode())
        yield known[0], fresh


def is_changed(key: str, fingerprint: str) -> bool:
    """Return whether the set of `key` was made of something else than what has this fingerprint."""
    known = _note(key).read_text("ascii").split()
    return known[1:] not in ([], [fingerprint])


def restore(key: str, set_id: str) -> None:
    """Let `key` mean an imported set, unless it means another one by now."""
    paths.ensure_folder(paths.home() / "once")
    path = _note(key)
    with FileLock(path.with_suffix(".lock")):
        if not path.exists():
            with replacing(path) as file:
                file.write(set_id.encode())


def release(set_id: str) -> None:
    """Give the key of a set that is to be forgotten back: the next submission makes a new set.

    Raises SetInUse while somebody submits with it.
    """
    for note in sorted((paths.home() / "once").glob("*.id")):
        if note.read_text("ascii", errors="replace").split()[:1] != [set_id]:
            continue
        lock = FileLock(note.with_suffix(".lock"))
        if not lock.acquire(blocking=False):
            raise SetInUse(
                f"Another process submits with the key of the set {set_id}.",
                "Wait until it is done, then try again.",
            )
        try:
            note.unlink(missing_ok=True)
            sync_folder(note.parent)
            lock.path.unlink(missing_ok=True)
        finally:
            lock.release()


def _note(key: str) -> Path:
    """Return the file that holds the set id of `key`, and the fingerprint."""
    digest = hashlib.sha256(key.encode(errors="surrogatepass")).hexdigest()[:32]
    return paths.home() / "once" / f"{digest}.id"
