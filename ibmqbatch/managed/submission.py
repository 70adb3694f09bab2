"""Sending the one job of a set while its owner waits, as `IBMQBackend.run` does."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..clock import Clock
from ..errors import IbmqbatchError
from ..jobset.advance import follow
from ..jobset.errors import TimedOut, Unsettled
from ..jobset.interrupts import landing
from ..service.errors import ServiceError
from .exceptions import IBMQBackendApiError, IBMQBackendJobLimitError
from .job_parts import failure_text

if TYPE_CHECKING:
    from ..jobset.job_set import JobSet
    from ..jobset.work import Work
    from ..manifest.manifest import Manifest
    from ..manifest.snapshot import Snapshot

__all__ = ["submit_now"]

_MOST_ATTEMPTS = 3  # at one job, each of which was proven to have come to nothing
_PATIENCE = 60.0  # seconds, besides the account's own, to learn what came of a request


def submit_now(handle: JobSet) -> None:
    """Send a set's only job, at the account's pace.

    Whatever this raises, the job is not sent later, and is cancelled should it turn up: who is told
    that it failed runs it again. Raises IBMQBackendJobLimitError where no more jobs may wait,
    IBMQBackendApiError where the service does not take it, ServiceErrors, and Unsettled when it
    cannot be found out whether the job was taken.
    """
    try:
        clock = Clock()
        with landing(clock), handle.working(clock) as work:
            _send(work)
        with handle.open() as manifest:
            _check_sent(manifest)
    except BaseException:
        with handle.open() as manifest:
            _give_up(manifest)
        raise


def _send(work: Work) -> None:
    """Send the job; when the answer stays away find out what came of it, and send it once more."""

    def stop_when_full() -> None:
        if "pending" in work.noted:
            raise IBMQBackendJobLimitError(
                "No more jobs may wait on the service at present. Wait until one has ended, or use "
                "IBMQJobManager, which does so."
            )

    for _ in range(_MOST_ATTEMPTS):
        follow(work, _has_left, persistent=False, fetching=False, shown=stop_when_full)
        _find_out(work)
        if work.manifest.snapshot().is_sent():
            return
    error = work.manifest.attempts()[-1].error
    raise IBMQBackendApiError(
        f"Error submitting job: the service has failed {_MOST_ATTEMPTS} times. {error}"
    )


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
            f"`ibmqbatch resume {set_id}` finds out.",
        ) from error
    finally:
        work.clock.set_deadline(None)


def _has_left(known: Snapshot) -> bool:
    return not any(job.unsent or job.leaving for job in known.jobs)


def _is_settled(known: Snapshot) -> bool:
    return not any(job.unsure or job.leaving for job in known.jobs)


def _check_sent(manifest: Manifest) -> None:
    (job,) = manifest.jobs()
    if job.remote is None:
        why = job.reason or "it was cancelled before it was sent"
        raise IBMQBackendApiError(f"Error submitting job: {failure_text(why, '', job.code)}")


def _give_up(manifest: Manifest) -> None:
    """Have the job neither sent nor kept."""
    try:
        manifest.wants.cancel({0})
        if manifest.snapshot().is_complete():
            with manifest.transaction() as change:
                change.jobs.close()
    except IbmqbatchError:
        return  # what stands in the way of writing is what is being told of
