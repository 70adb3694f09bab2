"""An account of the service, and the backends that it offers."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from typing import Any

from qiskit.providers.exceptions import QiskitBackendNotFoundError

from ..accounts.find import find_account
from ..accounts.model import LOCAL_BACKEND, UnknownAccount
from ..arguments import whole_number
from ..clock import Clock
from ..errors import IbmqbatchError, UsageError
from ..jobset.backends import find_backend
from ..jobset.errors import UnknownBackend
from ..jobset.job_set import connected
from ..jobset.work import side_by_side
from ..service.endpoint import LOCAL
from ..service.errors import ServiceError
from .backend import IBMQBackend
from .exceptions import IBMQBackendError, IBMQBackendValueError, message_of, translated
from .job import IBMQJob
from .listing import Wanted, find_job, list_jobs
from .warn import warn

__all__ = ["AccountProvider", "IBMQBackendService"]

_log = logging.getLogger(__name__)
# What IBM's own simulators were called, of which there are none any more.
_OLD_SIMULATORS = ("ibmq_qasm_simulator", "simulator_")


class AccountProvider:
    """The backends and jobs of one account, by its name; nothing is asked before it is needed.

    Two providers of one account are equal. `provider.backend`, or `provider.backends`, gives
    backends as its attributes, and jobs; called, it lists the backends. What providers had and is
    gone, is an AttributeError that says what there is instead.
    """

    def __init__(self, account_name: str) -> None:
        self._account_name = account_name

    @property
    def account_name(self) -> str:
        """The name of the account, as `ibmqbatch account list` shows it."""
        return self._account_name

    def __call__(self) -> AccountProvider:
        """Return the provider itself: old programs have `backend.provider()`."""
        return self

    @property
    def backend(self) -> IBMQBackendService:
        """The backends as attributes (`provider.backend.ibm_fez`), and the jobs of the account."""
        return IBMQBackendService(self)

    @property
    def backends(self) -> IBMQBackendService:
        """The same as `backend`: called, it lists the backends; see `IBMQBackendService.backends`.

        For instance `provider.backends(simulator=False)`.
        """
        return IBMQBackendService(self)

    def get_backend(self, name: str | None = None, **kwargs: Any) -> IBMQBackend:
        """Return the backend of this name; without one, the account's own choice.

        More keywords narrow the choice as in `IBMQBackendService.backends`. Raises
        QiskitBackendNotFoundError where none fits, or several do, IBMQBackendValueError for what is
        no name, IBMQBackendApiError, and IBMQAccountError where the account does not lead to a
        service.
        """
        if name is not None and not isinstance(name, str):
            raise IBMQBackendValueError(f"{name!r} is no name of a backend. Give a text.")
        if kwargs:
            return self._only(name, kwargs)
        with translated(IBMQBackendError):
            try:
                with connected(self._account_name, Clock()) as client:
                    account = find_account(self._account_name)
                    named = None if self._account_name == LOCAL else self._account_name
                    told = find_backend(client, account, named, name)
            except UsageError as error:
                if isinstance(error, UnknownAccount):
                    raise
                raise QiskitBackendNotFoundError(message_of(_with_advice(error, name))) from error
        return IBMQBackend(self, told.name, told=told)

    def _only(self, name: str | None, wanted: Mapping[str, Any]) -> IBMQBackend:
        found = self.backends(name, **wanted)
        if len(found) == 1:
            return found[0]
        which = ", ".join(backend.name for backend in found)
        raise QiskitBackendNotFoundError(
            f"More than one backend matches the criteria: {which}."
            if found
            else "No backend matches the criteria."
        )

    def __getattr__(self, name: str) -> Any:
        # Only what is no attribute comes here.
        if name in _GONE:
            raise AttributeError(f"A provider has no '{name}' any more. {_GONE[name]}")
        raise AttributeError(f"'AccountProvider' object has no attribute '{name}'")

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, AccountProvider):
            return NotImplemented
        return self._account_name == other._account_name

    def __hash__(self) -> int:
        return hash((AccountProvider, self._account_name))

    def __repr__(self) -> str:
        return f"<AccountProvider for the account {self._account_name!r}>"


class IBMQBackendService:
    """The backends of an account as attributes, and its jobs; called, it lists the backends."""

    def __init__(self, provider: AccountProvider) -> None:
        self._provider = provider

    def __call__(
        self,
        name: str | None = None,
        filters: Callable[[IBMQBackend], bool] | None = None,
        min_num_qubits: int | None = None,
        **kwargs: Any,
    ) -> list[IBMQBackend]:
        """Return the backends, as `backends` does."""
        return self.backends(name, filters, min_num_qubits, **kwargs)

    def backends(
        self,
        name: str | None = None,
        filters: Callable[[IBMQBackend], bool] | None = None,
        min_num_qubits: int | None = None,
        **kwargs: Any,
    ) -> list[IBMQBackend]:
        """Return the backends that the account offers, in the order of the service's list.

        `filters` is asked of each: it is given an IBMQBackend, and returns whether it is wanted.
        More keywords are compared with each backend's configuration and, where that does not have
        them, its status (`simulator=False, operational=True`). A backend that the service cannot
        describe is left out, and logged. Raises IBMQBackendApiError.
        """
        with translated(IBMQBackendError):
            least = 0 if min_num_qubits is None else whole_number(min_num_qubits, "min_num_qubits")
            found = [b for b in self._all() if name is None or b.name == name]
            found = [b for b in found if b.num_qubits >= least]
            wanted = {key: value for key, value in kwargs.items() if key not in _GONE_FILTERS}
            if len(wanted) < len(kwargs):
                warn(
                    f"{', '.join(sorted(kwargs.keys() - wanted.keys()))} have no effect: every "
                    "backend takes jobs in the same way."
                )
            if wanted:
                found = [b for b in found if _fits(b, wanted)]
            return [b for b in found if filters is None or filters(b)]

    def jobs(
        self,
        limit: int | None = 10,
        skip: int = 0,
        backend_name: str | None = None,
        status: object = None,
        job_name: str | None = None,
        start_datetime: datetime | None = None,
        end_datetime: datetime | None = None,
        job_tags: list[str] | None = None,
        job_tags_operator: str = "OR",
        experiment_id: str | None = None,
        descending: bool = True,
        db_filter: Mapping[str, Any] | None = None,
    ) -> list[IBMQJob]:
        """Return jobs of the account on all its backends, or on one, newest first.

        The other arguments, and errors, are those of `IBMQBackend.jobs`.
        """
        with translated(IBMQBackendError):
            wanted = Wanted.of(
                backend=backend_name,
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

    def job_ids(self, *args: Any, **kwargs: Any) -> list[str]:
        """Return the ids of jobs; arguments and errors are those of `jobs`."""
        return [job.job_id() for job in self.jobs(*args, **kwargs)]

    def retrieve_job(self, job_id: str) -> IBMQJob:
        """Return a job by its id; raises IBMQBackendError where there is none, IBMQBackendApiError.

        An id of the service that IBM has shut down is of none: the error says so.
        """
        with translated(IBMQBackendError):
            return find_job(self._provider, job_id)

    def my_reservations(self) -> list[Any]:
        """Return an empty list: the service tells of no reservations beforehand."""
        return []

    def _all(self) -> Iterator[IBMQBackend]:
        """Yield all backends; one whose description cannot be read is left out, and logged."""
        with connected(self._provider.account_name, Clock()) as client:
            names = [entry.name for entry in client.backends()]
            told: dict[str, Mapping[str, Any]] = {}
            for ended in side_by_side(names, client.configuration, Clock()):
                for name, answer in ended:
                    if isinstance(answer, ServiceError):
                        _log.warning("The backend %s is left out: %s", name, answer.message)
                    else:
                        told[name] = answer
        for name in names:
            if name in told:
                yield IBMQBackend(self._provider, name, configuration=told[name])

    def __getattr__(self, name: str) -> IBMQBackend:
        if name.startswith("_"):  # what Python and notebooks try
            raise AttributeError(name)
        try:
            return self._provider.get_backend(name)
        except QiskitBackendNotFoundError as error:
            raise AttributeError(error.message) from error

    def __dir__(self) -> list[str]:
        try:
            names = [str(backend.name) for backend in self._provider.backends()]
        except (IBMQBackendError, IbmqbatchError):
            names = []
        return [*super().__dir__(), *names]


# What providers had, and what there is instead.
_RUNTIME = "IBM's own client, qiskit-ibm-runtime, has what there is of it today."
_GONE = {
    "credentials": "IBMQ.active_account() tells of the account; it has an instance, and no hub.",
    "experiment": "Experiments are gone with IBM's old platform; tags and job sets group jobs.",
    "has_service": _RUNTIME,
    "random": "Its random numbers are gone with IBM's old platform.",
    "run_circuits": "backend.run compiles circuits and runs them.",
    "runtime": _RUNTIME,
    "service": _RUNTIME,
    "services": _RUNTIME,
}
_GONE_FILTERS = frozenset({"input_allowed", "timeout", "hub", "group", "project"})
_MISSING = object()


def _fits(backend: IBMQBackend, wanted: Mapping[str, Any]) -> bool:
    """Compare a backend with what is wanted of its configuration, or else of its status."""
    configuration = backend.configuration().to_dict()
    status: dict[str, Any] | None = None
    for key, value in wanted.items():
        found = configuration.get(key, _MISSING)
        if found is _MISSING:
            status = backend.status().to_dict() if status is None else status
            found = status.get(key, _MISSING)
        if found != value:
            return False
    return True


def _with_advice(error: UsageError, name: str | None) -> UsageError:
    if name is None or not name.startswith(_OLD_SIMULATORS):
        return error
    return UnknownBackend(
        f"IBM has retired its simulators, and '{name}' with them.",
        f"`{LOCAL_BACKEND}` of the account '{LOCAL}' simulates on this machine. {error.hint}",
    )
