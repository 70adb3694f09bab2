"""The times of a job: when it reached which step, and its place in the queue."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from qiskit.providers import JobStatus

from ..jobset.usage import read_timestamps
from ..manifest import records

if TYPE_CHECKING:
    from .job_source import JobInfo

__all__ = ["QueueInfo", "local_time", "queue_info_of", "steps_of"]

# The name of a job's last step, by how it ended.
_ENDS = {
    records.JobStatus.DONE: "COMPLETED",
    records.JobStatus.CANCELLED: "CANCELLED",
    records.JobStatus.ERROR: "ERROR_RUNNING_JOB",
}

# Statuses by the words of the old service, of today's, and of Qiskit.
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


def local_time(time: object) -> datetime | None:
    """Return a datetime, or a text in ISO 8601, in local time; None for anything else.

    Without a time zone it is taken for UTC.
    """
    try:
        moment = time if isinstance(time, datetime) else datetime.fromisoformat(str(time))
    except ValueError:
        return None
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone()


class QueueInfo:
    """The place of a job in the queue; what the service does not say is None.

    Times are given as datetime or text in ISO 8601, in UTC unless they have a time zone, and shown
    in local time; anything else raises ValueError. `status` is the service's word. Priorities were
    those of hubs, groups and projects, which do not exist any more. Further keywords become
    attributes.
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
        """Return all values by the names of the constructor's arguments."""
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
        """Return a text of eight lines, in which times are relative to now."""
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
        """Return the status as Qiskit's sentence; an unknown word is returned as it is."""
        if self.status is None:
            return _UNKNOWN
        known = _STATUSES.get(self.status.upper())
        return self.status if known is None else str(known.value)

    def __getattr__(self, name: str) -> Any:
        # Python calls this for missing attributes only.
        data = self.__dict__.get("_data", {})
        if name not in data:
            raise AttributeError(f"The queue information has no '{name}'.")
        return data[name]

    def __eq__(self, other: object) -> bool:
        return isinstance(other, QueueInfo) and self.to_dict() == other.to_dict()

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        values = self.to_dict().items()
        return f"<QueueInfo({', '.join(f'{k}={_plain(v)!r}' for k, v in values)})>"


def _moment(value: str | datetime | None) -> datetime | None:
    if value is None:
        return None
    moment = local_time(value)
    if moment is None:
        raise ValueError(f"{value!r} is not a time in ISO 8601.")
    return moment


def _shown(value: object) -> str:
    return _UNKNOWN if value is None else str(value)


def _plain(value: object) -> object:
    return value.isoformat() if isinstance(value, datetime) else value


def _from_now(moment: datetime | None) -> str:
    """Return how far a time is from now, in its two largest units."""
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


def steps_of(info: JobInfo, metrics: Mapping[str, object]) -> dict[str, datetime] | None:
    """Return when a job reached which step, in local time; None where nothing is known yet.

    The service records when a job was created, which puts it into the queue at once, when it began
    to run and when it ended.
    """
    times = read_timestamps(metrics)
    creating = local_time(info.created) if info.created else None
    queued = local_time(times.created) or creating
    if creating is not None and queued is not None:
        queued = max(creating, queued)  # the two may be of different precision
    steps = {
        "CREATING": creating,
        "CREATED": queued,
        "QUEUED": queued,
        "RUNNING": local_time(times.running),
    }
    if info.status.final:
        steps[_ENDS[info.status]] = local_time(times.finished)
    return {name: moment for name, moment in steps.items() if moment is not None} or None


def queue_info_of(info: JobInfo, metrics: Mapping[str, object]) -> QueueInfo | None:
    """Return a job's place in the queue; None unless it waits there and the service says so."""
    if info.status is not records.JobStatus.QUEUED:
        return None
    times = read_timestamps(metrics)
    if (times.position, times.expected_start, times.expected_end) == (None, None, None):
        return None
    return QueueInfo(
        position=times.position,
        status=info.service_status,
        estimated_start_time=local_time(times.expected_start),
        estimated_complete_time=local_time(times.expected_end),
        job_id=info.id,
    )
