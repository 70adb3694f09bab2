"""The rows of a manifest as plain records, and what a job's state is called."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from ..clock import Instant

__all__ = [
    "AttemptRecord",
    "CircuitRecord",
    "EventRecord",
    "JobRecord",
    "JobStatus",
    "ProgramRecord",
    "PubRecord",
    "RemoteRecord",
    "SetRecord",
    "SetState",
    "count_statuses",
    "is_known",
    "set_state",
    "status_of",
]


class JobStatus(StrEnum):
    """A job's status, by the names that Qiskit uses."""

    INITIALIZING = "INITIALIZING"  # planned; the service has not acknowledged it yet
    QUEUED = "QUEUED"
    VALIDATING = "VALIDATING"
    RUNNING = "RUNNING"
    DONE = "DONE"
    CANCELLED = "CANCELLED"
    ERROR = "ERROR"

    @property
    def final(self) -> bool:
        """Whether it will not change any more."""
        return self in {JobStatus.DONE, JobStatus.CANCELLED, JobStatus.ERROR}


class SetState(StrEnum):
    """The state of a whole set, in one word."""

    PLANNED = "planned"  # nothing sent yet
    SUBMITTING = "submitting"  # some jobs sent, some not
    RUNNING = "running"  # all sent, not all final
    DONE = "done"  # all final: every job done
    FAILED = "failed"  # all final: some failed
    CANCELLED = "cancelled"  # all final: some cancelled, none failed

    @property
    def final(self) -> bool:
        """Whether all jobs have ended."""
        return self in {SetState.DONE, SetState.FAILED, SetState.CANCELLED}


# The service's words. One that is not known yet is taken as unfinished work.
_STATUSES = {
    "queued": JobStatus.QUEUED,
    "validating": JobStatus.VALIDATING,
    "running": JobStatus.RUNNING,
    "completed": JobStatus.DONE,
    "cancelled": JobStatus.CANCELLED,
    "failed": JobStatus.ERROR,
    "cancelled - ran too long": JobStatus.ERROR,
    "deleted": JobStatus.ERROR,  # our word for a job that the service does not have any more
}
_RAN_TOO_LONG = 1305


def is_known(service_status: str) -> bool:
    """Tell whether the service's word is one that stands for a status here."""
    return service_status.lower() in _STATUSES


def status_of(service_status: str, reason_code: int | None) -> JobStatus:
    """Return the service's word, with the code of its reason, in Qiskit's terms."""
    status = _STATUSES.get(service_status.lower(), JobStatus.RUNNING)
    if status is JobStatus.CANCELLED and reason_code == _RAN_TOO_LONG:
        return JobStatus.ERROR
    return status


@dataclass(frozen=True, slots=True)
class SetRecord:
    """The set itself. `options` are the sampler options that go with every job.

    `copied_at` is set in a copy that sends nothing until it takes over. `max_execution_time` is
    that of a job, in seconds of the quantum processor; `estimated_seconds` are those of all jobs.
    `made_elsewhere`: another program has sent the jobs. `run_config` is what a program asked that
    is no option of the service's. `seal` changes with whatever is sent, see `custody`.
    """

    id: str
    created_at: str
    host: str
    account: str
    instance: str
    backend: str
    calibrated_at: str | None
    once_key: str | None
    shots: int
    seed: int | None
    options: Mapping[str, object]
    total_circuits: int
    total_jobs: int
    total_repeats: int
    name: str
    tags: tuple[str, ...]
    labels_version: int
    closed_at: str | None
    compilation: Mapping[str, object]
    max_fails: int | None
    copied_at: str | None
    private: bool
    max_execution_time: int | None
    batch: bool
    made_elsewhere: bool
    estimated_seconds: float | None
    run_config: Mapping[str, object] = field(default_factory=dict)
    seal: str = ""


@dataclass(frozen=True, slots=True)
class CircuitRecord:
    """A circuit: `source` is the file it came from, `position` its number in it, from 0.

    `shots` are all that it is to get, over all repeats.
    """

    index: int
    name: str
    metadata: Mapping[str, object]
    source: str
    position: int
    shots: int


@dataclass(frozen=True, slots=True)
class ProgramRecord:
    """What a circuit was made of, and what it was made into.

    `given` is the program as it was given, of `kind` openqasm2, openqasm3 or qpy (both empty where
    that was not kept); `body` is the encoded circuit, of `body_kind` qpy or openqasm3; `layout`
    tells where its qubits went.
    """

    kind: str
    given: bytes = field(repr=False)
    body_kind: str
    body: bytes = field(repr=False)
    sha256: str
    layout: Mapping[str, object] | None
    values: tuple[float, ...] | None


