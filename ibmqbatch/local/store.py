"""The jobs, in SQLite. Every change is on the disk before the method that makes it returns.

Listing never touches a body.
"""

from __future__ import annotations

import itertools
import secrets
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from .database import Database, now
from .http import new_instance
from .sessions import admit, end_overdue, note_end, note_start
from .submission import Submission

__all__ = ["FINAL", "RAN_TOO_LONG", "Claim", "Filter", "Outcome", "Store"]

FINAL = frozenset({"Completed", "Cancelled", "Failed"})

# The reason code of a job that was cancelled because it took too long.
RAN_TOO_LONG = 1305

_XID_DIGITS = "0123456789abcdefghijklmnopqrstuv"


class _Ids:
    """Generates xids: 20 characters, sortable by time, up to 16 million a second."""

    def __init__(self) -> None:
        self._process = secrets.randbits(40)
        self._counter = itertools.count(secrets.randbits(20))

    def new(self, microseconds: int) -> str:
        seconds = microseconds // 1_000_000 & 0xFFFFFFFF
        number = (seconds << 64) | (self._process << 24) | (next(self._counter) & 0xFFFFFF)
        number <<= 4  # 96 bits in 20 digits of 5 bits: the last four are unused
        return "".join(_XID_DIGITS[number >> shift & 31] for shift in range(95, -1, -5))


