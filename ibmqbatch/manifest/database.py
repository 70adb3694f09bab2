"""Opening a manifest: the settings that make it durable, its migrations, its errors."""

from __future__ import annotations

import contextlib
import shutil
import sqlite3
import tempfile
from collections.abc import Iterator
from pathlib import Path

from ..errors import StorageError
from ..files import make_private
from ..transactions import transaction
from .errors import DamagedManifest, ForeignManifest, ManifestError, NewerManifest
from .files import JOURNAL_SUFFIX
from .schema import MIGRATIONS

__all__ = [
    "Database",
    "check_kind",
    "create_database",
    "explain",
    "migrate",
    "open_database",
]

_APPLICATION_ID = 0x69626D71  # "ibmq"
_BUSY_SECONDS = 10.0
# What SQLite says of a file that can be read but not written, by its primary result codes.
_UNWRITABLE = {sqlite3.SQLITE_READONLY, sqlite3.SQLITE_FULL, sqlite3.SQLITE_CANTOPEN}


class Database:
    """A connection to one manifest. Used by one thread.

    Reading fetches everything before it returns: an open cursor would keep writers of other
    processes out.
    """

    def __init__(
        self, path: Path, connection: sqlite3.Connection, scratch: Path | None = None
    ) -> None:
        self.path = path
        self._connection = connection
        self._scratch = scratch
        self._rollbacks = 0

    @property
    def is_copy(self) -> bool:
        """Whether this is a copy of a file that can only be read."""
        return self._scratch is not None

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()
        if self._scratch is not None:
            shutil.rmtree(self._scratch, ignore_errors=True)

    def copy_into(self, target: sqlite3.Connection) -> None:
        """Copy the whole database as it stands at one instant, whoever else writes to it.

        Errors stay SQLite's: they may be about either file.
        """
        self._connection.backup(target)

    def rows(self, sql: str, values: tuple[object, ...] = ()) -> list[sqlite3.Row]:
        """Run a query and return all its rows."""
        with self._explained():
            return self._connection.execute(sql, values).fetchall()

    def row(self, sql: str, values: tuple[object, ...] = ()) -> sqlite3.Row | None:
        """Run a query and return its first row, or None."""
        rows = self.rows(sql, values)
        return rows[0] if rows else None

    def write(self, sql: str, values: tuple[object, ...] = ()) -> int:
        """Run a statement inside a transaction; return how many rows it touched."""
        with self._explained():
            return self._connection.execute(sql, values).rowcount

    @contextlib.contextmanager
    def transaction(self) -> Iterator[None]:
        """Commit what the block writes, durably, or nothing of it."""
        if self.is_copy:
            raise StorageError(
                f"The job set's file {self.path} cannot be written.",
                "Make room on the disk, or mend the permissions of the file and its folder.",
            )
        try:
            with self._explained(), transaction(self._connection):
                yield
        except BaseException:
            self._rollbacks += 1
            raise

    @contextlib.contextmanager
    def reading(self) -> Iterator[tuple[int, ...]]:
        """Read the file as it stood at one instant, for the block.

        Yield what differs from what was yielded before wherever the content may differ, whether
        this connection has changed it or another one.
        """
        with self._explained():
            alone = not self._connection.in_transaction
            if alone:
                self._connection.execute("BEGIN")
            try:
                (others,) = self._connection.execute("PRAGMA data_version").fetchone()
                yield others, self._connection.total_changes, self._rollbacks
            finally:
                if alone and self._connection.in_transaction:
                    self._connection.execute("END")

    @contextlib.contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            raise explain(error, self.path) from error


def open_database(path: Path) -> Database:
    """Open an existing manifest, bringing it to the present version.

    A file that can be read but not written (a full disk, a foreign folder) is opened as a copy,
    because SQLite may have to roll back its journal before it can be read. Raises a ManifestError
    or StorageError.
    """
    try:
        connection = _connect(path)
    except sqlite3.Error as error:
        if _primary_code(error) in _UNWRITABLE and path.exists():
            return _open_copy(path)
        raise explain(error, path) from error
    return Database(path, connection)


