"""When a job was where, and its place in the queue."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from qiskit.providers import JobStatus

from .exceptions import IBMQJobError, translated
from .job_base import JobBase
from .job_times import queue_info_of, steps_of
from .local_time import local_time

if TYPE_CHECKING:
    from .times import QueueInfo

__all__ = ["TimedJob"]


class TimedJob(JobBase):
    """A job whose times are asked for, as its metrics tell them."""

    _queue: QueueInfo | None = None

    def creation_date(self) -> datetime:
        """Return when the service created the job, in local time, by the service's own clock.

        It is asked for that where it has not told yet. Of a job that is not sent yet: when its set
        was planned. Raises IBMQJobApiError.
        """
        return local_time(self._created()) or datetime.now().astimezone()

    def _created(self) -> str:
        with translated(IBMQJobError):
            return self._view.created()

    def time_per_step(self) -> dict[str, datetime] | None:
        """Return when the job was where, in local time; None where nothing is known yet.

        Steps are CREATING, CREATED and QUEUED (which are one today), RUNNING, and COMPLETED,
        CANCELLED or ERROR_RUNNING_JOB. They come from the job's metrics, by the service's clock;
        CREATING is `creation_date()`.
        """
        if self._facts().id is None:
            return None
        self._created()  # by which the service's own time is among the facts
        return steps_of(self._facts(), self._metrics())

    def queue_info(self) -> QueueInfo | None:
        """Return where the job stands in the queue; None unless it waits and the service tells.

        IBM's service does not any more. How many jobs wait for a backend tells
        `backend.status().pending_jobs`.
        """
        waits = self.status() is JobStatus.QUEUED
        self._queue = queue_info_of(self._facts(), self._metrics()) if waits else None
        return self._queue

    def queue_position(self, refresh: bool = False) -> int | None:
        """Return the job's place in the queue, as `queue_info` has told it last.

        `refresh` asks for it; None where it is not told. Raises IBMQJobApiError then.
        """
        if refresh:
            self.queue_info()
        return None if self._queue is None else self._queue.position
