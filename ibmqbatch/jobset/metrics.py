"""What jobs have used, and when they were where, as the service measured it."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ..clock import in_utc
from ..manifest.records import RemoteRecord

__all__ = ["Metrics", "read_metrics"]

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
