"""One job of a job set, as programs of the old job manager use it."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Self

from qiskit.providers import JobStatus

from ..errors import IbmqbatchError
from ..jobset.errors import TimedOut
from ..manifest.manifest import Manifest
from ..manifest.records import JobRecord
from ..manifest.snapshot import Snapshot
from .arguments import Timeout, also_called
from .background import Submission
from .caller_warnings import warn_caller
from .exceptions import (
    IBMQBackendApiError,
    IBMQError,
    IBMQJobApiError,
    IBMQJobError,
    IBMQJobManagerInvalidStateError,
    IBMQJobTimeoutError,
    translated,
)
from .job import IBMQJob
from .status_report import reason_of, status_of, was_refused

if TYPE_CHECKING:
    from qiskit.result import Result

    from ..jobset.job_set import JobSet
    from .backend import IBMQBackend

__all__ = ["ManagedJob"]

_log = logging.getLogger(__name__)


class ManagedJob:
    """One job of a job set, whether or not it is sent.

    `start_index` and `end_index` are its experiments, both included, counted from 0 in the set.
    """

    def __init__(
        self, start_index: int, experiments_count: int, job: IBMQJob | None = None
    ) -> None:
        self.start_index = start_index
        self.end_index = start_index + experiments_count - 1
        self._job = job
        self._job_set: JobSet | None = None
        self._index = 0
        self._backend: Callable[[], IBMQBackend] | None = None

    @classmethod
    def of_set(cls, job_set: JobSet, job: JobRecord, backend: Callable[[], IBMQBackend]) -> Self:
        """Return a job of a set; `backend` finds its backend when it is needed."""
        managed = cls(job.first_circuit, job.total_circuits)
        managed.end_index = job.last_circuit
        managed._job_set, managed._index, managed._backend = job_set, job.index, backend
        return managed

    def __repr__(self) -> str:
        return f"<ManagedJob: experiments {self.start_index}-{self.end_index}>"

    @property
    def job(self) -> IBMQJob | None:
        """The job on the service; None as long as it is not there."""
        record = self._record() if self._job is None else None
        return self._job if record is None else self.job_of(record)

    @property
    def submit_error(self) -> Exception | None:
        """Why the service did not take the job; None where it did, or was not asked yet."""
        job = self._record()
        return IBMQBackendApiError(reason_of(job)) if job and was_refused(job) else None

    @also_called(qobj="circuits")
    def submit(
        self,
        circuits: Any,
        job_name: str,
        backend: IBMQBackend | str,
        executor: object,  # noqa: ARG002
        submit_lock: object,  # noqa: ARG002
        job_share_level: object = None,
        job_tags: list[str] | None = None,
        **run_config: Any,
    ) -> None:
        """Submit circuits as a job set of this one job, called `job_name`.

        When this returns, the circuits are checked and the plan is durable; they are sent in the
        background. `executor` and `submit_lock` have no effect. Raises
        IBMQJobManagerInvalidStateError for a job that has been submitted, and for circuits that
        take more than one job.
        """
        if self._job_set is not None or self._job is not None:
            raise IBMQJobManagerInvalidStateError("The job has already been submitted.")
        submission = Submission.planned(
            backend,
            circuits,
            name=job_name,
            tags=job_tags,
            run_config={**run_config, "job_share_level": job_share_level},
            lone=True,
        )
        self._job_set, self._index, self._backend = submission.job_set, 0, submission.backend
        (job,) = submission.read(Manifest.jobs)
        self.end_index = self.start_index + job.last_circuit

    def status(self) -> JobStatus | None:
        """Ask for the job's status; None when it is unknown, or the job could not be submitted.

        It warns when the service does not answer.
        """
        if self.submit_error is not None:
            return None
        job = self.job
        if job is None:
            record = self._record()
            return JobStatus.INITIALIZING if record is None else status_of(record)
        try:
            return job.status()
        except IBMQJobError as error:
            self._warn("job status", error)
            return None

    def result(
        self, timeout: float | None = None, partial: bool = False, refresh: bool = False
    ) -> Result | None:
        """Wait for the job's result and return it, with an entry for each experiment of the job.

        None, with a warning why, when there is none. `timeout` is in seconds and includes sending;
        None or 0 is as long as it takes. `partial` has no effect: the service has all results of a
        job or none. `refresh` downloads them again. Raises IBMQJobTimeoutError.
        """
        with translated(IBMQJobError):
            limit = Timeout(timeout)
        try:
            job = self._sent(limit)
            if job is None:
                return None
            return job.result(timeout=limit.left, partial=partial, refresh=refresh)
        except IBMQJobTimeoutError:
            raise
        except IBMQError as error:
            self._warn("job result", error)
            return None

    def error_message(self) -> str | None:
        """Wait for the job's end; return why it failed, with the service's code, or None."""
        record = self._record()
        if record is not None and was_refused(record):
            return reason_of(record)
        job = self.job
        try:
            return None if job is None else job.error_message()
        except IBMQJobError:
            return "Unknown error."

    def cancel(self) -> None:
        """Cancel the job; one that is not sent yet never will be.

        The effect is watched for ten seconds at most. A job that has not ended by then is logged,
        and so is an error of the service.
        """
        try:
            if self._job_set is None:
                done = self._job is not None and self._job.cancel()
            else:
                done = not self._job_set.cancel({self._index})
        except (IBMQError, IbmqbatchError) as error:
            _log.warning(
                "Experiments %d-%d: the cancel is not confirmed: %s",
                self.start_index,
                self.end_index,
                error,
            )
            return
        if not done:
            _log.warning(
                "Unable to cancel the job of experiments %d-%d.", self.start_index, self.end_index
            )

    def qobj(self) -> Any:
        """Return the job's circuits as a `QasmQobj`; None, with a warning, when they cannot be."""
        try:
            job = self._job if self._job_set is None else self._in_set()
            return None if job is None else job.qobj()
        except IBMQError as error:
            self._warn("qobj", error)
            return None

    def is_decided(self, known: Snapshot) -> bool:
        """Return whether the job is on the service, or never will be, by its set's file."""
        job = known.job(self._index)
        return job is None or job.remote is not None or job.status.final

    def job_of(self, record: JobRecord) -> IBMQJob | None:
        """Return the job on the service, given its record; None where it is not there."""
        if record.remote is None:
            return None  # also of a job that is to be run again
        if self._job is None:
            self._job = self._in_set()
        return self._job

    def _in_set(self) -> IBMQJob:
        assert self._job_set is not None
        assert self._backend is not None
        return IBMQJob.of_set(self._job_set, self._index, self._backend())

    def _record(self) -> JobRecord | None:
        if self._job_set is None:
            return None
        with translated(IBMQJobError), self._job_set.open() as manifest:
            return manifest.job(self._index)

    def _sent(self, limit: Timeout) -> IBMQJob | None:
        """Return the job once it is on the service; None when it never will be."""
        if self._job_set is not None:
            with translated(IBMQJobApiError):
                try:
                    self._job_set.follow(self.is_decided, limit.left)
                except TimedOut as error:
                    raise IBMQJobTimeoutError(
                        "Timeout while waiting for the job of experiments "
                        f"{self.start_index}-{self.end_index} to be sent."
                    ) from error
        return self.job

    def _warn(self, what: str, error: Exception) -> None:
        job_id = "" if self._job is None else f", job ID={self._job.job_id()}"
        warn_caller(
            f"Unable to retrieve {what} for experiments {self.start_index}-{self.end_index}"
            f"{job_id}: {error}"
        )
