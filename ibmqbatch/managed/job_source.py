"""Where an `IBMQJob` reads its data and acts: a job set of this machine, or the service alone.

A job that another program has sent is read from the service until more is wanted than that lists;
then a set is made of it, as `ibmqbatch recover` does.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ..circuits._qiskit import free_parameters
from ..clock import Clock
from ..errors import IbmqbatchError, UsageError
from ..jobset.catalog import find_job
from ..jobset.errors import NoSuchSet, TimedOut
from ..jobset.inspect import load_circuit_of, shapes_of
from ..jobset.interrupts import landing
from ..jobset.job_set import JobSet, connected
from ..jobset.observe import created_of
from ..jobset.recovery.adopt import recover_jobs
from ..jobset.recovery.rebuild import rebuild_set
from ..jobset.results import read_results
from ..jobset.tags import check_name, find_name_tag, find_place, is_ours, naming
from ..jobset.usage import metrics_of
from ..manifest.files import manifest_path
from ..manifest.manifest import Manifest
from ..manifest.records import CircuitRecord, JobRecord, JobStatus, status_of
from ..service.errors import ServiceError
from ._qiskit import as_qobj, has_qobj
from .caller_warnings import warn_caller
from .qiskit_results import client_version_of, experiment_result, header_of, qiskit_result
from .status_report import failure_text

if TYPE_CHECKING:
    from pathlib import Path

    from qiskit import QuantumCircuit
    from qiskit.qobj import QasmQobj
    from qiskit.result import Result

    from ..service.models import RemoteJob

__all__ = ["JobInfo", "JobSource", "ServiceJob", "SetJob", "rebuild_from_service"]

_PATIENCE = 10.0  # seconds to see a cancel take effect
_MEASUREMENTS = {"kerneled": (1, "single"), "avg_kerneled": (1, "avg")}

TagChange = Callable[[tuple[str, ...]], tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class JobInfo:
    """What is known of a job without asking the service.

    `id` is None as long as it is not on the service; `tags` are its user's; `name` is None where it
    has none; `created` is in ISO 8601: when the service created the job, or, as long as that is
    unknown, when it was sent, or planned; empty where nothing is known. `client_version` are the
    versions of the packages that sent it, by name, as far as they are known.
    """

    id: str | None
    status: JobStatus
    service_status: str
    reason: str
    code: int | None
    solution: str
    tags: tuple[str, ...]
    name: str | None
    created: str
    private: bool
    client_version: Mapping[str, str] = field(default_factory=dict)

    @property
    def failure(self) -> str:
        """Why the job failed, with the service's code and advice, as far as they are known."""
        return failure_text(self.reason, self.solution, self.code)


