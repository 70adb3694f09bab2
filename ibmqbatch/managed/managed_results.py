"""The results of a job set, circuit by circuit, as Qiskit's own objects."""

from __future__ import annotations

import functools
import threading
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from ..arguments import as_index
from ..errors import UsageError
from ..jobset.inspect import shapes_of
from ..jobset.results import CircuitIndex, CircuitResult, ResultReader
from ..manifest.manifest import StoredResultError
from ..manifest.records import CircuitRecord, JobRecord
from .exceptions import (
    IBMQJobManagerError,
    IBMQJobManagerJobNotFound,
    IBMQManagedResultDataNotAvailable,
    message_of,
    translated,
)
from .qiskit_results import experiment_result, missing_result, qiskit_result
from .status_report import reason_of

if TYPE_CHECKING:
    import numpy as np
    from qiskit.result import Counts, Result
    from qiskit.result.models import ExperimentResult

    from ..circuits.qpy import CircuitShape
    from ..jobset.job_set import JobSet

__all__ = ["ExperimentIndex", "ManagedResults"]


class ExperimentIndex:
    """The experiments of a set by index, name, and circuit."""

    def __init__(self, circuits: Sequence[CircuitRecord]) -> None:
        self._known = CircuitIndex(circuits)

    def find(self, experiment: object) -> int:
        """Return the index of an experiment, given by index, by name, or by its circuit.

        Raises IBMQJobManagerJobNotFound, with all indexes of an ambiguous name.
        """
        index = as_index(experiment)
        if index is not None and 0 <= index < len(self._known):
            return index
        name = experiment if isinstance(experiment, str) else getattr(experiment, "name", None)
        try:
            if not isinstance(name, str):
                raise self._known.unknown(experiment)
            return self._known.named(name)
        except UsageError as error:
            raise IBMQJobManagerJobNotFound(
                f"Unable to find the job for experiment {name or experiment!r}. {message_of(error)}"
            ) from error


