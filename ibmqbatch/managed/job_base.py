"""What all methods of a job stand on: the view on it, looking at it, and waiting for it."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any

from qiskit.providers import JobStatus, JobV1

from ..clock import Clock
from ..jobset.errors import TimedOut
from ..manifest.records import JobRecord
from ..manifest.snapshot import Snapshot
from .arguments import checked_timeout
from .exceptions import IBMQJobError, IBMQJobTimeoutError, translated
from .looking import warn_of_word
from .views import JobFacts, SetView, View

__all__ = ["JobBase", "qiskit_status"]


def qiskit_status(facts: JobFacts) -> JobStatus:
    """Return a job's status as Qiskit's own; a warning tells of a word that nobody knows."""
    warn_of_word(facts.service_status)
    return JobStatus[facts.status.name]


class JobBase(JobV1):  # type: ignore[misc]
    """A job that is seen through a view; what was told of it besides are its attributes."""

    _job_id: str
    _backend: Any
    _view: View
    _data: dict[str, Any]

    def _facts(self) -> JobFacts:
        """Return what is known of the job; nobody is asked."""
        with translated(IBMQJobError):
            return self._view.facts()

    def _in_set(self, timeout: float | None = None) -> SetView:
        """Return the view on the set that the job is of, made for it where there is none.

        Raises IBMQJobTimeoutError where that takes longer than `timeout` seconds.
        """
        with translated(IBMQJobError):
            self._view = view = self._view.in_set(timeout)
        return view

    def _metrics(self) -> Mapping[str, object]:
        """Return what the service has measured."""
        with translated(IBMQJobError):
            return self._view.metrics() or {}

    def _wait(
        self,
        timeout: float | None,
        reached: Callable[[JobRecord], bool],
        *,
        clock: Clock | None = None,
        shown: Callable[[], None] = lambda: None,
    ) -> SetView:
        """Move the job's set on until the job has got so far; raises IBMQJobTimeoutError."""
        with translated(IBMQJobError):
            limit = checked_timeout(timeout)
        begun = time.monotonic()
        view = self._in_set(limit)
        if limit is not None:
            limit = max(0.001, limit - (time.monotonic() - begun))

        def goal(known: Snapshot) -> bool:
            job = known.job(view.index)
            return job is None or reached(job)

        with translated(IBMQJobError):
            try:
                view.handle.follow(goal, limit, clock=clock, shown=shown)
            except TimedOut as error:
                raise IBMQJobTimeoutError(
                    f"Timeout while waiting for job {self.job_id()}."
                ) from error
        return view

    def __getattr__(self, name: str) -> Any:
        # Only what is no attribute comes here.
        data = self.__dict__.get("_data", {})
        if name not in data:
            raise AttributeError(f"The job has no attribute '{name}'.")
        return data[name]

    def __repr__(self) -> str:
        return f"<{type(self).__name__}('{self.job_id()}') of {self._backend!r}>"
