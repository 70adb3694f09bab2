"""When a job was where, and where it stands in the queue, from what the service has measured."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING

from ..jobset.usage import read_timestamps
from ..manifest.records import JobStatus
from .local_time import local_time
from .queueinfo import QueueInfo

if TYPE_CHECKING:
    from .views import JobFacts

__all__ = ["queue_info_of", "steps_of"]

# What the last step of each end was called.
_ENDS = {
    JobStatus.DONE: "COMPLETED",
    JobStatus.CANCELLED: "CANCELLED",
    JobStatus.ERROR: "ERROR_RUNNING_JOB",
}


def steps_of(facts: JobFacts, metrics: Mapping[str, object]) -> dict[str, datetime] | None:
    """Return the steps of a job by name, in local time; None where nothing is known yet.

    The service tells when a job was created, which puts it into the queue at once, when it began to
    run and when it ended.
    """
    told = read_timestamps(metrics)
    creating = local_time(facts.created) if facts.created else None
    queued = local_time(told.created) or creating
    if creating is not None and queued is not None:
        queued = max(creating, queued)  # it is told twice, and to different precisions perhaps
    steps = {
        "CREATING": creating,
        "CREATED": queued,
        "QUEUED": queued,
        "RUNNING": local_time(told.running),
    }
    if facts.status.final:
        steps[_ENDS[facts.status]] = local_time(told.finished)
    return {name: moment for name, moment in steps.items() if moment is not None} or None


def queue_info_of(facts: JobFacts, metrics: Mapping[str, object]) -> QueueInfo | None:
    """Return where a job stands in the queue; None unless it is there and the service tells."""
    if facts.status is not JobStatus.QUEUED:
        return None
    told = read_timestamps(metrics)
    if (told.position, told.expected_start, told.expected_end) == (None, None, None):
        return None
    return QueueInfo(
        position=told.position,
        status=facts.service_status,
        estimated_start_time=local_time(told.expected_start),
        estimated_complete_time=local_time(told.expected_end),
        job_id=facts.id,
    )
