"""The backends of an account, as Qiskit's: describing them, running circuits, finding jobs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime as Moment  # noqa: N812 - an argument has its name
from typing import TYPE_CHECKING, Any

from qiskit.providers import BackendV2, JobStatus, Options

from ..circuits.compile import build_target, simulator_target
from ..clock import Clock
from ..jobset.device import device_of
from ..jobset.errors import NotSent, PendingLimit, TooManyJobs
from ..jobset.job_set import connected
from ..jobset.work import IN_FLIGHT
from ..service.models import Backend as Device
from .arguments import also_called, checked_tags
from .backend_models import (
    BackendJobLimit,
    BackendProperties,
    BackendStatus,
    NoPulseDefaults,
    QasmBackendConfiguration,
    read_properties,
    read_status,
)
from .exceptions import (
    IBMQBackendApiError,
    IBMQBackendError,
    IBMQBackendJobLimitError,
    IBMQBackendValueError,
    IBMQError,
    message_of,
    translated,
)
from .job import IBMQJob
from .planning import DEFAULTS, plan_set
from .status_report import failure_text
from .times import local_time

if TYPE_CHECKING:
    from qiskit.transpiler import Target

    from .provider import AccountProvider

__all__ = ["UNFINISHED", "IBMQBackend", "IBMQSimulator", "least_busy"]

UNFINISHED = (
    JobStatus.INITIALIZING,
    JobStatus.VALIDATING,
    JobStatus.QUEUED,
    JobStatus.RUNNING,
)


class _Name(str):
    """A backend's name, which older programs call: `backend.name()`."""

    __slots__ = ()

    def __call__(self) -> str:
        return str(self)


class _Description:
    """What the service says of one backend: downloaded when it is needed, and cached."""

    def __init__(
        self,
        account_name: str,
        name: str,
        device: Device | None = None,
        configuration: Mapping[str, Any] | None = None,
    ) -> None:
        self._account_name = account_name
        self._name = name
        self._calibrated = device
        self._plain = device
        if device is None and configuration is not None:
            self._plain = Device.from_wire(configuration)
        self._target: Target | None = None

    def __getstate__(self) -> dict[str, object]:
        # Only the Qiskit that made a target could unpickle it; it is built again when needed.
        return {**self.__dict__, "_target": None}

    @property
    def cached(self) -> bool:
        """Whether the configuration is here already."""
        return self._plain is not None

    def plain(self) -> Device:
        """Return the backend, perhaps without its calibration."""
        if self._plain is None:
            with translated(IBMQBackendError), connected(self._account_name, Clock()) as client:
                self._plain = Device.from_wire(client.configuration(self._name))
        return self._plain

    def calibrated(self) -> Device:
        """Return the backend with its calibration."""
        if self._calibrated is None:
            with translated(IBMQBackendError), connected(self._account_name, Clock()) as client:
                self._plain = self._calibrated = client.backend(self._name)
        return self._calibrated

    def target(self) -> Target:
        """Return what Qiskit compiles for: qubit i is the device's qubit i."""
        if self._target is None:
            device = device_of(self.calibrated())
            self._target = (
                build_target(replace(device, region=tuple(range(device.num_qubits))))
                if device.instructions
                else simulator_target(device)
            )
        return self._target

    def forget(self) -> None:
        """Drop the cache."""
        self._plain = self._calibrated = self._target = None


