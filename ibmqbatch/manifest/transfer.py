"""A set as one file that can be taken elsewhere: writing it, and bringing it in.

Such a copy is marked: it sends nothing until it takes over (`Wants.take_over`), because the file
that it was made of may send the same jobs. A name of a host could not tell this: hosts change
theirs, containers with each start.
"""

from __future__ import annotations

import contextlib
import os
import socket
import sqlite3
import time
from collections.abc import Iterator
from pathlib import Path

from .. import paths
from ..clock import iso
from ..errors import StorageError, UsageError
from ..files import FileLock, make_private, replacing_path, sync_folder
from ..kinds import LOOKED_AT, OPENQASM, QPY, SQLITE, kind_of
from .check import check_content, check_schema, same_content
from .database import check_kind, explain, migrate
from .draft import remove_abandoned
from .errors import DamagedManifest, ForeignManifest, SetExists, SetInUse
from .files import DRAFT_SUFFIX, SUFFIX, lock_path, remove_leftovers
from .ids import is_set_id
from .manifest import Manifest

__all__ = ["export_copy", "import_copy"]

_BUSY_SECONDS = 10.0


def export_copy(manifest: Manifest, target: Path) -> None:
    """Write a copy of a set to the file `target`, whole or not at all; raises StorageError."""
    try:
        with replacing_path(target) as temporary:
            with _unsafe(temporary) as connection:
                manifest.db.copy_into(connection)
                found = connection.execute("PRAGMA quick_check(1)").fetchone()[0]
                if found != "ok":
                    raise explain(sqlite3.DatabaseError(found), manifest.path)
                _mark(connection, "copied")
            remove_leftovers(target)
    except sqlite3.DatabaseError as error:
        if error.sqlite_errorcode & 0xFF in {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}:
            raise explain(error, manifest.path) from error
        raise _unwritable(target, error) from error
    except OSError as error:
        raise _unwritable(target, error.strerror or error) from error


def import_copy(source: Path, *, keep_mark: bool = True) -> tuple[Path, bool]:
    """Bring the set in `source` into the data folder; return its path, and whether it is new there.

    It gets its name when it is whole, verified and of the present version. Raises SetExists where
    another set of this id is there, SetInUse, and a ManifestError about `source`.
    """
    folder = paths.ensure_folder(paths.sets())
    remove_abandoned(folder)
    try:
        with _source(source) as given:
            set_id = _read_id(given, source)
            target = folder / f"{set_id}{SUFFIX}"
            if target.exists() and target.samefile(source):
                return target, False
            lock = FileLock(lock_path(target))
            if not lock.acquire(blocking=False):
                raise SetInUse(
                    f"Another process holds the set {set_id}.",
                    "Wait until it is done, then try again.",
                )
            try:
                return _bring_in(given, source, target, keep_mark=keep_mark)
            finally:
                lock.release()
    except sqlite3.Error as error:
        told = explain(error, source)
        if isinstance(told, DamagedManifest):
            told.hint = "Export it once more from where it was made."
        raise told from error
    except OSError as error:
        raise _unwritable(folder, error.strerror or error) from error


def _bring_in(
    given: sqlite3.Connection, source: Path, target: Path, *, keep_mark: bool
) -> tuple[Path, bool]:
    """Copy, verify, mark, name. The caller holds the set's lock."""
    draft = target.with_suffix(DRAFT_SUFFIX)
    draft.unlink(missing_ok=True)
    make_private(draft)
    try:
        with _unsafe(draft) as connection:
            given.backup(connection)
            connection.execute("PRAGMA journal_mode = OFF")  # whatever mode the file was in
            migrate(connection, source)
            check_schema(connection, source)
            check_content(connection, source, target.stem)
            if target.exists():
                if same_content(connection, target):
                    return target, False
                raise SetExists(
                    f"The set {target.stem} is here already, and {source} holds it otherwise.",
                    f"Compare `ibmqbatch status {target.stem}` with `ibmqbatch status {source}`; "
                    f"`ibmqbatch forget {target.stem}` makes room for the other.",
                )
            _mark(connection, "imported", keep=keep_mark)
        with draft.open("rb") as file:
            os.fsync(file.fileno())
        remove_leftovers(target)
        draft.replace(target)
        sync_folder(target.parent)
    finally:
        draft.unlink(missing_ok=True)
        remove_leftovers(draft)
    return target, True


def _mark(connection: sqlite3.Connection, kind: str, *, keep: bool = True) -> None:
    now, host = iso(time.time()), socket.gethostname()
    connection.execute("BEGIN")
    if keep:
        connection.execute("UPDATE jobset SET copied_at = ?", (now,))
    else:
        connection.execute("UPDATE jobset SET copied_at = NULL, host = ?", (host,))
    connection.execute(
        "INSERT INTO events (at, kind, detail) VALUES (?, ?, ?)", (now, kind, f"on {host}")
    )
    connection.execute("COMMIT")


def _read_id(connection: sqlite3.Connection, source: Path) -> str:
    """Return the id of the set in a file that nothing is known of yet.

    The id becomes a file name: one that is not as ours are is refused.
    """
    check_kind(connection, source)
    programmed = connection.execute(
        "SELECT name FROM sqlite_schema WHERE type NOT IN ('table', 'index')"
    ).fetchone()
    rows = [] if programmed else connection.execute("SELECT id FROM jobset LIMIT 2").fetchall()
    if len(rows) != 1 or not is_set_id(rows[0][0]):
        raise DamagedManifest(
            f"{source} holds no job set that this program has made.",
            "Export it once more from where it was made.",
        )
    return str(rows[0][0])


@contextlib.contextmanager
def _source(path: Path) -> Iterator[sqlite3.Connection]:
    """Open the file of somebody else. It is not changed, but for what a killed writer left undone.

    Nothing that its schema may hold is run.
    """
    if not path.is_file():
        raise UsageError(f"There is no file {path}.", "Name a file that `ibmqbatch export` made.")
    _check_kind(path)
    uri = f"{path.absolute().as_uri()}?mode=rw"
    with contextlib.closing(
        sqlite3.connect(uri, uri=True, isolation_level=None, timeout=_BUSY_SECONDS)
    ) as connection:
        connection.execute("PRAGMA trusted_schema = OFF")
        yield connection


def _check_kind(path: Path) -> None:
    """Raise ForeignManifest for a file that is something else than a set; raises OSError, too."""
    with path.open("rb") as file:
        kind = kind_of(file.read(LOOKED_AT), path.name)
    if kind is None or kind is SQLITE:
        return  # SQLite says what is wrong with it
    advice = "Name a file that `ibmqbatch export` made."
    if kind in {OPENQASM, QPY}:
        advice = f"`ibmqbatch submit {path}` runs its circuits. {advice}"
    raise ForeignManifest(f"{path} is {kind.what}, and no exported job set.", advice)


@contextlib.contextmanager
def _unsafe(path: Path) -> Iterator[sqlite3.Connection]:
    """Open an empty file that nobody else knows yet, without any care for a crash."""
    uri = f"{path.absolute().as_uri()}?mode=rw"
    with contextlib.closing(sqlite3.connect(uri, uri=True, isolation_level=None)) as connection:
        connection.execute("PRAGMA journal_mode = OFF")
        connection.execute("PRAGMA synchronous = OFF")
        connection.execute("PRAGMA trusted_schema = OFF")
        yield connection


def _unwritable(path: Path, error: object) -> StorageError:
    return StorageError(
        f"{path} cannot be written: {error}.",
        "Check the disk's free space and the permissions of the folder, or name another.",
    )
