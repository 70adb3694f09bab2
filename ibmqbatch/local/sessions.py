"""Sessions: jobs that belong together, for as long as the session lives.

Both modes behave alike: a batch, and a dedicated session, which here has no backend to itself. A
session is open until its first job starts; then active, or inactive if no job ran within the last
minute; then closed. It closes when it accepts no more jobs and the last one has ended, when it is
cancelled, or when its time is up, counted from the start of its first job. Queued jobs are
cancelled with it, or fail when its time is up; running ones run to their end.

A session changes in the same transaction as its jobs: the functions here are called inside it.
"""

from __future__ import annotations

import sqlite3
import uuid
from dataclasses import dataclass
from typing import Any

from .backends import mock_name
from .database import Database, now, timestamp
from .http import INTERACTIVE_SECONDS, MAX_SESSION_SECONDS, USER_ID, ApiError

__all__ = ["MODES", "Opening", "Sessions", "admit", "end_overdue", "note_end", "note_start"]

MODES = ("batch", "dedicated")

_SECOND = 1_000_000
_CLOSED = 1217


@dataclass(frozen=True, slots=True)
class Opening:
    """A session as it was requested."""

    mode: str
    backend: str
    max_seconds: int = MAX_SESSION_SECONDS


class Sessions:
    """The sessions of all instances. Safe to use from many threads."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def open(self, crn: str, opening: Opening) -> dict[str, Any]:
        """Open a session and return it as the API shows it."""
        session_id = str(uuid.uuid4())
        with self._database.writing() as connection:
            connection.execute(
                "INSERT INTO sessions (id, crn, mode, backend, max_seconds, created) "
                "VALUES (?, ?, ?, ?, ?, ?)",
                (session_id, crn, opening.mode, opening.backend, opening.max_seconds, now()),
            )
            return _document(connection, _find(connection, crn, session_id))

    def get(self, crn: str, session_id: str) -> dict[str, Any]:
        """Return a session as the API shows it. Raises ApiError (404) for an unknown one."""
        with self._database.reading() as connection:
            return _document(connection, _find(connection, crn, session_id))

    def of(self, account: str) -> list[tuple[int, dict[str, Any]]]:
        """Return the sessions of an account, each with when it was opened."""
        with self._database.reading() as connection:
            found = connection.execute("SELECT * FROM sessions WHERE instr(crn, ?) > 0", (account,))
            return [(row["created"], _document(connection, row)) for row in found.fetchall()]

    def drain(self, crn: str, session_id: str) -> None:
        """Close a session to further jobs; it ends once those that it has are final.

        Raises ApiError (404) for an unknown one.
        """
        with self._database.writing() as connection:
            seq = _find(connection, crn, session_id)["seq"]
            connection.execute("UPDATE sessions SET accepting = 0 WHERE seq = ?", (seq,))
            _close_drained(connection, session_id)

    def close(self, crn: str, session_id: str) -> None:
        """Close a session at once, and cancel its queued jobs.

        Raises ApiError (404) for an unknown one.
        """
        with self._database.writing() as connection:
            session = _find(connection, crn, session_id)
            if session["closed"] is None:
                _close(connection, session, now(), "Cancelled", "The session was closed")

    def end_overdue(self) -> None:
        """Close the sessions whose time is up."""
        if self._database.read(f"SELECT 1 {_OVERDUE} LIMIT 1", (now(),)):
            with self._database.writing() as connection:
                end_overdue(connection)


# Parts of transactions on jobs.


def admit(connection: sqlite3.Connection, crn: str, session_id: str, backend: str) -> None:
    """Raise ApiError unless the session accepts a job on the backend: 1217 when it is closed.

    A session on a backend accepts jobs on its mock, too.
    """
    session = connection.execute(_FIND, (session_id, crn)).fetchone()
    if session is None:
        raise ApiError.invalid(f"session_id: there is no session {session_id}.")
    if not session["accepting"]:
        raise ApiError(
            400, _CLOSED, f"The session {session_id} is closed.", "Open another session."
        )
    if backend not in {session["backend"], mock_name(session["backend"])}:
        raise ApiError.invalid(f"backend: the session {session_id} is for {session['backend']}.")


def note_start(connection: sqlite3.Connection, seq: int, moment: int) -> None:
    """Note that a job starts: with the first one, the time of its session starts."""
    connection.execute(
        "UPDATE sessions SET started = :moment, ends = :moment + max_seconds * :second "
        "WHERE started IS NULL AND id = (SELECT session_id FROM jobs WHERE seq = :seq)",
        {"moment": moment, "second": _SECOND, "seq": seq},
    )


def note_end(connection: sqlite3.Connection, seq: int) -> None:
    """Note that a job is final: with the last one, a session that accepts no more closes."""
    row = connection.execute("SELECT session_id FROM jobs WHERE seq = ?", (seq,)).fetchone()
    if row["session_id"] is not None:
        _close_drained(connection, row["session_id"])


def end_overdue(connection: sqlite3.Connection) -> None:
    """Close the sessions whose time is up."""
    for session in connection.execute(f"SELECT * {_OVERDUE}", (now(),)).fetchall():
        reason = f"The {session['max_seconds']} s of the session were over"
        _close(connection, session, session["ends"], "Failed", reason)


_FIND = "SELECT * FROM sessions WHERE id = ? AND crn = ?"
_OVERDUE = "FROM sessions WHERE closed IS NULL AND ends <= ?"


def _find(connection: sqlite3.Connection, crn: str, session_id: str) -> sqlite3.Row:
    row: sqlite3.Row | None = connection.execute(_FIND, (session_id, crn)).fetchone()
    if row is None:
        raise ApiError(404, 1250, f"Session not found: {session_id}", "Check the session ID.")
    return row


def _close(
    connection: sqlite3.Connection, session: sqlite3.Row, moment: int, status: str, reason: str
) -> None:
    """Close a session, and end its queued jobs with a status."""
    connection.execute(
        "DELETE FROM params WHERE seq IN (SELECT seq FROM jobs "
        "WHERE session_id = ? AND status = 'Queued' AND private)",
        (session["id"],),
    )
    connection.execute(
        "UPDATE jobs SET status = ?, finished = ?, reason = ?, reason_code = ?, "
        "reason_solution = ? WHERE session_id = ? AND status = 'Queued'",
        (
            status,
            now(),
            f"{reason} before the job began to run.",
            _CLOSED,
            "Submit the job again, in another session.",
            session["id"],
        ),
    )
    connection.execute(
        "UPDATE sessions SET accepting = 0, closed = ?, state_reason = ? WHERE seq = ?",
        (moment, f"{reason}.", session["seq"]),
    )


def _close_drained(connection: sqlite3.Connection, session_id: str) -> None:
    """Close a session that accepts no more jobs, if all its jobs are final."""
    connection.execute(
        "UPDATE sessions SET closed = ? WHERE id = ? AND closed IS NULL AND NOT accepting "
        "AND NOT EXISTS (SELECT 1 FROM jobs "
        "WHERE session_id = sessions.id AND status IN ('Queued', 'Running'))",
        (now(), session_id),
    )


def _document(connection: sqlite3.Connection, session: sqlite3.Row) -> dict[str, Any]:
    """Return a session as the API shows it."""
    jobs = connection.execute(
        "SELECT max(running) AS started, max(finished) AS completed, total(seconds) AS seconds, "
        "count(*) FILTER (WHERE status = 'Running') AS running FROM jobs WHERE session_id = ?",
        (session["id"],),
    ).fetchone()
    busy_until = now() if jobs["running"] else jobs["completed"] or session["started"]
    state = _state(session, busy_until)
    times = {"open": session["created"], "active": session["started"], "closed": session["closed"]}
    return {
        "id": session["id"],
        "backend_name": session["backend"],
        "instance": session["crn"],
        "mode": session["mode"],
        "user_id": USER_ID,
        "state": state,
        "state_reason": session["state_reason"],
        "accepting_jobs": bool(session["accepting"]),
        "max_ttl": session["max_seconds"],
        "active_ttl": session["max_seconds"],
        "interactive_ttl": INTERACTIVE_SECONDS,
        "started_at": _shown(session["started"]),
        "activated_at": _shown(session["started"]),
        "closed_at": _shown(session["closed"]),
        "last_job_started": _shown(jobs["started"]),
        "last_job_completed": _shown(jobs["completed"]),
        "timestamps": [
            {"status": status, "timestamp": timestamp(moment)}
            for status, moment in times.items()
            if moment is not None
        ],
        "elapsed_time": _elapsed(session, state, busy_until, jobs["seconds"]),
    }


def _state(session: sqlite3.Row, busy_until: int | None) -> str:
    if session["closed"] is not None:
        return "closed"
    if session["started"] is None or busy_until is None:
        return "open"
    return "active" if now() < busy_until + INTERACTIVE_SECONDS * _SECOND else "inactive"


def _elapsed(session: sqlite3.Row, state: str, busy_until: int | None, seconds: float) -> float:
    """Return the usage: of a batch that of its jobs, of a dedicated session its duration."""
    if session["mode"] == "batch" or session["started"] is None or busy_until is None:
        return round(seconds, 3)
    end: int = {"closed": session["closed"], "active": now()}.get(state, busy_until)
    held: int = max(end, busy_until) - session["started"]
    return round(held / _SECOND, 3)


def _shown(moment: int | None) -> str | None:
    return None if moment is None else timestamp(moment)