class SetJob:
    """A job of a set of this machine, by its index.

    `tags` are the last known ones of a job that another program has sent.
    """

    def __init__(self, job_set: JobSet, index: int, tags: tuple[str, ...] | None = None) -> None:
        self.job_set = job_set
        self.index = index
        self._tags = tags

    def record(self) -> JobRecord:
        """Return the job's record in the set's file."""
        with self.job_set.open() as manifest:
            return self._record_in(manifest)

    def _record_in(self, manifest: Manifest) -> JobRecord:
        job = manifest.job(self.index)
        if job is None:
            raise UsageError(f"The set {self.job_set.id} has no job {self.index}.", "Count anew.")
        return job

    def info(self) -> JobInfo:
        """Return what the set's file has."""
        with self.job_set.open() as manifest:
            job, record = self._record_in(manifest), manifest.job_set()
        remote = job.remote
        name = None if record.made_elsewhere else naming(record).of_job(job.index)
        return JobInfo(
            id=None if remote is None else remote.id,
            status=job.status,
            service_status="" if remote is None else remote.service_status,
            reason=job.attempt_error if remote is None else remote.reason,
            code=job.code,
            solution="" if remote is None else remote.solution,
            tags=record.tags if self._tags is None else self._tags,
            name=name,
            created=(
                record.created_at if remote is None else remote.created_at or remote.submitted_at
            ),
            private=record.private if remote is None else remote.private,
            client_version=client_version_of(record),
        )

    def refresh(self) -> None:
        """Ask the service how the set's jobs stand; raises a ServiceError."""
        self.job_set.refresh()

    def catch_up(self) -> None:
        """Ask the service, unless that was done a moment ago for any job of the set."""
        self.job_set.catch_up()

    def created(self) -> str:
        """Return when the service created the job; of one that is not sent, when it was planned."""
        remote = self.record().remote
        if remote is not None and remote.created_at is None:
            self.job_set.catch_up()  # one listing has the times of all jobs of the set
            remote = self.record().remote
        if remote is None:
            return self.job_set.record().created_at
        if remote.created_at is not None:
            return remote.created_at
        with self.job_set.working(Clock()) as work:
            return created_of(work, remote)

    def metrics(self) -> Mapping[str, object] | None:
        """Return the service's metrics of the job; None as long as it is not there."""
        remote = self.record().remote
        if remote is None:
            return None
        with self.job_set.working(Clock()) as work:
            return metrics_of(work, remote)

    def cancel(self) -> None:
        """Cancel the job, and watch for some seconds whether that takes effect."""
        self.job_set.cancel({self.index})

    def retag(self, change: TagChange) -> bool:
        """Change the tags of the whole set; return whether this job has them on the service."""
        record = self.job_set.record()
        if record.made_elsewhere:
            remote = self.record().remote
            assert remote is not None
            job = ServiceJob.of_job(record.account, remote.id)
            done = job.retag(change)
            self._tags = job.info().tags
            return done
        self.job_set.relabel(change=change)
        return self._labelled()

    def rename(self, name: str) -> bool:
        """Rename a job that is a set of its own; return whether it has the name on the service."""
        record = self.job_set.record()
        if record.made_elsewhere:
            raise UsageError(
                "Another program has sent this job, or another attempt at it counts in its set: it "
                "cannot be given a name.",
                "Give it a tag.",
            )
        if record.run_config.get("lone") is not True:
            raise UsageError(
                "This job is one of a set, which names it.",
                "Rename the job set instead, with ManagedJobSet.update_name().",
            )
        # An empty name brings back the one that its set has by default.
        unnamed = record.run_config.get("unnamed")
        new = str(unnamed) if unnamed is not None and not name.strip() else check_name(name)
        self.job_set.relabel(name=new)
        return self._labelled()

    def _labelled(self) -> bool:
        remote = self.record().remote
        version = self.job_set.record().labels_version
        return remote is None or remote.labels_version >= version

    def in_set(self, timeout: float | None = None) -> SetJob:  # noqa: ARG002
        """Return this job."""
        return self

    def label_source(self) -> JobSource:
        """Return this job."""
        return self

    # What it holds, as Qiskit's objects.

    def result(self, backend_name: str) -> Result:
        """Return the job's results, which have been fetched, as one `Result`."""
        with self.job_set.open() as manifest:
            job = self._record_in(manifest)
            assert job.remote is not None
            shapes = dict(zip(manifest.indexes(job), shapes_of(manifest, job), strict=True))
            experiments = [
                experiment_result(found, shapes[found.index])
                for found in read_results(manifest, list(shapes), repeat=job.repeat)
            ]
            return qiskit_result(
                backend_name=backend_name,
                job_id=job.remote.id,
                experiments=experiments,
                date=job.remote.finished_at,
                record=manifest.job_set(),
            )

    def circuits(self) -> list[QuantumCircuit]:
        """Return the circuits as they were given, or as they were sent where that was not kept.

        Those of a sweep have their values. An empty list where one cannot be read.
        """
        with self.job_set.open() as manifest:
            job = self._record_in(manifest)
            records = manifest.circuits()
            try:
                return [_load_circuit(manifest, records[i]) for i in manifest.indexes(job)]
            except IbmqbatchError:
                return []

    def header(self) -> dict[str, Any]:
        """Return the header that was given with the job; empty where there was none."""
        return dict(header_of(self.job_set.record()))

    def options(self) -> dict[str, Any]:
        """Return how the job is run, by the names of `IBMQBackend.run`."""
        record = self.job_set.record()
        execution = record.options.get("execution")
        execution = execution if isinstance(execution, Mapping) else {}
        level, returned = _MEASUREMENTS.get(str(execution.get("meas_type")), (2, "single"))
        options = {
            "shots": record.shots,
            "memory": record.run_config.get("memory", True),
            "meas_level": level,
            "meas_return": returned,
            "init_qubits": execution.get("init_qubits", True),
        }
        if "rep_delay" in execution:
            options["rep_delay"] = execution["rep_delay"]
        if "simulator" in record.options and record.seed is not None:
            options["seed_simulator"] = record.seed
        others = {k: v for k, v in record.options.items() if k not in {"execution", "simulator"}}
        return {**options, **({"options": others} if others else {})}

    def qobj(self, job_id: str) -> QasmQobj | None:
        """Return the circuits as a Qobj; None where they cannot be one, or Qiskit has none."""
        if not has_qobj():
            return None
        return as_qobj(self.circuits(), job_id, self.header(), self.options())

    def calibration(self) -> Mapping[str, Any] | None:
        """Return the calibration for which the circuits were compiled, if any."""
        with self.job_set.open() as manifest:
            device = manifest.device()
        return None if device is None else device[1]


