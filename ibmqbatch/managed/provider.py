"""The provider of an account: its backends, and the jobs that its service has."""

from __future__ import annotations

import heapq
import logging
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice
from typing import TYPE_CHECKING, Any, Self

from qiskit.providers import JobStatus
from qiskit.providers.exceptions import QiskitBackendNotFoundError

from ..accounts.model import LOCAL_BACKEND, UnknownAccount
from ..arguments import whole_number
from ..clock import Clock
from ..errors import IbmqbatchError, UsageError
from ..jobset.backends import find_backend
from ..jobset.catalog import find_job
from ..jobset.errors import NoSuchJob, UnknownBackend
from ..jobset.job_set import JobSet, connected
from ..jobset.tags import find_name_tag, find_place
from ..jobset.work import side_by_side
from ..manifest.records import status_of
from ..service.client import PAGE
from ..service.endpoint import LOCAL
from ..service.errors import NotFound, ServiceError
from .arguments import checked_tags
from .backend import UNFINISHED, IBMQBackend
from .caller_warnings import warn_caller
from .exceptions import IBMQBackendError, IBMQBackendValueError, message_of, translated
from .job import IBMQJob

if TYPE_CHECKING:
    from pathlib import Path

    from ..service.client import Client
    from ..service.models import RemoteJob

__all__ = ["AccountProvider", "IBMQBackendService"]

_PROGRAM = "sampler"  # other programs have no circuits and counts
_OPERATORS = ("OR", "AND")
_log = logging.getLogger(__name__)
# What IBM's own simulators were called, of which there are none any more.
_OLD_SIMULATORS = ("ibmq_qasm_simulator", "simulator_")


