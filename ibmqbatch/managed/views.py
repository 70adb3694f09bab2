"""What a job is seen through: the set of this machine that it is of, or the service alone.

A job that another program has sent is seen through the service until more is wanted of it than
that tells; then it is made a set of its own, as `ibmqbatch recover` does.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ..clock import Clock
from ..errors import UsageError
from ..jobset.catalog import find_job
from ..jobset.errors import NoSuchSet, TimedOut
from ..jobset.job_set import JobSet, connected
from ..jobset.observe import created_of
from ..jobset.recovery.adopt import recover_jobs
from ..jobset.tags import check_name, find_name_tag, find_place, is_ours, naming
from ..jobset.usage import metrics_of
from ..manifest.files import manifest_path
from ..manifest.records import JobRecord, JobStatus, status_of
from ..service.errors import ServiceError
from .finding import rebuilt
from .job_parts import client_version_in

if TYPE_CHECKING:
    from pathlib import Path

    from ..service.models import RemoteJob

__all__ = ["JobFacts", "ServiceView", "SetView", "View"]

_PATIENCE = 10.0  # seconds to see a cancel take effect

Change = Callable[[tuple[str, ...]], tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class JobFacts:
    """What is known of a job without asking.

    `id` is None as long as it is not on the service; `tags` are its user's; `name` is None where it
    has none; `created` is ISO 8601: when the service created the job, or, as long as it has not
    told, when it was sent, or planned; empty where nobody has told. `client_version` are the
    versions of what has sent it, by name, as far as they are known.
    """

    id: str | None
    status: JobStatus
    service_status: str
    reason: str
    code: int | None
    solution: str
    tags: tuple[str, ...]
    name: str | None
    created: str
    private: bool
    client_version: Mapping[str, str] = field(default_factory=dict)


class SetView:
    """A job of a set of this machine, by its index.

    `tags` are those that a job of another program was last seen to have.
    """

    def __init__(self, handle: JobSet, index: int, tags: tuple[str, ...] | None = None) -> None:
        self.handle = handle
        self.index = index
        self._tags = tags

    def record(self) -> JobRecord:
        """Return the job as the set's file has it."""
        with self.handle.open() as manifest:
            job = manifest.job(self.index)
        if job is None:
            raise UsageError(f"The set {self.handle.id} has no job {self.index}.", "Count anew.")
        return job

    def facts(self) -> JobFacts:
        """Return what the set's file tells."""
        job, record = self.record(), self.handle.record()
        remote = job.remote
        name = None if record.made_elsewhere else naming(record).of_job(job.index)
        return JobFacts(
            id=None if remote is None else remote.id,
            status=job.status,
            service_status="" if remote is None else remote.service_status,
            reason=job.attempt_error if remote is None else remote.reason,
            code=job.code,
            solution="" if remote is None else remote.solution,
            tags=record.tags if self._tags is None else self._tags,
            name=name,
            created=(
                record.created_at if remote is None else remote.created_at or remote.submitted_at
            ),
            private=record.private if remote is None else remote.private,
            client_version=client_version_in(record),
        )

    def refresh(self) -> None:
        """Ask the service how the set's jobs stand; raises a ServiceError."""
        self.handle.refresh()

    def catch_up(self) -> None:
        """Ask, unless that was done a moment ago for another job of the set, or this one."""
        self.handle.catch_up()

    def created(self) -> str:
        """Return when the service created the job, or the set was planned that it waits in."""
        remote = self.record().remote
        if remote is not None and remote.created_at is None:
            self.handle.catch_up()  # which tells it of the set's other jobs as well
            remote = self.record().remote
        if remote is None:
            return self.handle.record().created_at
        if remote.created_at is not None:
            return remote.created_at
        with self.handle.working(Clock()) as work:
            return created_of(work, remote)

    def metrics(self) -> Mapping[str, object] | None:
        """Return what the service has measured; None as long as the job is not there."""
        remote = self.record().remote
        if remote is None:
            return None
        with self.handle.working(Clock()) as work:
            return metrics_of(work, remote)

    def cancel(self) -> None:
        """Cancel the job, and look for some seconds whether that takes effect."""
        self.handle.cancel({self.index})

    def retag(self, change: Change) -> bool:
        """Change the tags of the whole set; return whether this job carries them."""
        record = self.handle.record()
        if record.made_elsewhere:
            remote = self.record().remote
            assert remote is not None
            job = ServiceView.of_job(record.account, remote.id)
            done = job.retag(change)
            self._tags = job.facts().tags
            return done
        self.handle.relabel(change=change)
        return self._labelled()

    def rename(self, name: str) -> bool:
        """Change the name of a job that is a set of its own; return whether it carries it."""
        record = self.handle.record()
        if record.made_elsewhere:
            raise UsageError(
                "Another program has sent this job, or another attempt at it counts in its set: it "
                "cannot be given a name.",
                "Give it a tag.",
            )
        if record.run_config.get("lone") is not True:
            raise UsageError(
                "This job is one of a set, which names it.",
                "Rename the job set instead, with ManagedJobSet.update_name().",
            )
        # Without one it is called as it would have been, had it never had any.
        unnamed = record.run_config.get("unnamed")
        new = str(unnamed) if unnamed is not None and not name.strip() else check_name(name)
        self.handle.relabel(name=new)
        return self._labelled()

    def _labelled(self) -> bool:
        remote = self.record().remote
        version = self.handle.record().labels_version
        return remote is None or remote.labels_version >= version

    def in_set(self, timeout: float | None = None) -> SetView:  # noqa: ARG002
        """Return this view."""
        return self

    def for_labels(self) -> View:
        """Return this view."""
        return self


