"""Sending the one job of a set now or never, for a caller who waits for the answer.

Whoever is told that it failed submits again: so the job must not be sent later by anybody else.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..errors import Call, IbmqbatchError, Words
from ..service.errors import ServiceError
from .advance import close_if_complete, follow
from .errors import NotSent, PendingLimit, TimedOut, Unsettled

if TYPE_CHECKING:
    from ..manifest.manifest import Manifest
    from ..manifest.snapshot import Snapshot
    from .work import Work

__all__ = ["give_up", "try_submit"]

_MOST_ATTEMPTS = 3  # each of them proven to have created nothing
_PATIENCE = 60.0  # seconds, besides the account's own, to learn what came of a request


def try_submit(work: Work) -> None:
    """Send a set's only job, at the account's pace.

    Raises PendingLimit where no more jobs may wait, NotSent where the service does not take it,
    ServiceErrors, and Unsettled when it cannot be found out whether the job was taken.
    """

    def stop_when_full() -> None:
        if "pending" in work.noted:
            raise PendingLimit("No more jobs may wait on the service at present.")

    for _ in range(_MOST_ATTEMPTS):
        follow(work, _has_left, persistent=False, fetching=False, shown=stop_when_full)
        _find_out(work)
        if work.manifest.snapshot().is_sent():
            break
    else:
        error = work.manifest.attempts()[-1].error
        raise NotSent(f"the service has failed {_MOST_ATTEMPTS} times. {error}")
    (job,) = work.manifest.jobs()
    if job.remote is None:
        raise NotSent(job.reason or "it was cancelled before it was sent", refusal=job.code)


def give_up(manifest: Manifest) -> None:
    """Have the job never be sent, and be cancelled should it turn up on the service."""
    try:
        manifest.wants.cancel({0})
        close_if_complete(manifest)
    except IbmqbatchError:
        return  # whatever prevents writing is the error that is being raised


def _find_out(work: Work) -> None:
    """Ask until it is known what came of a request that was not answered."""
    account = work.client.account
    work.clock.set_deadline(account.settle_delay + account.settle_gap + _PATIENCE)
    try:
        follow(work, _is_settled, sending=False, fetching=False)
    except (TimedOut, ServiceError) as error:
        set_id = work.manifest.job_set().id
        raise Unsettled(
            "The job may or may not have reached the service; if it has, it is to be cancelled. "
            f"{work.manifest.attempts()[-1].error}",
            Words("{} finds out.", Call("resume", set_id, method="resume")),
        ) from error
    finally:
        work.clock.set_deadline(None)


def _has_left(known: Snapshot) -> bool:
    return not any(job.unsent or job.leaving for job in known.jobs)


def _is_settled(known: Snapshot) -> bool:
    return not any(job.unsure or job.leaving for job in known.jobs)
