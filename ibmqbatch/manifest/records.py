"""The rows of a manifest as plain records, and what a job's state is called."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Self

from ..clock import Instant
from .columns import Table, column

__all__ = [
    "ATTEMPTS",
    "FINAL_WORDS",
    "LONGEST_EXECUTION",
    "REMOTES",
    "SETS",
    "AttemptRecord",
    "CircuitRecord",
    "DraftSet",
    "EventRecord",
    "JobRecord",
    "JobStatus",
    "ProgramRecord",
    "PubRecord",
    "RemoteRecord",
    "SetRecord",
    "SetState",
    "Status",
    "count_statuses",
    "is_known",
    "set_state",
    "status_of",
]

LONGEST_EXECUTION = 10_800  # seconds of the quantum processor that a job may take


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
FINAL_WORDS = tuple(word for word, status in _STATUSES.items() if status.final)
_RAN_TOO_LONG = 1305


def is_known(service_status: str) -> bool:
    """Return whether the service's word is one that stands for a status here."""
    return service_status.lower() in _STATUSES


def status_of(service_status: str, reason_code: int | None) -> JobStatus:
    """Return the service's word, with the code of its reason, in Qiskit's terms."""
    status = _STATUSES.get(service_status.lower(), JobStatus.RUNNING)
    if status is JobStatus.CANCELLED and reason_code == _RAN_TOO_LONG:
        return JobStatus.ERROR
    return status


