"""The results of a job set, circuit by circuit, as Qiskit's own objects."""

from __future__ import annotations

import functools
import threading
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from ..jobset.inspect import shapes_of
from ..jobset.results import CircuitResult, ResultReader
from ..manifest.manifest import StoredResultError
from ..manifest.records import JobRecord
from .exceptions import IBMQJobManagerError, IBMQManagedResultDataNotAvailable, translated
from .job_parts import client_version_in, header_in
from .lookup import Lookup
from .qiskit_results import experiment_result, missing_result, qiskit_result
from .report import reason_of

if TYPE_CHECKING:
    import numpy as np
    from qiskit.result import Counts, Result
    from qiskit.result.models import ExperimentResult

    from ..circuits.qpy import CircuitShape
    from ..jobset.job_set import JobSet

__all__ = ["ManagedResults"]


class ManagedResults:
    """The results of a job set, read from its file when they are asked for.

    `backend_name` is the backend that ran them; `success` tells whether every circuit's results are
    here. An experiment is meant by its index in the set, counted from 0, by its name, or by the
    circuit itself, whose name is looked up. Those of one job are in memory at a time; objects that
    are returned are new each time. May be used from several threads, and pickled: for programs on
    this machine, since the file stays where it is; `combine_results` gives all in one object.
    """

    def __init__(
        self, handle: JobSet, backend_name: str, success: bool, *, partial: bool = False
    ) -> None:
        self.backend_name = backend_name
        self.success = success
        self._handle = handle
        self._partial = partial
        self._lock = threading.Lock()
        with translated(IBMQJobManagerError), handle.open() as manifest:
            self._jobs = manifest.jobs()
            self._circuits = manifest.circuits()
        self._lookup = Lookup(self._circuits)
        self._shelf = ResultReader(self._circuits, self._jobs, handle.open)
        self._shapes: tuple[int, list[CircuitShape | None]] | None = None  # of the last job read

    def __reduce__(self) -> tuple[object, ...]:
        # Read from the file again, wherever that is.
        again = functools.partial(type(self), partial=self._partial)
        return again, (self._handle, self.backend_name, self.success)

    def __repr__(self) -> str:
        return (
            f"<ManagedResults of the set {self._handle.id} on {self.backend_name}: "
            f"success={self.success}>"
        )

    def data(self, experiment: Any) -> dict[str, Any]:
        """Return an experiment's raw data: `counts` (shots) by hexadecimal outcome, and `memory`.

        `memory` is the hexadecimal outcome of each shot, in their order; of measurements at level 1
        there is nothing else, and it is pairs of real and imaginary part, of shape (shots, values,
        2), or (values, 2) where they were averaged.

        As all methods here, raises IBMQJobManagerJobNotFound, and
        IBMQManagedResultDataNotAvailable, also where shots were spread over several jobs and those
        of one are missing.
        """
        told: dict[str, Any] = self._result(experiment).data(0)
        return told

    def get_memory(self, experiment: Any) -> list[str] | np.ndarray[Any, Any]:
        """Return the outcome of every shot, in their order, written as in `get_counts`.

        Of measurements at level 1: complex numbers, an array of shape (shots, values), or (values,)
        where they were averaged.
        """
        memory: list[str] | np.ndarray[Any, Any] = self._result(experiment).get_memory(0)
        return memory

    def get_counts(self, experiment: Any) -> Counts:
        """Return how often each outcome came: shots by bitstring, the first bit rightmost.

        Registers are separated by spaces, the first one rightmost. They are what the service has
        counted, of all jobs that the shots were spread over; they add up to the shots.
        """
        return self._result(experiment, with_memory=False).get_counts(0)

    def get_statevector(self, experiment: Any, decimals: int | None = None) -> Any:  # noqa: ARG002
        """Raise IBMQManagedResultDataNotAvailable: a sampler measures, and gives no statevector."""
        raise self._not_sampled(experiment, "statevector", "qiskit.quantum_info.Statevector")

    def get_unitary(self, experiment: Any, decimals: int | None = None) -> Any:  # noqa: ARG002
        """Raise IBMQManagedResultDataNotAvailable: a sampler measures, and gives no unitary."""
        raise self._not_sampled(experiment, "unitary", "qiskit.quantum_info.Operator")

    def combine_results(self) -> Result:
        """Return all experiments in their original order as one `Result`.

        It holds them all in memory, and is a new object each time, with the header that was given
        with the set; its `metadata` lists the ids of the jobs, and `to_dict` gives it as plain
        values. Where results are missing it is no success, and the experiment in that place is none
        either, whose `status` tells why. Raises IBMQManagedResultDataNotAvailable where no results
        are here at all.
        """
        missing = [job for job in self._jobs if not _stored(job)]
        if len(missing) == len(self._jobs):
            raise _not_here("There are no results to combine", missing)
        remotes = [job.remote for job in self._jobs if job.remote is not None]
        with translated(IBMQJobManagerError):
            record = self._handle.record()
        return qiskit_result(
            backend_name=self.backend_name,
            job_id=self._handle.id,
            experiments=[self._experiment(circuit.index) for circuit in self._circuits],
            date=max((remote.finished_at or "" for remote in remotes), default="") or None,
            header=header_in(record),
            client_version=client_version_in(record),
            metadata={"job_ids": [remote.id for remote in remotes]},
        )

    def _experiment(self, index: int) -> ExperimentResult:
        """Return an experiment with its outcomes, or what stands for it where these are missing."""
        missing = self._missing(index)
        if missing:
            why = f"ERROR: {reason_of(missing[0])}"
            return missing_result(self._circuits[index], why, self._shape(index))
        return experiment_result(self._read(index), self._shape(index))

    def _missing(self, index: int) -> list[JobRecord]:
        """Return the jobs for want of which an experiment cannot be read; none where it can."""
        missing = self._shelf.missing(index)
        some_will_do = self._partial and len(missing) < len(self._shelf.jobs(index))
        return [] if some_will_do else missing

    def _shape(self, index: int) -> CircuitShape | None:
        job = self._shelf.jobs(index)[0]
        if self._shapes is None or self._shapes[0] != job.first_circuit:
            with translated(IBMQJobManagerError), self._handle.open() as manifest:
                found = shapes_of(manifest, job.first_circuit, job.last_circuit)
            self._shapes = job.first_circuit, found
        return self._shapes[1][index - job.first_circuit]

    def _result(self, experiment: Any, *, with_memory: bool = True) -> Result:
        """Return a `Result` of this experiment alone."""
        index = self._lookup.find(experiment)
        missing = self._missing(index)
        holding = self._shelf.jobs(index)
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
                outcomes = self._shelf.outcomes(index)
        except StoredResultError as error:
            raise IBMQManagedResultDataNotAvailable(
                f"The results of experiment {index} are damaged on disk. "
                "results(refresh=True) fetches them again."
            ) from error
        assert outcomes is not None
        return CircuitResult(index, circuit.name, circuit.metadata, outcomes, circuit.shots)

    def _not_sampled(self, experiment: Any, what: str, instead: str) -> Exception:
        index = self._lookup.find(experiment)
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
