"""How the jobs of a set stand: in Qiskit's terms, and as the texts that old programs print."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from qiskit.providers import JobStatus

from ..errors import IbmqbatchError
from ..jobset.retry import lacks_results
from ..manifest.records import JobRecord, SetRecord, count_statuses, is_known
from .caller_warnings import warn_caller
from .exceptions import IBMQJobManagerError, message_of, translated

if TYPE_CHECKING:
    from ..jobset.job_set import JobSet

__all__ = [
    "SetStatus",
    "ask_status",
    "error_report",
    "experiment_ranges",
    "experiments_of",
    "failure_text",
    "job_details",
    "reason_of",
    "set_report",
    "status_of",
    "summary",
    "warn_if_unknown",
    "was_refused",
]


@dataclass(frozen=True, slots=True)
class SetStatus:
    """A set and its jobs. A status is None where it is unknown, or the service took no job."""

    record: SetRecord
    jobs: Sequence[JobRecord]
    statuses: Sequence[JobStatus | None]


def ask_status(job_set: JobSet) -> SetStatus:
    """Ask the service how a set stands; warn when it does not answer."""
    fresh = True
    try:
        job_set.refresh()
    except IbmqbatchError as error:
        fresh = False
        warn_caller(f"Unable to retrieve job statuses of the set {job_set.id}: {message_of(error)}")
    with translated(IBMQJobManagerError), job_set.open() as manifest:
        record, jobs = manifest.job_set(), manifest.jobs()
    for word in dict.fromkeys(job.remote.service_status for job in jobs if job.remote is not None):
        warn_if_unknown(word)
    return SetStatus(record, jobs, [status_of(job, fresh=fresh) for job in jobs])


def status_of(job: JobRecord, *, fresh: bool = True) -> JobStatus | None:
    """Return a job's status; `fresh`: the service has just been asked."""
    if was_refused(job) or job.unsure:
        return None
    if not fresh and job.remote is not None and not job.status.final:
        return None
    return JobStatus[job.status.name]


def warn_if_unknown(service_status: str) -> None:
    """Warn of a status of the service that is not known here, and counts as RUNNING."""
    if service_status and not is_known(service_status):
        warn_caller(
            f"The service calls the status of a job '{service_status}', which is not known here: "
            "it counts as RUNNING. A newer ibmqbatch may know it."
        )


def was_refused(job: JobRecord) -> bool:
    """Return whether the service refused to take a job."""
    return job.remote is None and job.attempt_state == "refused"


def set_report(status: SetStatus) -> list[str]:
    """Return the lines of a report on a set, without its jobs."""
    return [
        f"Job set name: {status.record.name}",
        f"          ID: {status.record.id}",
        f"        tags: {list(status.record.tags)}",
        *summary(status.jobs),
    ]


def summary(jobs: Iterable[JobRecord]) -> list[str]:
    """Return the lines that count jobs. The counts add up to the total.

    A job that could not be submitted has failed; one that may or may not have been is pending.
    """
    counts = {status.name: count for status, count in count_statuses(list(jobs)).items()}
    pending = counts["INITIALIZING"] + counts["VALIDATING"] + counts["QUEUED"]
    return [
        "Summary report:",
        f"       Total jobs: {sum(counts.values())}",
        f"  Successful jobs: {counts['DONE']}",
        f"      Failed jobs: {counts['ERROR']}",
        f"   Cancelled jobs: {counts['CANCELLED']}",
        f"     Running jobs: {counts['RUNNING']}",
        f"     Pending jobs: {pending}",
    ]


def job_details(status: SetStatus) -> list[str]:
    """Return the lines that describe each job."""
    record = status.record
    lines: list[str] = []
    for job, job_status in zip(status.jobs, status.statuses, strict=True):
        lines += [
            f"  experiments: {experiments_of(job)}",
            f"    job index: {job.index}",
        ]
        if record.total_repeats > 1:
            lines.append(f"    shot repeat: {job.repeat + 1} of {record.total_repeats}")
        lines += [f"    {line}" for line in _status_lines(record, job, job_status)]
    return lines


def _status_lines(record: SetRecord, job: JobRecord, status: JobStatus | None) -> list[str]:
    if was_refused(job):
        return [f"status: job submit failed: {reason_of(job)}"]
    word = "Unknown" if status is None else status.value
    if job.remote is None:
        return [f"status: {word}"]
    lines = [
        f"job ID: {job.remote.id}",
        f"name: {record.name}_{job.index}_",
        f"status: {word}",
    ]
    if status is JobStatus.QUEUED:
        lines.append("queue position: None")  # the service does not say it any more
    if status is JobStatus.ERROR or lacks_results(job):
        lines += ["error_message:", *(f"  {line}" for line in reason_of(job).split("\n"))]
    return lines


def error_report(jobs: Iterable[JobRecord]) -> str | None:
    """Return why jobs have no results, with the service's code; None when all have."""
    lines: list[str] = []
    for job in jobs:
        if job.status.name in {"ERROR", "CANCELLED"} or lacks_results(job):
            job_id = "not submitted" if job.remote is None else job.remote.id
            lines.append(
                f"Experiments {experiments_of(job)}, job index={job.index}, job ID={job_id}:"
            )
            lines += [f"  {line}" for line in reason_of(job).split("\n")]
    return "\n".join(lines) or None


def reason_of(job: JobRecord) -> str:
    """Return why a job has no results, or not yet."""
    if job.status.name == "ERROR":
        remote = job.remote
        reason = job.attempt_error if remote is None else remote.reason
        return failure_text(reason, "" if remote is None else remote.solution, job.code)
    if job.reason:
        return job.reason
    if job.status.name == "DONE":
        return "The job is done, and its results are not here yet."
    return f"{str(JobStatus[job.status.name].value).capitalize()}."


def failure_text(reason: str, solution: str, code: int | None) -> str:
    """Return why a job failed, in sentences, from the service's reason, advice and code."""
    reason = reason.strip() or "Unknown error."
    text = reason if reason.endswith((".", "!", "?")) else f"{reason}."
    if solution and solution not in text:
        text = f"{text} {solution}"
    # The reason of a refusal mentions its code already.
    return text if code is None or f"code {code}" in text else f"{text} Error code: {code}."


def experiment_ranges(jobs: Iterable[JobRecord]) -> str:
    """Return the experiments of jobs as ranges, such as `0-9, 20-29`; see `experiments_of`."""
    merged: list[list[int]] = []
    scattered: dict[str, None] = {}  # the repeats of a job hold the same ones
    for job in sorted(jobs, key=lambda job: (job.first_circuit, job.last_circuit)):
        first, last = job.first_circuit, job.last_circuit
        if job.total_circuits <= last - first:
            scattered[experiments_of(job)] = None
        elif merged and first <= merged[-1][1] + 1:
            merged[-1][1] = max(merged[-1][1], last)
        else:
            merged.append([first, last])
    return ", ".join([*(f"{first}-{last}" for first, last in merged), *scattered])


def experiments_of(job: JobRecord) -> str:
    """Return which experiments a job holds: `3-5`, or `4 of 3-9` where there are others between."""
    first, last, total = job.first_circuit, job.last_circuit, job.total_circuits
    return f"{total} of {first}-{last}" if total <= last - first else f"{first}-{last}"
