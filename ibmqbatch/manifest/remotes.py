"""The write side of following: what the service says of our jobs, and their results.

Every function here is called inside a transaction, unless it says otherwise.
"""

from __future__ import annotations

import hashlib
import json
import time
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, replace

from ..clock import Instant, in_utc, iso
from .packed import unpack
from .records import JobStatus, RemoteRecord
from .store import Manifest

__all__ = [
    "PackedResult",
    "StoredResultError",
    "ask_cancel",
    "choose",
    "close_set",
    "created_at",
    "drop_result",
    "lose_result",
    "miss",
    "observe",
    "pack",
    "read_result",
    "relabelled",
    "result_failed",
    "result_overdue",
    "store_metrics",
    "store_result",
]

_RANK = {JobStatus.DONE: 3, JobStatus.RUNNING: 2, JobStatus.VALIDATING: 2, JobStatus.QUEUED: 1}


class StoredResultError(Exception):
    """A stored result body does not match its checksum."""


def observe(
    manifest: Manifest,
    remote: RemoteRecord,
    *,
    status: str,
    reason: str,
    reason_code: int | None,
    solution: str,
    private: bool,
    at: float,
    created: str = "",
) -> None:
    """Record what the service says of a job, and the change, when it is one, in the history.

    `created` is when it created the job, in ISO 8601; empty where it does not tell.
    """
    if remote.created_at is None:
        created_at(manifest, remote, created)
    changed = status != remote.service_status
    same = (reason, reason_code, private) == (remote.reason, remote.reason_code, remote.private)
    if not changed and same and remote.missed is None:
        return
    manifest.db.write(
        "UPDATE remotes SET status = ?, reason = ?, reason_code = ?, solution = ?, private = ?, "
        "missed = NULL WHERE id = ?",
        (status, reason, reason_code, solution, private, remote.id),
    )
    if not changed:
        return
    now = replace(remote, service_status=status, reason_code=reason_code).status
    manifest.db.write(
        "UPDATE remotes SET running_at = coalesce(running_at, ?), finished_at = ? WHERE id = ?",
        (
            iso(at) if now is JobStatus.RUNNING else None,
            iso(at) if now.final else None,
            remote.id,
        ),
    )
    detail = f"{remote.service_status} -> {status}" + (f": {reason}" if reason else "")
    manifest.log("status", detail, job=remote.job, attempt=remote.attempt, remote_id=remote.id)


def created_at(manifest: Manifest, remote: RemoteRecord, told: str) -> None:
    """Record when the service created a job, where what it told is a time."""
    moment = in_utc(told, exact=True)
    if moment is not None:
        manifest.db.write("UPDATE remotes SET created_at = ? WHERE id = ?", (moment, remote.id))


def miss(manifest: Manifest, remote: RemoteRecord, at: Instant) -> None:
    """Record the first answer that there is no such job."""
    manifest.db.write("UPDATE remotes SET missed = ? WHERE id = ?", (at.write(), remote.id))
    manifest.log("missed", job=remote.job, attempt=remote.attempt, remote_id=remote.id)


def choose(manifest: Manifest, job: int) -> None:
    """Decide which of a job's remote jobs counts, now that another one has been found.

    The one furthest along, then one whose results are here; of those that bring nothing, the last.
    Where they are alike their ids decide, and not the numbers that this file gives to attempts: all
    machines that have the set must keep the same one. A live one besides it is surplus: to be
    cancelled, and reported.
    """
    mine = sorted(manifest.remotes(job), key=lambda remote: remote.id)
    best = max(mine, key=_merit)
    manifest.db.write("UPDATE jobs SET remote_id = ? WHERE idx = ?", (best.id, job))
    manifest.db.write("UPDATE remotes SET surplus = 0 WHERE id = ?", (best.id,))
    for remote in mine:
        if remote.id == best.id or remote.surplus or not _rank(remote):
            continue
        manifest.db.write("UPDATE remotes SET surplus = 1 WHERE id = ?", (remote.id,))
        ran = "it ran as well" if remote.status is JobStatus.DONE else "it is being cancelled"
        manifest.log(
            "duplicate",
            f"job {job} stands twice on the service; {best.id} is kept, of {remote.id}: {ran}",
            job=job,
            attempt=remote.attempt,
            remote_id=remote.id,
        )


def _merit(remote: RemoteRecord) -> tuple[int, bool, int]:
    rank = _rank(remote)
    return rank, remote.result == "stored", 0 if rank else remote.attempt


def _rank(remote: RemoteRecord) -> int:
    """Tell how far along a job is: 0 for one whose results are not to be expected any more."""
    given_up = remote.result == "lost" or (remote.overdue and remote.result is None)
    return 0 if given_up else _RANK.get(remote.status, 0)


