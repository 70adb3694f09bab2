"""Which jobs of a set somebody means, by their indexes."""

from __future__ import annotations

from collections.abc import Iterable

from ..arguments import as_index
from ..errors import UsageError
from ..manifest.manifest import Manifest
from ..manifest.records import JobRecord

__all__ = ["Jobs", "chosen_jobs"]

Jobs = int | JobRecord | Iterable[int | JobRecord]


def chosen_jobs(manifest: Manifest, jobs: Jobs | None) -> set[int]:
    """Return the indexes of jobs, each given by its index or as it is, or of all.

    Raises UsageError for one that is not there.
    """
    total = manifest.job_set().total_jobs
    if jobs is None:
        return set(range(total))
    single = isinstance(jobs, JobRecord) or as_index(jobs) is not None
    listed = [jobs] if single or not isinstance(jobs, Iterable) else jobs
    chosen = set()
    for job in listed:
        index = as_index(job.index if isinstance(job, JobRecord) else job)
        if index is None or not 0 <= index < total:
            there = "Its only job is 0." if total == 1 else f"Its jobs are 0 to {total - 1}."
            raise UsageError(f"The set has no job {job}.", there)
        chosen.add(index)
    return chosen