@dataclass(frozen=True, slots=True)
class PubRecord:
    """Circuits that are sent as one: a program, and a row of values for each of them.

    `rows` is None for a single circuit without values; else `order` tells in which order the
    metadata are that these values stand in. `body` is of `kind` qpy or openqasm3, compressed by
    zlib. `shots` are all that each circuit is to get, over all repeats.
    """

    kind: str
    body: bytes = field(repr=False)
    rows: tuple[tuple[float, ...], ...] | None
    shots: int
    order: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class AttemptRecord:
    """One attempt to submit one job: see the schema for its fields."""

    job: int
    number: int
    nonce: str
    state: str
    labels_version: int
    doubted: Instant | None
    missed: Instant | None
    error: str


@dataclass(frozen=True, slots=True)
class RemoteRecord:
    """A job on the service: see the schema for its fields."""

    id: str
    job: int
    attempt: int
    nonce: str
    service_status: str
    reason: str
    reason_code: int | None
    solution: str
    private: bool
    submitted_at: str
    running_at: str | None
    finished_at: str | None
    labels_version: int
    surplus: bool
    cancel_asked_at: float | None
    missed: Instant | None
    result: str | None
    result_tries: int
    result_error: str
    metrics: Mapping[str, object] | None
    created_at: str | None = None
    overdue: bool = False

    @property
    def status(self) -> JobStatus:
        """The service's word in Qiskit's terms."""
        return status_of(self.service_status, self.reason_code)


@dataclass(frozen=True, slots=True)
class JobRecord:
    """A job of the set: what is wanted of it, its current attempt, and the job that counts.

    `shots` are those of a circuit in one repeat at most: see `split.repeat_shots`.
    """

    index: int
    first_circuit: int
    last_circuit: int
    repeat: int
    shots: int
    wanted: str
    attempt: int
    attempt_state: str | None
    attempt_error: str
    attempt_error_code: int | None
    remote: RemoteRecord | None

    @property
    def unsure(self) -> bool:
        """Whether it may or may not have reached the service."""
        return self.remote is None and self.attempt_state == "unsure"

    @property
    def leaving(self) -> bool:
        """Whether some process is sending it, or was when it ended."""
        return self.remote is None and self.attempt_state == "sending"

    @property
    def unsent(self) -> bool:
        """Whether it waits to be sent."""
        return self.remote is None and self.attempt_state is None and self.wanted == "run"

    @property
    def status(self) -> JobStatus:
        """Where it stands."""
        if self.remote is not None:
            return self.remote.status
        if self.attempt_state == "refused":
            return JobStatus.ERROR
        if self.attempt_state is None and self.wanted == "cancel":
            return JobStatus.CANCELLED
        return JobStatus.INITIALIZING

    @property
    def lost(self) -> bool:
        """Whether it ran and its results certainly cannot be had."""
        return self.remote is not None and self.remote.result == "lost"

    @property
    def overdue(self) -> bool:
        """Whether it ran and its results were asked for in vain, until waiting made no sense."""
        remote = self.remote
        return remote is not None and remote.overdue and not remote.result

    @property
    def delivered(self) -> bool:
        """Whether waiting brings no more results: they are here, lost, overdue, or never were."""
        if self.status is JobStatus.DONE:
            return self.remote is not None and (self.remote.result is not None or self.overdue)
        return self.status.final

    @property
    def code(self) -> int | None:
        """The service's number for why it failed or was refused, where it gave one."""
        return self.attempt_error_code if self.remote is None else self.remote.reason_code

    @property
    def reason(self) -> str:
        """Why it failed, is unsure, or lost its results; empty where there is nothing to say."""
        if self.lost:
            assert self.remote is not None
            return f"LOST: {self.remote.result_error}"
        if self.overdue:
            assert self.remote is not None
            return f"its results are overdue, and are asked for again: {self.remote.result_error}"
        if self.remote is not None:
            code = self.remote.reason_code
            text = self.remote.reason
            return f"{text} (code {code})" if code is not None and str(code) not in text else text
        if self.unsure:
            return "unsure whether it reached the service" + (
                f": {self.attempt_error}" if self.attempt_error else ""
            )
        return self.attempt_error


@dataclass(frozen=True, slots=True)
class EventRecord:
    """One line of a set's history. `at` is ISO 8601 in UTC."""

    seq: int
    at: str
    kind: str
    job: int | None
    attempt: int | None
    remote_id: str | None
    detail: str


def count_statuses(jobs: Sequence[JobRecord]) -> dict[JobStatus, int]:
    """Count jobs by status, one entry for every status; the counts add up to the jobs."""
    counts = Counter(job.status for job in jobs)
    return {status: counts[status] for status in JobStatus}


def set_state(jobs: Sequence[JobRecord]) -> SetState:
    """Tell the state of a set from its jobs."""
    statuses = {job.status for job in jobs}
    if all(status.final for status in statuses):
        if JobStatus.ERROR in statuses:
            return SetState.FAILED
        return SetState.CANCELLED if JobStatus.CANCELLED in statuses else SetState.DONE
    if any(job.unsent or job.unsure or job.leaving for job in jobs):
        begun = any(job.remote is not None or job.attempt_state is not None for job in jobs)
        return SetState.SUBMITTING if begun else SetState.PLANNED
    return SetState.RUNNING
