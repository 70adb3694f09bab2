"""A backend of the service as a backend of Qiskit's."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime as Moment  # noqa: N812 - an argument has its name
from typing import TYPE_CHECKING, Any

from qiskit.providers import BackendV2, Options
from qiskit.providers.exceptions import QiskitBackendNotFoundError

from ..accounts.model import LOCAL_BACKEND
from ..clock import Clock
from ..jobset.errors import TooManyJobs
from ..jobset.job_set import connected
from ..service.models import Backend as Told
from .arguments import also_called
from .backend_configuration import QasmBackendConfiguration
from .backend_facts import BackendFacts
from .backend_properties import BackendProperties, read_properties
from .backend_status import BackendStatus, read_status
from .exceptions import (
    IBMQBackendError,
    IBMQBackendValueError,
    IBMQJobManagerError,
    IBMQJobManagerInvalidStateError,
    message_of,
    translated,
)
from .job import IBMQJob
from .job_limit import BackendJobLimit, read_job_limit
from .listing import UNFINISHED, Wanted, find_job, list_jobs
from .local_time import local_time
from .planning import plan_set
from .pulse_defaults import NoPulseDefaults
from .run_options import DEFAULTS, checked_tags
from .submission import submit_now

if TYPE_CHECKING:
    from qiskit.transpiler import Target

    from .provider import AccountProvider

__all__ = ["IBMQBackend", "IBMQSimulator", "as_backend"]


class Name(str):
    """A backend's name. Old programs call it, as `backend.name()`: that gives it, too."""

    __slots__ = ()

    def __call__(self) -> str:
        return str(self)


