"""The tables of the job store and of its sessions, as numbered migrations."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from ..errors import StorageError

__all__ = ["APPLICATION_ID", "open_database"]

APPLICATION_ID = 0x6971626C  # "iqbl"

# Migration n brings a database from user_version n to n + 1. Released ones are never edited.
_MIGRATIONS = (
    # Bodies stand in tables of their own, so that listing never reads past one.
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
    # Whatever was answered is on the disk, and survives a power cut.
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
