"""The jobs of an account: found by what is wanted of them, or by their ids."""

from __future__ import annotations

import heapq
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice
from typing import TYPE_CHECKING, Any, Self

from qiskit.providers import JobStatus

from ..arguments import whole_number
from ..clock import Clock
from ..errors import UsageError
from ..jobset import catalog
from ..jobset.errors import NoSuchJob
from ..jobset.job_set import JobSet, connected
from ..jobset.tags import find_name_tag, find_place
from ..manifest.records import status_of
from ..service.client import PAGE
from ..service.errors import NotFound
from .run_options import checked_tags

if TYPE_CHECKING:
    from pathlib import Path

    from ..service.client import Client
    from ..service.models import RemoteJob
    from .backend import IBMQBackend
    from .job import IBMQJob
    from .provider import AccountProvider

__all__ = ["UNFINISHED", "Wanted", "find_job", "list_jobs"]

UNFINISHED = (
    JobStatus.INITIALIZING,
    JobStatus.VALIDATING,
    JobStatus.QUEUED,
    JobStatus.RUNNING,
)
_PROGRAM = "sampler"  # what others run has no circuits and counts as these classes know them
_OPERATORS = ("OR", "AND")


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which jobs are wanted; what is None, or empty, does not matter.

    `statuses` are names of Qiskit's; `name` is looked for in names. Times are ISO 8601.
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
        """Read the arguments of the old methods; raises UsageError, and TypeError for no times."""
        for gone, value in (("experiment_id", experiment_id), ("db_filter", db_filter)):
            if value:
                raise UsageError(
                    f"{gone} cannot be looked for: the service has nothing of the kind any more.",
                    "Use job_tags, job_name, or times.",
                )
        operator = (job_tags_operator or "OR").upper()
        if operator not in _OPERATORS:
            raise UsageError(f"'{job_tags_operator}' is no operator of tags.", "Use 'OR' or 'AND'.")
        try:
            name = re.compile(job_name) if job_name else None
        except re.error as error:
            raise UsageError(
                f"job_name '{job_name}' is no regular expression: {error}.", "Mend it."
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
        """Whether those wanted are unfinished, which the service tells apart; None: either."""
        unfinished = {status.name for status in UNFINISHED}
        if self.statuses and self.statuses <= unfinished:
            return True
        return False if self.statuses and not self.statuses & unfinished else None

    def fits(self, job: RemoteJob) -> bool:
        """Tell whether a listed job is wanted, by what the service cannot be asked for."""
        status = status_of(job.status, job.reason_code).name
        if self.statuses and status not in self.statuses:
            return False
        return self.name is None or any(self.name.search(name) for name in _names(job))


def _names(job: RemoteJob) -> Iterator[str]:
    """Yield what a job is called: as its set, and as a job of it."""
    named, place = find_name_tag(job.tags), find_place(job.tags)
    if named is None:
        return
    if not named.lone:
        yield named.name
    own = None if place is None else named.of_job(place[1])
    if own is not None:
        yield own


def list_jobs(
    provider: AccountProvider, wanted: Wanted, *, limit: int | None, skip: int = 0
) -> list[IBMQJob]:
    """Return jobs in the order in which they were created; raises UsageError, ServiceErrors."""
    first = _count(skip, "skip")
    last = None if limit is None else first + _count(limit, "limit")
    with connected(provider.account_name, Clock()) as client:
        found = _unique(_merged(client, wanted))
        listed = list(islice(found, first, last))
    backends: dict[str, IBMQBackend] = {}
    handles: dict[Path, JobSet] = {}
    return [_job(provider, remote, backends, handles) for remote in listed]


def find_job(provider: AccountProvider, job_id: str) -> IBMQJob:
    """Return a job by its id; raises NoSuchJob, UsageError, and ServiceErrors."""
    if not isinstance(job_id, str):
        raise UsageError(f"{job_id!r} is no id of a job.", "Give a text, as job_id() does.")
    with connected(provider.account_name, Clock()) as client:
        try:
            remote = client.job(job_id)
        except NotFound as error:
            raise NoSuchJob(provider.account_name, job_id) from error
    return _job(provider, remote, {}, {})


def _job(
    provider: AccountProvider,
    remote: RemoteJob,
    backends: dict[str, IBMQBackend],
    handles: dict[Path, JobSet],
) -> IBMQJob:
    """Return a listed job, as one of its set where that is on this machine.

    Jobs of one listing share `backends`, by name, and the `handles` of sets, which they ask by.
    """
    from .backend import IBMQBackend
    from .job import IBMQJob

    if remote.backend not in backends:
        backends[remote.backend] = IBMQBackend(provider, remote.backend)
    backend = backends[remote.backend]
    if find_place(remote.tags) is not None:
        found = catalog.find_job(remote.id, remote.tags)
        if found is not None:
            path, index = found
            return IBMQJob.of_set(handles.setdefault(path, JobSet(path)), index, backend)
    return IBMQJob(
        backend,
        None,
        remote.id,
        remote.created,
        remote.status,
        error={"message": remote.reason, "code": remote.reason_code},
        tags=list(remote.tags),
        private=remote.private,
    )


def _merged(client: Client, wanted: Wanted) -> Iterator[RemoteJob]:
    """Yield all jobs that fit: of several tags, any of which will do, as one listing."""
    if wanted.all_tags or len(wanted.tags) < len(_OPERATORS):
        return _listed(client, wanted, wanted.tags)
    return heapq.merge(
        *(_listed(client, wanted, [tag]) for tag in wanted.tags),
        key=lambda job: job.created,
        reverse=not wanted.oldest_first,
    )


def _listed(client: Client, wanted: Wanted, tags: Iterable[str]) -> Iterator[RemoteJob]:
    """Yield the jobs that carry all `tags` and fit, a page at a time."""
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
    """Yield each job once: pages shift while jobs are added."""
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
            f"'{unknown[0]}' is no status of a job.", f"Use {', '.join(JobStatus.__members__)}."
        )
    return frozenset(names)


def _time(moment: datetime | None) -> str | None:
    if moment is None:
        return None
    if not isinstance(moment, datetime):
        raise TypeError(f"{moment!r} is no datetime.")
    # Without a time zone it is local, which `astimezone` takes it for.
    return moment.astimezone(UTC).isoformat()
