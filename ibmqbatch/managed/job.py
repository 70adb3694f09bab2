"""One job, as programs of the old provider hold it."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Self

from qiskit.providers import JobStatus

from ..arguments import seconds
from ..clock import Clock
from ..jobset.job_set import connected
from ..manifest import records
from ..service.models import RemoteJob
from .arguments import also_called, checked_timeout
from .backend_properties import BackendProperties, read_properties
from .callbacks import BeatingClock
from .exceptions import (
    IBMQJobApiError,
    IBMQJobError,
    IBMQJobFailureError,
    IBMQJobInvalidStateError,
    translated,
)
from .job_base import qiskit_status
from .job_gone import WithoutCounterpart
from .job_labels import LabelledJob
from .job_parts import circuits_of, failure_of, header_of, options_of, qobj_of, result_of
from .job_timing import TimedJob
from .views import ServiceView, SetView
from .warn import warn

if TYPE_CHECKING:
    from qiskit import QuantumCircuit
    from qiskit.qobj import QasmQobj
    from qiskit.result import Result

    from ..jobset.job_set import JobSet
    from .backend import IBMQBackend

__all__ = ["IBMQJob"]

Callback = Callable[..., object]


class IBMQJob(WithoutCounterpart, LabelledJob, TimedJob):
    """A job on the service, as `IBMQBackend.run` returns it.

    It is one job of a job set, which stands in a file on this machine: results are fetched once and
    then read from there, by other processes as well. `retrieve_job` and `jobs` give jobs that other
    programs have sent, too; such a one is made a set when it is waited for, or its results or
    circuits are wanted.

    Where the service cannot be asked, methods raise IBMQJobApiError: try again. `timeout` is in
    seconds, None or 0 for as long as it takes; times are local.
    """

    @also_called(api="api_client")
    def __init__(
        self,
        backend: IBMQBackend,
        api_client: object,  # noqa: ARG002
        job_id: str,
        creation_date: str,
        status: str,
        kind: str | None = None,
        name: str | None = None,
        time_per_step: Mapping[str, Any] | None = None,
        result: Mapping[str, Any] | None = None,
        qobj: object = None,
        error: Mapping[str, Any] | None = None,
        tags: list[str] | None = None,
        run_mode: str | None = None,
        share_level: str | None = None,
        client_info: Mapping[str, str] | None = None,
        experiment_id: str | None = None,
        **kwargs: Any,
    ) -> None:
        """Hold a job that the service has by its id; what is given else is as it was last seen.

        More keywords become attributes, with an underscore behind their names. A warning tells of
        what is not used, because the service is asked for it, or has nothing of the kind.
        """
        super().__init__(backend, job_id)
        _warn_of_unused(
            {
                "time_per_step": time_per_step,
                "result": result,
                "qobj": qobj,
                "run_mode": run_mode,
                "share_level": share_level,
                "client_info": client_info,
                "experiment_id": experiment_id,
            }
        )
        told = error or {}
        code = told.get("code")
        self._view = ServiceView(
            backend.account_name,
            RemoteJob(
                id=job_id,
                status=status,
                reason=str(told.get("message") or ""),
                reason_code=code if isinstance(code, int) else None,
                tags=tuple(tags or ()),
                created=creation_date,
                private=kwargs.get("private") is True,
                backend=str(backend.name),
            ),
        )
        self._data = {f"{key}_": value for key, value in {**kwargs, "kind": kind}.items()}
        self._given_name = name
        self._result: Result | None = None
        self._properties: BackendProperties | None = None

    def __getstate__(self) -> dict[str, object]:
        # Read from the set's file again, by whichever Qiskit reads the pickle.
        return {**self.__dict__, "_result": None}

    @classmethod
    def of_set(cls, handle: JobSet, index: int, backend: IBMQBackend) -> Self:
        """Return the view on one job of a set of this machine."""
        view = SetView(handle, index)
        with translated(IBMQJobError):
            facts = view.facts()
        job = cls(backend, None, facts.id or "", facts.created, facts.service_status)
        job._view = view
        return job

    def job_id(self) -> str:
        """Return the id that the service gave the job; empty as long as it has not been sent.

        A job that is run again, with `ibmqbatch retry`, has a new one.
        """
        facts = self._facts()
        self._job_id = facts.id or self._job_id
        return self._job_id

    def backend(self) -> IBMQBackend:
        """Return the backend that the job is for."""
        backend: IBMQBackend = self._backend
        return backend

    def status(self) -> JobStatus:
        """Ask the service how the job stands; once it has ended nobody is asked any more.

        Of a job of a set one request tells of 200 of its jobs, and the answer does for all of them
        for a moment: the shortest pause between two polls, 2 seconds on IBM's service. `refresh`
        asks in any case. Raises IBMQJobApiError.
        """
        facts = self._facts()
        if not facts.status.final:
            with translated(IBMQJobError):
                self._view.catch_up()
            facts = self._facts()
        return qiskit_status(facts)

    def refresh(self) -> None:
        """Ask the service for all that it tells of the job; raises IBMQJobApiError.

        What it has measured (`/metrics`) become attributes, with an underscore behind their names.
        """
        with translated(IBMQJobError):
            self._view.refresh()
            metrics = self._view.metrics() or {}
        self._data |= {f"{key}_": value for key, value in metrics.items()}

    def result(
        self,
        timeout: float | None = None,
        wait: float = 5,  # noqa: ARG002
        partial: bool = False,  # noqa: ARG002
        refresh: bool = False,
    ) -> Result:
        """Wait for the job's result and return it, as Qiskit's `Result`, one entry a circuit.

        The service has either all results of a job or none: `partial` changes nothing here, and is
        for job sets. They are kept on this machine, checked against a sum. `refresh` asks the
        service for them again, though they were taken for lost, and gives a new object; of a
        private job, whose results are given once, it reads what is here. A warning tells where
        the service has none any more: what is here stays. How often is asked meanwhile is the
        account's business, and `wait` without effect.

        Raises IBMQJobInvalidStateError when the job was cancelled, IBMQJobFailureError when it
        failed, IBMQJobTimeoutError, and IBMQJobApiError when its results cannot be had, or not
        yet though the job is done.
        """
        with translated(IBMQJobError):
            limit = checked_timeout(timeout)
        begun = time.monotonic()
        if refresh:
            self._result = None
        if self._result is not None:
            return self._result
        view = self._in_set(limit)
        with translated(IBMQJobError):
            if refresh or view.record().overdue:
                kept = view.handle.ask_again({view.index}, limit)
                if kept:
                    warn(f"The service gives no result of job {self.job_id()} any more: it stays.")
        if limit is not None:
            limit = max(0.001, limit - (time.monotonic() - begun))
        self._wait(limit, lambda job: job.delivered)
        with translated(IBMQJobError):
            record = view.record()
        self._check_result(record)
        with translated(IBMQJobError):
            self._result = result_of(view, str(self._backend.name))
        return self._result

    def _check_result(self, record: records.JobRecord) -> None:
        """Raise the error of a job whose results there are not."""
        where = f"Unable to retrieve result for job {self.job_id() or record.index}."
        if record.status is records.JobStatus.CANCELLED:
            raise IBMQJobInvalidStateError(f"{where} Job was cancelled.")
        if record.status is records.JobStatus.ERROR:
            raise IBMQJobFailureError(f"{where} Job has failed: {failure_of(self._facts())}")
        if record.lost or record.overdue:
            raise IBMQJobApiError(f"{where} {record.reason}")

    def wait_for_final_state(
        self,
        timeout: float | None = None,
        wait: float | None = None,
        callback: Callback | None = None,
    ) -> None:
        """Wait until the job has ended.

        `callback(job_id, status, job, queue_info=...)` is called in this thread while it has not:
        every `wait` seconds, or without it whenever the status has changed. Raises
        IBMQJobTimeoutError, and IBMQJobInvalidStateError for times that are none.
        """
        seen: list[JobStatus] = []

        def tell() -> None:
            facts = self._facts()
            status = qiskit_status(facts)
            if callback is not None and not facts.status.final:
                if wait is not None or status not in seen[-1:]:
                    callback(self.job_id(), status, self, queue_info=self._queue)
                seen.append(status)

        with translated(IBMQJobError):
            pause = None if wait is None else seconds(wait, "wait")
        clock = Clock() if callback is None or pause is None else BeatingClock(pause, tell)
        shown = tell if wait is None else lambda: None
        self._wait(timeout, lambda job: job.status.final, clock=clock, shown=shown)

    def error_message(self) -> str | None:
        """Wait for the job's end; return why it failed, with the service's code, or None.

        Raises IBMQJobApiError.
        """
        if not self._facts().status.final:
            self._wait(None, lambda job: job.status.final)
        facts = self._facts()
        return failure_of(facts) if facts.status is records.JobStatus.ERROR else None

    def cancel(self) -> bool:
        """Cancel the job; return whether it is cancelled, as is then read from the service.

        That is looked at for ten seconds at most. A job that is not sent yet never will be; one
        that has ended stays as it is. Raises IBMQJobApiError: the cancel is then still wanted, and
        carried out by whatever moves the set on next.
        """
        with translated(IBMQJobError):
            self._view.cancel()
        return self._facts().status is records.JobStatus.CANCELLED

    def properties(self) -> BackendProperties | None:
        """Return the backend's calibration when the job ran, or for which it was compiled.

        Units are those of `IBMQBackend.properties`. None for a simulator. Raises IBMQJobApiError.
        """
        if self._properties is not None:
            return self._properties
        running = self.time_per_step() or {}
        told: Mapping[str, Any] | None = None
        with translated(IBMQJobError):
            if "RUNNING" in running:
                with connected(self._backend.account_name, Clock()) as client:
                    told = client.properties(str(self._backend.name), running["RUNNING"])
            elif isinstance(self._view, SetView):
                with self._view.handle.open() as manifest:
                    device = manifest.device()
                told = None if device is None else device[1]
        self._properties = read_properties(told)
        return self._properties

    def header(self) -> dict[str, Any]:
        """Return the header that was given with the job; empty where there was none."""
        return header_of(self._in_set())

    @property
    def client_version(self) -> dict[str, str]:
        """The versions of ibmqbatch and Qiskit that have sent the job, by name.

        An empty dictionary where that is not known, as of jobs that other programs have sent.
        """
        return dict(self._facts().client_version)

    def backend_options(self) -> dict[str, Any]:
        """Return how the job is run, by the names that `IBMQBackend.run` has for it.

        Those are shots, memory, meas_level, meas_return and init_qubits, and where they were given
        rep_delay (seconds), seed_simulator and options.
        """
        return options_of(self._in_set())

    def circuits(self) -> list[QuantumCircuit]:
        """Return the job's circuits, as they were given; those of a sweep with their values.

        An empty list where they cannot be read, as those that a newer Qiskit has sent.
        """
        with translated(IBMQJobError):
            return circuits_of(self._in_set())

    def qobj(self) -> QasmQobj | None:
        """Return the job's circuits as Terra's `QasmQobj`; None where they cannot be one.

        Nothing of the kind goes over the wire any more: it is put together here. Qiskit 2 has none
        either, and a warning says so.
        """
        with translated(IBMQJobError):
            return qobj_of(self._in_set(), self.job_id())

    def to_dict(self) -> dict[str, Any]:
        """Return what finds the job again, and what is known of it, as plain values.

        Those are account_name, backend_name, job_id, creation_date (ISO 8601), status (the
        service's word), name and tags. Nobody is asked.
        """
        facts = self._facts()
        return {
            "account_name": self._backend.account_name,
            "backend_name": str(self._backend.name),
            "job_id": self.job_id(),
            "creation_date": facts.created,
            "status": facts.service_status,
            "name": self.name(),
            "tags": list(facts.tags),
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> IBMQJob:
        """Return the job that `to_dict` told of; its account is asked for it.

        Raises IBMQJobInvalidStateError for a dictionary of something else, IBMQBackendError where
        there is no such job, IBMQAccountError.
        """
        from .provider import AccountProvider

        account, job_id = data.get("account_name"), data.get("job_id")
        if not isinstance(account, str) or not isinstance(job_id, str):
            raise IBMQJobInvalidStateError(
                "This is no dictionary of a job, which has 'account_name' and 'job_id'. Give one "
                "that to_dict() has made; provider.backend.retrieve_job(id) takes an id alone."
            )
        return AccountProvider(account).backend.retrieve_job(job_id)


def _warn_of_unused(given: Mapping[str, object]) -> None:
    unused = [name for name, value in given.items() if value is not None]
    if unused:
        warn(
            f"{', '.join(unused)}: an IBMQJob asks the service for what it tells, and does not use "
            "what is given in its place."
        )
