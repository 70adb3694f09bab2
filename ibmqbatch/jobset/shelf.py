"""Where the results of each circuit are, and reading them a job at a time."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING

from ..manifest.manifest import Manifest, StoredResultError
from ..manifest.records import CircuitRecord, JobRecord
from .split import repeat_shots

if TYPE_CHECKING:
    from ..service.outcomes import PubResult

__all__ = ["Shelf"]

Opened = Callable[[], AbstractContextManager[Manifest]]


class Shelf:
    """The jobs of a set by the circuits that they hold, and the results that were read last.

    Of each repeat one job's results are in memory at a time. `opened` opens the manifest for the
    block of a `with`, whenever it has to be read. Not for several threads at once.
    """

    def __init__(
        self, circuits: Sequence[CircuitRecord], jobs: Sequence[JobRecord], opened: Opened
    ) -> None:
        self._circuits = circuits
        self._opened = opened
        self._jobs: dict[int, list[JobRecord]] = {}  # by repeat
        for job in jobs:
            self._jobs.setdefault(job.repeat, []).append(job)
        self._starts = {
            repeat: [job.first_circuit for job in listed] for repeat, listed in self._jobs.items()
        }
        self._read: dict[int, tuple[int, Sequence[PubResult]]] = {}

    def jobs(self, circuit: int) -> list[JobRecord]:
        """Return the jobs that hold a circuit, one for each repeat that it takes."""
        found = []
        for repeat, jobs in self._jobs.items():
            position = bisect_right(self._starts[repeat], circuit) - 1
            if position >= 0 and circuit <= jobs[position].last_circuit:
                found.append(jobs[position])
        return found

    def missing(self, circuit: int) -> list[JobRecord]:
        """Return those of them whose results are not here."""
        return [job for job in self.jobs(circuit) if not job.stored]

    def outcomes(self, circuit: int) -> PubResult | None:
        """Return a circuit's outcomes, of all its repeats that are here; None where none is.

        Raises StoredResultError where they are damaged on disk.
        """
        found = [
            self._results(job)[circuit - job.first_circuit]
            for job in self.jobs(circuit)
            if job.stored
        ]
        return found[0].joined(found[1:]) if found else None

    def _results(self, job: JobRecord) -> Sequence[PubResult]:
        from ..service.results import decode_circuits

        last = self._read.get(job.repeat)
        if last is None or last[0] != job.index:
            assert job.remote is not None
            with self._opened() as manifest:
                body = manifest.result(job.remote.id)
            if body is None:
                raise StoredResultError  # it was dropped since the jobs were looked at
            shots = [
                repeat_shots(circuit.shots, job.shots, job.repeat)
                for circuit in self._circuits[job.first_circuit : job.last_circuit + 1]
            ]
            last = self._read[job.repeat] = job.index, decode_circuits(body, shots)
        return last[1]
