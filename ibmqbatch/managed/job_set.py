"""A job set, as programs of the old job manager hold it."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Self

from ..jobset.documents import set_data
from ..manifest.manifest import Manifest
from ..manifest.snapshot import Snapshot
from ..render.notebook import job_set_html
from . import report
from ._qiskit import has_qobj
from .arguments import checked_name, checked_timeout
from .exceptions import (
    IBMQError,
    IBMQJobManagerError,
    IBMQJobManagerInvalidStateError,
    translated,
)
from .finding import find_set
from .holding import Holding
from .looking import look
from .lookup import Lookup
from .managed_job import ManagedJob
from .managed_results import ManagedResults
from .tag_changes import tag_change
from .warn import warn

if TYPE_CHECKING:
    from qiskit.providers import JobStatus

    from ..jobset.job_set import JobSet
    from ..manifest.records import SetRecord
    from .backend import IBMQBackend
    from .job import IBMQJob
    from .provider import AccountProvider

__all__ = ["ManagedJobSet"]


class ManagedJobSet:
    """A set of jobs that one looks at as a whole: `IBMQJobManager.run` returns one.

    What it is stands in a file on this machine, which the commands of `ibmqbatch` read and change
    as well; nothing but where that is, is kept here. Without a `name` it is called by the time, in
    UTC. All methods raise errors below `IBMQError`; counts of experiments and jobs begin with 0.
    Pickled, it is as much: for programs on this machine.
    """

    def __init__(self, name: str | None = None, short_id: str | None = None) -> None:
        self._name = name or datetime.now(UTC).replace(tzinfo=None).isoformat()
        self._short_id = short_id
        self._found: Holding | None = None
        self._managed: list[ManagedJob] | None = None
        self._lookup: Lookup | None = None
        self._results: tuple[tuple[bool, int], ManagedResults] | None = None

    def __getstate__(self) -> dict[str, object]:
        # What was read of the set's file is read again.
        return {**self.__dict__, "_managed": None, "_lookup": None, "_results": None}

    @classmethod
    def of(cls, held: Holding) -> Self:
        """Return a set that is planned, or found, already."""
        job_set = cls(short_id=held.handle.id)
        job_set._found = held
        return job_set

    def run(
        self,
        experiment_list: Any,
        backend: IBMQBackend | str,
        executor: object = None,  # noqa: ARG002
        job_share_level: object = None,
        job_tags: list[str] | None = None,
        *,
        max_experiments_per_job: int | None = None,
        **run_config: Any,
    ) -> None:
        """Plan the set, and have it sent in the background; see `IBMQJobManager.run`.

        Of lists of experiments, as programs used to give one for each job, the longest tells how
        many a job may hold. `executor` is not needed any more. Raises
        IBMQJobManagerInvalidStateError when the set has been run already.
        """
        if self._found is not None:
            raise IBMQJobManagerInvalidStateError(
                "The jobs for this managed job set have already been submitted."
            )
        experiments, size = experiment_list, max_experiments_per_job
        if isinstance(experiments, list) and all(isinstance(part, list) for part in experiments):
            if size is None:
                size = max(map(len, experiments), default=None)
            experiments = [item for part in experiments for item in part]
        self._found = Holding.planned(
            backend,
            experiments,
            name=self._name,
            max_circuits=size,
            tags=job_tags,
            run_config={**run_config, "job_share_level": job_share_level},
        )

    def retrieve_jobs(self, provider: AccountProvider | None, refresh: bool = False) -> None:
        """Find the set of this object's id, as `IBMQJobManager.retrieve_job_set` does.

        What is not sent yet is sent in the background from now on. `refresh` asks the service how
        the jobs stand. Raises IBMQJobManagerUnknownJobSet, and IBMQJobManagerInvalidStateError when
        the object has no id.
        """
        if self._found is None:
            if self._short_id is None:
                raise IBMQJobManagerInvalidStateError("This job set was not run, and has no id.")
            self._found = Holding(find_set(self._short_id, provider))
        if refresh:
            with translated(IBMQJobManagerError):
                self._found.handle.refresh()
        self._found.send()

    def statuses(self) -> list[JobStatus | None]:
        """Ask for the status of each job, in order: 200 jobs a request, however many there are.

        None stands for a job that the service did not take, and for one of which it is not known
        how it stands; a warning tells when the service did not answer.
        """
        return list(look(self.handle).statuses)

    def report(self, detailed: bool = True) -> str:
        """Ask how the jobs stand, and return it as a text; `detailed` tells of each job as well.

        Counts of jobs add up to their total. A warning tells when the service did not answer.
        """
        seen = look(self.handle)
        lines = report.set_report(seen)
        if detailed:
            lines += ["", "Detail report:", *report.job_details(seen)]
        return "\n".join(lines)

    def results(
        self,
        timeout: float | None = None,
        partial: bool = False,
        refresh: bool = False,
        *,
        wait: bool = True,
    ) -> ManagedResults:
        """Wait until no more results are to come, and return them.

        `timeout` is in seconds, sending included; None or 0 is as long as it takes. With `partial`,
        a circuit whose shots were spread over several jobs can be read though some of these failed.
        `refresh` asks the service for all results again, though some were taken for lost; a warning
        names the experiments of which it gives none any more, and what is here stays. Else the same
        object is returned as long as nothing has changed. With `wait` False what is here by now is
        returned.

        Failed jobs do not raise: a UserWarning names each, and `success` of what is returned is
        False. Raises IBMQJobManagerTimeoutError, which names the experiments still waited for.
        """
        held = self._held
        with translated(IBMQJobManagerError):
            limit = checked_timeout(timeout)
            begun = time.monotonic()
            if refresh:
                kept = held.handle.ask_again(timeout=limit)
                if limit is not None:
                    limit = max(0.001, limit - (time.monotonic() - begun))
                if kept:
                    warn(
                        "The service gives no results any more of experiments "
                        f"{report.spans(kept)}: they are kept."
                    )
            if wait:
                overdue = not refresh and any(job.overdue for job in held.handle.jobs)
                held.wait(
                    Snapshot.is_delivered, limit, lambda job: job.delivered, at_least_once=overdue
                )
            else:
                held.fetch()
            with held.handle.open() as manifest:
                state = partial, manifest.last_event()
                if self._results is not None and self._results[0] == state and not refresh:
                    return self._results[1]
                known = manifest.snapshot()
                missing, backend = known.missing, known.record.backend
        for job in missing:
            job_id = "" if job.remote is None else f", job ID={job.remote.id}"
            warn(
                "Unable to retrieve job result for experiments "
                f"{job.first_circuit}-{job.last_circuit}{job_id}: {report.reason_of(job)}"
            )
        found = ManagedResults(held.handle, backend, not missing, partial=partial)
        self._results = state, found
        return found

    def error_messages(self) -> str | None:
        """Wait for the end of all jobs; return why some brought no results, None if all did.

        Each has a line that names its experiments, index and id, and its reason with the service's
        code below it. Jobs that the service did not take, and cancelled ones, are among them.
        Raises IBMQJobManagerError when waiting cannot lead anywhere, as where the key is not
        accepted any more.
        """
        self._held.wait(Snapshot.is_over, None, lambda job: job.status.final)
        return report.error_report(self._held.read(Manifest.jobs))

    def cancel(self) -> None:
        """Cancel all jobs. What is not sent yet never is; what runs is asked to stop.

        That is durable, and looked after for ten seconds at most; a warning tells of what has not
        ended by then, or why the service could not be asked.
        """
        self._held.cancel()

    def retry(self, *, cancelled: bool = False, lost: bool = False) -> list[ManagedJob]:
        """Have jobs run again, in the background, as new attempts; return them.

        Those are the jobs that have failed, or that the service has not taken; with `cancelled`
        also those that were cancelled, and with `lost` those whose results are lost or overdue,
        which are asked for once more first. `jobs()`, `results()` and all else then are about the
        new attempts. Raises IBMQJobManagerInvalidStateError where circuits are not known well
        enough to send them again, as those that another program has sent.
        """
        held = self._held
        with translated(IBMQJobManagerError):
            again = held.handle.want_retry(cancelled=cancelled, lost=lost)
        held.send()
        return [job for index, job in enumerate(self.managed_jobs()) if index in again]

    def jobs(self) -> list[IBMQJob | None]:
        """Wait until the jobs are sent, and return them, as many as `managed_jobs`, in order.

        None stands for one that is not on the service: cancelled before it was sent, or not taken.
        A warning tells what stands in the way of sending.
        """
        self._held.wait_until_sent()
        records = self._held.read(Manifest.jobs)
        return [job.seen(each) for job, each in zip(self.managed_jobs(), records, strict=True)]

    def job(self, experiment: Any) -> tuple[IBMQJob | None, int]:
        """Return the job that holds an experiment, and the experiment's index in it, from 0.

        For instance (job 2, 1) for experiment 501 of a set with 500 in each job. An experiment is
        meant by its index in the set, its name, or the circuit itself; the job is waited for until
        it is sent, and None if it is not. Raises IBMQJobManagerJobNotFound, which lists the indexes
        of a name that stands several times.
        """
        if self._lookup is None:
            self._lookup = Lookup(self._held.read(Manifest.circuits))
        index = self._lookup.find(experiment)
        managed = next(
            job for job in self.managed_jobs() if job.start_index <= index <= job.end_index
        )
        self._held.wait_until_sent(managed.is_decided)
        return managed.job, index - managed.start_index

    def qobjs(self) -> list[Any]:
        """Return the circuits of each job as a `QasmQobj`; None where they cannot be one.

        They are put together here; a warning tells why one could not be. Qiskit 2 has no Qobj: a
        warning says so, and all are None.
        """
        if not has_qobj():
            return [None] * len(self.managed_jobs())
        return [job.qobj() for job in self.managed_jobs()]

    def name(self) -> str:
        """Return the set's name."""
        return self._name if self._found is None else self._record().name

    def job_set_id(self) -> str:
        """Return the set's id, by which it is found again, in other processes as well.

        It is the day, a hyphen and seven letters or digits, which sort by time (20261120-7f3k9qa).
        Raises IBMQJobManagerInvalidStateError before the set is run.
        """
        set_id = self._short_id if self._found is None else self.handle.id
        if set_id is None:
            raise IBMQJobManagerInvalidStateError("A job set has an id once it is run.")
        return set_id

    def managed_jobs(self) -> list[ManagedJob]:
        """Return the jobs in order, whether or not they are sent.

        Where shots are spread over several jobs, several hold the same experiments.
        """
        if self._managed is None:
            self._managed = [
                ManagedJob.of_set(self.handle, job, self._held.backend)
                for job in self._held.read(Manifest.jobs)
            ]
        return list(self._managed)

    def tags(self) -> list[str]:
        """Return the set's tags; those by which it is found on the service are not among them."""
        return [] if self._found is None else list(self._record().tags)

    def update_name(self, name: str) -> str:
        """Give the set another name, of 60 characters at most, and return it.

        Its jobs on the service follow; a warning tells of those that have not yet. Raises
        IBMQJobManagerInvalidStateError for what cannot be a name.
        """
        with translated(IBMQJobManagerError):
            new = checked_name(name)
        self._held.relabel(name=new)
        return new

    def update_tags(
        self,
        replacement_tags: list[str] | None = None,
        additional_tags: list[str] | None = None,
        removal_tags: list[str] | None = None,
    ) -> list[str]:
        """Replace, then add, then remove tags; return those that the set has now.

        Five are allowed, of 86 characters each. Tags by which sets are found again cannot be given
        or taken away. The set's jobs on the service follow; a warning tells of those that have not
        yet. Raises IBMQJobManagerInvalidStateError when nothing is given, or what cannot be a tag.
        """
        with translated(IBMQJobManagerError):
            change = tag_change(replacement_tags, additional_tags, removal_tags)
        self._held.relabel(change=change)
        return self.tags()

    @property
    def handle(self) -> JobSet:
        """Where the set's file is. Raises IBMQJobManagerInvalidStateError before the set is run."""
        return self._held.handle

    @property
    def _held(self) -> Holding:
        if self._found is None:
            raise IBMQJobManagerInvalidStateError("The job set is not run yet, nor retrieved.")
        return self._found

    def __repr__(self) -> str:
        if self._found is None:
            return f"<ManagedJobSet {self._name!r}, not run>"
        try:
            return f"<ManagedJobSet {self.name()!r}, ID: {self.job_set_id()}>"
        except IBMQError:
            return f"<ManagedJobSet that cannot be read, ID: {self.job_set_id()}>"

    def _repr_html_(self) -> str | None:
        """Return the table that a notebook shows; the service is not asked for it."""
        if self._found is None:
            return None
        return self._held.read(lambda m: job_set_html(set_data(m.job_set(), m.jobs())))

    def _record(self) -> SetRecord:
        return self._held.read(Manifest.job_set)
