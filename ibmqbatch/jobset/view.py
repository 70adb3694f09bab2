"""A job set as plain data, under the names of the JSON documents that scripts read."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from ..manifest.records import (
    EventRecord,
    JobRecord,
    SetRecord,
    count_statuses,
    set_state,
)

if TYPE_CHECKING:
    from .plan import Plan
    from .results import CircuitResult

__all__ = ["event_data", "job_data", "plan_data", "result_data", "set_data"]


def set_data(
    record: SetRecord, jobs: Sequence[JobRecord], *, with_jobs: bool = True
) -> dict[str, Any]:
    """Describe a set; `counts` has one key for every status and adds up to `total_jobs`."""
    data: dict[str, Any] = {
        "id": record.id,
        "name": record.name,
        "backend": record.backend,
        "account": record.account,
        "tags": list(record.tags),
        "state": str(set_state(jobs)),
        "created_at": record.created_at,
        "closed_at": record.closed_at,
        "shots": record.shots,
        "seed": record.seed,
        "total_jobs": record.total_jobs,
        "total_circuits": record.total_circuits,
        "counts": {str(status): count for status, count in count_statuses(jobs).items()},
        "unsure_jobs": sum(job.unsure for job in jobs),
        "lost_jobs": sum(job.lost for job in jobs),
    }
    if with_jobs:
        data["jobs"] = [job_data(job) for job in jobs]
    return data


def job_data(job: JobRecord) -> dict[str, Any]:
    """Describe one job; times are those observed, in ISO 8601 UTC."""
    remote = job.remote
    return {
        "index": job.index,
        "first_circuit": job.first_circuit,
        "last_circuit": job.last_circuit,
        "id": remote.id if remote else None,
        "status": str(job.status),
        "service_status": remote.service_status if remote else None,
        "reason": job.reason,
        "attempt": job.attempt,
        "unsure": job.unsure,
        "results": remote.result if remote else None,
        "submitted_at": remote.submitted_at if remote else None,
        "finished_at": remote.finished_at if remote else None,
    }


def event_data(event: EventRecord) -> dict[str, Any]:
    """Describe one event of a set's history."""
    return {
        "seq": event.seq,
        "at": event.at,
        "kind": event.kind,
        "job": event.job,
        "attempt": event.attempt,
        "id": event.remote_id,
        "detail": event.detail,
    }


def result_data(result: CircuitResult) -> dict[str, Any]:
    """Describe one circuit's outcomes."""
    return {
        "index": result.index,
        "name": result.name,
        "shots": result.shots,
        "counts": dict(result.counts),
        "metadata": dict(result.metadata),
    }


def plan_data(plan: Plan) -> dict[str, Any]:
    """Describe what would be sent."""
    return {
        "name": plan.name,
        "total_circuits": plan.total_circuits,
        "total_jobs": plan.total_jobs,
        "shots": plan.shots,
        "executions": plan.executions,
        "bytes": plan.bytes,
        "minutes_to_send": plan.minutes,
        "jobs": [
            {
                "index": index,
                "first_circuit": chunk.first,
                "last_circuit": chunk.last,
                "bytes": chunk.bytes,
            }
            for index, chunk in enumerate(plan.chunks)
        ],
    }
