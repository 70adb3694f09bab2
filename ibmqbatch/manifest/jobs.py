"""What the service says of our jobs, and their results."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from ..clock import Instant, in_utc, iso
from .compression import PackedResult
from .records import JobStatus, RemoteRecord

if TYPE_CHECKING:
    from .manifest import Transaction

__all__ = ["Jobs"]

_RANK = {JobStatus.DONE: 3, JobStatus.RUNNING: 2, JobStatus.VALIDATING: 2, JobStatus.QUEUED: 1}


class Jobs:
    """The jobs of a set on the service, inside a transaction: see `Manifest.transaction`."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction
        self._manifest = transaction.manifest
        self._write = transaction.manifest.db.write

    def observe(
        self,
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
            self.note_created(remote, created)
        changed = status != remote.service_status
        same = (reason, reason_code, private) == (remote.reason, remote.reason_code, remote.private)
        if not changed and same and remote.missed is None:
            return
        self._change(
            remote,
            "status = ?, reason = ?, reason_code = ?, solution = ?, private = ?, missed = NULL",
            *(status, reason, reason_code, solution, private),
        )
        if not changed:
            return
        now = replace(remote, service_status=status, reason_code=reason_code).status
        self._change(
            remote,
            "running_at = coalesce(running_at, ?), finished_at = ?",
            iso(at) if now is JobStatus.RUNNING else None,
            iso(at) if now.final else None,
        )
        self._log(
            "status",
            remote,
            f"{remote.service_status} -> {status}" + (f": {reason}" if reason else ""),
        )

    def note_created(self, remote: RemoteRecord, created: str) -> None:
        """Record when the service created a job, where what it told is a time."""
        moment = in_utc(created, exact=True)
        if moment is not None:
            self._change(remote, "created_at = ?", moment)

    def miss(self, remote: RemoteRecord, at: Instant) -> None:
        """Record the first answer that there is no such job."""
        self._change(remote, "missed = ?", at.write())
        self._log("missed", remote)

    def choose(self, job: int) -> None:
        """Decide which of a job's remote jobs counts, now that another one has been found.

        The one furthest along, then one whose results are here; of those that bring nothing, the
        last. Where they are alike their ids decide, and not the numbers that this file gives to
        attempts: all machines that have the set must keep the same one. A live one besides it is
        surplus: to be cancelled, and reported.
        """
        mine = sorted(self._manifest.remotes(job), key=lambda remote: remote.id)
        best = max(mine, key=_merit)
        self._write("UPDATE jobs SET remote_id = ? WHERE idx = ?", (best.id, job))
        self._change(best, "surplus = 0")
        for remote in mine:
            if remote.id == best.id or remote.surplus or not _rank(remote):
                continue
            self._change(remote, "surplus = 1")
            ran = "it ran as well" if remote.status is JobStatus.DONE else "it is being cancelled"
            self._log(
                "duplicate",
                remote,
                f"job {job} stands twice on the service; {best.id} is kept, of {remote.id}: {ran}",
            )

    def note_cancel(self, remote: RemoteRecord, at: float) -> None:
        """Record that the service was asked to cancel a job."""
        self._change(remote, "cancel_asked_at = ?", at)
        self._log("cancel_sent", remote)

    def note_labels(self, remote: RemoteRecord, labels_version: int) -> None:
        """Record that a job carries the labels of this version."""
        self._change(remote, "labels_version = ?", labels_version)
        self._log("retagged", remote)

    def store_metrics(self, remote: RemoteRecord, metrics: Mapping[str, object]) -> None:
        """Keep what the service says a job has used."""
        self._change(remote, "metrics = ?", json.dumps(dict(metrics)))

    def store_result(self, remote: RemoteRecord, packed: PackedResult) -> None:
        """Keep a result body for good."""
        self._write(
            "INSERT OR REPLACE INTO results VALUES (?, ?, ?, ?, ?)",
            (remote.id, self._transaction.at, packed.size, packed.sha256, packed.body),
        )
        self._change(remote, "result = 'stored', result_error = '', overdue = 0")
        self._log("fetched", remote, f"{packed.size} bytes")

    def note_failure(self, remote: RemoteRecord, error: str, *, counted: bool = True) -> None:
        """Record a try to fetch a result that brought none, or one that could not be used.

        One that is not `counted` says nothing of the result itself.
        """
        self._change(
            remote, "result_tries = result_tries + ?, result_error = ?", int(counted), error
        )
        if error != remote.result_error:  # else it is no news to poll faster for
            self._log("not_fetched", remote, error)

    def note_overdue(self, remote: RemoteRecord, error: str) -> None:
        """Record one more try in vain, after which nobody waits for the result any more."""
        self._change(
            remote, "result_tries = result_tries + 1, result_error = ?, overdue = 1", error
        )
        self._log("overdue", remote, error)

    def lose_result(self, remote: RemoteRecord, error: str) -> None:
        """Record that a result cannot be had, and why."""
        self._change(remote, "result = 'lost', result_error = ?", error)
        self._log("lost", remote, error)

    def drop_result(self, remote: RemoteRecord, error: str) -> None:
        """Forget a stored result that is damaged, so that it is fetched again."""
        self._write("DELETE FROM results WHERE remote_id = ?", (remote.id,))
        self._change(remote, "result = NULL")
        self._write("UPDATE jobset SET closed_at = NULL")
        self._log("damaged", remote, error)

    def close(self) -> None:
        """Record that nothing is left to do for the set."""
        self._write("UPDATE jobset SET closed_at = ?", (self._transaction.at,))
        self._transaction.log("closed")

    def _change(self, remote: RemoteRecord, change: str, *values: object) -> None:
        self._write(f"UPDATE remotes SET {change} WHERE id = ?", (*values, remote.id))  # noqa: S608

    def _log(self, kind: str, remote: RemoteRecord, detail: str = "") -> None:
        self._transaction.log(
            kind, detail, job=remote.job, attempt=remote.attempt, remote_id=remote.id
        )


def _merit(remote: RemoteRecord) -> tuple[int, bool, int]:
    rank = _rank(remote)
    return rank, remote.result == "stored", 0 if rank else remote.attempt


def _rank(remote: RemoteRecord) -> int:
    """Return how far along a job is: 0 for one whose results are not to be expected any more."""
    given_up = remote.result == "lost" or (remote.overdue and remote.result is None)
    return 0 if given_up else _RANK.get(remote.status, 0)