def _load_circuit(manifest: Manifest, record: CircuitRecord) -> QuantumCircuit:
    program = manifest.program(record.index)
    assert program is not None
    try:
        circuit = load_circuit_of(manifest, record, compiled=not program.given)
        # The metadata has a row of values by the parameters' names.
        parameters = free_parameters(circuit)
        values = {p: record.metadata.get(p.name) for p in parameters}
    except IbmqbatchError:
        if not program.given:
            raise
        circuit = load_circuit_of(manifest, record, compiled=True)
        parameters, values = free_parameters(circuit), {}
    if parameters and any(not isinstance(v, int | float) for v in values.values()):
        values = dict(zip(parameters, program.values or (), strict=False))
    if values:
        circuit = circuit.assign_parameters(values)
    circuit.name = record.name
    circuit.metadata = dict(record.metadata)
    return circuit


class ServiceJob:
    """A job of an account as its service listed it last."""

    def __init__(self, account_name: str, remote: RemoteJob) -> None:
        self._account_name = account_name
        self._remote = remote

    @classmethod
    def of_job(cls, account_name: str, job_id: str) -> ServiceJob:
        """Ask the service for a job by its id; raises NotFound."""
        with connected(account_name, Clock()) as client:
            return cls(account_name, client.job(job_id))

    def info(self) -> JobInfo:
        """Return what the service said last."""
        remote = self._remote
        named, place = find_name_tag(remote.tags), find_place(remote.tags)
        return JobInfo(
            id=remote.id,
            status=status_of(remote.status, remote.reason_code),
            service_status=remote.status,
            reason=remote.reason,
            code=remote.reason_code,
            solution=remote.solution,
            tags=tuple(tag for tag in remote.tags if not is_ours(tag)),
            name=named.of_job(place[1]) if named and place else None,
            created=remote.created,
            private=remote.private,
        )

    def refresh(self) -> None:
        """Ask the service; raises a ServiceError."""
        with connected(self._account_name, Clock()) as client:
            self._remote = client.job(self._remote.id)

    def catch_up(self) -> None:
        """Ask the service, as `refresh` does."""
        self.refresh()

    def created(self) -> str:
        """Return when the service created the job."""
        return self._remote.created

    def metrics(self) -> Mapping[str, object] | None:
        """Return the service's metrics of the job."""
        with connected(self._account_name, Clock()) as client:
            return client.metrics(self._remote.id)

    def cancel(self) -> None:
        """Cancel the job, and watch for some seconds whether that takes effect."""
        clock = Clock()
        clock.set_deadline(_PATIENCE)
        with connected(self._account_name, clock) as client:
            asked = client.cancel(self._remote.id)
            wait = client.account.poll_first
            while True:
                self._remote = client.job(self._remote.id)
                if not asked or self.info().status.final or clock.left <= 0:
                    return
                clock.sleep(wait)
                wait = min(1.5 * wait, client.account.poll_longest)

    def retag(self, change: TagChange) -> bool:
        """Change the user's tags of the job; return whether the service then has them."""
        with connected(self._account_name, Clock()) as client:
            before = client.job(self._remote.id)
            kept = [tag for tag in before.tags if is_ours(tag)]
            wanted = [*change(tuple(tag for tag in before.tags if not is_ours(tag))), *kept]
            client.set_tags(before.id, wanted)
            self._remote = client.job(before.id)
        return set(self._remote.tags) == set(wanted)

    def rename(self, name: str) -> bool:  # noqa: ARG002
        """Refuse: the service has no names for jobs."""
        raise UsageError(
            "Another program has sent this job, and the service has no names for jobs.",
            "Give it a tag.",
        )

    def label_source(self) -> JobSource:
        """Return where its name and tags are changed: a job that ibmqbatch has sent has its set's.

        The set is rebuilt where it is not on this machine.
        """
        return self if find_place(self._remote.tags) is None else self.in_set()

    def in_set(self, timeout: float | None = None) -> SetJob:
        """Return this job as one of a set of this machine.

        A set that ibmqbatch has sent and that is not here is rebuilt from the service. Of any other
        job a set of its own is made, also where another attempt at it counts in its set.

        Raises TimedOut where the service does not answer in `timeout` seconds, ServiceErrors.
        """
        remote = self._remote
        found = find_job(remote.id, remote.tags) or find_job(remote.id)
        place = find_place(remote.tags)
        if found is None:
            clock = Clock()
            clock.set_deadline(timeout)
            try:
                found = self._make_set(clock, place)
            except ServiceError as error:
                if clock.left > 0:
                    raise
                raise TimedOut(f"The service did not describe job {remote.id} in time.") from error
        path, index = found
        ours = place is not None and path.stem == place[0]
        return SetJob(JobSet(path), index, None if ours else self.info().tags)

    def _make_set(self, clock: Clock, place: tuple[str, int] | None) -> tuple[Path, int]:
        """Make a set with this job; return its file, and the job's index in it."""
        remote = self._remote
        if place is not None and not manifest_path(place[0]).exists():
            # Its set cannot be rebuilt where somebody changed the tags; the job alone still can.
            with contextlib.suppress(UsageError, NoSuchSet):
                rebuild_from_service(place[0], self._account_name, clock)
            found = find_job(remote.id, remote.tags)
            if found is not None:
                return found
        with connected(self._account_name, clock) as client:
            return recover_jobs(client, [remote.id], None, clock, lambda *_: None), 0


JobSource = SetJob | ServiceJob


def rebuild_from_service(set_id: str, account: str, clock: Clock | None = None) -> JobSet:
    """Rebuild a set from an account's service; warn of jobs that are missing there.

    `clock` may have a deadline. Raises what `rebuild_set` does.
    """
    clock = clock or Clock()
    with landing(clock), connected(account, clock) as client:
        made = rebuild_set(client, set_id, clock, lambda *_: None)
    if made.holes:
        warn_caller(
            f"The service does not have all jobs of the set {set_id}: of {len(made.holes)} "
            "nothing is known but which experiments they held. The others are here."
        )
    return JobSet(made.path)
