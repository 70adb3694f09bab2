"""Which jobs of a set are meant: those of some indexes, and those that are to be run again."""

from __future__ import annotations

from collections.abc import Collection

from ..errors import UsageError
from ..manifest.records import JobRecord, JobStatus
from ..manifest.store import Manifest
from ..manifest.wants import unknown_jobs

__all__ = ["chosen_jobs", "jobs_to_retry"]


def chosen_jobs(manifest: Manifest, indexes: Collection[int] | None) -> set[int]:
    """Return the jobs of these indexes, or all; raises UsageError for one that is not there."""
    total = manifest.job_set().total_jobs
    unknown = [index for index in indexes or () if not 0 <= index < total]
    if unknown:
        there = "Its only job is 0." if total == 1 else f"Its jobs are 0 to {total - 1}."
        raise UsageError(f"The set has no job {unknown[0]}.", there)
    return set(range(total) if indexes is None else indexes)


def jobs_to_retry(
    manifest: Manifest, indexes: Collection[int] | None, *, cancelled: bool, lost: bool
) -> tuple[list[JobRecord], list[int]]:
    """Return the jobs that are to be run again, and the indexes of those that cannot be.

    The circuits of the latter are not known here. Where nothing else could be run again, or where
    jobs are named, they are among the former, and `want_retry` refuses them.
    """
    named = chosen_jobs(manifest, indexes)
    chosen = [
        job
        for job in manifest.jobs()
        if job.index in named and _may_run_again(job, cancelled=cancelled, lost=lost)
    ]
    unknown = [] if indexes is not None else unknown_jobs(manifest, chosen)
    if len(unknown) == len(chosen):
        return chosen, []
    return [job for job in chosen if job.index not in unknown], unknown


def _may_run_again(job: JobRecord, *, cancelled: bool, lost: bool) -> bool:
    if job.status is JobStatus.CANCELLED:
        return cancelled
    return job.status is JobStatus.ERROR or (lost and job.lost)
