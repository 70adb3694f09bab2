"""Failures that would repeat themselves, and holding back the jobs that would meet the same."""

from __future__ import annotations

from .store import Manifest

__all__ = ["hold_back", "is_doomed"]

# Codes with which IBM's service fails a job for what it is, so that another like it fails as well:
# circuits that cannot be loaded, are not in the instruction set, break limits, or whose options
# contradict each other; results that are too large.
_REPEATING = (1506, 1517, 1519, 1520, 1521, 1522, 1603, 3211, 5302)


def is_doomed(manifest: Manifest) -> bool:
    """Tell whether as many jobs as the set allows have failed in a way that would repeat itself."""
    most = manifest.job_set().max_fails
    return most is not None and _count(manifest) >= most


def _count(manifest: Manifest) -> int:
    """Return how many jobs have failed so, or were refused by the service."""
    marks = ", ".join("?" * len(_REPEATING))
    row = manifest.db.row(
        f"""SELECT count(*) FROM jobs j
            LEFT JOIN attempts a ON a.job = j.idx AND a.number = j.wanted_attempt
            LEFT JOIN remotes r ON r.id = j.remote_id
            WHERE (r.id IS NULL AND a.state = 'refused')
               OR (lower(r.status) = 'failed' AND r.reason_code IN ({marks}))""",  # noqa: S608
        _REPEATING,
    )
    return int(row[0]) if row else 0


def hold_back(manifest: Manifest) -> int:
    """Want every job that is not sent yet cancelled; return how many that is.

    Called inside a transaction.
    """
    held = [job for job in manifest.jobs() if job.unsent]
    for job in held:
        manifest.db.write("UPDATE jobs SET wanted = 'cancel' WHERE idx = ?", (job.index,))
    if held:
        fails = _count(manifest)
        manifest.log(
            "held_back",
            f"{len(held)} jobs, because {fails} have failed in a way that would repeat itself",
        )
    return len(held)
