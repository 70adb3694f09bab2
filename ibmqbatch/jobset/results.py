"""Reading the results that are here."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ..errors import UsageError
from ..manifest import remotes
from ..manifest.records import CircuitRecord, JobRecord, RemoteRecord
from ..manifest.store import Manifest
from .split import repeat_shots

if TYPE_CHECKING:
    from ..service.outcomes import PubResult

__all__ = [
    "CircuitResult",
    "check_registers",
    "find_circuits",
    "missing_jobs",
    "raw_bodies",
    "read_results",
    "repair",
]


_NAME = "name:"


@dataclass(frozen=True, slots=True)
class CircuitResult:
    """One circuit's outcomes, of all its shot repeats that are here."""

    index: int
    name: str
    metadata: Mapping[str, object]
    outcomes: PubResult = field(repr=False)

    @property
    def shots(self) -> int:
        """How many shots are here."""
        return self.outcomes.shots

    @property
    def counts(self) -> Mapping[str, int]:
        """How often each outcome came, written as Qiskit does, sorted by outcome."""
        return self.outcomes.counts()


def missing_jobs(manifest: Manifest) -> list[JobRecord]:
    """Return the jobs whose results are not here, for whatever reason."""
    return [job for job in manifest.jobs() if job.remote is None or job.remote.result != "stored"]


def find_circuits(circuits: Sequence[CircuitRecord], wanted: Sequence[str]) -> list[int]:
    """Return the indexes that `wanted` (indexes or names) mean, in that order, each once.

    A number is an index; behind `name:` it is a name. Raises UsageError for one that fits none, or
    a name that stands several times.
    """
    by_name: dict[str, list[int]] = {}
    for circuit in circuits:
        by_name.setdefault(circuit.name, []).append(circuit.index)
    indexes: dict[int, None] = {}
    for key in wanted:
        if key.isascii() and key.isdecimal() and int(key) < len(circuits):
            indexes[int(key)] = None
            continue
        named = by_name.get(key) or by_name.get(key.removeprefix(_NAME), [])
        if len(named) > 1:
            listed = ", ".join(map(str, named[:20])) + (", …" if len(named) > 20 else "")
            raise UsageError(
                f"{len(named)} circuits are named '{key}': {listed}.", "Use the index of one."
            )
        if not named:
            raise UsageError(
                f"The set has no circuit '{key}'.",
                f"Use a circuit's name, or an index from 0 to {len(circuits) - 1}.",
            )
        indexes[named[0]] = None
    return list(indexes)


def read_results(
    manifest: Manifest,
    indexes: Sequence[int] | None = None,
    registers: Sequence[str] | None = None,
    *,
    repeat: int | None = None,
) -> Iterator[CircuitResult]:
    """Yield the results that are here, of all circuits in input order, or of `indexes`.

    `registers` leaves only those of each circuit; `check_registers` tells whether all have them.
    The repeats of a circuit are merged, unless one `repeat` is wanted. One job's results of each repeat are in memory at a time;
    circuits whose results are not here are left out.
    """
    circuits = manifest.circuits()
    shelf = _Shelf(manifest, circuits, repeat)
    for index in range(len(circuits)) if indexes is None else indexes:
        pubs = shelf.pubs(index)
        if not pubs:
            continue
        circuit = circuits[index]
        outcomes = pubs[0].joined(pubs[1:])
        if registers:
            outcomes = outcomes.only(registers)
        yield CircuitResult(index, circuit.name, circuit.metadata, outcomes)


def raw_bodies(manifest: Manifest) -> Iterator[tuple[JobRecord, bytes]]:
    """Yield every result body that is here, as the service sent it, with its job."""
    for job in manifest.jobs():
        if job.remote is not None and job.remote.result == "stored":
            body = remotes.read_result(manifest, job.remote.id)
            assert body is not None
            yield job, body


def check_registers(
    manifest: Manifest, indexes: Sequence[int] | None, registers: Sequence[str]
) -> None:
    """Raise UsageError for the first circuit that lacks one of the registers."""
    for result in read_results(manifest, indexes):
        there = result.outcomes.registers
        lacking = [name for name in registers if name not in there]
        if lacking:
            raise UsageError(
                f"Circuit {result.index} ({result.name}) has no register '{lacking[0]}'.",
                f"Its registers are: {', '.join(there)}. Name others with --circuit.",
            )


class _Shelf:
    """The jobs of a set by the circuits that they hold, and the results that were read last."""

    def __init__(
        self, manifest: Manifest, circuits: Sequence[CircuitRecord], repeat: int | None
    ) -> None:
        self._manifest = manifest
        self._circuits = circuits
        self._jobs: dict[int, list[JobRecord]] = {}  # by repeat
        for job in manifest.jobs():
            if repeat in {None, job.repeat}:
                self._jobs.setdefault(job.repeat, []).append(job)
        self._starts = {
            repeat: [job.first_circuit for job in jobs] for repeat, jobs in self._jobs.items()
        }
        self._read: dict[int, tuple[int, Sequence[PubResult]]] = {}

    def pubs(self, circuit: int) -> list[PubResult]:
        """Return a circuit's results that are here, by repeat."""
        from bisect import bisect_right

        found = []
        for repeat, jobs in self._jobs.items():
            position = bisect_right(self._starts[repeat], circuit) - 1
            job = jobs[position] if position >= 0 else None
            if job is None or circuit > job.last_circuit or job.remote is None:
                continue
            if job.remote.result == "stored":
                found.append(self._results(job, job.remote)[circuit - job.first_circuit])
        return found

    def _results(self, job: JobRecord, remote: RemoteRecord) -> Sequence[PubResult]:
        from ..service.results import decode_circuits

        last = self._read.get(job.repeat)
        if last is None or last[0] != job.index:
            body = remotes.read_result(self._manifest, remote.id)
            assert body is not None
            shots = [
                repeat_shots(circuit.shots, job.shots, job.repeat)
                for circuit in self._circuits[job.first_circuit : job.last_circuit + 1]
            ]
            last = self._read[job.repeat] = job.index, decode_circuits(body, shots)
        return last[1]


def repair(manifest: Manifest) -> int:
    """Check every stored body; forget those that are damaged, so that they are fetched again.

    Return how many that is. Of a private job the service has no second copy: its result is lost.
    """
    damaged = []
    for job in manifest.jobs():
        if job.remote is None or job.remote.result != "stored":
            continue
        try:
            # It passed its check before it was stored: that it is unchanged is enough.
            if remotes.read_result(manifest, job.remote.id) is None:
                damaged.append(job.remote)
        except remotes.StoredResultError:
            damaged.append(job.remote)
    if damaged:
        with manifest.db.transaction():
            for remote in damaged:
                reason = "its stored results were damaged on disk"
                remotes.drop_result(manifest, remote, reason)
                if remote.private:
                    remotes.lose_result(manifest, remote, reason)
    return len(damaged)