class AccountProvider:
    """The backends and jobs of one account, by its name; the service is asked when needed.

    Two providers of the same account are equal. `provider.backend`, or `provider.backends`, has the
    backends as attributes, and the jobs; a call of it lists the backends. Attributes of old
    providers that are gone raise an AttributeError that says what came instead.
    """

    def __init__(self, account_name: str) -> None:
        self._account_name = account_name

    @property
    def account_name(self) -> str:
        """The name of the account in `ibmqbatch account list`."""
        return self._account_name

    def __call__(self) -> AccountProvider:
        """Return the provider itself, for old programs that call `backend.provider()`."""
        return self

    @property
    def backend(self) -> IBMQBackendService:
        """The backends as attributes (`provider.backend.ibm_fez`), and the jobs of the account."""
        return IBMQBackendService(self)

    @property
    def backends(self) -> IBMQBackendService:
        """The same as `backend`, to be called: `provider.backends(simulator=False)`.

        See `IBMQBackendService.backends`.
        """
        return IBMQBackendService(self)

    def get_backend(self, name: str | None = None, **kwargs: Any) -> IBMQBackend:
        """Return the backend of this name, or the account's default.

        Further keywords filter as in `IBMQBackendService.backends`. Raises
        QiskitBackendNotFoundError where none matches, or several do, IBMQBackendValueError for what
        is not a name, IBMQBackendApiError, and IBMQAccountError where the account cannot be used.
        """
        if name is not None and not isinstance(name, str):
            raise IBMQBackendValueError(f"{name!r} is not the name of a backend. Give a string.")
        if kwargs:
            return self._only(name, kwargs)
        with translated(IBMQBackendError):
            try:
                with connected(self._account_name, Clock()) as client:
                    named = None if self._account_name == LOCAL else self._account_name
                    device = find_backend(client, named, name)
            except UsageError as error:
                if isinstance(error, UnknownAccount):
                    raise
                raise QiskitBackendNotFoundError(message_of(_with_advice(error, name))) from error
        return IBMQBackend(self, device.name, device=device)

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
        # Python calls this for missing attributes only.
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
    """The backends of an account as attributes, and its jobs; a call lists the backends."""

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

        `filters` is a function of an IBMQBackend that returns whether it is wanted. Further
        keywords are compared with each backend's configuration or, if missing there, its status
        (`simulator=False, operational=True`). A backend without a readable description is left out,
        and logged. Raises IBMQBackendApiError.
        """
        with translated(IBMQBackendError):
            least = 0 if min_num_qubits is None else whole_number(min_num_qubits, "min_num_qubits")
            found = [b for b in self._described() if name is None or b.name == name]
            found = [b for b in found if b.num_qubits >= least]
            wanted = {key: value for key, value in kwargs.items() if key not in _GONE_FILTERS}
            if len(wanted) < len(kwargs):
                warn_caller(
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
            wanted = _JobFilter.of(
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
            first = _count(skip, "skip")
            last = None if limit is None else first + _count(limit, "limit")
            with connected(self._provider.account_name, Clock()) as client:
                listed = list(islice(_unique(_merged(client, wanted)), first, last))
            return list(self._jobs_of(listed))

    def job_ids(self, *args: Any, **kwargs: Any) -> list[str]:
        """Return the ids of jobs; arguments and errors are those of `jobs`."""
        return [job.job_id() for job in self.jobs(*args, **kwargs)]

    def retrieve_job(self, job_id: str) -> IBMQJob:
        """Return a job by its id; raises IBMQBackendError where there is none, IBMQBackendApiError.

        An id of the service that IBM has shut down is of none: the error says so.
        """
        with translated(IBMQBackendError):
            if not isinstance(job_id, str):
                raise UsageError(f"{job_id!r} is not the id of a job.", "Give a string.")
            account = self._provider.account_name
            with connected(account, Clock()) as client:
                try:
                    remote = client.job(job_id)
                except NotFound as error:
                    raise NoSuchJob(account, job_id) from error
            (job,) = self._jobs_of([remote])
            return job

    def my_reservations(self) -> list[Any]:
        """Return an empty list: the service does not announce reservations."""
        return []

    def _jobs_of(self, listed: Iterable[RemoteJob]) -> Iterator[IBMQJob]:
        """Yield listed jobs, as jobs of their sets where these are on this machine.

        Those of one backend, or set, share its object.
        """
        backends: dict[str, IBMQBackend] = {}
        job_sets: dict[Path, JobSet] = {}
        for remote in listed:
            if remote.backend not in backends:
                backends[remote.backend] = IBMQBackend(self._provider, remote.backend)
            backend = backends[remote.backend]
            ours = find_place(remote.tags) is not None
            found = find_job(remote.id, remote.tags) if ours else None
            if found is not None:
                path, index = found
                yield IBMQJob.of_set(job_sets.setdefault(path, JobSet(path)), index, backend)
                continue
            yield IBMQJob(
                backend,
                None,
                remote.id,
                remote.created,
                remote.status,
                error={"message": remote.reason, "code": remote.reason_code},
                tags=list(remote.tags),
                private=remote.private,
            )

    def _described(self) -> Iterator[IBMQBackend]:
        """Yield all backends; one without a readable description is left out, and logged."""
        with connected(self._provider.account_name, Clock()) as client:
            names = [entry.name for entry in client.backends()]
            configurations: dict[str, Mapping[str, Any]] = {}
            for ended in side_by_side(names, client.configuration, Clock()):
                for name, answer in ended:
                    if isinstance(answer, ServiceError):
                        _log.warning("The backend %s is left out: %s", name, answer.message)
                    else:
                        configurations[name] = answer
        for name in names:
            if name in configurations:
                yield IBMQBackend(self._provider, name, configuration=configurations[name])

    def __getattr__(self, name: str) -> IBMQBackend:
        if name.startswith("_"):  # probed by Python and notebooks
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
_RUNTIME = "IBM's own client, qiskit-ibm-runtime, has what is left of it."
_GONE = {
    "credentials": "IBMQ.active_account() describes the account, which has an instance, not a hub.",
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
    """Return whether a backend's configuration, or else its status, has all these values."""
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


