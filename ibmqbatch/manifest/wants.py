"""What the user wants. Whoever advances the set next carries it out."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Sequence
from typing import TYPE_CHECKING

from ..errors import UsageError
from .records import JobRecord

if TYPE_CHECKING:
    from .manifest import Manifest

__all__ = ["Wants"]


class Wants:
    """The wants of a set's owner. Each is a short transaction that waits for no lock of the set."""

    def __init__(self, manifest: Manifest) -> None:
        self._manifest = manifest
        self._write = manifest.db.write

    def cancel(self, jobs: Collection[int]) -> int:
        """Want `jobs` (indexes) cancelled, unless they have ended; return how many that is."""
        wanted = 0
        with self._manifest.transaction() as transaction:
            for job in self._manifest.jobs():
                if job.index in jobs and job.wanted == "run" and not job.status.final:
                    self._write("UPDATE jobs SET wanted = 'cancel' WHERE idx = ?", (job.index,))
                    transaction.log("cancel_wanted", job=job.index)
                    wanted += 1
            if wanted:
                self._reopen()
        return wanted

    def retag(
        self,
        *,
        name: str | None = None,
        change: Callable[[tuple[str, ...]], Sequence[str]] = tuple,
    ) -> bool:
        """Want another name or other tags; return whether they differ from what was wanted.

        `change` makes the new tags of the present ones, which others may be changing as well.
        """
        self._check_ours("labels stay as they are")
        with self._manifest.transaction() as transaction:
            current = self._manifest.job_set()
            name = current.name if name is None else name
            tags = tuple(change(current.tags))
            if (name, tags) == (current.name, current.tags):
                return False
            self._write(
                "UPDATE jobset SET name = ?, tags = ?, labels_version = labels_version + 1",
                (name, json.dumps(tags)),
            )
            transaction.log("retag_wanted", f"name '{name}', tags {', '.join(tags) or 'none'}")
            self._reopen()
        return True

    def retry(self, jobs: Sequence[JobRecord]) -> list[int]:
        """Want `jobs` run again, each as a new attempt; the old ones stay in the history.

        One that has moved on since it was read is left alone: another process has retried it, or
        its results have come. Return those that are run again, by their indexes. Raises UsageError
        where one of them is among the manifest's `unknown_jobs`.
        """
        self._check_ours("it is run again there")
        unknown = self._manifest.unknown_jobs(jobs)
        if unknown:
            raise UsageError(
                f"The circuits of job {unknown[0]} are not known here: the set was recovered.",
                "Submit them anew, or retry the set where it was made.",
            )
        with self._manifest.transaction() as transaction:
            current = {job.index: job for job in self._manifest.jobs()}
            again = [job for job in jobs if _progress(current[job.index]) == _progress(job)]
            for job in again:
                self._write(
                    "UPDATE jobs SET wanted = 'run', remote_id = NULL, wanted_attempt = 1 + "
                    "coalesce((SELECT max(number) FROM attempts WHERE job = idx), 0) WHERE idx = ?",
                    (job.index,),
                )
                transaction.log("retry_wanted", f"was {job.status}: {job.reason}", job=job.index)
            if any(job.wanted == "cancel" for job in again):
                # Jobs that were held back are wanted all the same, however many more fail.
                self._write("UPDATE jobset SET max_fails = NULL")
            self._reopen()
        return [job.index for job in again]

    def take_over(self) -> bool:
        """Let a copy send jobs from now on; return whether it did not before.

        Whether another copy has sent some is still asked of the service before the first of them.
        """
        import socket

        with self._manifest.transaction() as transaction:
            if self._manifest.job_set().copied_at is None:
                return False
            host = socket.gethostname()
            self._write("UPDATE jobset SET copied_at = NULL, host = ?", (host,))
            transaction.log("taken_over", f"by {host}")
        return True

    def _check_ours(self, what: str) -> None:
        if self._manifest.job_set().made_elsewhere:
            raise UsageError(
                f"The jobs of this set were sent by another program: {what}.",
                "Use the program that they were sent with.",
            )

    def _reopen(self) -> None:
        self._write("UPDATE jobset SET closed_at = NULL")


def _progress(job: JobRecord) -> tuple[object, ...]:
    """Return what changes when a job is sent again, or its results come."""
    remote = job.remote
    return job.attempt, remote and remote.id, remote is not None and remote.result == "stored"
