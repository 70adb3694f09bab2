"""Recording what the user wants. Whoever advances the set next carries it out.

None of these waits for the set's lock; each is one short transaction.
"""

from __future__ import annotations

import json
import socket
from collections.abc import Callable, Collection, Sequence

from ..errors import UsageError
from .records import JobRecord
from .store import Manifest

__all__ = ["take_over", "unknown_jobs", "want_cancel", "want_labels", "want_retry"]


def want_cancel(manifest: Manifest, jobs: Collection[int]) -> int:
    """Want `jobs` (indexes) cancelled, unless they have ended; return how many that is."""
    wanted = 0
    with manifest.db.transaction():
        for job in manifest.jobs():
            if job.index in jobs and job.wanted == "run" and not job.status.final:
                manifest.db.write("UPDATE jobs SET wanted = 'cancel' WHERE idx = ?", (job.index,))
                manifest.log("cancel_wanted", job=job.index)
                wanted += 1
        if wanted:
            _reopen(manifest)
    return wanted


def want_labels(
    manifest: Manifest,
    *,
    name: str | None = None,
    change: Callable[[tuple[str, ...]], Sequence[str]] = tuple,
) -> bool:
    """Want another name or other tags; return whether they differ from what was wanted.

    `change` makes the new tags of the present ones, which others may be changing as well.
    """
    _check_ours(manifest, "labels stay as they are")
    with manifest.db.transaction():
        current = manifest.job_set()
        name = current.name if name is None else name
        tags = tuple(change(current.tags))
        if (name, tags) == (current.name, current.tags):
            return False
        manifest.db.write(
            "UPDATE jobset SET name = ?, tags = ?, labels_version = labels_version + 1",
            (name, json.dumps(tags, ensure_ascii=False)),
        )
        manifest.log("retag_wanted", f"name '{name}', tags {', '.join(tags) or 'none'}")
        _reopen(manifest)
    return True


def unknown_jobs(manifest: Manifest, jobs: Sequence[JobRecord]) -> list[int]:
    """Return those of `jobs`, by index, that a recovered set does not know enough of to send them.

    Their circuits are not known, or how many shots are left for their repeat. No transaction
    needed.
    """
    return [
        job.index
        for job in jobs
        if manifest.db.row(
            "SELECT 1 FROM circuits c JOIN bodies b ON b.id = c.body "
            "WHERE c.idx BETWEEN ? AND ? AND (b.kind = 'unknown' OR c.shots <= ?)",
            (job.first_circuit, job.last_circuit, job.repeat * job.shots),
        )
    ]


def want_retry(manifest: Manifest, jobs: Sequence[JobRecord]) -> list[int]:
    """Want `jobs` run again, each as a new attempt; the old ones stay in the history.

    One that has moved on since it was read is left alone: another process has retried it, or its
    results have come. Return those that are run again, by their indexes. Raises UsageError where
    one of them is among `unknown_jobs`.
    """
    _check_ours(manifest, "it is run again there")
    _check_known(manifest, jobs)
    with manifest.db.transaction():
        current = {job.index: job for job in manifest.jobs()}
        again = [job for job in jobs if _place(current[job.index]) == _place(job)]
        for job in again:
            manifest.db.write(
                "UPDATE jobs SET wanted = 'run', remote_id = NULL, wanted_attempt = 1 + coalesce("
                "(SELECT max(number) FROM attempts WHERE job = idx), 0) WHERE idx = ?",
                (job.index,),
            )
            manifest.log("retry_wanted", f"was {job.status}: {job.reason}", job=job.index)
        if any(job.wanted == "cancel" for job in again):
            # Jobs that were held back are wanted all the same, however many more fail.
            manifest.db.write("UPDATE jobset SET max_fails = NULL")
        _reopen(manifest)
    return [job.index for job in again]


def _place(job: JobRecord) -> tuple[object, ...]:
    """Return what changes when a job is sent again, or its results come."""
    remote = job.remote
    return job.attempt, remote and remote.id, remote is not None and remote.result == "stored"


def take_over(manifest: Manifest) -> bool:
    """Have a copy send jobs from now on; return whether it was one that did not.

    Whether another copy has sent some is still asked of the service before the first of them.
    """
    with manifest.db.transaction():
        if manifest.job_set().copied_at is None:
            return False
        host = socket.gethostname()
        manifest.db.write("UPDATE jobset SET copied_at = NULL, host = ?", (host,))
        manifest.log("taken_over", f"by {host}")
    return True


def _check_known(manifest: Manifest, jobs: Sequence[JobRecord]) -> None:
    unknown = unknown_jobs(manifest, jobs)
    if unknown:
        raise UsageError(
            f"The circuits of job {unknown[0]} are not known here: the set was recovered.",
            "Submit them anew, or retry the set where it was made.",
        )


def _check_ours(manifest: Manifest, what: str) -> None:
    if manifest.job_set().made_elsewhere:
        raise UsageError(
            f"The jobs of this set were sent by another program: {what}.",
            "Use the program that they were sent with.",
        )


def _reopen(manifest: Manifest) -> None:
    manifest.db.write("UPDATE jobset SET closed_at = NULL")
