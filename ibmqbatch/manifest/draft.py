"""Writing a new manifest. It gets its name when it is whole: half a plan is never a set."""

from __future__ import annotations

import errno
import json
import os
import socket
import sqlite3
import time
import zlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, Self

from .. import paths
from ..clock import in_utc, iso
from ..errors import StorageError
from ..files import FileLock, sync_folder
from .database import Database, create_database
from .files import DRAFT_SUFFIX, SUFFIX, lock_path
from .ids import new_nonce
from .lease import forget_old, lease
from .manifest import Manifest, Transaction
from .records import ATTEMPTS, REMOTES, SETS, AttemptRecord, DraftSet, RemoteRecord, SetRecord

__all__ = [
    "Draft",
    "DraftCircuit",
    "DraftJob",
    "DraftRemote",
    "DraftSet",
    "remove_abandoned",
]

_PROGRAM = "INSERT INTO programs VALUES (?, ?, ?)"
_BODY = "INSERT INTO bodies VALUES (?, ?, ?, ?, ?, ?)"
_CIRCUIT = "INSERT INTO circuits VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
# Circuits of one kind and of equal shots stand together, where the first of them stands.
_GROUP = """
    WITH keyed AS (
        SELECT c.idx, min(c.idx) OVER (PARTITION BY b.kind, c.shots) AS leader
        FROM circuits c JOIN bodies b ON b.id = c.body
    ), placed AS (SELECT idx, row_number() OVER (ORDER BY leader, idx) - 1 AS place FROM keyed)
    UPDATE circuits SET place = placed.place FROM placed WHERE placed.idx = circuits.idx
"""
_JOB = """
    INSERT INTO jobs (idx, first_circuit, last_circuit, first_place, last_place, repeat, shots)
    SELECT ?1, min(idx), max(idx), ?2, ?3, ?4, ?5 FROM circuits WHERE place BETWEEN ?2 AND ?3
"""
_ROWS_AT_ONCE = 50
_BYTES_AT_ONCE = 250_000


@dataclass(frozen=True, slots=True)
class DraftCircuit:
    """A circuit: `body` and `program` are numbers that the draft gave to what it was added.

    `values` are those of its parameters, in the circuit's own order. Its index is `index`, or its
    place where that is None; one below 0 has to be `renumber`ed.
    """

    name: str
    metadata: Mapping[str, object]
    source: str
    position: int
    shots: int
    body: int
    values: tuple[float, ...] | None = None
    program: int | None = None
    index: int | None = None


@dataclass(frozen=True, slots=True)
class DraftJob:
    """A job: the places `first` to `last`, both included, in the given shot repeat (from 0)."""

    first: int
    last: int
    repeat: int
    shots: int


@dataclass(frozen=True, slots=True)
class DraftRemote:
    """A job that is on the service already, as the service shows it; `created` is ISO 8601.

    It came of the attempt of this number; without a `nonce` it gets one.
    """

    id: str
    status: str
    reason: str
    reason_code: int | None
    solution: str
    private: bool
    created: str
    attempt: int = 1
    nonce: str | None = None