@dataclass(frozen=True, slots=True, kw_only=True)
class DraftSet:
    """What a new set is made of, besides its circuits and jobs.

    Its fields are columns of the table `jobset`, as are those of `SetRecord`: who adds one here has
    it created, kept, compared, read back and, where it is `shown`, in the JSON documents.

    `program` is that of the service which runs the jobs, `auto` for whichever it takes.
    `options` are the sampler options that go with every job, `run_config` what a program asked that
    is no option of the service's; `compilation` tells how circuits were compiled: empty where they
    were not. `max_execution_time` is that of a job in seconds of the quantum processor, None
    for what the plan admits; `estimated_seconds` are those of all jobs. Once `max_fails` jobs have
    failed in a way that would repeat itself, no more are sent. `batch`: jobs go into a batch on the
    service. `made_elsewhere`: another program has sent the jobs. `grouped`: circuits of equal shots
    and of one kind stand together in what is sent, whatever their places in the input.
    """

    name: str = column(shown=True)
    backend: str = column(shown=True)
    account: str = column(shown=True)
    instance: str
    tags: tuple[str, ...] = column(shown=True)
    shots: int = column(shown=True)
    seed: int | None = column(shown=True)
    options: Mapping[str, object] = column(shown=True)
    private: bool = column(shown=True, default=False)
    batch: bool = column(shown=True, default=False)
    max_execution_time: int | None = column(
        shown=True, check=f"BETWEEN 1 AND {LONGEST_EXECUTION}", default=None
    )
    estimated_seconds: float | None = column(shown=True, check="BETWEEN 0 AND 1e12", default=None)
    made_elsewhere: bool = column(shown=True, default=False)
    grouped: bool = False
    program: str = column(shown=True, default="auto")
    calibrated_at: str | None
    once_key: str | None
    compilation: Mapping[str, object] = column(default_factory=dict)
    max_fails: int | None = column(check=">= 1", default=None)
    run_config: Mapping[str, object] = column(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class SetRecord(DraftSet):
    """The set itself: the one row of the table `jobset`.

    `name`, `tags` and `labels_version` are what the user wants; `closed_at` is set when nothing is
    left to do. `copied_at` is set in a copy that was made to be taken elsewhere: it sends nothing
    until it takes over, because the file that it was made of may send the same jobs. `generation`
    changes with whatever is sent, see `lease`.
    """

    id: str = column(sql="PRIMARY KEY", shown=True)
    created_at: str = column(shown=True)
    closed_at: str | None = column(shown=True, default=None)
    copied_at: str | None = column(shown=True, compared=False, default=None)
    host: str = column(compared=False)
    total_jobs: int = column(shown=True)
    total_circuits: int = column(shown=True)
    total_repeats: int
    labels_version: int = column(default=1)
    generation: str = column(compared=False, default="")


@dataclass(frozen=True, slots=True)
class CircuitRecord:
    """A circuit: `source` is the file it came from, `position` its number in it, from 0.

    `shots` are all that it is to get, over all repeats. `place`, from 0 as well, is where it stands
    in what is sent: that of its index, unless the set is `grouped`.
    """

    index: int
    name: str
    metadata: Mapping[str, object]
    source: str
    position: int
    shots: int
    place: int


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
    zlib. `shots` are all that each circuit is to get, over all repeats. `measured` is what they
    tell of observables, None where nothing; `indexes` are those of the circuits. `metadata` is that
    of each, as JSON, where it tells values, be it of parameters that the compiler has dropped.
    """

    kind: str
    body: bytes = field(repr=False)
    rows: tuple[tuple[float, ...], ...] | None
    shots: int
    indexes: tuple[int, ...]
    order: tuple[str, ...] = ()
    measured: Mapping[str, object] | None = None
    metadata: tuple[str, ...] = field(default=(), repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class AttemptRecord:
    """An attempt to submit a job: committed before the request that it stands for may be sent.

    `unsure_since` is the last instant at which it can have been sent, `missed` that of the first
    full listing without it. One that is withdrawn has certainly created nothing; it is sent again
    as the same attempt. One that is absent was not in a second listing either: it never reached the
    service.
    """

    job: int = column(sql="REFERENCES jobs (idx)")
    number: int
    nonce: str = column(sql="UNIQUE")
    state: str = column(
        check="IN ('sending', 'unsure', 'accepted', 'refused', 'absent', 'withdrawn')"
    )
    labels_version: int
    begun_at: str
    unsure_since: Instant | None = None
    missed: Instant | None = None
    error: str = ""
    error_code: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RemoteRecord:
    """A job on the service that carries one of our nonces, that of the attempt which it came of.

    `created_at` is when the service created it, by its own clock, None until it has told; the other
    times are those observed. `missed` is the instant of the first answer that there is no such job.
    `surplus`: another one counts for the job of the set. `result` tells whether the results are
    stored here, or lost; `overdue` ones were asked for in vain for so long that nobody waits for
    them any more. `metrics` are the exact times and usage of a job that has ended, as told.
    """

    id: str = column(sql="PRIMARY KEY")
    job: int
    attempt: int
    nonce: str = column(table="n")
    service_status: str = column(name="status")
    reason: str = ""
    reason_code: int | None = None
    solution: str = ""
    private: bool = False
    submitted_at: str
    running_at: str | None = None
    finished_at: str | None = None
    labels_version: int
    surplus: bool = False
    cancel_asked_at: float | None = None
    missed: Instant | None = None
    result: str | None = column(check="IN ('stored', 'lost')", default=None)
    result_tries: int = 0
    result_error: str = ""
    metrics: Mapping[str, object] | None = None
    created_at: str | None = None
    overdue: bool = False

    @property
    def status(self) -> JobStatus:
        """The service's word in Qiskit's terms."""
        return status_of(self.service_status, self.reason_code)


SETS = Table("jobset", SetRecord)
ATTEMPTS = Table("attempts", AttemptRecord)
REMOTES = Table("remotes", RemoteRecord, alias="r")


@dataclass(frozen=True, slots=True)
class JobRecord:
    """A job of the set: what is wanted of it, its current attempt, and the job that counts.

    It holds the circuits at `first_place` to `last_place`, both included: see `CircuitRecord`.
    `first_circuit` and `last_circuit` are the lowest and the highest of their indexes. `shots` are
    those of a circuit in one repeat at most: see `split.repeat_shots`.
    """

    index: int
    first_circuit: int
    last_circuit: int
    first_place: int
    last_place: int
    repeat: int
    shots: int
    wanted: str
    attempt: int
    attempt_state: str | None
    attempt_error: str
    attempt_error_code: int | None
    remote: RemoteRecord | None

    @property
    def total_circuits(self) -> int:
        """How many circuits it holds."""
        return self.last_place - self.first_place + 1

    def holds(self, circuit: CircuitRecord) -> bool:
        """Return whether it holds a circuit."""
        return self.first_place <= circuit.place <= self.last_place

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
    def stored(self) -> bool:
        """Whether its results are here."""
        return self.remote is not None and self.remote.result == "stored"

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


@dataclass(frozen=True, slots=True)
class Status:
    """How a set stands: its state in one word, and its jobs by their status.

    `counts` has an entry for every status and adds up to `total_jobs`. Of `unsure_jobs` it is not
    known whether they have reached the service; the results of `lost_jobs` cannot be had.
    """

    state: SetState
    counts: Mapping[JobStatus, int]
    total_jobs: int
    unsure_jobs: int
    lost_jobs: int

    @classmethod
    def of(cls, kinds: Sequence[tuple[JobRecord, int]]) -> Self:
        """Return how a set stands, of jobs that stand for so many each."""
        counts = dict.fromkeys(JobStatus, 0)
        for job, number in kinds:
            counts[job.status] += number
        return cls(
            state=set_state([job for job, _ in kinds]),
            counts=counts,
            total_jobs=sum(counts.values()),
            unsure_jobs=sum(number for job, number in kinds if job.unsure),
            lost_jobs=sum(number for job, number in kinds if job.lost),
        )

    @property
    def final(self) -> bool:
        """Whether all jobs have ended."""
        return self.state.final

    def __str__(self) -> str:
        told = ", ".join(f"{n} {status.lower()}" for status, n in self.counts.items() if n)
        return f"{self.state}: {told}"


def count_statuses(jobs: Sequence[JobRecord]) -> dict[JobStatus, int]:
    """Count jobs by status, one entry for every status; the counts add up to the jobs."""
    counts = Counter(job.status for job in jobs)
    return {status: counts[status] for status in JobStatus}


def set_state(jobs: Sequence[JobRecord]) -> SetState:
    """Return the state of a set, from its jobs."""
    statuses = {job.status for job in jobs}
    if all(status.final for status in statuses):
        if JobStatus.ERROR in statuses:
            return SetState.FAILED
        return SetState.CANCELLED if JobStatus.CANCELLED in statuses else SetState.DONE
    if any(job.unsent or job.unsure or job.leaving for job in jobs):
        begun = any(job.remote is not None or job.attempt_state is not None for job in jobs)
        return SetState.SUBMITTING if begun else SetState.PLANNED
    return SetState.RUNNING
