"""Listing jobs of the service to the last one, or once for several sets."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from ..service.client import PAGE
from ..service.errors import ServiceError, Unreadable
from ..service.limits import MOST_LISTED
from .errors import Interrupted

if TYPE_CHECKING:
    from ..clock import Clock, Instant
    from ..service.client import Client
    from ..service.models import RemoteJob

__all__ = ["CommonListing", "list_jobs"]

_TRIES = 3
_SKEW = timedelta(hours=1)  # by which the service's clock may differ from the one here


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


class CommonListing:
    """The jobs of an account since a time, listed once, when the first set is looked up in it.

    It is made of `most_pages` requests at most: where it would take more it has nothing. A set
    whose jobs are not all in it is listed by itself.
    """

    def __init__(self, client: Client, clock: Clock, since: str, *, most_pages: int) -> None:
        self._client = client
        self._since = (datetime.fromisoformat(since) - _SKEW).isoformat()
        self._most_pages = most_pages
        self._clock = clock
        self._jobs: dict[str, RemoteJob] | None = None
        self._error: ServiceError | None = None
        self.begun: Instant = clock.instant()

    def find(self, ids: Collection[str]) -> Mapping[str, RemoteJob] | None:
        """Return jobs by id; None unless all are there. Raises a ServiceError, always the same."""
        if self._jobs is None and self._error is None:
            try:
                self._jobs = self._list()
            except ServiceError as error:
                self._error = error
        if self._error is not None:
            raise self._error
        assert self._jobs is not None
        found = {each: self._jobs[each] for each in ids if each in self._jobs}
        return found if len(found) == len(ids) else None

    def _list(self) -> dict[str, RemoteJob]:
        self.begun = self._clock.instant()
        seen: dict[str, RemoteJob] = {}
        offset = 0
        for _ in range(self._most_pages):
            page = self._client.jobs(offset=offset, oldest_first=True, created_after=self._since)
            seen.update((job.id, job) for job in page.jobs)
            offset += len(page.jobs)
            if page.count is None or math.ceil(page.count / PAGE) > self._most_pages:
                return {}
            if offset >= page.count or not page.jobs or self._clock.interrupted.is_set():
                break
        return seen
