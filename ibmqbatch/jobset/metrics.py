"""What jobs have used, and when they were where, as the service measured it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from ..clock import iso
from ..manifest.records import RemoteRecord

__all__ = ["Metrics", "read_metrics"]


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
    told = remote.metrics
    usage, times = _mapping(told.get("usage")), _mapping(told.get("timestamps"))
    # The names of three versions of the API, the newest first.
    seconds = next(
        (
            float(value)
            for group, key in (
                (usage, "qpu_charge_time_seconds"),
                (usage, "quantum_seconds"),
                (usage, "seconds"),
                (_mapping(told.get("bss")), "seconds"),
            )
            if isinstance(value := group.get(key), int | float) and 0 <= value < math.inf
        ),
        None,
    )
    return Metrics(
        seconds=seconds,
        final=usage.get("status", "complete") == "complete" and seconds is not None,
        created_at=_time(times.get("created")),
        running_at=_time(times.get("running")),
        finished_at=_time(times.get("finished")),
    )


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _time(value: object) -> str | None:
    if not isinstance(value, str):
        return None
    try:
        moment = datetime.fromisoformat(value)
    except ValueError:
        return None
    return iso((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp())