def ask_cancel(manifest: Manifest, remote: RemoteRecord, at: float) -> None:
    """Record that the service was asked to cancel a job."""
    manifest.db.write("UPDATE remotes SET cancel_asked_at = ? WHERE id = ?", (at, remote.id))
    manifest.log("cancel_sent", job=remote.job, attempt=remote.attempt, remote_id=remote.id)


def relabelled(manifest: Manifest, remote: RemoteRecord, labels_version: int) -> None:
    """Record that a job carries the labels of this version."""
    manifest.db.write(
        "UPDATE remotes SET labels_version = ? WHERE id = ?", (labels_version, remote.id)
    )
    manifest.log("retagged", job=remote.job, attempt=remote.attempt, remote_id=remote.id)


def store_metrics(manifest: Manifest, remote: RemoteRecord, told: Mapping[str, object]) -> None:
    """Keep what the service says a job has used."""
    manifest.db.write(
        "UPDATE remotes SET metrics = ? WHERE id = ?", (json.dumps(dict(told)), remote.id)
    )


@dataclass(frozen=True, slots=True)
class PackedResult:
    """A result body as it is kept: `size` and `sha256` are of the body itself."""

    body: bytes
    size: int
    sha256: str


def pack(body: bytes) -> PackedResult:
    """Make a result body ready to be kept; no transaction needed."""
    return PackedResult(zlib.compress(body), len(body), hashlib.sha256(body).hexdigest())


def store_result(manifest: Manifest, remote: RemoteRecord, packed: PackedResult) -> None:
    """Keep a result body for good."""
    manifest.db.write(
        "INSERT OR REPLACE INTO results VALUES (?, ?, ?, ?, ?)",
        (remote.id, iso(time.time()), packed.size, packed.sha256, packed.body),
    )
    manifest.db.write(
        "UPDATE remotes SET result = 'stored', result_error = '', overdue = 0 WHERE id = ?",
        (remote.id,),
    )
    manifest.log(
        "fetched",
        f"{packed.size} bytes",
        job=remote.job,
        attempt=remote.attempt,
        remote_id=remote.id,
    )


def result_failed(
    manifest: Manifest, remote: RemoteRecord, error: str, *, counted: bool = True
) -> None:
    """Record a try to fetch a result that brought none, or one that could not be used.

    One that is not `counted` says nothing of the result itself.
    """
    manifest.db.write(
        "UPDATE remotes SET result_tries = result_tries + ?, result_error = ? WHERE id = ?",
        (int(counted), error, remote.id),
    )
    if error == remote.result_error:
        return  # it has been told, and is no news to poll faster for
    manifest.log("not_fetched", error, job=remote.job, attempt=remote.attempt, remote_id=remote.id)


def result_overdue(manifest: Manifest, remote: RemoteRecord, error: str) -> None:
    """Record one more try in vain, after which nobody waits for the result any more."""
    manifest.db.write(
        "UPDATE remotes SET result_tries = result_tries + 1, result_error = ?, overdue = 1 "
        "WHERE id = ?",
        (error, remote.id),
    )
    manifest.log("overdue", error, job=remote.job, attempt=remote.attempt, remote_id=remote.id)


def lose_result(manifest: Manifest, remote: RemoteRecord, error: str) -> None:
    """Record that a result cannot be had, and why."""
    manifest.db.write(
        "UPDATE remotes SET result = 'lost', result_error = ? WHERE id = ?", (error, remote.id)
    )
    manifest.log("lost", error, job=remote.job, attempt=remote.attempt, remote_id=remote.id)


def drop_result(manifest: Manifest, remote: RemoteRecord, error: str) -> None:
    """Forget a stored result that is damaged; it is fetched again, where the service has it yet."""
    manifest.db.write("DELETE FROM results WHERE remote_id = ?", (remote.id,))
    manifest.db.write("UPDATE remotes SET result = NULL WHERE id = ?", (remote.id,))
    manifest.db.write("UPDATE jobset SET closed_at = NULL")
    manifest.log("damaged", error, job=remote.job, attempt=remote.attempt, remote_id=remote.id)


def read_result(manifest: Manifest, remote_id: str) -> bytes | None:
    """Return a stored result body, or None; no transaction needed.

    Raises StoredResultError when it is not what was stored.
    """
    row = manifest.db.row("SELECT body, sha256 FROM results WHERE remote_id = ?", (remote_id,))
    if row is None:
        return None
    try:
        body = unpack(row[0])
    except zlib.error as error:
        raise StoredResultError from error
    if hashlib.sha256(body).hexdigest() != row[1]:
        raise StoredResultError
    return body


def close_set(manifest: Manifest) -> None:
    """Record that nothing is left to do."""
    manifest.db.write("UPDATE jobset SET closed_at = ?", (iso(time.time()),))
    manifest.log("closed")
