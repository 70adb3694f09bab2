"""Which jobs may be run again, and seeing first whether that is needed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from ..manifest.records import JobRecord, JobStatus

if TYPE_CHECKING:
    from .work import Work

__all__ = ["given_after_all", "lacks_results", "may_run_again"]


def may_run_again(job: JobRecord, *, cancelled: bool, lost: bool) -> bool:
    """Tell whether a job failed; with `cancelled` and `lost` also one that was or `lacks_results`.

    Somebody may have had a reason to cancel it, and what has run once has been paid for.
    """
    if job.status is JobStatus.CANCELLED:
        return cancelled
    return job.status is JobStatus.ERROR or (lost and lacks_results(job))


def lacks_results(job: JobRecord) -> bool:
    """Tell whether a job ran, and its results are lost or overdue."""
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
