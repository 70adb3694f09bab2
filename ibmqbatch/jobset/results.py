"""Reading the results that are here."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from ..errors import UsageError
from ..manifest import remotes
from ..manifest.records import CircuitRecord, JobRecord, RemoteRecord
from ..manifest.store import Manifest

__all__ = ["CircuitResult", "find_circuits", "missing_jobs", "read_results", "repair"]


@dataclass(frozen=True, slots=True)
class CircuitResult:
    """One circuit's outcomes: `counts` by outcome, written as Qiskit does, sorted."""

    index: int
    name: str
    shots: int
    counts: Mapping[str, int]
    metadata: Mapping[str, object]


def missing_jobs(manifest: Manifest) -> list[JobRecord]:
    """Return the jobs whose results are not here, for whatever reason."""
    return [job for job in manifest.jobs() if job.remote is None or job.remote.result != "stored"]


def find_circuits(circuits: Sequence[CircuitRecord], wanted: Sequence[str]) -> list[int]:
    """Return the indexes that `wanted` (indexes or names) mean, in that order.

    Raises UsageError for one that fits none, or a name that stands several times.
    """
    indexes = []
    for key in wanted:
        named = [circuit.index for circuit in circuits if circuit.name == key]
        if len(named) > 1:
            listed = ", ".join(map(str, named[:20])) + (", …" if len(named) > 20 else "")
            raise UsageError(
                f"{len(named)} circuits are named '{key}': {listed}.", "Use the index of one."
            )
        if named:
            indexes.append(named[0])
        elif key.isdecimal() and int(key) < len(circuits):
            indexes.append(int(key))
        else:
            raise UsageError(
                f"The set has no circuit '{key}'.",
                f"Use a circuit's name, or an index from 0 to {len(circuits) - 1}.",
            )
    return indexes


def read_results(
    manifest: Manifest, indexes: Sequence[int] | None = None
) -> Iterator[CircuitResult]:
    """Yield the results that are here, of all circuits in input order, or of `indexes`.

    One job's results are in memory at a time. Circuits whose results are not here are left out.
    """
    circuits = manifest.circuits()
    jobs = {job.first_circuit: job for job in manifest.jobs()}
    order = range(len(circuits)) if indexes is None else indexes
    starts = sorted(jobs)
    loaded: tuple[int, Sequence[Mapping[str, int] | None]] | None = None
    for index in order:
        start = starts[_position(starts, index)]
        job = jobs[start]
        if job.remote is None or job.remote.result != "stored":
            continue
        if loaded is None or loaded[0] != start:
            loaded = start, _counts(manifest, job.remote)
        counts = loaded[1][index - start]
        assert counts is not None
        circuit = circuits[index]
        yield CircuitResult(index, circuit.name, sum(counts.values()), counts, circuit.metadata)


def _position(starts: Sequence[int], index: int) -> int:
    from bisect import bisect_right

    return bisect_right(starts, index) - 1


def _counts(manifest: Manifest, remote: RemoteRecord) -> list[Mapping[str, int]]:
    from ..service.results import decode_results

    body = remotes.read_result(manifest, remote.id)
    assert body is not None
    return [pub.counts() for pub in decode_results(body)]


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
