"""A job set as plain data, under the names of the JSON documents that scripts read."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from ..manifest.files import disk_bytes
from ..manifest.records import (
    SETS,
    CircuitRecord,
    EventRecord,
    JobRecord,
    SetRecord,
    Status,
)

if TYPE_CHECKING:
    from pathlib import Path

    from .expectation_values import ExpectationValue
    from .forecast import Forecast
    from .inspect import CircuitView
    from .plan import Plan
    from .results import CircuitResult

__all__ = [
    "circuit_data",
    "circuit_view_data",
    "event_data",
    "job_data",
    "plan_data",
    "progress_data",
    "result_data",
    "set_data",
    "shot_arrays",
    "summary_data",
    "value_data",
]


def summary_data(
    record: SetRecord, kinds: Sequence[tuple[JobRecord, int]], path: Path | None = None
) -> dict[str, Any]:
    """Describe a set without its jobs: each of `kinds` stands for so many; see `set_data`."""
    status = Status.of(kinds)
    data: dict[str, Any] = {
        "id": record.id,
        **dict(SETS.shown(record)),
        "state": str(status.state),
        "counts": {str(name): count for name, count in status.counts.items()},
        "unsure_jobs": status.unsure_jobs,
        "lost_jobs": status.lost_jobs,
    }
    if path is not None:
        data["disk_bytes"] = disk_bytes(path)
    return data


def set_data(
    record: SetRecord,
    jobs: Sequence[JobRecord],
    *,
    with_jobs: bool = True,
    usage: bool = False,
    path: Path | None = None,
    forecast: Forecast | None = None,
) -> dict[str, Any]:
    """Describe a set; `counts` has one key for every status and adds up to `total_jobs`.

    With the `path` of its file, what it takes on the disk is told as well; with `usage`, what its
    jobs have used; with a `forecast`, how far it is.
    """
    data = summary_data(record, [(job, 1) for job in jobs], path)
    if forecast is not None:
        data["progress"] = progress_data(forecast)
    if with_jobs:
        data["jobs"] = [job_data(job, usage=usage) for job in jobs]
    if usage:
        used = [item["usage"]["seconds"] for item in data["jobs"] if item["usage"]]
        data["used_seconds"] = sum(seconds for seconds in used if seconds is not None)
    return data


def progress_data(forecast: Forecast) -> dict[str, Any]:
    """Describe how far a set is; null is unknown."""
    advice = forecast.advice
    figures = {
        "elapsed_seconds": forecast.elapsed,
        "seconds_left": forecast.left,
        "next_submission_seconds": forecast.next_submission,
        "used_seconds": forecast.used,
        "instance_seconds_left": advice.instance_left,
        "queue_seconds": advice.queue_seconds,
    }
    return {
        **{name: None if value is None else round(value, 3) for name, value in figures.items()},
        "queue_length": advice.queue_length,
        "done_jobs": forecast.done_jobs,
        "done_circuits": forecast.done_circuits,
        "stored_jobs": forecast.stored_jobs,
        "unsent_jobs": forecast.unsent_jobs,
    }


def job_data(job: JobRecord, *, usage: bool = False) -> dict[str, Any]:
    """Describe one job; times are those observed, in ISO 8601 UTC.

    `usage`: what it has used, and when it was where, as far as that has been fetched.
    """
    remote = job.remote
    data: dict[str, Any] = {
        "index": job.index,
        "first_circuit": job.first_circuit,
        "last_circuit": job.last_circuit,
        "total_circuits": job.total_circuits,
        "repeat": job.repeat,
        "id": remote.id if remote else None,
        "status": str(job.status),
        "service_status": remote.service_status if remote else None,
        "reason": job.reason,
        "code": job.code,
        "solution": remote.solution if remote else "",
        "attempt": job.attempt,
        "unsure": job.unsure,
        "results": remote.result if remote else None,
        "submitted_at": remote.submitted_at if remote else None,
        "finished_at": remote.finished_at if remote else None,
    }
    if usage:
        from .usage import read_metrics

        metrics = read_metrics(remote) if remote else None
        data["usage"] = None if metrics is None else asdict(metrics)
    return data


def event_data(event: EventRecord) -> dict[str, Any]:
    """Describe one event of a set's history."""
    return {
        "seq": event.seq,
        "at": event.at,
        "kind": event.kind,
        "job": event.job,
        "attempt": event.attempt,
        "id": event.remote_id,
        "detail": event.detail,
    }


def result_data(result: CircuitResult, *, memory: bool = False) -> dict[str, Any]:
    """Describe one circuit's outcomes; `memory`: those of every shot, too."""
    data: dict[str, Any] = {
        "index": result.index,
        "name": result.name,
        "shots": result.shots,
        "counts": dict(result.counts),
        "metadata": dict(result.metadata),
    }
    if memory:
        data["memory"] = result.outcomes.memory()
    return data


def value_data(value: ExpectationValue) -> dict[str, Any]:
    """Describe the value of an observable; null where results are missing."""
    return {
        "index": value.index,
        "name": value.name,
        "observable": value.observable,
        "value": value.value,
        "standard_error": value.standard_error,
        "shots": value.shots,
        "metadata": dict(value.metadata),
    }


def shot_arrays(
    results: Iterable[CircuitResult],
) -> Iterator[tuple[str, Iterable[bytes | memoryview]]]:
    """Yield the shots of each circuit and register, named `<circuit index>/<register>`.

    Each is an .npy file in pieces: bytes of shape (shots, bits), bit k of the register in column k;
    or, where measurements were not classified, complex: (shots, values), or (values,) where shots
    were averaged. The circuits' names come last, as `names`, in the order of their indexes, which
    are `indexes`.
    """
    from ..service import npy

    names: dict[int, str] = {}
    for result in results:
        names[result.index] = result.name
        for register, bits in result.outcomes.registers.items():
            yield f"{result.index}/{register}", npy.write(bits.bits())
        for register, values in result.outcomes.levels.items():
            yield f"{result.index}/{register}", npy.write(values)
    yield "indexes", npy.write(npy.numbers("i8", names))
    yield "names", npy.write(npy.texts(list(names.values())))


def circuit_data(circuit: CircuitRecord) -> dict[str, Any]:
    """Describe a circuit; `shots` are all that it is to get."""
    return {
        "index": circuit.index,
        "name": circuit.name,
        "source": circuit.source,
        "position": circuit.position,
        "shots": circuit.shots,
        "metadata": dict(circuit.metadata),
    }


def circuit_view_data(view: CircuitView) -> dict[str, Any]:
    """Describe a circuit with its text, and where its qubits are if it was compiled."""
    return {
        **circuit_data(view.circuit),
        "sha256": view.program.sha256,
        "layout": view.program.layout,
        "language": view.language,
        "text": view.text,
    }


def plan_data(plan: Plan) -> dict[str, Any]:
    """Describe what would be sent."""
    return {
        "name": plan.name,
        "total_circuits": plan.total_circuits,
        "total_jobs": plan.total_jobs,
        "extra_jobs": plan.extra_jobs,
        "shots": plan.shots,
        "executions": plan.executions,
        "bytes": plan.bytes,
        "minutes_to_send": plan.minutes,
        "estimated_seconds": plan.seconds,
        "usage_left_seconds": plan.usage.left if plan.usage else None,
        "jobs": [
            {
                "index": index,
                "first_circuit": chunk.first_circuit,
                "last_circuit": chunk.last_circuit,
                "total_circuits": chunk.last - chunk.first + 1,
                "repeat": chunk.repeat,
                "bytes": chunk.bytes,
            }
            for index, chunk in enumerate(plan.chunks)
        ],
    }
