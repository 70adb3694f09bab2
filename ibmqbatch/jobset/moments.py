"""When a job was, or is expected to be, where: as its metrics tell, at any stage of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

__all__ = ["Moments", "read_moments"]


@dataclass(frozen=True, slots=True)
class Moments:
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


def read_moments(metrics: Mapping[str, object]) -> Moments:
    """Read a job's metrics."""
    told = metrics.get("timestamps")
    times = told if isinstance(told, Mapping) else {}
    places = (metrics.get(name) for name in ("position_in_provider", "position_in_queue"))
    return Moments(
        created=_text(times.get("created")),
        running=_text(times.get("running")),
        finished=_text(times.get("finished")),
        position=next((p for p in places if isinstance(p, int) and p >= 0), None),
        expected_start=_text(metrics.get("estimated_start_time")),
        expected_end=_text(metrics.get("estimated_completion_time")),
    )


def _text(value: object) -> str | None:
    return value if isinstance(value, str) and value else None