@dataclass(frozen=True, slots=True)
class Claim:
    """A job handed to a slot: what a worker needs to run it.

    `cost` is the limit of processor time, in seconds, that the job sets; None for none.
    """

    seq: int
    id: str
    program: str
    backend: str
    params: bytes
    cost: int | None


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a job ended: with results, or with a reason why not."""

    status: str
    reason: str | None = None
    code: int | None = None
    solution: str | None = None
    seconds: float = 0.0
    result: bytes | None = None
    log: str = ""
    qiskit_version: str | None = None


@dataclass(frozen=True, slots=True)
class Filter:
    """Which jobs of an instance to list; None stands for all.

    Those on the backends `without` are excluded.
    """

    pending: bool | None = None
    program: str | None = None
    backend: str | None = None
    session_id: str | None = None
    created_after: int | None = None
    created_before: int | None = None
    tags: Sequence[str] = ()
    without: Sequence[str] = ()

    def where(self, crn: str) -> tuple[str, list[object]]:
        """Return the condition on `jobs` and its values."""
        parts = ["crn = ?"]
        values: list[object] = [crn]
        if self.pending is not None:
            parts.append(f"status {'' if self.pending else 'NOT '}IN ('Queued', 'Running')")
        for column, operator, value in (
            ("program", "=", self.program),
            ("backend", "=", self.backend),
            ("session_id", "=", self.session_id),
            ("created", ">=", self.created_after),
            ("created", "<=", self.created_before),
        ):
            if value is not None:
                parts.append(f"{column} {operator} ?")
                values.append(value)
        if self.without:
            parts.append(f"backend NOT IN ({', '.join('?' * len(self.without))})")
            values.extend(self.without)
        for tag in dict.fromkeys(self.tags):
            parts.append("seq IN (SELECT seq FROM tags WHERE tag = ?)")
            values.append(tag)
        return " AND ".join(parts), values


class Store:
    """The jobs of all instances. Safe to use from many threads."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._ids = _Ids()
        self.instance = self._announced_instance()

    def _announced_instance(self) -> str:
        """Return the CRN of this store, created with it."""
        with self._database.writing() as connection:
            connection.execute(
                "INSERT INTO service SELECT ? WHERE NOT EXISTS (SELECT 1 FROM service)",
                (new_instance(),),
            )
            return str(connection.execute("SELECT instance FROM service").fetchone()[0])

    # The life of a job.

    def add(self, crn: str, job: Submission) -> str:
        """Store a new job, Queued, and return its id.

        Raises ApiError if its session does not accept it.
        """
        with self._database.writing() as connection:
            if job.session_id is not None:
                admit(connection, crn, job.session_id, job.backend)
            created = now()
            job_id = self._ids.new(created)
            columns = {
                "id": job_id,
                "crn": crn,
                "program": job.program,
                "backend": job.backend,
                "created": created,
                "status": "Queued",
                "private": job.private,
                "cost": job.cost,
                "log_level": job.log_level,
                "calibration_id": job.calibration_id,
                "session_id": job.session_id,
                "runtime": job.runtime,
                "estimated_seconds": job.estimated_seconds,
            }
            seq = connection.execute(
                f"INSERT INTO jobs ({', '.join(columns)}) "  # noqa: S608 - our own column names
                f"VALUES ({', '.join('?' * len(columns))})",
                list(columns.values()),
            ).lastrowid
            assert seq is not None
            connection.execute("INSERT INTO params VALUES (?, ?)", (seq, job.params))
            self._insert_tags(connection, seq, job.tags)
        return job_id

    def requeue_running(self) -> None:
        """Requeue the jobs that a previous server was running."""
        with self._database.writing() as connection:
            connection.execute(
                "UPDATE jobs SET status = 'Queued', running = NULL WHERE status = 'Running'"
            )

    def claim(self) -> Claim | None:
        """Make the oldest Queued job Running and return it; None when there is none."""
        with self._database.writing() as connection:
            end_overdue(connection)
            row = connection.execute(
                "SELECT seq, id, program, backend, body, cost FROM jobs JOIN params USING (seq) "
                "WHERE status = 'Queued' ORDER BY seq LIMIT 1"
            ).fetchone()
            if row is None:
                return None
            running = now()
            connection.execute(
                "UPDATE jobs SET status = 'Running', running = ?, starts = starts + 1 "
                "WHERE seq = ?",
                (running, row["seq"]),
            )
            note_start(connection, row["seq"], running)
        return Claim(
            row["seq"], row["id"], row["program"], row["backend"], row["body"], row["cost"]
        )

    def count_restart(self, claim: Claim) -> None:
        """Note that a Running job goes to another worker, because its first one died."""
        with self._database.writing() as connection:
            connection.execute("UPDATE jobs SET starts = starts + 1 WHERE seq = ?", (claim.seq,))

    def finish(self, claim: Claim, outcome: Outcome) -> None:
        """End a Running job. One that was cancelled or deleted meanwhile is left alone."""
        with self._database.writing() as connection:
            changed = connection.execute(
                "UPDATE jobs SET status = ?, reason = ?, reason_code = ?, reason_solution = ?, "
                "seconds = ?, qiskit_version = ?, finished = ?, "
                "completions = completions + ? WHERE seq = ? AND status = 'Running'",
                (
                    outcome.status,
                    outcome.reason,
                    outcome.code,
                    outcome.solution,
                    outcome.seconds,
                    outcome.qiskit_version,
                    now(),
                    outcome.status == "Completed",
                    claim.seq,
                ),
            ).rowcount
            if not changed:
                return
            connection.execute("INSERT INTO logs VALUES (?, ?)", (claim.seq, outcome.log))
            if outcome.result is not None:
                connection.execute("INSERT INTO results VALUES (?, ?)", (claim.seq, outcome.result))
            self._forget_private_params(connection, claim.seq)
            note_end(connection, claim.seq)

    def cancel(self, crn: str, job_id: str) -> str | None:
        """Cancel a job unless it is final; return the status it had, None for an unknown job."""
        with self._database.writing() as connection:
            row = self._find(connection, crn, job_id)
            if row is None:
                return None
            if row["status"] not in FINAL:
                connection.execute(
                    "UPDATE jobs SET status = 'Cancelled', finished = ? WHERE seq = ?",
                    (now(), row["seq"]),
                )
                self._forget_private_params(connection, row["seq"])
                note_end(connection, row["seq"])
        return str(row["status"])

    def delete(self, crn: str, job_id: str) -> str | None:
        """Delete a job if it is final; return its status, None for an unknown job."""
        with self._database.writing() as connection:
            row = self._find(connection, crn, job_id)
            if row is None:
                return None
            if row["status"] in FINAL:
                connection.execute("DELETE FROM jobs WHERE seq = ?", (row["seq"],))
        return str(row["status"])

    def replace_tags(self, crn: str, job_id: str, tags: Sequence[str]) -> bool:
        """Replace the tags of a job; return whether there is such a job."""
        with self._database.writing() as connection:
            row = self._find(connection, crn, job_id)
            if row is None:
                return False
            connection.execute("DELETE FROM tags WHERE seq = ?", (row["seq"],))
            self._insert_tags(connection, row["seq"], tags)
        return True

    # Reading.

    def unfinished(self) -> int:
        """Return the number of jobs, of all instances, that are Queued or Running."""
        return int(
            self._database.read("SELECT count(*) FROM jobs WHERE status IN ('Queued', 'Running')")[
                0
            ][0]
        )

    def queue_length(self, backend: str) -> int:
        """Return the number of jobs, of all instances, queued for a backend."""
        rows = self._database.read(
            "SELECT count(*) FROM jobs WHERE status = 'Queued' AND backend = ?", (backend,)
        )
        return int(rows[0][0])

    def page(
        self, crn: str, wanted: Filter, *, limit: int, offset: int, oldest_first: bool
    ) -> tuple[list[dict[str, Any]], int]:
        """Return a page of the matching jobs, with their tags, and how many match in all."""
        where, values = wanted.where(crn)
        order = "ASC" if oldest_first else "DESC"
        with self._database.reading() as connection:
            (total,) = connection.execute(
                f"SELECT count(*) FROM jobs WHERE {where}",  # noqa: S608 - values are parameters
                values,
            ).fetchone()
            rows = connection.execute(
                f"SELECT * FROM jobs WHERE {where} "  # noqa: S608
                f"ORDER BY created {order}, seq {order} LIMIT ? OFFSET ?",
                [*values, limit, offset],
            ).fetchall()
            return self._with_tags(connection, rows), total

    def job(self, crn: str, job_id: str) -> dict[str, Any] | None:
        """Return a job with its tags; None when the instance has no such job."""
        with self._database.reading() as connection:
            row = self._find(connection, crn, job_id)
            return None if row is None else self._with_tags(connection, [row])[0]

    def params(self, seq: int) -> bytes | None:
        """Return the params of a job as stored; None when they are gone."""
        rows = self._database.read("SELECT body FROM params WHERE seq = ?", (seq,))
        return rows[0][0] if rows else None

    def results(self, seq: int, *, once: bool) -> bytes | None:
        """Return the result body of a job, None for none; with `once`, delete it as well."""
        statement = "SELECT body FROM results WHERE seq = ?"
        if not once:
            rows = self._database.read(statement, (seq,))
        else:
            with self._database.writing() as connection:
                rows = connection.execute(statement, (seq,)).fetchall()
                connection.execute("DELETE FROM results WHERE seq = ?", (seq,))
        return rows[0][0] if rows else None

    def logs(self, seq: int) -> str | None:
        """Return the log of a job; None when it has none yet."""
        rows = self._database.read("SELECT text FROM logs WHERE seq = ?", (seq,))
        return rows[0][0] if rows else None

    def tags_like(self, crn: str, text: str) -> list[str]:
        """Return the tags of an instance's jobs that contain a string."""
        rows = self._database.read(
            "SELECT DISTINCT tag FROM tags JOIN jobs USING (seq) "
            "WHERE crn = ? AND instr(tag, ?) > 0 ORDER BY tag",
            (crn, text),
        )
        return [row[0] for row in rows]

    def seconds_used(self, crn: str, since: int) -> float:
        """Return the simulation time of an instance's jobs created since a time."""
        rows = self._database.read(
            "SELECT total(seconds) FROM jobs WHERE crn = ? AND created >= ?", (crn, since)
        )
        return float(rows[0][0])

    # Parts of the above.

    @staticmethod
    def _find(connection: sqlite3.Connection, crn: str, job_id: str) -> sqlite3.Row | None:
        row: sqlite3.Row | None = connection.execute(
            "SELECT * FROM jobs WHERE id = ? AND crn = ?", (job_id, crn)
        ).fetchone()
        return row

    @staticmethod
    def _with_tags(
        connection: sqlite3.Connection, rows: Sequence[sqlite3.Row]
    ) -> list[dict[str, Any]]:
        jobs = {row["seq"]: {**row, "tags": []} for row in rows}
        found = connection.execute(
            f"SELECT seq, tag FROM tags WHERE seq IN ({', '.join('?' * len(jobs))}) "  # noqa: S608
            "ORDER BY seq, position",
            list(jobs),
        )
        for seq, tag in found.fetchall():
            jobs[seq]["tags"].append(tag)
        return list(jobs.values())

    @staticmethod
    def _insert_tags(connection: sqlite3.Connection, seq: int, tags: Sequence[str]) -> None:
        connection.executemany(
            "INSERT INTO tags VALUES (?, ?, ?)",
            [(seq, position, tag) for position, tag in enumerate(tags)],
        )

    @staticmethod
    def _forget_private_params(connection: sqlite3.Connection, seq: int) -> None:
        # They may not be read, and will not be run again.
        connection.execute(
            "DELETE FROM params WHERE seq = ? AND (SELECT private FROM jobs WHERE seq = ?)",
            (seq, seq),
        )