@dataclass(frozen=True, slots=True)
class _JobFilter:
    """Which jobs are wanted; a field that is None or empty does not matter.

    `statuses` are Qiskit's names; `name` is searched for in names; times are in ISO 8601.
    """

    backend: str | None = None
    statuses: frozenset[str] = frozenset()
    name: re.Pattern[str] | None = None
    after: str | None = None
    before: str | None = None
    tags: tuple[str, ...] = ()
    all_tags: bool = False
    oldest_first: bool = False

    @classmethod
    def of(
        cls,
        backend: str | None = None,
        status: object = None,
        job_name: str | None = None,
        start_datetime: datetime | None = None,
        end_datetime: datetime | None = None,
        job_tags: list[str] | None = None,
        job_tags_operator: str | None = "OR",
        experiment_id: str | None = None,
        descending: bool = True,
        db_filter: Mapping[str, Any] | None = None,
    ) -> Self:
        """Check the arguments of `jobs`; raises UsageError, and TypeError for what is no time."""
        for gone, value in (("experiment_id", experiment_id), ("db_filter", db_filter)):
            if value:
                raise UsageError(
                    f"Jobs cannot be filtered by {gone}: the service does not have it any more.",
                    "Use job_tags, job_name, or times.",
                )
        operator = (job_tags_operator or "OR").upper()
        if operator not in _OPERATORS:
            raise UsageError(f"job_tags_operator is {job_tags_operator!r}.", "Use 'OR' or 'AND'.")
        try:
            name = re.compile(job_name) if job_name else None
        except re.error as error:
            raise UsageError(
                f"job_name '{job_name}' is not a regular expression: {error}.", "Mend it."
            ) from error
        return cls(
            backend=backend,
            statuses=_statuses(status),
            name=name,
            after=_time(start_datetime),
            before=_time(end_datetime),
            tags=checked_tags(job_tags),
            all_tags=operator == "AND",
            oldest_first=not descending,
        )

    @property
    def pending(self) -> bool | None:
        """Whether only unfinished jobs are wanted (True), only finished ones (False), or both."""
        unfinished = {status.name for status in UNFINISHED}
        if self.statuses and self.statuses <= unfinished:
            return True
        return False if self.statuses and not self.statuses & unfinished else None

    def fits(self, job: RemoteJob) -> bool:
        """Return whether a listed job is wanted, by what the service cannot filter."""
        status = status_of(job.status, job.reason_code).name
        if self.statuses and status not in self.statuses:
            return False
        return self.name is None or any(self.name.search(name) for name in _names(job))


def _names(job: RemoteJob) -> Iterator[str]:
    """Yield the names of a job's set and of the job itself."""
    named, place = find_name_tag(job.tags), find_place(job.tags)
    if named is None:
        return
    if not named.lone:
        yield named.name
    own = None if place is None else named.of_job(place[1])
    if own is not None:
        yield own


def _merged(client: Client, wanted: _JobFilter) -> Iterator[RemoteJob]:
    """Yield all jobs that match, in order; of several alternative tags the listings are merged."""
    if wanted.all_tags or len(wanted.tags) < len(_OPERATORS):
        return _listed(client, wanted, wanted.tags)
    return heapq.merge(
        *(_listed(client, wanted, [tag]) for tag in wanted.tags),
        key=lambda job: job.created,
        reverse=not wanted.oldest_first,
    )


def _listed(client: Client, wanted: _JobFilter, tags: Iterable[str]) -> Iterator[RemoteJob]:
    """Yield the jobs that have all `tags` and match; pages are downloaded as they are needed."""
    offset = 0
    while True:
        page = client.jobs(
            tags=list(tags),
            pending=wanted.pending,
            offset=offset,
            oldest_first=wanted.oldest_first,
            backend=wanted.backend,
            program=_PROGRAM,
            created_after=wanted.after,
            created_before=wanted.before,
        )
        yield from filter(wanted.fits, page.jobs)
        offset += len(page.jobs)
        if not page.jobs or (len(page.jobs) < PAGE if page.count is None else offset >= page.count):
            return


def _unique(jobs: Iterable[RemoteJob]) -> Iterator[RemoteJob]:
    """Yield each job once: pages overlap where jobs are added meanwhile."""
    seen: set[str] = set()
    for job in jobs:
        if job.id not in seen:
            seen.add(job.id)
            yield job


def _count(value: object, what: str) -> int:
    number = whole_number(value, what)
    if number < 0:
        raise UsageError(f"{what} is {value!r}.", "Give 0 or more.")
    return number


def _statuses(status: object) -> frozenset[str]:
    if status is None:
        return frozenset()
    listed = status if isinstance(status, list | tuple | set | frozenset) else [status]
    names = {one.name if isinstance(one, JobStatus) else str(one).upper() for one in listed}
    unknown = sorted(names - set(JobStatus.__members__))
    if unknown:
        raise UsageError(
            f"'{unknown[0]}' is not a status of a job.", f"Use {', '.join(JobStatus.__members__)}."
        )
    return frozenset(names)


def _time(moment: datetime | None) -> str | None:
    if moment is None:
        return None
    if not isinstance(moment, datetime):
        raise TypeError(f"{moment!r} is not a datetime.")
    # `astimezone` takes a time without a zone for local.
    return moment.astimezone(UTC).isoformat()


def _retrieve_job(account: str, job_id: str) -> IBMQJob:
    return AccountProvider(account).backend.retrieve_job(job_id)


IBMQJob._retrieve = staticmethod(_retrieve_job)  # noqa: SLF001 - see there