class IBMQBackend(BackendV2):  # type: ignore[misc]
    """A backend of the service: a device, a rehearsal of one, or the simulator of this machine.

    Get one with `provider.get_backend(name)`. `transpile(circuit, backend)` compiles for it; `run`
    compiles by itself what is not in its instruction set. What it is is asked for when it is
    needed, and then kept. Two of one account and name are equal.
    """

    def __init__(
        self,
        provider: AccountProvider,
        name: str,
        *,
        told: Told | None = None,
        configuration: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(provider=provider, name=Name(name))
        self._facts = BackendFacts(provider.account_name, name, told, configuration)
        if self._facts.known:
            self._show()

    @classmethod
    def _default_options(cls) -> Options:
        return Options(**DEFAULTS)

    @property
    def account_name(self) -> str:
        """The name of the account whose backend it is."""
        return str(self._provider.account_name)

    @property
    def target(self) -> Target:
        """What Qiskit compiles for: qubit i is the device's own; what does not work is left out.

        Errors are probabilities and durations seconds, of the latest calibration when it was asked
        for. Raises IBMQBackendApiError.
        """
        return self._facts.target()

    @property
    def num_qubits(self) -> int:
        """How many qubits there are, by the service's configuration of the backend."""
        return self._facts.backend().num_qubits

    @property
    def max_circuits(self) -> int | None:
        """How many circuits one job takes, by the configuration; None where there is no limit."""
        return self._facts.backend().max_circuits

    @property
    def dtm(self) -> float:
        """The time step of measured signals, in seconds.

        Raises NotImplementedError where the configuration does not tell it.
        """
        dtm = self._facts.backend().configuration.get("dtm")
        if not isinstance(dtm, int | float):
            raise NotImplementedError(f"{self.name} does not tell its dtm.")
        return dtm * 1e-9

    @property
    def meas_map(self) -> list[list[int]]:
        """Which qubits are measured together: lists of their numbers.

        Raises NotImplementedError where the configuration does not tell it.
        """
        found = self._facts.backend().configuration.get("meas_map")
        if not isinstance(found, list):
            raise NotImplementedError(f"{self.name} does not tell its meas_map.")
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
        `run_config` goes before the backend's own `options`; None means the default:

        - shots: how often each circuit is run (4000);
        - seed_simulator: of a simulator, from which each circuit's own seed is derived;
        - init_qubits: whether qubits are reset before each shot (True); rep_delay: seconds from
          one shot to the next; meas_level: 2 for bits, 1 for complex numbers of which
          meas_return "single" gives each shot's and "avg" (the default) their mean;
        - parameter_binds: a list of dictionaries of values by parameter, or its name: every circuit
          is run once for each, one after the other;
        - header: a dictionary that is kept with the job; memory: kept, and of no effect, for the
          memory is always there;
        - optimization_level (0 to 3), seed_transpiler, initial_layout (a qubit of the device for
          each of the circuit), fractional_gates (False): how circuits are compiled that are not in
          the instruction set; measure_all: whether circuits that measure nothing are measured at
          their end (False: they are refused);
        - max_execution_time: whole seconds of the quantum processor that a job may take;
          max_cost: seconds that all may take by their estimate, or nothing is sent; private:
          circuits are shown to nobody, and results given once; batch: jobs run as one of the
          service's batches; max_fails: after how many jobs that failed in a way that would repeat
          itself nothing more is sent;
        - options: more of the service's sampler, by group, as {"twirling": {"enable_gates": True}}.

        What it does not know, it warns of. Raises IBMQBackendValueError for what cannot be run, or
        not in one job (IBMQJobManager runs that), IBMQBackendJobLimitError where no more jobs may
        wait, and IBMQBackendApiError. Then nothing is left to run.
        """
        with translated(IBMQBackendError):
            try:
                handle = plan_set(
                    self,
                    circuits,
                    name=job_name,
                    tags=checked_tags(job_tags),
                    run_config={**run_config, "job_share_level": job_share_level},
                    lone=True,
                )
            except TooManyJobs as error:
                raise IBMQBackendValueError(
                    f"{message_of(error)} IBMQJobManager splits them into jobs."
                ) from error
            submit_now(handle)
        return IBMQJob.of_set(handle, 0, self)

    def configuration(self) -> QasmBackendConfiguration:
        """Return what the backend is, as the service's configuration of it tells.

        Times are in seconds there. It is asked for once. Raises IBMQBackendApiError.
        """
        return QasmBackendConfiguration.from_dict(self._facts.backend().configuration)

    def properties(
        self, refresh: bool = False, datetime: Moment | None = None
    ) -> BackendProperties | None:
        """Return the calibration; None for the ideal simulator.

        Its methods give times in seconds, frequencies in Hz, and errors as probabilities.
        `refresh` asks for the latest, which `target` is then made of, too; `datetime` for the one
        that was in force at a time, which is local where it has no time zone. Raises
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
            self._facts.forget()
        return read_properties(self._facts.calibrated().properties)

    def status(self) -> BackendStatus:
        """Ask whether the backend takes jobs (`operational`), and how many wait (`pending_jobs`).

        Those are the jobs of all users, as the service counts them; 0 where it does not.
        Raises IBMQBackendApiError.
        """
        with translated(IBMQBackendError), connected(self.account_name, Clock()) as client:
            return read_status(self.name, client.backend_status(self.name))

    def defaults(self, refresh: bool = False) -> NoPulseDefaults:  # noqa: ARG002
        """Return what stands for the defaults of pulses, which are gone: nothing, by its truth.

        An AttributeError names what is read of it, and what there is instead.
        """
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
        with translated(IBMQBackendError):
            wanted = Wanted.of(
                backend=self.name,
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
            return list_jobs(self._provider, wanted, limit=limit, skip=skip)

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
        with translated(IBMQBackendError):
            job = find_job(self._provider, job_id)
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
            return read_job_limit(client)

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
        """Return an empty list: the service tells of no reservations beforehand."""
        return []

    def _show(self) -> None:
        """Have the attributes tell what is known."""
        told = self._facts.backend().configuration
        self.description = told.get("description")
        self.backend_version = told.get("backend_version")
        self.online_date = local_time(told.get("online_date"))

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
    """Of the backends those that their configuration calls simulators."""

    def __instancecheck__(cls, instance: object) -> bool:
        return isinstance(instance, IBMQBackend) and instance.configuration().simulator


class IBMQSimulator(IBMQBackend, metaclass=_Simulators):
    """A backend that is a simulator: for `isinstance`, which asks its configuration.

    Rehearsals of devices (`fake_...`) are none: they take what the device takes.
    """


def as_backend(thing: object, provider: AccountProvider | None = None) -> IBMQBackend:
    """Return the backend that is meant: one, or a name of one.

    A name is one of the provider's, or else of the account that the program has enabled, or that a
    command would take. Raises IBMQJobManagerInvalidStateError for anything else, IBMQAccountError,
    and IBMQJobManagerError where the service does not tell.
    """
    if isinstance(thing, IBMQBackend):
        return thing
    if isinstance(thing, str) and thing:
        from .ibmq import IBMQ

        try:
            return (provider or IBMQ.default_provider()).get_backend(thing)
        except QiskitBackendNotFoundError as error:
            raise IBMQJobManagerInvalidStateError(error.message) from error
        except IBMQBackendError as error:
            raise IBMQJobManagerError(error.message) from error
    raise IBMQJobManagerInvalidStateError(
        f"{thing!r} is no backend of the service. Give an IBMQBackend, or the name of one: "
        f"'{LOCAL_BACKEND}' simulates on this machine."
    )
