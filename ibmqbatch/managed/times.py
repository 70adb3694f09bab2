"""Where a job stands in the queue."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from qiskit.providers import JobStatus

from .local_time import local_time

__all__ = ["QueueInfo"]

# The words of the old service, and of today's, that are none of Qiskit's names.
_STATUSES = {
    "CREATING": JobStatus.INITIALIZING,
    "CREATED": JobStatus.INITIALIZING,
    "TRANSPILING": JobStatus.INITIALIZING,
    "TRANSPILED": JobStatus.INITIALIZING,
    "VALIDATED": JobStatus.VALIDATING,
    "PENDING_IN_QUEUE": JobStatus.QUEUED,
    "COMPLETED": JobStatus.DONE,
    **{status.name: status for status in JobStatus},
}
_UNKNOWN = "unknown"
_UNITS = (("day", 86_400), ("hour", 3600), ("minute", 60), ("second", 1))


class QueueInfo:
    """Where a job stands in the queue; what the service does not tell is None.

    Times are given as datetime or ISO 8601, in UTC where they say nothing, and shown in local time;
    for what is neither ValueError is raised. `status` is a service's word. Priorities are of the
    hubs, groups and projects of old, which there are none of any more. What else is given is an
    attribute.
    """

    def __init__(
        self,
        position: int | None = None,
        status: str | None = None,
        estimated_start_time: str | datetime | None = None,
        estimated_complete_time: str | datetime | None = None,
        hub_priority: float | None = None,
        group_priority: float | None = None,
        project_priority: float | None = None,
        job_id: str | None = None,
        **kwargs: Any,
    ) -> None:
        self.position = position
        self.status = status
        self.hub_priority = hub_priority
        self.group_priority = group_priority
        self.project_priority = project_priority
        self.job_id = job_id
        self._start = _moment(estimated_start_time)
        self._complete = _moment(estimated_complete_time)
        self._data = dict(kwargs)

    @property
    def estimated_start_time(self) -> datetime | None:
        """When the job is expected to start, in local time."""
        return self._start

    @property
    def estimated_complete_time(self) -> datetime | None:
        """When the job is expected to end, in local time."""
        return self._complete

    def to_dict(self) -> dict[str, Any]:
        """Return all of it by the names of the constructor's arguments."""
        return {
            "position": self.position,
            "status": self.status,
            "estimated_start_time": self._start,
            "estimated_complete_time": self._complete,
            "hub_priority": self.hub_priority,
            "group_priority": self.group_priority,
            "project_priority": self.project_priority,
            "job_id": self.job_id,
            **self._data,
        }

    def format(self) -> str:
        """Return it as a text of eight lines; times as how far they are from now."""
        return "\n".join(
            [
                f"Job {_shown(self.job_id)} queue information:",
                f"    queue position: {_shown(self.position)}",
                f"    status: {self._sentence()}",
                f"    estimated start time: {_from_now(self._start)}",
                f"    estimated completion time: {_from_now(self._complete)}",
                f"    hub priority: {_shown(self.hub_priority)}",
                f"    group priority: {_shown(self.group_priority)}",
                f"    project priority: {_shown(self.project_priority)}",
            ]
        )

    def _sentence(self) -> str:
        """Return the status as Qiskit's sentence; a word that is not known stays as it is."""
        if self.status is None:
            return _UNKNOWN
        known = _STATUSES.get(self.status.upper())
        return self.status if known is None else str(known.value)

    def __getattr__(self, name: str) -> Any:
        # Only what is no attribute comes here.
        data = self.__dict__.get("_data", {})
        if name not in data:
            raise AttributeError(f"The queue information has no '{name}'.")
        return data[name]

    def __eq__(self, other: object) -> bool:
        return isinstance(other, QueueInfo) and self.to_dict() == other.to_dict()

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        told = self.to_dict().items()
        return f"<QueueInfo({', '.join(f'{k}={_written(v)!r}' for k, v in told)})>"


def _moment(value: str | datetime | None) -> datetime | None:
    if value is None:
        return None
    moment = local_time(value)
    if moment is None:
        raise ValueError(f"{value!r} is no time in ISO 8601.")
    return moment


def _shown(value: object) -> str:
    return _UNKNOWN if value is None else str(value)


def _written(value: object) -> object:
    return value.isoformat() if isinstance(value, datetime) else value


def _from_now(moment: datetime | None) -> str:
    """Write how far a time is from now, in its two largest units."""
    if moment is None:
        return _UNKNOWN
    seconds = round((moment - datetime.now(UTC)).total_seconds())
    rest, parts = abs(seconds), []
    for unit, length in _UNITS:
        count, rest = divmod(rest, length)
        if count:
            parts.append(f"{count} {unit}{'' if count == 1 else 's'}")
    if not parts:
        return "now"
    text = " ".join(parts[:2])
    return text if seconds > 0 else f"{text} ago"