class ServiceView:
    """A job of an account as its service showed it."""

    def __init__(self, account_name: str, remote: RemoteJob) -> None:
        self._account_name = account_name
        self._remote = remote

    @classmethod
    def of_job(cls, account_name: str, job_id: str) -> ServiceView:
        """Ask for a job by its id; raises NotFound."""
        with connected(account_name, Clock()) as client:
            return cls(account_name, client.job(job_id))

    def facts(self) -> JobFacts:
        """Return what the service told last."""
        remote = self._remote
        named, place = find_name_tag(remote.tags), find_place(remote.tags)
        return JobFacts(
            id=remote.id,
            status=status_of(remote.status, remote.reason_code),
            service_status=remote.status,
            reason=remote.reason,
            code=remote.reason_code,
            solution=remote.solution,
            tags=tuple(tag for tag in remote.tags if not is_ours(tag)),
            name=named.of_job(place[1]) if named and place else None,
            created=remote.created,
            private=remote.private,
        )

    def refresh(self) -> None:
        """Ask the service; raises a ServiceError."""
        with connected(self._account_name, Clock()) as client:
            self._remote = client.job(self._remote.id)

    def catch_up(self) -> None:
        """Ask: there are no others whose answer would do."""
        self.refresh()

    def created(self) -> str:
        """Return when the service created the job, as it told."""
        return self._remote.created

    def metrics(self) -> Mapping[str, object] | None:
        """Return what the service has measured."""
        with connected(self._account_name, Clock()) as client:
            return client.metrics(self._remote.id)

    def cancel(self) -> None:
        """Cancel the job, and look for some seconds whether that takes effect."""
        clock = Clock()
        clock.set_deadline(_PATIENCE)
        with connected(self._account_name, clock) as client:
            asked = client.cancel(self._remote.id)
            wait = client.account.poll_first
            while True:
                self._remote = client.job(self._remote.id)
                if not asked or self.facts().status.final or clock.left <= 0:
                    return
                clock.sleep(wait)
                wait = min(1.5 * wait, client.account.poll_longest)

    def retag(self, change: Change) -> bool:
        """Change the job's tags; return whether the service then has them. Ours stay."""
        with connected(self._account_name, Clock()) as client:
            before = client.job(self._remote.id)
            kept = [tag for tag in before.tags if is_ours(tag)]
            wanted = [*change(tuple(tag for tag in before.tags if not is_ours(tag))), *kept]
            client.set_tags(before.id, wanted)
            self._remote = client.job(before.id)
        return set(self._remote.tags) == set(wanted)

    def rename(self, name: str) -> bool:  # noqa: ARG002
        """Refuse: the service has no names for jobs."""
        raise UsageError(
            "Another program has sent this job, and the service has no names for jobs.",
            "Give it a tag.",
        )

    def for_labels(self) -> View:
        """Return the view through which its name and tags are changed: a job of ours has its set's.

        That is rebuilt where it is not here.
        """
        return self if find_place(self._remote.tags) is None else self.in_set()

    def in_set(self, timeout: float | None = None) -> SetView:
        """Return the view on the set that it is of.

        Where that is not here, it is rebuilt from the service if it is one of ours, and else made
        of this job alone; so it is where another attempt at the same job counts in its set.

        Raises TimedOut where the service does not tell of it in `timeout` seconds, ServiceErrors.
        """
        remote = self._remote
        found = find_job(remote.id, remote.tags) or find_job(remote.id)
        place = find_place(remote.tags)
        if found is None:
            clock = Clock()
            clock.set_deadline(timeout)
            try:
                found = self._made(clock, place)
            except ServiceError as error:
                if clock.left > 0:
                    raise
                raise TimedOut(f"The service has not told of job {remote.id} in time.") from error
        path, index = found
        ours = place is not None and path.stem == place[0]
        return SetView(JobSet(path), index, None if ours else self.facts().tags)

    def _made(self, clock: Clock, place: tuple[str, int] | None) -> tuple[Path, int]:
        """Make the set that the job is of; return its file, and the job's index in it."""
        remote = self._remote
        if place is not None and not manifest_path(place[0]).exists():
            # Somebody may have changed the tags of its set: then it can be used alone yet.
            with contextlib.suppress(UsageError, NoSuchSet):
                rebuilt(place[0], self._account_name, clock)
            found = find_job(remote.id, remote.tags)
            if found is not None:
                return found
        with connected(self._account_name, clock) as client:
            return recover_jobs(client, [remote.id], None, clock, lambda *_: None), 0


View = SetView | ServiceView
