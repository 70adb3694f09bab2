"""Manifests that no plan stands behind, and records of what is in them."""

from __future__ import annotations

import hashlib
import sqlite3
import zlib
from pathlib import Path

from ibmqbatch.manifest.database import Database
from ibmqbatch.manifest.draft import Draft, DraftCircuit, DraftJob, DraftSet
from ibmqbatch.manifest.ids import new_set_id
from ibmqbatch.manifest.manifest import Manifest
from ibmqbatch.manifest.records import RemoteRecord
from ibmqbatch.manifest.submissions import Intent


def draft_set(**changes: object) -> DraftSet:
    values: dict[str, object] = {
        "account": "local",
        "instance": "crn:1",
        "backend": "ideal_simulator",
        "calibrated_at": None,
        "once_key": None,
        "shots": 100,
        "seed": 7,
        "options": {},
        "name": "a set",
        "tags": ("one", "two"),
        **changes,
    }
    return DraftSet(**values)  # type: ignore[arg-type]


def circuit(number: int) -> DraftCircuit:
    return DraftCircuit(
        f"c{number}", {"number": number}, f"c{number}.qasm", 0, shots=100, body=number + 1
    )


def add_circuits(draft: Draft, count: int) -> None:
    """Add so many circuits, each with a body that holds one byte, its number."""
    for number in range(count):
        content = bytes([number])
        digest = hashlib.sha256(content).hexdigest()
        assert draft.add_body(digest, zlib.compress(content)) == number + 1
    draft.add_circuits([circuit(number) for number in range(count)])


def write_set(jobs: int = 3, *, set_id: str | None = None, **changes: object) -> Path:
    """Write a set of so many jobs of two circuits each; return its path."""
    with Draft(set_id or new_set_id()) as draft:
        add_circuits(draft, 2 * jobs)
        return draft.commit(
            draft_set(**changes), [DraftJob(2 * n, 2 * n + 1, 0, 100) for n in range(jobs)]
        )


def begin(manifest: Manifest, *jobs: int) -> list[Intent]:
    with manifest.transaction() as change:
        return change.submissions.begin(jobs, 1)


def sent(manifest: Manifest, job: int = 0, remote_id: str = "r1", **more: str) -> RemoteRecord:
    """Have a job stand on the service, and return it as the manifest knows it."""
    (intent,) = begin(manifest, job)
    with manifest.transaction() as change:
        change.submissions.accept(intent, remote_id, 1, **more)
    return next(r for r in manifest.remotes() if r.id == remote_id)


def kinds(manifest: Manifest) -> list[str]:
    return [event.kind for event in manifest.events()]


def change(path: Path, *statements: str) -> None:
    """Change a manifest behind its own back."""
    with sqlite3.connect(path) as connection:
        for statement in statements:
            connection.execute(statement)
    connection.close()


def remote(word: str, code: int | None = None, **more: object) -> RemoteRecord:
    """Return what is known of a job that the service calls by this word."""
    values: dict[str, object] = {
        "id": "r",
        "job": 0,
        "attempt": 1,
        "nonce": "n",
        "service_status": word,
        "reason": "",
        "reason_code": code,
        "solution": "",
        "private": False,
        "submitted_at": "",
        "running_at": None,
        "finished_at": None,
        "labels_version": 1,
        "surplus": False,
        "cancel_asked_at": None,
        "missed": None,
        "result": None,
        "result_tries": 0,
        "result_error": "",
        "metrics": None,
        **more,
    }
    return RemoteRecord(**values)  # type: ignore[arg-type]


def count_reads(monkeypatch) -> list[str]:
    rows, found = Database.rows, []

    def counted(self, sql, values=()):
        if "FROM jobs j" in sql and "LEFT JOIN remotes" in sql:
            found.append(sql)
        return rows(self, sql, values)

    monkeypatch.setattr(Database, "rows", counted)
    return found
