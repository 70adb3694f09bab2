"""Batches: jobs that the service is to prepare and run together.

A batch is opened when its first job is about to leave, and drained when the last one has left: it
then takes no more, and runs what it has. One that cannot be drained closes when its time is over;
so does one whose opening was answered by nobody, and it costs nothing. The service may close a
batch early; what is still to be sent gets another.
"""

from __future__ import annotations

from ..service.errors import Refused, ServiceError
from .work import Work

__all__ = ["current_batch", "drain_batches"]


def current_batch(work: Work) -> str:
    """Return the batch that jobs go into, opened if there is none; raises a ServiceError."""
    manifest = work.manifest
    found = manifest.open_batches()
    if found:
        return found[-1]
    batch = work.client.open_batch(manifest.snapshot().record.backend)
    with manifest.transaction() as change:
        change.submissions.open_batch(batch)
    return batch


def drain_batches(work: Work) -> None:
    """Have batches take no more jobs once there is nothing left to send.

    Where that fails it is tried again by the next process: nothing waits for it.
    """
    manifest = work.manifest
    batches = manifest.open_batches()
    if not batches or work.drain_failed or manifest.unsent(1):
        return
    if any(job.unsure or job.leaving for job in manifest.snapshot().jobs):
        return
    for batch in batches:
        try:
            work.client.close_batch(batch)
        except Refused as error:
            # It is shut, or gone: either way it takes no more.
            why = error.message
        except ServiceError as error:
            work.drain_failed = True
            work.observer.note(f"The batch {batch} cannot be closed now: {error.message}")
            return
        else:
            why = "all jobs are sent"
        with manifest.transaction() as change:
            change.submissions.close_batch(batch, why)
