"""The database of the service: its tables, as numbered migrations, and one connection to it.

All threads share the connection under one lock. Every change is on the disk before the block that
makes it ends. Statements are short.
"""

from __future__ import annotations

import contextlib
import sqlite3
import threading
import time
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

from .. import files
from ..errors import StorageError
from ..transactions import transaction

__all__ = ["APPLICATION_ID", "Database", "now", "open_database", "timestamp"]

APPLICATION_ID = 0x6971626C  # "iqbl"

# Migration n brings a database from user_version n to n + 1. Released ones are never edited.
_MIGRATIONS = (
    # Bodies are in tables of their own, so that a listing never reads past one.
    """
    CREATE TABLE service (
        instance TEXT NOT NULL);           -- the CRN that the service announces
    CREATE TABLE jobs (
        seq INTEGER PRIMARY KEY AUTOINCREMENT,
        id TEXT NOT NULL UNIQUE,
        crn TEXT NOT NULL,
        program TEXT NOT NULL,
        backend TEXT NOT NULL,
        created INTEGER NOT NULL,          -- these three: microseconds since 1970, UTC
        running INTEGER,
        finished INTEGER,
        status TEXT NOT NULL CHECK (
            status IN ('Queued', 'Running', 'Completed', 'Cancelled', 'Failed')),
        reason TEXT,
        reason_code INTEGER,
        reason_solution TEXT,
        private INTEGER NOT NULL,
        cost INTEGER,
        log_level TEXT,
        calibration_id TEXT,
        session_id TEXT,
        runtime TEXT,
        estimated_seconds REAL NOT NULL,
        seconds REAL NOT NULL DEFAULT 0,   -- of simulation
        qiskit_version TEXT,
        starts INTEGER NOT NULL DEFAULT 0, -- times it was handed to a worker
        completions INTEGER NOT NULL DEFAULT 0
    );
    CREATE INDEX jobs_by_instance ON jobs (crn, created, seq);
    CREATE INDEX jobs_unfinished ON jobs (status, seq) WHERE status IN ('Queued', 'Running');
    CREATE TABLE params (
        seq INTEGER PRIMARY KEY REFERENCES jobs (seq) ON DELETE CASCADE, body BLOB NOT NULL);
    CREATE TABLE results (
        seq INTEGER PRIMARY KEY REFERENCES jobs (seq) ON DELETE CASCADE, body BLOB NOT NULL);
    CREATE TABLE logs (
        seq INTEGER PRIMARY KEY REFERENCES jobs (seq) ON DELETE CASCADE, text TEXT NOT NULL);
    CREATE TABLE tags (
        seq INTEGER NOT NULL REFERENCES jobs (seq) ON DELETE CASCADE,
        position INTEGER NOT NULL,
        tag TEXT NOT NULL,
        PRIMARY KEY (seq, position)
    ) WITHOUT ROWID;
    CREATE INDEX tags_by_tag ON tags (tag, seq);
    """,
    """
    CREATE TABLE sessions (
        seq INTEGER PRIMARY KEY AUTOINCREMENT,
        id TEXT NOT NULL UNIQUE,
        crn TEXT NOT NULL,
        mode TEXT NOT NULL CHECK (mode IN ('batch', 'dedicated')),
        backend TEXT NOT NULL,
        max_seconds INTEGER NOT NULL,      -- from the start of the first job to the end of all
        created INTEGER NOT NULL,          -- these four: as in jobs
        started INTEGER,
        ends INTEGER,
        closed INTEGER,
        accepting INTEGER NOT NULL DEFAULT 1,
        state_reason TEXT
    );
    CREATE INDEX sessions_by_end ON sessions (ends) WHERE closed IS NULL;
    CREATE INDEX jobs_by_session ON jobs (session_id) WHERE session_id IS NOT NULL;
    """,
)


def open_database(path: Path) -> sqlite3.Connection:
    """Open the database, creating it or bringing it up to date.

    Raises StorageError where it is damaged, foreign, or written by a newer version.
    """
    try:
        connection = sqlite3.connect(
            path, timeout=10, isolation_level=None, check_same_thread=False
        )
        try:
            _prepare(connection, path)
        except BaseException:
            connection.close()
            raise
    except sqlite3.Error as error:
        raise StorageError(
            f"The job store {path} cannot be opened: {error}.",
            "If it is damaged, move it away: the service then starts with an empty one.",
        ) from error
    return connection


def _prepare(connection: sqlite3.Connection, path: Path) -> None:
    # A change is on the disk before it is answered, and survives a power cut.
    connection.execute("PRAGMA journal_mode = TRUNCATE")
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("PRAGMA foreign_keys = ON")
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    (application,) = connection.execute("PRAGMA application_id").fetchone()
    (tables,) = connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()
    if application != APPLICATION_ID and (application or version or tables):
        raise StorageError(f"{path} is not a job store.", "Move it away.")
    if version > len(_MIGRATIONS):
        raise StorageError(
            f"The job store {path} was written by a newer version of ibmqbatch.",
            "Upgrade ibmqbatch, or set IBMQBATCH_HOME to another folder.",
        )
    for number in range(version, len(_MIGRATIONS)):
        connection.executescript(
            f"BEGIN IMMEDIATE; {_MIGRATIONS[number]}"
            f"PRAGMA application_id = {APPLICATION_ID};"
            f"PRAGMA user_version = {number + 1}; COMMIT;"
        )


_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def now() -> int:
    """Return the time as it is stored: microseconds since 1970, UTC."""
    return time.time_ns() // 1000


def timestamp(microseconds: int) -> str:
    """Return a stored time as ISO 8601, UTC, with microseconds."""
    moment = _EPOCH + timedelta(microseconds=microseconds)
    return moment.isoformat(timespec="microseconds").replace("+00:00", "Z")


class Database:
    """An open database. Raises StorageError where it cannot be opened."""

    def __init__(self, path: Path) -> None:
        files.make_private(path)
        self._connection = open_database(path)
        files.sync_folder(path.parent)
        self._connection.row_factory = sqlite3.Row
        self._lock = threading.Lock()

    def close(self) -> None:
        """Close the database."""
        with self._lock:
            self._connection.close()

    @contextlib.contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """Hold the connection in a transaction during the block."""
        with self._lock, transaction(self._connection):
            yield self._connection

    @contextlib.contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """Hold the connection during the block, so that nothing changes between its statements."""
        with self._lock:
            yield self._connection

    def read(self, statement: str, values: Sequence[object] = ()) -> list[sqlite3.Row]:
        """Return the rows of one statement."""
        with self._lock:
            return self._connection.execute(statement, values).fetchall()