class Draft:
    """A manifest in the making. Use as a context manager: left without `commit`, it is gone.

    It is held under the set's lock, so that what a killed planner left behind can be told from the
    work of a living one.
    """

    def __init__(self, set_id: str) -> None:
        self.set_id = set_id
        folder = paths.ensure_folder(paths.sets())
        remove_abandoned(folder)
        self.path = folder / f"{set_id}{SUFFIX}"
        self._draft = folder / f"{set_id}{DRAFT_SUFFIX}"
        self._lock = FileLock(lock_path(self.path))
        self._circuits = self._bodies = self._programs = 0
        # Rows not inserted yet, and their bytes: circuits refer to the others, and come last.
        self._rows: dict[str, list[tuple[Any, ...]]] = {_PROGRAM: [], _BODY: [], _CIRCUIT: []}
        self._bytes = 0
        try:
            self._lock.acquire()
            if self.path.exists():
                # Another process drew the same id, and was first.
                raise FileExistsError(errno.EEXIST, f"{set_id} exists already", str(self.path))
            self._draft.unlink(missing_ok=True)
            self._connection = create_database(self._draft)
            self._connection.execute("BEGIN")
        except (OSError, sqlite3.Error) as error:
            self._lock.release()
            raise _unwritable(self._draft, error) from error

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._connection.close()
        self._draft.unlink(missing_ok=True)
        self._lock.release()

    def add_program(self, kind: str, content: bytes) -> int:
        """Keep a program as it was given; return its number."""
        self._programs += 1
        self._append(_PROGRAM, [(self._programs, kind, content)], len(content))
        return self._programs

    def add_body(
        self,
        sha256: str,
        body: bytes,
        layout: Mapping[str, object] | None = None,
        *,
        kind: str = "qpy",
        measured: Mapping[str, object] | None = None,
    ) -> int:
        """Add a circuit of `kind` qpy or openqasm3, compressed by zlib; return its number.

        `measured` is what it tells of observables.
        """
        self._bodies += 1
        told, placed = (None if p is None else json.dumps(p) for p in (measured, layout))
        self._append(_BODY, [(self._bodies, kind, sha256, told, body, placed)], len(body))
        return self._bodies

    def add_device(
        self, configuration: Mapping[str, object], properties: Mapping[str, object] | None
    ) -> None:
        """Keep what the circuits were compiled for."""
        self._insert(
            "INSERT INTO device VALUES (?, ?)",
            [(_packed(configuration), None if properties is None else _packed(properties))],
        )

    def add_circuits(self, circuits: Sequence[DraftCircuit]) -> None:
        """Append circuits."""
        rows = [
            (
                number if circuit.index is None else circuit.index,
                circuit.name,
                json.dumps(circuit.metadata, ensure_ascii=False) if circuit.metadata else "{}",
                circuit.source,
                circuit.position,
                circuit.shots,
                circuit.body,
                None if circuit.values is None else json.dumps(circuit.values),
                circuit.program,
                number,
            )
            for number, circuit in enumerate(circuits, self._circuits)
        ]
        self._append(_CIRCUIT, rows)
        self._circuits += len(rows)

    def renumber(self, indexes: Iterable[tuple[int, int]]) -> None:
        """Give circuits other indexes, from pairs of old and new; those without a name get one."""
        self._flush()
        self._insert(
            "UPDATE circuits SET idx = ?2, name = iif(name = '', 'circuit' || ?2, name) "
            "WHERE idx = ?1",
            indexes,
        )

    def commit(
        self,
        draft: DraftSet,
        jobs: Sequence[DraftJob],
        remotes: Sequence[Sequence[DraftRemote] | str] = (),
    ) -> Path:
        """Complete the manifest, durably, and return its path.

        Of a set that has been sent, `remotes` are the jobs on the service for each job, by attempt,
        of which one counts (see `Jobs.choose`); a text tells why there is none.
        """
        self._flush()
        if draft.grouped and not remotes:
            self._insert(_GROUP, [()])
        self._insert(
            _JOB, ((i, job.first, job.last, job.repeat, job.shots) for i, job in enumerate(jobs))
        )
        now, generation = iso(time.time()), new_nonce()
        record = SetRecord(
            **{item.name: getattr(draft, item.name) for item in fields(draft)},
            id=self.set_id,
            created_at=now,
            host=socket.gethostname(),
            total_jobs=len(jobs),
            total_circuits=self._circuits,
            total_repeats=1 + max(job.repeat for job in jobs),
            generation=generation,
        )
        self._add(SETS.insertion(record))
        self._insert(
            "INSERT INTO events (at, kind, detail) VALUES (?, ?, ?)",
            [
                (
                    now,
                    "recovered" if remotes else "planned",
                    f"{_plural(self._circuits, 'circuit')} in {_plural(len(jobs), 'job')}",
                )
            ],
        )
        for index, found in enumerate(remotes):
            if isinstance(found, str):
                self._add_attempt(index, 1, new_nonce(), now, refused=found)
                continue
            for remote in found:
                self._add_remote(index, remote, now)
            if len(found) > 1:
                manifest = Manifest(Database(self._draft, self._connection))
                Transaction(manifest, now).jobs.choose(index)
        if not remotes:
            # Nothing can have been sent. Of a set that was made from what the service has, whoever
            # had sent that may go on.
            forget_old()
            with lease(self.set_id) as kept:
                kept.begin(generation)
        try:
            self._connection.execute("COMMIT")
            self._connection.close()
            with self._draft.open("rb") as file:
                os.fsync(file.fileno())
            self._draft.replace(self.path)
            sync_folder(self.path.parent)
        except (OSError, sqlite3.Error) as error:
            raise _unwritable(self._draft, error) from error
        return self.path

    def _add_attempt(
        self, job: int, number: int, nonce: str, now: str, *, refused: str = ""
    ) -> None:
        state = "refused" if refused else "accepted"
        attempt = AttemptRecord(
            job=job,
            number=number,
            nonce=nonce,
            state=state,
            labels_version=1,
            begun_at=now,
            error=refused,
        )
        sql, values = ATTEMPTS.insertion(attempt)
        self._add((f"{sql} ON CONFLICT DO NOTHING", values))
        self._insert("UPDATE jobs SET wanted_attempt = ? WHERE idx = ?", [(number, job)])

    def _add_remote(self, job: int, found: DraftRemote, now: str) -> None:
        nonce = found.nonce or new_nonce()
        self._add_attempt(job, found.attempt, nonce, now)
        remote = RemoteRecord(
            id=found.id,
            job=job,
            attempt=found.attempt,
            nonce=nonce,
            service_status=found.status,
            reason=found.reason,
            reason_code=found.reason_code,
            solution=found.solution,
            private=found.private,
            submitted_at=in_utc(found.created) or now,
            created_at=in_utc(found.created, exact=True),
            labels_version=1,
        )
        self._add(REMOTES.insertion(remote))
        self._insert("UPDATE jobs SET remote_id = ? WHERE idx = ?", [(found.id, job)])

    def _add(self, insertion: tuple[str, tuple[object, ...]]) -> None:
        sql, values = insertion
        self._insert(sql, [values])

    def _append(self, sql: str, rows: Sequence[tuple[object, ...]], size: int = 0) -> None:
        """Insert rows together with others, which takes half of the time."""
        self._rows[sql] += rows
        self._bytes += size
        if len(self._rows[sql]) >= _ROWS_AT_ONCE or self._bytes >= _BYTES_AT_ONCE:
            self._flush()

    def _flush(self) -> None:
        # Many programs are compressed in a row in half of the time that they take one by one.
        programs = self._rows[_PROGRAM]
        programs[:] = [(n, kind, zlib.compress(body, level=1)) for n, kind, body in programs]
        for sql, rows in self._rows.items():
            self._insert(sql, rows)
            rows.clear()
        self._bytes = 0

    def _insert(self, sql: str, rows: Iterable[tuple[object, ...]]) -> None:
        try:
            self._connection.executemany(sql, rows)
        except sqlite3.Error as error:
            raise _unwritable(self._draft, error) from error


def _packed(document: Mapping[str, object]) -> bytes:
    return zlib.compress(json.dumps(document, ensure_ascii=False).encode(errors="replace"))


def _unwritable(path: Path, error: Exception) -> StorageError:
    return StorageError(
        f"The job set cannot be written to {path.parent}: {error}.",
        "Nothing was submitted. Make room on the disk, or set IBMQBATCH_HOME to another folder.",
    )


def remove_abandoned(folder: Path) -> None:
    """Remove drafts whose planner has died: their lock is free."""
    for path in folder.glob(f"*{DRAFT_SUFFIX}"):
        lock = FileLock(lock_path(path))
        if lock.acquire(blocking=False):
            # The lock file stays: somebody may be waiting on it.
            path.unlink(missing_ok=True)
            lock.release()


def _plural(number: int, thing: str) -> str:
    return f"{number} {thing}{'' if number == 1 else 's'}"
