"""Reading the results that are here."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ..errors import UsageError
from ..manifest import remotes
from ..manifest.records import CircuitRecord, JobRecord
from ..manifest.store import Manifest
from ..suggestions import with_suggestion
from .names import CircuitIndex
from .shelf import Shelf

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
    """One circuit's outcomes, of all its shot repeats that are here.

    `asked` are the shots that it was to get.
    """

    index: int
    name: str
    metadata: Mapping[str, object]
    outcomes: PubResult = field(repr=False)
    asked: int

    @property
    def shots(self) -> int:
        """How many shots are here; an average does not tell of how many it is."""
        return self.outcomes.shots or self.asked

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
    known = CircuitIndex(circuits)
    indexes: dict[int, None] = {}
    for key in wanted:
        if key.isascii() and key.isdecimal() and int(key) < len(known):
            indexes[int(key)] = None
        else:
            indexes[known.named(key if key in known else key.removeprefix(_NAME))] = None
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
    The repeats of a circuit are merged, unless one `repeat` is wanted. One job's results of each
    repeat are in memory at a time; circuits whose results are not here are left out.
    """
    circuits = manifest.circuits()
    jobs = [job for job in manifest.jobs() if repeat in {None, job.repeat}]
    shelf = Shelf(circuits, jobs, lambda: contextlib.nullcontext(manifest))
    for index in range(len(circuits)) if indexes is None else indexes:
        circuit, outcomes = circuits[index], shelf.outcomes(index)
        if outcomes is None:
            continue
        if registers:
            outcomes = outcomes.only(registers)
        yield CircuitResult(index, circuit.name, circuit.metadata, outcomes, circuit.shots)


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
        there = {**result.outcomes.registers, **result.outcomes.levels}
        lacking = [name for name in registers if name not in there]
        if lacking:
            raise UsageError(
                f"Circuit {result.index} ({result.name}) has no register '{lacking[0]}'.",
                with_suggestion(
                    f"Its registers are: {', '.join(there)}. Name others with --circuit.",
                    lacking[0],
                    there,
                ),
            )


def repair(manifest: Manifest) -> int:
    """Check every stored body; forget those that are damaged, so that they are fetched again.

    Return how many that is. Of a private job the service has no second copy: its result is lost.
    """
    damaged = []
    private = manifest.job_set().private
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
                if private or remote.private:
                    # There is no other copy: what is left of this one stays in the set's file.
                    remotes.lose_result(manifest, remote, reason)
                else:
                    remotes.drop_result(manifest, remote, reason)
    return len(damaged)
