"""Sets and jobs as `render` gets them."""

from __future__ import annotations

from collections import Counter
from typing import Any

__all__ = ["PROGRESS", "job_of", "set_of"]

STATUSES = ("INITIALIZING", "QUEUED", "VALIDATING", "RUNNING", "DONE", "CANCELLED", "ERROR")
PROGRESS = {
    "elapsed_seconds": 75.0,
    "seconds_left": 400.0,
    "next_submission_seconds": 12.4,
    "used_seconds": None,
    "instance_seconds_left": 540.0,
    "queue_seconds": None,
    "queue_length": 7,
    "done_jobs": 0,
    "done_circuits": 0,
    "stored_jobs": 0,
    "unsent_jobs": 1,
}


def job_of(index: int, status: str = "DONE", reason: str = "", **more: Any) -> dict[str, Any]:
    """Return one job of two circuits."""
    return {
        "index": index,
        "first_circuit": 2 * index,
        "last_circuit": 2 * index + 1,
        "total_circuits": 2,
        "id": f"d{index:019}",
        "status": status,
        "service_status": status.capitalize(),
        "reason": reason,
        "attempt": 1,
        "unsure": False,
        "submitted_at": "2026-11-20T10:00:00.000Z",
        "finished_at": "2026-11-20T10:00:05.000Z",
        **more,
    }


def set_of(*jobs: dict[str, Any], **more: Any) -> dict[str, Any]:
    """Return a set of these jobs."""
    counts = Counter(job["status"] for job in jobs)
    return {
        "id": "20261120-7f3k9q2",
        "name": "ghz",
        "backend": "ibm_kingston",
        "state": "failed" if counts["ERROR"] else "done",
        "tags": ["nightly"],
        "created_at": "2026-11-20T10:00:00.000Z",
        "shots": 1000,
        "total_jobs": len(jobs),
        "total_circuits": 2 * len(jobs),
        "counts": {status: counts[status] for status in STATUSES},
        "jobs": list(jobs),
        **more,
    }
