"""Which jobs of a set somebody means, by their indexes."""

from __future__ import annotations

from collections.abc import Collection

from ..errors import UsageError
from ..manifest.store import Manifest

__all__ = ["chosen_jobs"]


def chosen_jobs(manifest: Manifest, indexes: Collection[int] | None) -> set[int]:
    """Return the jobs of these indexes, or all; raises UsageError for one that is not there."""
    total = manifest.job_set().total_jobs
    unknown = [index for index in indexes or () if not 0 <= index < total]
    if unknown:
        there = "Its only job is 0." if total == 1 else f"Its jobs are 0 to {total - 1}."
        raise UsageError(f"The set has no job {unknown[0]}.", there)
    return set(range(total) if indexes is None else indexes)
