"""Which jobs may be run again, and seeing first whether that is needed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from ..manifest.manifest import Manifest
from ..manifest.records import JobRecord, JobStatus
from .catalog import Jobs, chosen_jobs

if TYPE_CHECKING:
    from .work import Work

__all__ = ["given_after_all", "jobs_to_retry", "lacks_results", "sendable"]


def jobs_to_retry(
    manifest: Manifest, jobs: Jobs | None, *, cancelled: bool, lost: bool
) -> list[JobRecord]:
    """Return those of these jobs, or of all, that may be run again.

    Those are the failed ones; with `cancelled` and `lost` also those that were, or `lacks_results`:
    somebody may have had a reason to cancel it, and what has run once has been paid for.
    """
    named = chosen_jobs(manifest, jobs)
    return [
        job
        for job in manifest.jobs()
        if job.index in named and _may_run_again(job, cancelled=cancelled, lost=lost)
    ]


def sendable(
    manifest: Manifest, jobs: list[JobRecord], *, named: bool
) -> tuple[list[JobRecord], list[int]]:
    """Return those of `jobs` whose circuits are known here, and the indexes of the others.

    Where somebody has `named` them, or none is known, all are returned: `Wants.retry` refuses them.
    """
    unknown = [] if named else manifest.unknown_jobs(jobs)
    if len(unknown) == len(jobs):
        return jobs, []
    return [job for job in jobs if job.index not in unknown], unknown


def _may_run_again(job: JobRecord, *, cancelled: bool, lost: bool) -> bool:
    if job.status is JobStatus.CANCELLED:
        return cancelled
    return job.status is JobStatus.ERROR or (lost and lacks_results(job))


def lacks_results(job: JobRecord) -> bool:
    """Return whether a job ran, and its results are lost or overdue."""
    return job.lost or job.overdue


def given_after_all(work: Work, jobs: Sequence[JobRecord]) -> list[JobRecord]:
    """Ask once more for the results of those of `jobs` that lack them; return whose have come.

    Raises what `advance.ask_again` does.
    """
    from .advance import ask_again

    lacking = [job for job in jobs if lacks_results(job)]
    if not lacking:
        return []
    left = {job.index for job in ask_again(work, [job.index for job in lacking])}
    return [job for job in lacking if job.index not in left]
