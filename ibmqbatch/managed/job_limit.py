"""How many jobs may wait, and do."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ..service.client import Client

__all__ = ["BackendJobLimit", "read_job_limit"]


@dataclass(frozen=True, slots=True)
class BackendJobLimit:
    """How many jobs of an account wait or run, and how many may.

    `active_jobs` are those that the service lists as not ended, on whichever backend.
    `maximum_jobs` is what the user says, or else what refusals have taught; None: any number.
    """

    maximum_jobs: int | None
    active_jobs: int

    @property
    def running_jobs(self) -> int:
        """The same as `active_jobs`, as it was called, too."""
        return self.active_jobs

    @property
    def remaining(self) -> int | None:
        """How many more may be submitted; None where there is no limit."""
        return None if self.maximum_jobs is None else max(0, self.maximum_jobs - self.active_jobs)


def read_job_limit(client: Client) -> BackendJobLimit:
    """Ask how many jobs wait. The limit is what the user says, or what refusals have taught."""
    limit = client.account.max_pending
    return BackendJobLimit(
        maximum_jobs=client.pace().pending_limit() if limit is None else limit,
        active_jobs=client.jobs(pending=True, limit=1).count or 0,
    )