class ManagedResults:
    """The results of a job set, read from its file when they are asked for.

    `backend_name` is the backend that ran them; `success` is whether every circuit's results are
    here. An experiment is given by its index in the set, counted from 0, by its name, or by the
    circuit itself, whose name is looked up. The results of one job are in memory at a time, and
    returned objects are new each time. It may be used from several threads, and pickled for other
    programs on this machine, which read the same file; `combine_results` returns everything in one
    object.
    """

    def __init__(
        self, job_set: JobSet, backend_name: str, success: bool, *, partial: bool = False
    ) -> None:
        self.backend_name = backend_name
        self.success = success
        self._job_set = job_set
        self._partial = partial
        self._lock = threading.Lock()
        with translated(IBMQJobManagerError), job_set.open() as manifest:
            self._jobs = manifest.jobs()
            self._circuits = manifest.circuits()
        self._experiments = ExperimentIndex(self._circuits)
        self._reader = ResultReader(self._circuits, self._jobs, job_set.open)
        self._shapes: tuple[int, list[CircuitShape | None]] | None = None  # of the last job read

    def __reduce__(self) -> tuple[object, ...]:
        # Read from the file again.
        again = functools.partial(type(self), partial=self._partial)
        return again, (self._job_set, self.backend_name, self.success)

    def __repr__(self) -> str:
        return (
            f"<ManagedResults of the set {self._job_set.id} on {self.backend_name}: "
            f"success={self.success}>"
        )

    def data(self, experiment: Any) -> dict[str, Any]:
        """Return an experiment's raw data: `counts` (shots) by hexadecimal outcome, and `memory`.

        `memory` is the hexadecimal outcome of each shot, in order. Measurements at level 1 have
        only that: pairs of real and imaginary part, of shape (shots, values, 2), or (values, 2)
        where they were averaged.

        As all methods here, it raises IBMQJobManagerJobNotFound, and
        IBMQManagedResultDataNotAvailable, also where shots were spread over several jobs and those
        of one are missing.
        """
        data: dict[str, Any] = self._result(experiment).data(0)
        return data

    def get_memory(self, experiment: Any) -> list[str] | np.ndarray[Any, Any]:
        """Return the outcome of every shot, in order, written as in `get_counts`.

        Measurements at level 1 are an array of complex numbers, of shape (shots, values), or
        (values,) where they were averaged.
        """
        memory: list[str] | np.ndarray[Any, Any] = self._result(experiment).get_memory(0)
        return memory

    def get_counts(self, experiment: Any) -> Counts:
        """Return how often each outcome was measured, by bitstring, the first bit rightmost.

        Registers are separated by spaces, the first one rightmost. Counts are those of all jobs
        that the shots were spread over, and add up to the shots.
        """
        return self._result(experiment, with_memory=False).get_counts(0)

    def get_statevector(self, experiment: Any, decimals: int | None = None) -> Any:  # noqa: ARG002
        """Raise IBMQManagedResultDataNotAvailable: a sampler measures, and gives no statevector."""
        raise self._not_sampled(experiment, "statevector", "qiskit.quantum_info.Statevector")

    def get_unitary(self, experiment: Any, decimals: int | None = None) -> Any:  # noqa: ARG002
        """Raise IBMQManagedResultDataNotAvailable: a sampler measures, and gives no unitary."""
        raise self._not_sampled(experiment, "unitary", "qiskit.quantum_info.Operator")

    def combine_results(self) -> Result:
        """Return all experiments in their original order as one `Result`, all in memory.

        It is a new object each time, with the header that was given with the set, and the ids of
        the jobs in its `metadata`. Where results are missing, `success` is False, also that of the
        experiment in that place, whose `status` says why. Raises IBMQManagedResultDataNotAvailable
        where no results are here at all.
        """
        missing = [job for job in self._jobs if not _stored(job)]
        if len(missing) == len(self._jobs):
            raise _not_here("There are no results to combine", missing)
        remotes = [job.remote for job in self._jobs if job.remote is not None]
        with translated(IBMQJobManagerError):
            record = self._job_set.record()
        return qiskit_result(
            backend_name=self.backend_name,
            job_id=self._job_set.id,
            experiments=[self._experiment(circuit.index) for circuit in self._circuits],
            date=max((remote.finished_at or "" for remote in remotes), default="") or None,
            record=record,
            metadata={"job_ids": [remote.id for remote in remotes]},
        )

    def _experiment(self, index: int) -> ExperimentResult:
        """Return an experiment with its outcomes, or a failed one where these are missing."""
        missing = self._missing(index)
        if missing:
            why = f"ERROR: {reason_of(missing[0])}"
            return missing_result(self._circuits[index], why, self._shape(index))
        return experiment_result(self._read(index), self._shape(index))

    def _missing(self, index: int) -> list[JobRecord]:
        """Return the jobs whose missing results keep an experiment from being read, if any."""
        missing = self._reader.missing(index)
        readable = self._partial and len(missing) < len(self._reader.jobs(index))
        return [] if readable else missing

    def _shape(self, index: int) -> CircuitShape | None:
        job = self._reader.jobs(index)[0]
        if self._shapes is None or self._shapes[0] != job.first_place:
            with translated(IBMQJobManagerError), self._job_set.open() as manifest:
                found = shapes_of(manifest, job)
            self._shapes = job.first_place, found
        return self._shapes[1][self._circuits[index].place - job.first_place]

    def _result(self, experiment: Any, *, with_memory: bool = True) -> Result:
        """Return a `Result` of this experiment alone."""
        index = self._experiments.find(experiment)
        missing = self._missing(index)
        holding = self._reader.jobs(index)
        if missing:
            hint = ""
            if len(missing) < len(holding):
                hint = " results(partial=True) gives the shots that are here."
            raise _not_here(f"The results of experiment {index} are not available", missing, hint)
        return qiskit_result(
            backend_name=self.backend_name,
            job_id=next(job.remote.id for job in holding if job.remote is not None),
            experiments=[experiment_result(self._read(index), with_memory=with_memory)],
        )

    def _read(self, index: int) -> CircuitResult:
        circuit = self._circuits[index]
        try:
            with self._lock, translated(IBMQJobManagerError):
                outcomes = self._reader.outcomes(index)
        except StoredResultError as error:
            raise IBMQManagedResultDataNotAvailable(
                f"The results of experiment {index} are damaged on disk. "
                "results(refresh=True) fetches them again."
            ) from error
        assert outcomes is not None
        return CircuitResult(index, circuit.name, circuit.metadata, outcomes, circuit.shots)

    def _not_sampled(self, experiment: Any, what: str, instead: str) -> Exception:
        index = self._experiments.find(experiment)
        return IBMQManagedResultDataNotAvailable(
            f"Experiment {index} has no {what}: the service samples measurements. "
            f"{instead} computes it from a circuit."
        )


def _stored(job: JobRecord) -> bool:
    return job.remote is not None and job.remote.result == "stored"


def _not_here(
    what: str, missing: Iterable[JobRecord], hint: str = ""
) -> IBMQManagedResultDataNotAvailable:
    first = next(iter(missing))
    return IBMQManagedResultDataNotAvailable(
        f"{what}: job {first.index} is {first.status}. {reason_of(first)}{hint}"
    )
