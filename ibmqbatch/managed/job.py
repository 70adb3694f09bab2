"""A job as programs of the old provider use it, and `job_monitor`, which watches one."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Mapping
from enum import Enum
from typing import TYPE_CHECKING, Any, ClassVar, Self, TextIO

from qiskit.providers import JobStatus, JobV1

from ..arguments import seconds
from ..clock import Clock
from ..jobset.errors import TimedOut
from ..jobset.job_set import connected
from ..manifest import records
from ..service.models import RemoteJob
from .arguments import Timeout, also_called, tag_change
from .backend_models import BackendProperties, read_properties
from .caller_warnings import warn_caller
from .exceptions import (
    IBMQJobApiError,
    IBMQJobError,
    IBMQJobFailureError,
    IBMQJobInvalidStateError,
    IBMQJobTimeoutError,
    translated,
)
from .job_source import JobInfo, JobSource, ServiceJob, SetJob
from .status_report import warn_if_unknown
from .times import QueueInfo, local_time, queue_info_of, steps_of

if TYPE_CHECKING:
    from datetime import datetime

    from qiskit import QuantumCircuit
    from qiskit.qobj import QasmQobj
    from qiskit.result import Result

    from ..jobset.job_set import JobSet
    from ..manifest.snapshot import Snapshot
    from .backend import IBMQBackend

__all__ = ["ApiJobShareLevel", "IBMQJob", "job_monitor"]

_SHORTEST_INTERVAL = 0.01  # seconds between two callbacks

Callback = Callable[..., object]


class ApiJobShareLevel(Enum):
    """With whom a job was shared. Levels have no effect any more, and giving one warns.

    Everybody who may use the instance sees its jobs.
    """

    GLOBAL = "global"
    HUB = "hub"
    GROUP = "group"
    PROJECT = "project"
    NONE = "none"


class IBMQJob(JobV1):  # type: ignore[misc]
    """A job on the service, as `IBMQBackend.run` returns it.

    It is one job of a job set, which is a file on this machine: results are fetched once and then
    read from there, by other processes as well. `retrieve_job` and `jobs` also return jobs that
    other programs have sent; a set is made of such a job when it is waited for, or its results or
    circuits are read.

    Methods raise IBMQJobApiError where the service cannot be asked: try again. `timeout` is in
    seconds, None or 0 for as long as it takes; times are local.
    """

    # Finds a job by the names of its account and itself. Set by `provider`, which is built on this
    # module, and through which the package exports the class.
    _retrieve: ClassVar[Callable[[str, str], IBMQJob]]

    _backend: Any
    _job_id: str

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
        """Make a job of its id and what was last known of it.

        Further keywords become attributes, with an underscore behind their names. Giving what is
        not used, since the service is asked for it or does not have it, warns.
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
        failure = error or {}
        code = failure.get("code")
        self._source: JobSource = ServiceJob(
            backend.account_name,
            RemoteJob(
                id=job_id,
                status=status,
                reason=str(failure.get("message") or ""),
                reason_code=code if isinstance(code, int) else None,
                tags=tuple(tags or ()),
                created=creation_date,
                private=kwargs.get("private") is True,
                backend=str(backend.name),
            ),
        )
        self._data = {f"{key}_": value for key, value in {**kwargs, "kind": kind}.items()}
        self._given_name = name
        self._queue: QueueInfo | None = None
        self._result: Result | None = None
        self._properties: BackendProperties | None = None

    def __getstate__(self) -> dict[str, object]:
        # Whichever Qiskit loads the pickle reads the result from the set's file again.
        return {**self.__dict__, "_result": None}

    @classmethod
    def of_set(cls, job_set: JobSet, index: int, backend: IBMQBackend) -> Self:
        """Return one job of a set of this machine."""
        source = SetJob(job_set, index)
        with translated(IBMQJobError):
            info = source.info()
        job = cls(backend, None, info.id or "", info.created, info.service_status)
        job._source = source
        return job

    def job_id(self) -> str:
        """Return the id that the service gave the job; empty as long as it has not been sent.

        A job that is run again, with `ibmqbatch retry`, has a new one.
        """
        info = self._info()
        self._job_id = info.id or self._job_id
        return self._job_id

    def backend(self) -> IBMQBackend:
        """Return the backend that the job is for."""
        backend: IBMQBackend = self._backend
        return backend

    def status(self) -> JobStatus:
        """Ask the service for the job's status, unless it has ended.

        One request answers for up to 200 jobs of a set, and its answer holds for all of them for
        the shortest pause between two polls, 2 seconds on IBM's service. `refresh` asks in any
        case. Raises IBMQJobApiError.
        """
        info = self._info()
        if not info.status.final:
            with translated(IBMQJobError):
                self._source.catch_up()
            info = self._info()
        return _qiskit_status(info)

    def refresh(self) -> None:
        """Ask the service for all that it has about the job; raises IBMQJobApiError.

        Its metrics become attributes, with an underscore behind their names.
        """
        with translated(IBMQJobError):
            self._source.refresh()
            metrics = self._source.metrics() or {}
        self._data |= {f"{key}_": value for key, value in metrics.items()}

    def result(
        self,
        timeout: float | None = None,
        wait: float = 5,  # noqa: ARG002
        partial: bool = False,  # noqa: ARG002
        refresh: bool = False,
    ) -> Result:
        """Wait for the job's result and return it, as Qiskit's `Result`, one entry a circuit.

        `wait` and `partial` have no effect: the account's settings say how often the service is
        polled, and it has either all results of a job or none. Results are kept on this machine,
        with a checksum. `refresh` downloads them again, also where they were taken for lost, and
        returns a new object; the results of a private job, which the service gives once, are read
        from disk. Where the service has none any more it warns, and keeps those on disk.

        Raises IBMQJobInvalidStateError when the job was cancelled, IBMQJobFailureError when it
        failed, IBMQJobTimeoutError, and IBMQJobApiError when its results are lost or not ready
        though the job is done.
        """
        with translated(IBMQJobError):
            limit = Timeout(timeout)
        if refresh:
            self._result = None
        if self._result is not None:
            return self._result
        source = self._in_set(limit)
        with translated(IBMQJobError):
            if refresh or source.record().overdue:
                kept = source.job_set.ask_again({source.index}, limit.left)
                if kept:
                    warn_caller(
                        f"The service has no result of job {self.job_id()} any more: the one on "
                        "this machine is kept."
                    )
        self._wait(limit, lambda job: job.delivered)
        with translated(IBMQJobError):
            record = source.record()
        self._check_result(record)
        with translated(IBMQJobError):
            self._result = source.result(str(self._backend.name))
        return self._result

    def _check_result(self, record: records.JobRecord) -> None:
        """Raise the error of a job without results."""
        where = f"Unable to retrieve result for job {self.job_id() or record.index}."
        if record.status is records.JobStatus.CANCELLED:
            raise IBMQJobInvalidStateError(f"{where} Job was cancelled.")
        if record.status is records.JobStatus.ERROR:
            raise IBMQJobFailureError(f"{where} Job has failed: {self._info().failure}")
        if record.lost or record.overdue:
            raise IBMQJobApiError(f"{where} {record.reason}")

    def wait_for_final_state(
        self,
        timeout: float | None = None,
        wait: float | None = None,
        callback: Callback | None = None,
    ) -> None:
        """Wait until the job has ended.

        Until then `callback(job_id, status, job, queue_info=...)` is called in this thread, every
        `wait` seconds, or whenever the status has changed where `wait` is None. Raises
        IBMQJobTimeoutError, and IBMQJobInvalidStateError for what is no time.
        """
        seen: list[JobStatus] = []

        def call_back() -> None:
            info = self._info()
            status = _qiskit_status(info)
            if callback is not None and not info.status.final:
                if wait is not None or status not in seen[-1:]:
                    callback(self.job_id(), status, self, queue_info=self._queue)
                seen.append(status)

        with translated(IBMQJobError):
            limit = Timeout(timeout)
            pause = None if wait is None else seconds(wait, "wait")
        clock = Clock() if callback is None or pause is None else _CallbackClock(pause, call_back)
        shown = call_back if wait is None else lambda: None
        self._wait(limit, lambda job: job.status.final, clock=clock, shown=shown)

    def error_message(self) -> str | None:
        """Wait for the job's end; return why it failed, with the service's code, or None.

        Raises IBMQJobApiError.
        """
        if not self._info().status.final:
            self._wait(Timeout(None), lambda job: job.status.final)
        info = self._info()
        return info.failure if info.status is records.JobStatus.ERROR else None

    def cancel(self) -> bool:
        """Cancel the job; return whether the service has cancelled it.

        The service is polled for that for ten seconds at most. A job that is not sent yet never
        will be; one that has ended stays as it is. Raises IBMQJobApiError: the cancel is then still
        recorded, and carried out by the next process that works on the set.
        """
        with translated(IBMQJobError):
            self._source.cancel()
        return self._info().status is records.JobStatus.CANCELLED

    def properties(self) -> BackendProperties | None:
        """Return the backend's calibration at the time of the run, or else of the compilation.

        Units are those of `IBMQBackend.properties`. None for a simulator. Raises IBMQJobApiError.
        """
        if self._properties is not None:
            return self._properties
        steps = self.time_per_step() or {}
        calibration: Mapping[str, Any] | None = None
        with translated(IBMQJobError):
            if "RUNNING" in steps:
                with connected(self._backend.account_name, Clock()) as client:
                    calibration = client.properties(str(self._backend.name), steps["RUNNING"])
            elif isinstance(self._source, SetJob):
                calibration = self._source.calibration()
        self._properties = read_properties(calibration)
        return self._properties

    def header(self) -> dict[str, Any]:
        """Return the header that was given with the job; empty where there was none."""
        return self._in_set().header()

    @property
    def client_version(self) -> dict[str, str]:
        """The versions of ibmqbatch and Qiskit that have sent the job, by name.

        An empty dictionary for jobs that other programs have sent.
        """
        return dict(self._info().client_version)

    def backend_options(self) -> dict[str, Any]:
        """Return how the job is run, by the names of the arguments of `IBMQBackend.run`.

        Those are shots, memory, meas_level, meas_return and init_qubits, and where they were given
        rep_delay (seconds), seed_simulator and options.
        """
        return self._in_set().options()

    def circuits(self) -> list[QuantumCircuit]:
        """Return the job's circuits, as they were given; those of a sweep with their values.

        An empty list where they cannot be read, for instance since a newer Qiskit has sent them.
        """
        with translated(IBMQJobError):
            return self._in_set().circuits()

    def qobj(self) -> QasmQobj | None:
        """Return the job's circuits as Terra's `QasmQobj`; None where they cannot be one.

        It is assembled here: the service does not use Qobj any more. With Qiskit 2, which has no
        Qobj, it warns and returns None.
        """
        with translated(IBMQJobError):
            return self._in_set().qobj(self.job_id())

    def to_dict(self) -> dict[str, Any]:
        """Return how to find the job again, and what is known of it, as plain values.

        Those are account_name, backend_name, job_id, creation_date (ISO 8601), status (the
        service's word), name and tags. The service is not asked.
        """
        info = self._info()
        return {
            "account_name": self._backend.account_name,
            "backend_name": str(self._backend.name),
            "job_id": self.job_id(),
            "creation_date": info.created,
            "status": info.service_status,
            "name": self.name(),
            "tags": list(info.tags),
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> IBMQJob:
        """Return the job of a dictionary that `to_dict` wrote; the service is asked for it.

        Raises IBMQJobInvalidStateError for a dictionary of something else, IBMQBackendError where
        there is no such job, IBMQAccountError.
        """
        account, job_id = data.get("account_name"), data.get("job_id")
        if not isinstance(account, str) or not isinstance(job_id, str):
            raise IBMQJobInvalidStateError(
                "The dictionary is not one of a job, which has 'account_name' and 'job_id'. Give "
                "what to_dict() has returned; provider.backend.retrieve_job(id) takes an id alone."
            )
        return cls._retrieve(account, job_id)

    def name(self) -> str | None:
        """Return the job's own name, or that of its set with its number (`foo_3_`), or None."""
        return self._info().name or self._given_name

    def tags(self) -> list[str]:
        """Return the job's tags, without those by which ibmqbatch finds its set again."""
        return list(self._info().tags)

    def update_name(self, name: str) -> str:
        """Rename the job, to 60 characters at most, and return its name; an empty one removes it.

        Raises IBMQJobInvalidStateError for a job of a set of several, which is named by its set,
        and for what cannot be a name; IBMQJobApiError.
        """
        if not isinstance(name, str):
            raise IBMQJobInvalidStateError(f"{name!r} is not a job name: it has to be a string.")
        with translated(IBMQJobError):
            self._source = self._source.label_source()
            done = self._source.rename(name)
        self._check_updated("name", done=done)
        return self._info().name or name

    def update_tags(
        self,
        replacement_tags: list[str] | None = None,
        additional_tags: list[str] | None = None,
        removal_tags: list[str] | None = None,
    ) -> list[str]:
        """Change the job's tags, in this order: replace, add, remove; return the new ones.

        Tags belong to job sets: **those of all jobs of the set are changed.** Five are allowed.
        Tags that begin with `ibmq_jobset_` cannot be added and are not removed. Raises
        IBMQJobInvalidStateError where no argument is given, or one is not a list of strings, and
        IBMQJobApiError.
        """
        with translated(IBMQJobError):
            change = tag_change(replacement_tags, additional_tags, removal_tags)
            self._source = self._source.label_source()
            done = self._source.retag(change)
        self._check_updated("tags", done=done)
        return self.tags()

    def _check_updated(self, what: str, *, done: bool) -> None:
        if not done:
            raise IBMQJobApiError(
                f"The service has not taken the new {what} of job {self.job_id()} yet: the change "
                "is kept, and the next `ibmqbatch collect` repeats it."
            )

    def creation_date(self) -> datetime:
        """Return when the service created the job, by its clock, in local time.

        The service is asked once. A job that is not sent yet has the time at which its set was
        planned. Raises IBMQJobApiError.
        """
        return local_time(self._created()) or datetime.now().astimezone()

    def _created(self) -> str:
        with translated(IBMQJobError):
            return self._source.created()

    def time_per_step(self) -> dict[str, datetime] | None:
        """Return when the job reached which step, in local time; None where nothing is known yet.

        Steps are CREATING, CREATED and QUEUED (which are one today), RUNNING, and COMPLETED,
        CANCELLED or ERROR_RUNNING_JOB. They come from the job's metrics, by the service's clock;
        CREATING is `creation_date()`.
        """
        if self._info().id is None:
            return None
        self._created()  # so that `created` is the service's own time
        return steps_of(self._info(), self._metrics())

    def queue_info(self) -> QueueInfo | None:
        """Return the job's place in the queue; None unless it waits and the service says it.

        IBM's service does not say it any more; `backend.status().pending_jobs` is how many jobs
        wait for a backend.
        """
        waits = self.status() is JobStatus.QUEUED
        self._queue = queue_info_of(self._info(), self._metrics()) if waits else None
        return self._queue

    def queue_position(self, refresh: bool = False) -> int | None:
        """Return the number of the job in the queue, by the last `queue_info`; None if unknown.

        `refresh` asks the service, and may raise IBMQJobApiError.
        """
        if refresh:
            self.queue_info()
        return None if self._queue is None else self._queue.position

    def scheduling_mode(self) -> str | None:
        """Return None: the service does not say how it schedules jobs."""
        return None

    def share_level(self) -> str:
        """Return "none", with a warning: everybody who may use the instance sees its jobs."""
        warn_caller(
            "share_level() has no meaning any more: jobs are shared with all who may use the "
            "instance of the account.",
            Warning,
        )
        return "none"

    @property
    def experiment_id(self) -> str | None:
        """None: the service has no experiments any more. Tags and job sets group jobs."""
        return None

    def submit(self) -> None:
        """Refuse: jobs are submitted by `IBMQBackend.run`. Raises NotImplementedError."""
        raise NotImplementedError("job.submit() is not supported. Use IBMQBackend.run().")

    # What these are made of.

    def _info(self) -> JobInfo:
        """Return what is known of the job, without asking the service."""
        with translated(IBMQJobError):
            return self._source.info()

    def _in_set(self, limit: Timeout | None = None) -> SetJob:
        """Return the job in its set, which is made where there is none.

        Raises IBMQJobTimeoutError where that takes longer than the limit.
        """
        with translated(IBMQJobError):
            self._source = source = self._source.in_set(None if limit is None else limit.left)
        return source

    def _metrics(self) -> Mapping[str, object]:
        with translated(IBMQJobError):
            return self._source.metrics() or {}

    def _wait(
        self,
        limit: Timeout,
        reached: Callable[[records.JobRecord], bool],
        *,
        clock: Clock | None = None,
        shown: Callable[[], None] = lambda: None,
    ) -> None:
        """Work on the job's set until `reached` holds of the job; raises IBMQJobTimeoutError."""
        source = self._in_set(limit)

        def goal(known: Snapshot) -> bool:
            job = known.job(source.index)
            return job is None or reached(job)

        with translated(IBMQJobError):
            try:
                source.job_set.follow(goal, limit.left, clock=clock, shown=shown)
            except TimedOut as error:
                raise IBMQJobTimeoutError(
                    f"Timeout while waiting for job {self.job_id()}."
                ) from error

    def __getattr__(self, name: str) -> Any:
        # Python calls this for missing attributes only.
        data = self.__dict__.get("_data", {})
        if name not in data:
            raise AttributeError(f"The job has no attribute '{name}'.")
        return data[name]

    def __repr__(self) -> str:
        return f"<{type(self).__name__}('{self.job_id()}') of {self._backend!r}>"


def _qiskit_status(info: JobInfo) -> JobStatus:
    """Return a job's status as Qiskit's; warn of a service's word that is not known."""
    warn_if_unknown(info.service_status)
    return JobStatus[info.status.name]


def _warn_of_unused(given: Mapping[str, object]) -> None:
    unused = [name for name, value in given.items() if value is not None]
    if unused:
        warn_caller(
            f"{', '.join(unused)}: an IBMQJob does not use what is given, and asks the service for "
            "what it has."
        )


class _CallbackClock(Clock):
    """A clock that calls back every `interval` seconds while the thread that made it waits."""

    def __init__(self, interval: float, callback: Callable[[], None]) -> None:
        super().__init__()
        self._interval = max(interval, _SHORTEST_INTERVAL)
        self._callback = callback
        self._thread = threading.get_ident()
        self._next = self.monotonic() + self._interval

    def sleep(self, seconds: float) -> None:
        """Wait, and call back meanwhile."""
        if threading.get_ident() != self._thread:
            super().sleep(seconds)
            return
        end = self.monotonic() + min(seconds, self.left)
        while not self.interrupted.is_set():
            now = self.monotonic()
            if now >= self._next:
                self._callback()
                self._next = max(now, self._next) + self._interval
                continue
            if now >= end:
                return
            super().sleep(min(end, self._next) - now)


def job_monitor(
    job: IBMQJob,
    interval: float | None = None,
    quiet: bool = False,
    output: TextIO | None = None,
    line_discipline: str = "\r",
) -> None:
    """Wait for a job's end, and show its status meanwhile on one line that is overwritten.

    The line goes to `output`, stdout by default, each time behind `line_discipline`; `quiet`
    writes nothing. The status is looked at every `interval` seconds, by default as often as the
    account polls. A service that is away is waited for. Raises IBMQJobInvalidStateError for an
    interval that is no time.
    """
    stream = sys.stdout if output is None else output
    shown = ""

    def show(text: str) -> None:
        nonlocal shown
        if text != shown and not quiet:
            line = f"{line_discipline}Job Status: {text.ljust(len(shown))}"
            print(line, end="", file=stream, flush=True)
            shown = text

    def show_status(
        _job_id: str, status: JobStatus, _job: IBMQJob, queue_info: QueueInfo | None = None
    ) -> None:
        place = None if queue_info is None else queue_info.position
        show(str(status.value) if place is None else f"{status.value} ({place})")

    job.wait_for_final_state(wait=interval, callback=show_status)
    status = job.status()
    why = f": {job.error_message()}" if status is JobStatus.ERROR else ""
    show(f"{status.value}{why}")
    if not quiet:
        print(file=stream)
