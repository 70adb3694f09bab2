"""Reports as texts, in the layout that programs have always read."""

from __future__ import annotations

from collections.abc import Iterable

from qiskit.providers import JobStatus

from ..jobset.retry import lacks_results
from ..manifest.records import JobRecord, SetRecord, count_statuses
from .job_parts import failure_text
from .looking import Look, was_refused

__all__ = ["error_report", "job_details", "job_name", "reason_of", "set_report", "spans", "summary"]


def job_name(record: SetRecord, index: int) -> str:
    """Return the name of a job, which is the set's with the job's number."""
    return f"{record.name}_{index}_"


def set_report(seen: Look) -> list[str]:
    """Return the lines that report on a set, without its jobs."""
    return [
        f"Job set name: {seen.record.name}",
        f"          ID: {seen.record.id}",
        f"        tags: {list(seen.record.tags)}",
        *summary(seen.jobs),
    ]


def summary(jobs: Iterable[JobRecord]) -> list[str]:
    """Return the lines that count jobs. The counts add up to the total.

    A job that could not be submitted has failed; one of which it is unknown whether it was is
    pending until that is found out.
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


def job_details(seen: Look) -> list[str]:
    """Return the lines that tell of each job."""
    record = seen.record
    lines: list[str] = []
    for job, status in zip(seen.jobs, seen.statuses, strict=True):
        lines += [
            f"  experiments: {job.first_circuit}-{job.last_circuit}",
            f"    job index: {job.index}",
        ]
        if record.total_repeats > 1:
            lines.append(f"    shot repeat: {job.repeat + 1} of {record.total_repeats}")
        lines += [f"    {line}" for line in _standing(record, job, status)]
    return lines


def _standing(record: SetRecord, job: JobRecord, status: JobStatus | None) -> list[str]:
    if was_refused(job):
        return [f"status: job submit failed: {reason_of(job)}"]
    told = "Unknown" if status is None else status.value
    if job.remote is None:
        return [f"status: {told}"]
    lines = [
        f"job ID: {job.remote.id}",
        f"name: {job_name(record, job.index)}",
        f"status: {told}",
    ]
    if status is JobStatus.QUEUED:
        # The service does not tell it any more.
        lines.append("queue position: None")
    if status is JobStatus.ERROR or lacks_results(job):
        lines += ["error_message:", *(f"  {line}" for line in reason_of(job).split("\n"))]
    return lines


def error_report(jobs: Iterable[JobRecord]) -> str | None:
    """Return why jobs brought no results, with the service's code; None when none failed."""
    lines: list[str] = []
    for job in jobs:
        if job.status.name in {"ERROR", "CANCELLED"} or lacks_results(job):
            job_id = "not submitted" if job.remote is None else job.remote.id
            lines.append(
                f"Experiments {job.first_circuit}-{job.last_circuit}, "
                f"job index={job.index}, job ID={job_id}:"
            )
            lines += [f"  {line}" for line in reason_of(job).split("\n")]
    return "\n".join(lines) or None


def reason_of(job: JobRecord) -> str:
    """Return why a job brings no results, or not yet."""
    if job.status.name == "ERROR":
        remote = job.remote
        reason = job.attempt_error if remote is None else remote.reason
        return failure_text(reason, "" if remote is None else remote.solution, job.code)
    if job.reason:
        return job.reason
    if job.status.name == "DONE":
        return "The job is done, and its results are not here yet."
    return f"{str(JobStatus[job.status.name].value).capitalize()}."


def spans(jobs: Iterable[JobRecord]) -> str:
    """Return the experiments of jobs as ranges, as `0-9, 20-29`."""
    merged: list[list[int]] = []
    for first, last in sorted((job.first_circuit, job.last_circuit) for job in jobs):
        if merged and first <= merged[-1][1] + 1:
            merged[-1][1] = max(merged[-1][1], last)
        else:
            merged.append([first, last])
    return ", ".join(f"{first}-{last}" for first, last in merged)
