"""A job set's file: what is read from it, and the transactions in which it is changed."""

from __future__ import annotations

import contextlib
import hashlib
import itertools
import json
import time
import zlib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Self, TypeVar

from ..clock import iso
from ..files import FileLock
from .columns import Table
from .compression import unpack
from .database import Database, open_database
from .errors import DamagedManifest
from .files import lock_path, spool_path
from .jobs import Jobs
from .records import (
    ATTEMPTS,
    FINAL_WORDS,
    REMOTES,
    SETS,
    AttemptRecord,
    CircuitRecord,
    EventRecord,
    JobRecord,
    ProgramRecord,
    PubRecord,
    RemoteRecord,
    SetRecord,
)
from .snapshot import Snapshot
from .submissions import UNSENT, Submissions
from .wants import Wants

__all__ = ["Manifest", "StoredResultError", "Transaction"]

Record = TypeVar("Record")

_HEAD_BYTES = 65_536  # of a circuit: its name, metadata and registers, unless these are very large

_REMOTES = f"""
    SELECT {REMOTES.selected} FROM remotes r
    JOIN attempts n ON n.job = r.job AND n.number = r.attempt
"""  # noqa: S608 - a constant of this module
# Those that count for no job of the set.
_OTHERS = " JOIN jobs j ON j.idx = r.job WHERE j.remote_id IS NOT r.id"
_JOINED = """
    FROM jobs j
    LEFT JOIN attempts a
        ON a.job = j.idx AND a.number = j.wanted_attempt AND a.state <> 'withdrawn'
    LEFT JOIN remotes r ON r.id = j.remote_id
    LEFT JOIN attempts n ON n.job = r.job AND n.number = r.attempt
"""
_COLUMNS = f"""
    j.idx, j.first_circuit, j.last_circuit, j.first_place, j.last_place, j.repeat, j.shots,
    j.wanted, j.wanted_attempt, a.state, coalesce(a.error, ''), a.error_code, {REMOTES.selected}
"""
_JOBS = f"SELECT {_COLUMNS} {_JOINED}"
_KINDS = f"""
    SELECT count(*), {_COLUMNS} {_JOINED}
    GROUP BY j.wanted, a.state, r.status, r.reason_code, r.result
"""


def _values(text: str | None) -> tuple[float, ...] | None:
    return None if text is None else tuple(json.loads(text))


def _alone(values: str | None) -> bool:
    """Return whether a circuit has no values: the compiler may have dropped all its parameters."""
    return values is None or values == "[]"


class StoredResultError(Exception):
    """A stored result body does not match its checksum."""