def create_database(path: Path) -> sqlite3.Connection:
    """Make a new manifest in a file that nobody else knows yet.

    It is written without any care for a crash: whoever makes it syncs the whole file before it
    gets its name.
    """
    make_private(path)
    connection = sqlite3.connect(
        f"{path.absolute().as_uri()}?mode=rw", uri=True, isolation_level=None
    )
    connection.execute("PRAGMA journal_mode = OFF")
    connection.execute("PRAGMA synchronous = OFF")
    connection.execute(f"PRAGMA application_id = {_APPLICATION_ID}")
    migrate(connection, path)
    return connection


def explain(error: sqlite3.Error, path: Path) -> ManifestError | StorageError:
    """Turn an error of SQLite into one sentence about the file."""
    code = _primary_code(error)
    if code in {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}:
        return StorageError(
            f"The job set's file {path} has been locked for {_BUSY_SECONDS:g} s.",
            "Another program may be copying it; try again.",
        )
    if code in _UNWRITABLE | {sqlite3.SQLITE_IOERR, sqlite3.SQLITE_PERM}:
        return StorageError(
            f"The job set's file {path} cannot be used: {error}.",
            "Check the disk's free space and the permissions of the file and its folder; "
            "what was acknowledged before is safe.",
        )
    return DamagedManifest(
        f"The job set's file {path} is damaged: {error}.",
        "Put back a copy, if there is one: the service is asked what it lacks. "
        "Other job sets are not touched by this.",
    )


def _primary_code(error: sqlite3.Error) -> int:
    # An extended result code keeps the primary one in its low byte.
    return (getattr(error, "sqlite_errorcode", None) or 0) & 0xFF


def _connect(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(
        f"{path.absolute().as_uri()}?mode=rw", uri=True, isolation_level=None, timeout=_BUSY_SECONDS
    )
    try:
        connection.row_factory = sqlite3.Row
        check_kind(connection, path)
        # WAL fails on network file systems; DELETE leaves the folder unsynced.
        connection.execute("PRAGMA journal_mode = TRUNCATE")
        connection.execute("PRAGMA synchronous = FULL")
        migrate(connection, path)
        # Only now: a step may make a table anew that others refer to.
        connection.execute("PRAGMA foreign_keys = ON")
    except BaseException:
        connection.close()
        raise
    return connection


def check_kind(connection: sqlite3.Connection, path: Path) -> None:
    """Raise ForeignManifest unless the database is a manifest."""
    if connection.execute("PRAGMA application_id").fetchone()[0] != _APPLICATION_ID:
        raise ForeignManifest(
            f"{path} is not a job set of ibmqbatch.", "Name another file, or remove this one."
        )


def migrate(connection: sqlite3.Connection, path: Path) -> None:
    """Bring a manifest to the present version; raises NewerManifest where it is beyond that."""
    version = connection.execute("PRAGMA user_version").fetchone()[0]
    if version > len(MIGRATIONS):
        raise NewerManifest(
            f"{path} was written by a newer release of ibmqbatch.", "Update ibmqbatch."
        )
    for number in range(version + 1, len(MIGRATIONS) + 1):
        # One script, one transaction; a second process that waited for it finds nothing to do.
        with transaction(connection):
            if connection.execute("PRAGMA user_version").fetchone()[0] < number:
                for statement in _statements(MIGRATIONS[number - 1]):
                    connection.execute(statement)
                connection.execute(f"PRAGMA user_version = {number}")


def _statements(script: str) -> Iterator[str]:
    """Split a script; `executescript` would commit before it begins."""
    statement = ""
    for line in script.splitlines(keepends=True):
        statement += line
        if sqlite3.complete_statement(statement):
            yield statement
            statement = ""


def _open_copy(path: Path) -> Database:
    scratch = Path(tempfile.mkdtemp(prefix="ibmqbatch-"))
    try:
        copy = scratch / path.name
        shutil.copyfile(path, copy)
        journal = path.with_name(path.name + JOURNAL_SUFFIX)
        with contextlib.suppress(FileNotFoundError):
            shutil.copyfile(journal, copy.with_name(copy.name + JOURNAL_SUFFIX))
        return Database(path, _connect(copy), scratch)
    except sqlite3.Error as error:
        shutil.rmtree(scratch, ignore_errors=True)
        raise explain(error, path) from error
    except OSError as error:
        shutil.rmtree(scratch, ignore_errors=True)
        raise StorageError(
            f"{path} cannot be read: {error.strerror or error}.", "Check its permissions."
        ) from error
    except BaseException:
        shutil.rmtree(scratch, ignore_errors=True)
        raise
