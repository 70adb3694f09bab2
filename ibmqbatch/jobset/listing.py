"""Listing jobs of the service to the last one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from ..service.client import PAGE
from ..service.errors import Unreadable
from ..service.limits import MOST_LISTED
from .errors import Interrupted

if TYPE_CHECKING:
    from ..clock import Clock
    from ..service.client import Client
    from ..service.models import RemoteJob

__all__ = ["list_jobs"]

_TRIES = 3


def list_jobs(
    client: Client,
    clock: Clock,
    tags: Sequence[str] = (),
    *,
    wanted: Callable[[RemoteJob], bool] = lambda _: True,
    progress: Callable[[str, int, int], None] = lambda *_: None,
) -> list[RemoteJob]:
    """Return the jobs that carry all `tags` and are `wanted`, the oldest first.

    `PAGE` jobs a request. Where jobs are deleted meanwhile, pages shift and may hide others: it
    begins anew until as many were seen as the service counts. Raises ServiceErrors.
    """
    for _ in range(_TRIES):
        seen: dict[str, RemoteJob | None] = {}  # None: not wanted, and not kept
        count: int | None = None
        offset = most = 0
        while True:
            # The oldest first: what is submitted meanwhile comes at the end.
            page = client.jobs(tags=tags, offset=offset, oldest_first=True)
            known = len(seen)
            seen.update((job.id, job if wanted(job) else None) for job in page.jobs)
            offset += len(page.jobs)
            count = page.count
            # One page may come from a copy of the records that knows fewer than the one before.
            most = max(most, count or 0)
            if clock.interrupted.is_set():
                raise Interrupted("Interrupted.")
            progress("listing", len(seen), max(len(seen), count or 0))
            at_end = len(page.jobs) < PAGE if count is None else offset >= count
            if at_end or len(seen) == known:
                break
            if offset > MOST_LISTED:
                raise Unreadable(
                    f"The service lists more than {MOST_LISTED} jobs.",
                    "Name a tag that fewer of them have.",
                )
        if len(seen) >= most:
            return [job for job in seen.values() if job is not None]
    raise Unreadable(
        f"The service counts {most} jobs and lists {len(seen)} of them.",
        "Others may be deleting some; try again.",
    )