class IBMQBackend(BackendV2):  # type: ignore[misc]
    """A backend of the service: a device, a rehearsal of one, or the simulator of this machine.

    Get one with `provider.get_backend(name)`. `transpile(circuit, backend)` compiles for it; `run`
    compiles circuits that are not in its instruction set by itself. Its description is downloaded
    when it is needed, and cached. Two of the same account and name are equal.
    """

    def __init__(
        self,
        provider: AccountProvider,
        name: str,
        *,
        device: Device | None = None,
        configuration: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(provider=provider, name=_Name(name))
        self._description = _Description(provider.account_name, name, device, configuration)
        if self._description.cached:
            self._set_attributes()

    @classmethod
    def _default_options(cls) -> Options:
        return Options(**DEFAULTS)

    @property
    def account_name(self) -> str:
        """The name of the account whose backend it is."""
        return str(self._provider.account_name)

    @property
    def target(self) -> Target:
        """What Qiskit compiles for: qubit i is the device's qubit i, faulty ones are left out.

        Errors are probabilities and durations seconds, of the calibration at the time of the
        download; see `properties`. Raises IBMQBackendApiError.
        """
        return self._description.target()

    @property
    def num_qubits(self) -> int:
        """How many qubits the backend has."""
        return self._description.plain().num_qubits

    @property
    def max_circuits(self) -> int | None:
        """How many circuits one job may hold; None where there is no limit."""
        return self._description.plain().max_circuits

    @property
    def dtm(self) -> float:
        """The time step of measured signals, in seconds.

        Raises NotImplementedError where the service does not publish it.
        """
        dtm = self._description.plain().configuration.get("dtm")
        if not isinstance(dtm, int | float):
            raise NotImplementedError(f"The service does not publish the dtm of {self.name}.")
        return dtm * 1e-9

    @property
    def meas_map(self) -> list[list[int]]:
        """Which qubits are measured together: lists of their numbers.

        Raises NotImplementedError where the service does not publish it.
        """
        found = self._description.plain().configuration.get("meas_map")
        if not isinstance(found, list):
            raise NotImplementedError(f"The service does not publish the meas_map of {self.name}.")
        return found

    @also_called(qobj="circuits")
    def run(
        self,
        circuits: object,
        job_name: str | None = None,
        job_share_level: object = None,
        job_tags: list[str] | None = None,
        **run_config: Any,
    ) -> IBMQJob:
        """Submit circuits as one job, and return when the service has taken it.

        `circuits` is a circuit, a text of OpenQASM, the path of a file, or several of these.
        `job_name` has 60 characters at most, `job_tags` are five at most, of 86 characters each;
        `job_share_level` only warns.
        `run_config` precedes the backend's own `options`; None means the default:

        - shots: how often each circuit is run (4000);
        - seed_simulator: of a simulator, from which each circuit's own seed is derived;
        - init_qubits: whether qubits are reset before each shot (True); rep_delay: seconds from
          one shot to the next; meas_level: 2 for bits, 1 for complex numbers, with meas_return
          "single" for those of each shot and "avg" (the default) for their mean;
        - parameter_binds: a list of dictionaries of values by parameter, or its name: every circuit
          is run once for each, one after the other;
        - header: a dictionary that is kept with the job; memory: kept, and without effect, as
          results always have the memory;
        - optimization_level (0 to 3), seed_transpiler, initial_layout (a qubit of the device for
          each of the circuit), fractional_gates (False): how circuits are compiled that are not in
          the instruction set; measure_all: whether circuits without measurements are measured at
          their end (False: they are refused);
        - max_execution_time: whole seconds of the quantum processor that a job may take;
          max_cost: seconds that the set may take by its estimate, or nothing is sent; private: the
          service shows circuits to nobody, and results once; batch: jobs run as one of the
          service's batches; max_fails: how many jobs may fail for a reason that would repeat itself
          before nothing more is sent;
        - options: more of the service's sampler, by group, as {"twirling": {"enable_gates": True}}.

        It warns of unknown options. Raises IBMQBackendValueError for what cannot be run, or not in
        one job (IBMQJobManager runs that), IBMQBackendJobLimitError where no more jobs may wait,
        and IBMQBackendApiError. Then nothing is left to run.
        """
        clock = Clock()
        with translated(IBMQBackendError), connected(self.account_name, clock) as client:
            try:
                job_set = plan_set(
                    self,
                    circuits,
                    client,
                    name=job_name,
                    tags=checked_tags(job_tags),
                    run_config={**run_config, "job_share_level": job_share_level},
                    lone=True,
                )
            except TooManyJobs as error:
                raise IBMQBackendValueError(
                    f"{message_of(error)} IBMQJobManager splits them into jobs."
                ) from error
            try:
                with job_set.session(clock, client=client.serving):
                    job_set.try_submit()
            except PendingLimit as error:
                raise IBMQBackendJobLimitError(
                    f"{error.message} Wait until one has ended, or use IBMQJobManager, which does."
                ) from error
            except NotSent as error:
                reason = failure_text(error.message, "", error.refusal)
                raise IBMQBackendApiError(f"Error submitting job: {reason}") from error
        return IBMQJob.of_set(job_set, 0, self)

    def configuration(self) -> QasmBackendConfiguration:
        """Return the backend's qubits, gates, limits and abilities; times are in seconds.

        The service is asked once. Raises IBMQBackendApiError.
        """
        return QasmBackendConfiguration.from_dict(self._description.plain().configuration)

    def properties(
        self, refresh: bool = False, datetime: Moment | None = None
    ) -> BackendProperties | None:
        """Return the calibration; None for the ideal simulator.

        Its methods return times in seconds, frequencies in Hz, and errors as probabilities.
        `refresh` downloads the latest one, of which `target` is then built, too; `datetime` asks
        for the one that was in force at that time, local unless it has a time zone. Raises
        IBMQBackendApiError.
        """
        if not isinstance(refresh, bool):
            raise TypeError(f"refresh is {refresh!r}, neither True nor False.")
        if datetime is not None and not isinstance(datetime, Moment):
            raise TypeError(f"{datetime!r} is no datetime.")
        if datetime is not None:
            with translated(IBMQBackendError), connected(self.account_name, Clock()) as client:
                return read_properties(client.properties(self.name, datetime.astimezone()))
        if refresh:
            self._description.forget()
        return read_properties(self._description.calibrated().properties)

    def status(self) -> BackendStatus:
        """Ask whether the backend takes jobs (`operational`), and how many wait (`pending_jobs`).

        Those are the jobs of all users, as the service counts them; 0 where it does not.
        Raises IBMQBackendApiError.
        """
        with translated(IBMQBackendError), connected(self.account_name, Clock()) as client:
            return read_status(self.name, client.backend_status(self.name))

    def defaults(self, refresh: bool = False) -> NoPulseDefaults:  # noqa: ARG002
        """Return a false object: pulses are retired, and its AttributeErrors say what to use."""
        return NoPulseDefaults()

    def jobs(
        self,
        limit: int | None = 10,
        skip: int = 0,
        status: object = None,
        job_name: str | None = None,
        start_datetime: Moment | None = None,
        end_datetime: Moment | None = None,
        job_tags: list[str] | None = None,
        job_tags_operator: str = "OR",
        experiment_id: str | None = None,
        descending: bool = True,
        db_filter: Mapping[str, Any] | None = None,
    ) -> list[IBMQJob]:
        """Return jobs of this backend, newest first; `limit` None: all of them.

        `status` is a JobStatus, its name, or a list of these; `job_name` a regular expression that
        is found in the name; times are local where they have no time zone. A job has any of
        `job_tags`, or with the operator "AND" all. Circuits and results are not fetched. The
        service's experiments and database filters are gone: naming one is an error. Raises
        IBMQBackendValueError, IBMQBackendApiError.
        """
        found: list[IBMQJob] = self._provider.backend.jobs(
            limit=limit,
            skip=skip,
            backend_name=self.name,
            status=status,
            job_name=job_name,
            start_datetime=start_datetime,
            end_datetime=end_datetime,
            job_tags=job_tags,
            job_tags_operator=job_tags_operator,
            experiment_id=experiment_id,
            descending=descending,
            db_filter=db_filter,
        )
        return found

    def active_jobs(self, limit: int | None = 10) -> list[IBMQJob]:
        """Return jobs of this backend that have not ended, newest first; `limit` None: all.

        Raises IBMQBackendApiError.
        """
        return self.jobs(limit=limit, status=list(UNFINISHED))

    def retrieve_job(self, job_id: str) -> IBMQJob:
        """Return a job of this backend by its id.

        Raises IBMQBackendError where there is none, or it is another backend's, and
        IBMQBackendApiError.
        """
        job: IBMQJob = self._provider.backend.retrieve_job(job_id)
        if job.backend().name != self.name:
            raise IBMQBackendError(
                f"Failed to get job {job_id}: it is of {job.backend().name}, not of {self.name}."
            )
        return job

    def job_limit(self) -> BackendJobLimit:
        """Return how many jobs of the account wait or run, and how many may (None: any number).

        The limit is one of the whole account: what its user says (IBMQBATCH_MAX_PENDING), or else
        what refusals of the service have taught. Raises IBMQBackendApiError.
        """
        with translated(IBMQBackendError), connected(self.account_name, Clock()) as client:
            limit = client.account.max_pending
            return BackendJobLimit(
                maximum_jobs=client.pace().pending_limit() if limit is None else limit,
                active_jobs=client.jobs(pending=True, limit=1).count or 0,
            )

    def remaining_jobs_count(self) -> int | None:
        """Return how many more jobs may be submitted now; None where there is no limit.

        Raises IBMQBackendApiError.
        """
        return self.job_limit().remaining

    def reservations(
        self,
        start_datetime: Moment | None = None,  # noqa: ARG002
        end_datetime: Moment | None = None,  # noqa: ARG002
    ) -> list[Any]:
        """Return an empty list: the service does not announce reservations."""
        return []

    def _set_attributes(self) -> None:
        """Set the attributes of Qiskit's base class from the configuration."""
        configuration = self._description.plain().configuration
        self.description = configuration.get("description")
        self.backend_version = configuration.get("backend_version")
        self.online_date = local_time(configuration.get("online_date"))

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, IBMQBackend):
            return NotImplemented
        return (self.name, self._provider) == (other.name, other._provider)

    def __hash__(self) -> int:
        return hash((str(self.name), self._provider))

    def __str__(self) -> str:
        return str(self.name)  # as old programs print it

    def __repr__(self) -> str:
        return f"<IBMQBackend('{self.name}') of the account {self.account_name!r}>"


