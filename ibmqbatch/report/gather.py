"""All that a report of a set tells, gathered from the set's own file; nothing asks the service."""

from __future__ import annotations

import platform
import shlex
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from .. import __version__
from ..jobset.documents import set_data
from ..jobset.expectation_values import ExpectationValue, Observed, find_observed
from ..jobset.results import CircuitResult, read_results, read_values
from ..manifest.manifest import Manifest
from ..manifest.records import CircuitRecord, JobRecord, SetRecord
from ..render.text import plural
from .device_map import DeviceMap, device_map
from .sweeps import Sweep, Tally, find_sweeps, sweep_of_values

if TYPE_CHECKING:
    from ..jobset.job_set import JobSet

__all__ = ["Histogram", "JobTimes", "Report", "Work", "gather", "gather_set", "work_of"]

_MOST_OUTCOMES = 8  # of a histogram that are drawn one by one


@dataclass(frozen=True, slots=True)
class Histogram:
    """A circuit with its most frequent outcomes, the first being the most frequent.

    `distinct` is how many there are in all. `shots` are those that are here, 0 where no results
    are; of a circuit whose measurements were not classified into bits there are no outcomes.
    """

    index: int
    name: str
    metadata: Mapping[str, object]
    shots: int
    outcomes: Sequence[tuple[str, int]] = ()
    distinct: int = 0

    @property
    def rest(self) -> int:
        """How many shots gave other outcomes than those."""
        return self.shots - sum(count for _, count in self.outcomes) if self.outcomes else 0


@dataclass(frozen=True, slots=True)
class JobTimes:
    """When a job was where, in seconds since the epoch; None where that is not known."""

    index: int
    status: str
    created: float | None
    running: float | None
    finished: float | None


@dataclass(frozen=True, slots=True)
class Work:
    """How long jobs of a set ran on the backend, in seconds.

    `span` is from the first submission to the last end, `busy` the time in which any job ran, and
    `gap` the longest pause between jobs that ran.
    """

    span: float
    busy: float
    gap: float


@dataclass(frozen=True, slots=True)
class Report:
    """A set as its report tells it.

    `data` is the set under the names of the JSON documents, with its jobs and what they have used;
    `environment` names versions, and `commands` are what makes the set's results again.
    """

    record: SetRecord
    data: Mapping[str, Any]
    jobs: Sequence[JobTimes]
    histograms: Sequence[Histogram]
    values: Sequence[ExpectationValue]
    sweeps: Sequence[Sweep]
    device: DeviceMap | None
    sources: Sequence[str]
    commands: Sequence[tuple[str, str]]
    versions: Mapping[str, str]


def gather_set(job_set: JobSet) -> Report:
    """Read a set; results that are damaged on disk count as not here, and are fetched again."""
    with job_set.open() as manifest:
        job_set.repair()
        return gather(manifest)


def gather(manifest: Manifest, *, most_outcomes: int = _MOST_OUTCOMES) -> Report:
    """Read a set. One job's results are in memory at a time, and `most_outcomes` of each circuit.

    Raises StoredResultError where results are damaged on disk.
    """
    known, circuits = manifest.snapshot(), manifest.circuits()
    observed, _ = find_observed(manifest.measured())
    values = list(read_values(manifest, observed)) if observed else []
    histograms, sweeps = _read(manifest, circuits, observed, most_outcomes)
    runs = {value.index: (value.index, value.name, value.metadata) for value in values}
    of_values = [sweep_of_values(sweep, values) for sweep in find_sweeps(runs.values())]
    kept = manifest.device()
    sources = list(dict.fromkeys(circuit.source for circuit in circuits if circuit.source))
    return Report(
        record=known.record,
        data=set_data(known.record, known.jobs, usage=True),
        jobs=[_times(job) for job in known.jobs],
        histograms=histograms,
        values=values,
        sweeps=[*of_values, *sweeps],
        device=None if kept is None else device_map(*kept, manifest.layouts()),
        sources=sources,
        commands=list(_commands(known.record, sources, [each.name for each in circuits], observed)),
        versions={"ibmqbatch": __version__, "Python": platform.python_version()},
    )


