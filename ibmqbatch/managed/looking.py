"""How the jobs of a set stand at present, in Qiskit's terms."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from qiskit.providers import JobStatus

from ..errors import IbmqbatchError
from ..manifest.records import JobRecord, SetRecord, is_known
from .exceptions import IBMQJobManagerError, message_of, translated
from .warn import warn

if TYPE_CHECKING:
    from ..jobset.job_set import JobSet

__all__ = ["Look", "look", "status_of", "warn_of_word", "was_refused"]


@dataclass(frozen=True, slots=True)
class Look:
    """A set and its jobs. A status is None where it is unknown, or the service took no job."""

    record: SetRecord
    jobs: Sequence[JobRecord]
    statuses: Sequence[JobStatus | None]


def look(handle: JobSet) -> Look:
    """Ask the service how a set stands; a warning tells when it did not answer."""
    fresh = True
    try:
        handle.refresh()
    except IbmqbatchError as error:
        fresh = False
        warn(f"Unable to retrieve job statuses of the set {handle.id}: {message_of(error)}")
    with translated(IBMQJobManagerError), handle.open() as manifest:
        record, jobs = manifest.job_set(), manifest.jobs()
    for word in dict.fromkeys(job.remote.service_status for job in jobs if job.remote is not None):
        warn_of_word(word)
    return Look(record, jobs, [status_of(job, fresh=fresh) for job in jobs])


def status_of(job: JobRecord, *, fresh: bool = True) -> JobStatus | None:
    """Return a job's status; `fresh` tells that the service has just been asked."""
    if was_refused(job) or job.unsure:
        return None
    if not fresh and job.remote is not None and not job.status.final:
        return None
    return JobStatus[job.status.name]


def warn_of_word(service_status: str) -> None:
    """Warn of a status of the service's that is not known here, and counts as RUNNING."""
    if service_status and not is_known(service_status):
        warn(
            f"The service calls the status of a job '{service_status}', which is not known here: "
            "it counts as RUNNING. A newer ibmqbatch may know it."
        )


def was_refused(job: JobRecord) -> bool:
    """Tell whether the service did not take a job."""
    return job.remote is None and job.attempt_state == "refused"