class Manifest:
    """One job set's file, open. Used by one thread; readers never wait for the set's lock."""

    def __init__(self, database: Database) -> None:
        self.db = database
        self._snapshot: tuple[tuple[int, ...], Snapshot] | None = None

    @classmethod
    def open(cls, path: Path) -> Self:
        """Open the manifest at `path`; raises a ManifestError or StorageError."""
        manifest = cls(open_database(path))
        try:
            manifest.job_set()
        except BaseException:
            manifest.close()
            raise
        return manifest

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the file."""
        self.db.close()

    @property
    def path(self) -> Path:
        """Where the file is."""
        return self.db.path

    @property
    def spool(self) -> Path:
        """The folder beside it where result bodies arrive."""
        return spool_path(self.path)

    @contextlib.contextmanager
    def transaction(self) -> Iterator[Transaction]:
        """Commit what the block changes, durably, or nothing of it."""
        with self.db.transaction():
            yield Transaction(self, iso(time.time()))

    @property
    def wants(self) -> Wants:
        """What its owner wants of the set, to be changed."""
        return Wants(self)

    def lock(self) -> FileLock:
        """Return the lock of this set, to be taken by whoever advances it."""
        return FileLock(lock_path(self.path))

    def job_set(self) -> SetRecord:
        """Return the set itself."""
        row = self.db.row(f"SELECT {SETS.selected} FROM jobset")  # noqa: S608
        if row is None:
            raise DamagedManifest(f"{self.path} holds no job set.", "Put back a copy of it.")
        return self._read(SETS, row)

    def _read(self, table: Table[Record], row: Sequence[Any]) -> Record:
        try:
            return table.read(row)
        except (TypeError, ValueError, RecursionError) as error:
            raise DamagedManifest(f"{self.path} is garbled.", "Put back a copy of it.") from error

    def snapshot(self) -> Snapshot:
        """Return how the set and its jobs stand; the file is read only where it has changed."""
        with self.db.reading() as version:
            if self._snapshot is None or self._snapshot[0] != version:
                self._snapshot = (
                    version,
                    Snapshot(
                        self.job_set(),
                        tuple(self._jobs(" ORDER BY j.idx")),
                        tuple(self._remotes(_OTHERS)),
                        tuple(self.attempts()),
                        self.last_event(),
                    ),
                )
            return self._snapshot[1]

    def jobs(self) -> list[JobRecord]:
        """Return all jobs in order."""
        return list(self.snapshot().jobs)

    def job(self, index: int) -> JobRecord | None:
        """Return job number `index`; None when there is no such job."""
        found = self._jobs(" WHERE j.idx = ?", (index,))
        return found[0] if found else None

    def _jobs(self, ending: str, values: tuple[object, ...] = ()) -> list[JobRecord]:
        return [self._job(row) for row in map(tuple, self.db.rows(_JOBS + ending, values))]

    def _job(self, row: tuple[Any, ...]) -> JobRecord:
        return JobRecord(*[*row[:12], None if row[12] is None else self._read(REMOTES, row[12:])])

    def kinds_of_jobs(self) -> list[tuple[JobRecord, int]]:
        """Return one job for each way in which jobs of the set stand, and how many do so.

        It is all that the state and the counts of a set need, however many jobs it has.
        """
        return [(self._job(row[1:]), row[0]) for row in map(tuple, self.db.rows(_KINDS))]

    def oldest_unfinished(self) -> str | None:
        """Return when the oldest job on the service was sent that has not ended; None for none."""
        row = self.db.row(
            "SELECT min(submitted_at) FROM remotes WHERE lower(status) NOT IN "
            "(SELECT value FROM json_each(?))",
            (json.dumps(FINAL_WORDS),),
        )
        return None if row is None else row[0]

    def remotes(self, job: int | None = None) -> list[RemoteRecord]:
        """Return the jobs on the service that are ours, or those that stand for one job of the set.

        They are in the order of jobs and attempts.
        """
        return self._remotes() if job is None else self._remotes(" WHERE r.job = ?", (job,))

    def _remotes(self, which: str = "", values: tuple[object, ...] = ()) -> list[RemoteRecord]:
        rows = self.db.rows(f"{_REMOTES}{which} ORDER BY r.job, r.attempt, r.rowid", values)
        return [self._read(REMOTES, row) for row in rows]

    def doubled_jobs(self) -> list[int]:
        """Return the jobs of the set, by index, that stand on the service twice."""
        rows = self.db.rows(
            """SELECT DISTINCT j.idx FROM jobs j JOIN remotes r ON r.job = j.idx
               WHERE r.surplus AND j.remote_id IS NOT NULL ORDER BY j.idx"""
        )
        return [row[0] for row in rows]

    def attempts(self) -> list[AttemptRecord]:
        """Return all attempts in the order of jobs and numbers."""
        rows = self.db.rows(f"SELECT {ATTEMPTS.selected} FROM attempts ORDER BY job, number")  # noqa: S608
        return [self._read(ATTEMPTS, row) for row in rows]

    def unsent(self, limit: int) -> list[tuple[int, int, int]]:
        """Return up to `limit` jobs that wait to be sent: index, first and last place."""
        rows = self.db.rows(
            f"SELECT j.idx, j.first_place, j.last_place {UNSENT} ORDER BY j.idx LIMIT ?",
            (limit,),
        )
        return [(row[0], row[1], row[2]) for row in rows]

    def unknown_jobs(self, jobs: Sequence[JobRecord]) -> list[int]:
        """Return those of `jobs`, by index, that a recovered set knows too little of to send them.

        Their circuits are not known, or how many shots are left for their repeat.
        """
        return [
            job.index
            for job in jobs
            if self.db.row(
                "SELECT 1 FROM circuits c JOIN bodies b ON b.id = c.body "
                "WHERE c.place BETWEEN ? AND ? AND (b.kind = 'unknown' OR c.shots <= ?)",
                (job.first_place, job.last_place, job.repeat * job.shots),
            )
        ]

    def open_batches(self) -> list[str]:
        """Return the ids of batches on the service that may still take jobs, oldest first."""
        rows = self.db.rows("SELECT id FROM batches WHERE closed_at IS NULL ORDER BY opened_at")
        return [row[0] for row in rows]

    def result(self, remote_id: str) -> bytes | None:
        """Return a stored result body, or None.

        Raises StoredResultError when it is not what was stored.
        """
        row = self.db.row("SELECT body, sha256 FROM results WHERE remote_id = ?", (remote_id,))
        if row is None:
            return None
        try:
            body = unpack(row[0])
        except zlib.error as error:
            raise StoredResultError from error
        if hashlib.sha256(body).hexdigest() != row[1]:
            raise StoredResultError
        return body

    def circuits(self) -> list[CircuitRecord]:
        """Return all circuits in input order, without their bodies."""
        rows = self.db.rows(
            "SELECT idx, name, metadata, source, position, shots, place FROM circuits ORDER BY idx"
        )
        return [CircuitRecord(r[0], r[1], json.loads(r[2]), *tuple(r)[3:]) for r in rows]

    def device(self) -> tuple[dict[str, Any], dict[str, Any] | None] | None:
        """Return the configuration and properties that circuits were compiled for, or None."""
        row = self.db.row("SELECT configuration, properties FROM device")
        if row is None:
            return None
        try:
            configuration = json.loads(unpack(row[0]))
            properties = None if row[1] is None else json.loads(unpack(row[1]))
        except (ValueError, RecursionError, zlib.error) as error:
            raise DamagedManifest(f"{self.path} is garbled.", "Put back a copy of it.") from error
        return configuration, properties

    def pubs(self, first: int, last: int) -> list[PubRecord]:
        """Return the circuits at the places `first` to `last`, both included, as they are sent.

        Neighbours that differ in their parameters' values alone are one.
        """
        rows = self.db.rows(
            """SELECT body, parameter_values, shots, metadata, idx
               FROM circuits WHERE place BETWEEN ? AND ? ORDER BY place""",
            (first, last),
        )
        pubs: list[PubRecord] = []
        # Circuits without values are each alone, whatever their body.
        for (body, shots, alone), same in itertools.groupby(
            enumerate(rows),
            lambda item: (item[1][0], item[1][2], item[0] if _alone(item[1][1]) else None),
        ):
            kind, data, told = self._body(body)
            measured = None if told is None else json.loads(told)
            runs = [row for _, row in same]
            indexes = tuple(row[4] for row in runs)
            if alone is not None:
                metadata = tuple(row[3] for row in runs if row[1] is not None)
                pubs.append(PubRecord(kind, data, None, shots, indexes, (), measured, metadata))
                continue
            values = tuple(_values(row[1]) or () for row in runs)
            order = tuple(json.loads(runs[0][3]))
            metadata = tuple(row[3] for row in runs)
            pubs.append(PubRecord(kind, data, values, shots, indexes, order, measured, metadata))
        return pubs

    def _body(self, number: int) -> tuple[str, bytes, str | None]:
        row = self.db.row("SELECT kind, body, measured FROM bodies WHERE id = ?", (number,))
        assert row is not None
        return row[0], row[1], row[2]

    def layouts(self) -> list[tuple[Mapping[str, object], int]]:
        """Return on which qubits circuits begin and end, and how many circuits each is of."""
        rows = self.db.rows(
            """SELECT b.layout, count(*) FROM bodies b JOIN circuits c ON c.body = b.id
               WHERE b.layout IS NOT NULL GROUP BY b.id ORDER BY b.id"""
        )
        return [(json.loads(row[0]), row[1]) for row in rows]

    def measured(self) -> list[tuple[int, object]]:
        """Return the circuits that were measured for observables: index, and what each tells."""
        bodies = self.db.rows("SELECT id, measured FROM bodies WHERE measured IS NOT NULL")
        if not bodies:
            return []
        told = {row[0]: json.loads(row[1]) for row in bodies}
        rows = self.db.rows("SELECT idx, body FROM circuits ORDER BY idx")
        return [(row[0], told[row[1]]) for row in rows if row[1] in told]

    def indexes(self, job: JobRecord) -> list[int]:
        """Return the indexes of a job's circuits, in the order in which they are sent."""
        rows = self.db.rows(
            "SELECT idx FROM circuits WHERE place BETWEEN ? AND ? ORDER BY place",
            (job.first_place, job.last_place),
        )
        return [row[0] for row in rows]

    def heads(self, job: JobRecord) -> list[tuple[str, bytes]]:
        """Return each of a job's circuits' kind, and how what is sent of it begins, packed."""
        rows = self.db.rows(
            """SELECT b.kind, substr(b.body, 1, ?) FROM circuits c JOIN bodies b ON b.id = c.body
               WHERE c.place BETWEEN ? AND ? ORDER BY c.place""",
            (_HEAD_BYTES, job.first_place, job.last_place),
        )
        return [(row[0], row[1]) for row in rows]

    def pubs_size(self, first: int, last: int) -> int:
        """Return how many bytes the circuits at these places take, without reading them."""
        row = self.db.row(
            """SELECT sum(length(b.body)) + sum(c.size) FROM bodies b JOIN (
                   SELECT body, sum(coalesce(length(parameter_values), 0)) AS size
                   FROM circuits WHERE place BETWEEN ? AND ? GROUP BY body) c ON b.id = c.body""",
            (first, last),
        )
        return int(row[0] or 0) if row else 0

    def shots(self, job: JobRecord) -> dict[int, int]:
        """Return the shots of a job's circuits by index, over all repeats, as they are sent."""
        rows = self.db.rows(
            "SELECT idx, shots FROM circuits WHERE place BETWEEN ? AND ? ORDER BY place",
            (job.first_place, job.last_place),
        )
        return {row[0]: row[1] for row in rows}

    def program(self, circuit: int) -> ProgramRecord | None:
        """Return what circuit number `circuit` was made of; None when there is no such circuit."""
        row = self.db.row(
            """SELECT p.kind, p.body, b.kind, b.body, b.sha256, b.layout, c.parameter_values
               FROM circuits c JOIN bodies b ON b.id = c.body
               LEFT JOIN programs p ON p.id = c.program WHERE c.idx = ?""",
            (circuit,),
        )
        if row is None:
            return None
        kind, given, body_kind, body, sha256, layout, values = row
        try:
            return ProgramRecord(
                kind or "",
                unpack(given) if given is not None else b"",
                body_kind,
                body,
                sha256,
                None if layout is None else json.loads(layout),
                _values(values),
            )
        except (ValueError, RecursionError, zlib.error) as error:
            raise DamagedManifest(f"{self.path} is garbled.", "Put back a copy of it.") from error

    def events(self, after: int = 0) -> list[EventRecord]:
        """Return the history, from the event that follows `after`."""
        rows = self.db.rows(
            """SELECT seq, at, kind, job, attempt, remote_id, detail
               FROM events WHERE seq > ? ORDER BY seq""",
            (after,),
        )
        return [EventRecord(*row) for row in rows]

    def last_event(self) -> int:
        """Return the number of the newest event, 0 when there is none."""
        row = self.db.row("SELECT max(seq) FROM events")
        return int(row[0] or 0) if row else 0


class Transaction:
    """What can be changed in a manifest. What one writes has one time, `at`, in ISO 8601."""

    def __init__(self, manifest: Manifest, at: str) -> None:
        self.manifest = manifest
        self.at = at
        self.submissions = Submissions(self)
        self.jobs = Jobs(self)

    def log(
        self,
        kind: str,
        detail: str = "",
        *,
        job: int | None = None,
        attempt: int | None = None,
        remote_id: str | None = None,
    ) -> None:
        """Append to the history what is changed."""
        self.manifest.db.write(
            "INSERT INTO events (at, kind, job, attempt, remote_id, detail) "
            "VALUES (?, ?, ?, ?, ?, ?)",
            (self.at, kind, job, attempt, remote_id, detail),
        )