class _Simulators(type(IBMQBackend)):  # type: ignore[misc]
    """Answers `isinstance` by the backend's configuration."""

    def __instancecheck__(cls, instance: object) -> bool:
        return isinstance(instance, IBMQBackend) and instance.configuration().simulator


class IBMQSimulator(IBMQBackend, metaclass=_Simulators):
    """A backend whose configuration calls it a simulator: for use with `isinstance`.

    Rehearsals of devices (`fake_...`) are not among them: they take what the device takes.
    """


def least_busy(
    backends: Iterable[IBMQBackend],
    reservation_lookahead: int | None = 60,  # noqa: ARG001
) -> IBMQBackend:
    """Return the backend for which the fewest jobs wait, of those that take jobs now.

    Each backend's `status().pending_jobs` is asked for once, several at a time; the first of equal
    ones is returned. `reservation_lookahead` (minutes) has no effect: the service does not announce
    reservations.

    Raises IBMQError where there are no backends, none of them takes jobs, or one has no queue
    length; IBMQBackendApiError.
    """
    listed = list(backends)
    if not listed:
        raise IBMQError("Unable to find the least_busy backend from an empty list.")
    try:
        with ThreadPoolExecutor(IN_FLIGHT) as pool:
            statuses = list(pool.map(lambda backend: backend.status(), listed))
        waiting = {
            number: status.pending_jobs
            for number, status in enumerate(statuses)
            if status.operational and status.status_msg == "active"
        }
    except AttributeError as error:
        raise IBMQError(
            "A backend in the list has no status with its number of pending jobs. Give backends "
            "of provider.backends()."
        ) from error
    if not waiting:
        raise IBMQError("No backend matches the criteria: none of them takes jobs now.")
    return listed[min(waiting, key=waiting.__getitem__)]