def _read(
    manifest: Manifest,
    circuits: Sequence[CircuitRecord],
    observed: Sequence[Observed],
    most: int,
) -> tuple[list[Histogram], list[Sweep]]:
    """Read all results once, and those of sweeps a second time."""
    measured = {index for each in observed for index in each.measured()}
    tallies = [
        Tally(sweep)
        for sweep in find_sweeps(
            (circuit.index, circuit.name, circuit.metadata)
            for circuit in circuits
            if circuit.index not in measured
        )
    ]
    tally_of = {index: tally for tally in tallies for index in tally.sweep.circuits}
    found: dict[int, Histogram] = {}
    for result in read_results(manifest):
        found[result.index] = _histogram(result, most)
        if tally := tally_of.get(result.index):
            tally.see(result)
    for result in read_results(manifest, sorted(tally_of)) if tally_of else ():
        tally_of[result.index].add(result)
    histograms = [
        found.get(circuit.index)
        or Histogram(circuit.index, circuit.name, circuit.metadata, shots=0)
        for circuit in circuits
    ]
    return histograms, [sweep for tally in tallies if (sweep := tally.counted())]


def _histogram(result: CircuitResult, most: int) -> Histogram:
    counts = result.counts
    frequent = sorted(counts, key=lambda outcome: (-counts[outcome], outcome))[:most]
    return Histogram(
        result.index,
        result.name,
        result.metadata,
        result.shots,
        [(outcome, counts[outcome]) for outcome in frequent],
        len(counts),
    )


def _times(job: JobRecord) -> JobTimes:
    """Return a job's times, those that the service has measured before those observed."""
    from ..jobset.usage import read_metrics

    remote = job.remote
    if remote is None:
        return JobTimes(job.index, str(job.status), None, None, None)
    exact = read_metrics(remote)
    return JobTimes(
        job.index,
        str(job.status),
        _epoch((exact and exact.created_at) or remote.created_at or remote.submitted_at),
        _epoch((exact and exact.running_at) or remote.running_at),
        _epoch((exact and exact.finished_at) or remote.finished_at),
    )


def _epoch(text: str | None) -> float | None:
    try:
        return None if text is None else datetime.fromisoformat(text).timestamp()
    except ValueError:
        return None


def work_of(jobs: Sequence[JobTimes]) -> Work | None:
    """Return how long jobs ran, and where nothing did; None where that is not known of any job."""
    ran = sorted(
        (job.running, job.finished)
        for job in jobs
        if job.running is not None and job.finished is not None and job.running <= job.finished
    )
    if not ran:
        return None
    begun = min(job.created if job.created is not None else ran[0][0] for job in jobs)
    busy, gap, end = 0.0, 0.0, ran[0][0]
    for start, stop in ran:
        gap = max(gap, start - end)
        busy += max(0.0, stop - max(start, end))
        end = max(end, stop)
    return Work(max(0.0, end - begun), busy, gap)


def _commands(
    record: SetRecord, sources: Sequence[str], names: Sequence[str], observed: Sequence[Observed]
) -> Iterator[tuple[str, str]]:
    """Yield what to type, and what it does."""
    here = record.id
    yield f"ibmqbatch export {here} -o {here}.sqlite", "Keep the circuits and all results."
    yield f"ibmqbatch results {here} --format csv -o counts.csv", "Write all counts as a table."
    yield f"ibmqbatch show {here} --circuit 0 --compiled", "Show a circuit as it was sent."
    if sources and not record.made_elsewhere:
        compilation = record.compilation
        told: list[object] = ["ibmqbatch", "submit", *sources[:3]]
        told += ["--backend", record.backend, "--shots", record.shots]
        if record.seed is not None:
            told += ["--seed", record.seed]
        if (level := compilation.get("level")) is not None:
            told += ["--optimization-level", level]
        if (seed := compilation.get("seed_transpiler")) is not None:
            told += ["--seed-transpiler", seed]
        if compilation.get("fractional_gates"):
            told.append("--fractional-gates")
        line = shlex.join(map(str, told))
        left_out = plural(len(sources) - 3, "more file")
        more = f" Add {left_out} of the set." if len(sources) > 3 else ""
        if any("@" in name for name in names):
            more += " The table of values goes with --parameters."
        if observed:
            more += " The observables go with --observables."
        yield line, f"Send the same files again.{more}"
