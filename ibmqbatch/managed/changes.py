"""Changing a set: cancels and labels are wanted durably first, then carried out and confirmed."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from typing import TYPE_CHECKING

from ..jobset.reconcile import unlabelled
from ..manifest.records import JobRecord
from ..manifest.store import Manifest
from ..manifest.wants import want_cancel, want_labels

if TYPE_CHECKING:
    from .handle import SetHandle

__all__ = ["cancel", "count_unlabelled", "relabel"]


def cancel(handle: SetHandle, jobs: Collection[int] | None = None) -> list[JobRecord]:
    """Cancel jobs by their indexes, or all; return those that have not ended yet.

    What is not sent yet never is from this moment. The others are asked to stop, and looked after
    for some seconds; what is wanted stays so, whatever comes in between. Raises a ServiceError.
    """
    with handle.open() as manifest:
        every = range(manifest.job_set().total_jobs)
        chosen = set(every if jobs is None else jobs)
        want_cancel(manifest, chosen)

    def left(manifest: Manifest) -> list[JobRecord]:
        return [job for job in manifest.jobs() if job.index in chosen and not job.status.final]

    handle.carry_out(lambda manifest: not left(manifest))
    with handle.open() as manifest:
        return left(manifest)


def relabel(
    handle: SetHandle,
    *,
    name: str | None = None,
    change: Callable[[tuple[str, ...]], Sequence[str]] = tuple,
) -> int:
    """Give a set another name or other tags; return how many jobs do not carry them yet.

    `change` makes the new tags of the present ones. The set has them from this moment on, and each
    of its jobs as soon as the service takes them. Raises UsageError, and ServiceErrors.
    """
    with handle.open() as manifest:
        want_labels(manifest, name=name, change=change)
    handle.carry_out(lambda manifest: not unlabelled(manifest))
    return count_unlabelled(handle)


def count_unlabelled(handle: SetHandle) -> int:
    """Return how many jobs on the service do not carry the set's name and tags yet."""
    with handle.open() as manifest:
        return len(unlabelled(manifest))
