"""What jobs have used, and when they were where, as the service measured it."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ..clock import in_utc
from ..manifest.records import RemoteRecord
from ..service.errors import NotFound
from .work import Work, side_by_side

__all__ = [
    "Metrics",
    "Timestamps",
    "fetch_metrics",
    "metrics_of",
    "read_metrics",
    "read_timestamps",
]


def fetch_metrics(work: Work) -> None:
    """Ask for the metrics of jobs that have ended, where they are not known for good.

    One request a job; nothing is known of one that the service does not have any more. Raises the
    last ServiceError, if any; what was learnt is kept.
    """
    manifest = work.manifest
    wanted = [
        remote
        for remote in manifest.snapshot().remotes
        if remote.status.final and not _known(remote)
    ]
    failure = None
    for ended in side_by_side(wanted, lambda remote: work.client.metrics(remote.id), work.clock):
        with manifest.transaction() as change:
            for remote, answer in ended:
                if isinstance(answer, Mapping):
                    change.jobs.store_metrics(remote, answer)
                elif not isinstance(answer, NotFound):
                    failure = answer
    if failure is not None:
        raise failure


def metrics_of(work: Work, remote: RemoteRecord) -> Mapping[str, object]:
    """Return the metrics of one job, asked for unless they are known for good.

    They are kept once the job has ended. Raises a ServiceError.
    """
    if remote.metrics is not None and _known(remote):
        return remote.metrics
    metrics = work.client.metrics(remote.id)
    if remote.status.final:
        with work.manifest.transaction() as change:
            change.jobs.store_metrics(remote, metrics)
    return metrics


def _known(remote: RemoteRecord) -> bool:
    metrics = read_metrics(remote)
    return metrics is not None and metrics.final


_MOST = sys.float_info.max


@dataclass(frozen=True, slots=True)
class Metrics:
    """Of one job: seconds of the quantum processor that are charged, and ISO 8601 times in UTC.

    `final` tells that the seconds will not change any more.
    """

    seconds: float | None
    final: bool
    created_at: str | None
    running_at: str | None
    finished_at: str | None


def read_metrics(remote: RemoteRecord) -> Metrics | None:
    """Return what has been fetched; None for nothing."""
    if remote.metrics is None:
        return None
    answer = remote.metrics
    usage, times = _mapping(answer.get("usage")), _mapping(answer.get("timestamps"))
    # The names of three versions of the API, the newest first.
    seconds = next(
        (
            float(value)
            for group, key in (
                (usage, "qpu_charge_time_seconds"),
                (usage, "quantum_seconds"),
                (usage, "seconds"),
                (_mapping(answer.get("bss")), "seconds"),
            )
            if isinstance(value := group.get(key), int | float) and 0 <= value < _MOST
        ),
        None,
    )
    return Metrics(
        seconds=seconds,
        final=usage.get("status", "complete") == "complete" and seconds is not None,
        created_at=in_utc(times.get("created")),
        running_at=in_utc(times.get("running")),
        finished_at=in_utc(times.get("finished")),
    )


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


@dataclass(frozen=True, slots=True)
class Timestamps:
    """Times in ISO 8601, as the service writes them; what it does not tell is None.

    IBM's service tells no `position` in a queue any more, nor an expected start and end. Where one
    does, by the names of earlier versions of the API, they are read.
    """

    created: str | None = None
    running: str | None = None
    finished: str | None = None
    position: int | None = None
    expected_start: str | None = None
    expected_end: str | None = None


def read_timestamps(metrics: Mapping[str, object]) -> Timestamps:
    """Read a job's metrics."""
    answer = metrics.get("timestamps")
    times = answer if isinstance(answer, Mapping) else {}
    places = (metrics.get(name) for name in ("position_in_provider", "position_in_queue"))
    return Timestamps(
        created=_text(times.get("created")),
        running=_text(times.get("running")),
        finished=_text(times.get("finished")),
        position=next((p for p in places if isinstance(p, int) and p >= 0), None),
        expected_start=_text(metrics.get("estimated_start_time")),
        expected_end=_text(metrics.get("estimated_completion_time")),
    )


def _text(value: object) -> str | None:
    return value if isinstance(value, str) and value else None
