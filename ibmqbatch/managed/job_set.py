"""A job set, as programs of the old job manager hold it."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Self

from ..accounts.find import find_account
from ..accounts.model import UnknownAccount
from ..errors import IbmqbatchError
from ..jobset.catalog import set_paths
from ..jobset.documents import set_data
from ..jobset.errors import NoSuchSet, TimedOut
from ..jobset.job_set import JobSet
from ..manifest.ids import is_set_id
from ..manifest.manifest import Manifest
from ..manifest.records import JobRecord, SetRecord
from ..manifest.snapshot import Snapshot
from ..render.console import is_terminal
from ..render.notebook import NotebookBar, in_notebook, job_set_html
from ..render.progress import ProgressBars
from ..service.errors import ServiceError
from ._qiskit import has_qobj
from .arguments import Timeout, checked_name, tag_change
from .background import Submission
from .caller_warnings import warn_caller
from .exceptions import (
    IBMQError,
    IBMQJobManagerError,
    IBMQJobManagerInvalidStateError,
    IBMQJobManagerTimeoutError,
    message_of,
    translated,
)
from .job_source import rebuild_from_service
from .managed_job import ManagedJob
from .managed_results import ExperimentIndex, ManagedResults
from .status_report import (
    ask_status,
    error_report,
    experiment_ranges,
    experiments_of,
    job_details,
    reason_of,
    set_report,
)

if TYPE_CHECKING:
    from qiskit.providers import JobStatus

    from ..jobset.advance import Goal
    from .backend import IBMQBackend
    from .job import IBMQJob
    from .provider import AccountProvider

__all__ = ["ManagedJobSet"]

_MOST_IDS = 5  # that a message lists


class ManagedJobSet:
    """A set of jobs that is used as a whole: `IBMQJobManager.run` returns one.

    It is a file on this machine, which the commands of `ibmqbatch` read and change as well. The
    object, also when it is pickled, only knows where that is: other programs on this machine can
    load the pickle. Without a `name` the set is named after the time, in UTC. All methods raise
    errors below `IBMQError`; experiments and jobs are counted from 0.
    """

    def __init__(self, name: str | None = None, short_id: str | None = None) -> None:
        self._name = name or datetime.now(UTC).replace(tzinfo=None).isoformat()
        self._short_id = short_id
        self._submission: Submission | None = None
        self._managed: list[ManagedJob] | None = None
        self._experiments: ExperimentIndex | None = None
        self._results: tuple[tuple[bool, int], ManagedResults] | None = None

    def __getstate__(self) -> dict[str, object]:
        # The caches are read from the set's file again.
        return {**self.__dict__, "_managed": None, "_experiments": None, "_results": None}

    @classmethod
    def of(cls, job_set: JobSet, backend: IBMQBackend | None = None) -> Self:
        """Return a set that has been planned, or found, and its backend where that is known."""
        return cls._submitted(Submission(job_set, backend))

    @classmethod
    def planned(cls, backend: object, experiments: object, **options: Any) -> Self:
        """Plan a set, and send it in the background; see `Submission.planned`."""
        return cls._submitted(Submission.planned(backend, experiments, **options))

    @classmethod
    def _submitted(cls, submission: Submission) -> Self:
        managed = cls(short_id=submission.job_set.id)
        managed._submission = submission
        return managed

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
        """Plan the set, and send it in the background; see `IBMQJobManager.run`.

        A list of lists of experiments, one for each job as in older programs, is joined, and the
        longest one is the most that a job may hold. `executor` has no effect. Raises
        IBMQJobManagerInvalidStateError when the set has been run already.
        """
        if self._submission is not None:
            raise IBMQJobManagerInvalidStateError(
                "The jobs for this managed job set have already been submitted."
            )
        experiments, size = experiment_list, max_experiments_per_job
        if isinstance(experiments, list) and all(isinstance(part, list) for part in experiments):
            if size is None:
                size = max(map(len, experiments), default=None)
            experiments = [item for part in experiments for item in part]
        self._submission = Submission.planned(
            backend,
            experiments,
            name=self._name,
            max_circuits=size,
            tags=job_tags,
            run_config={**run_config, "job_share_level": job_share_level},
        )

    def retrieve_jobs(self, provider: AccountProvider | None, refresh: bool = False) -> None:
        """Find the set of this object's id, as `IBMQJobManager.retrieve_job_set` does.

        Jobs that are not sent yet are sent in the background from now on. `refresh` asks the
        service how the jobs stand. Raises IBMQJobManagerUnknownJobSet, and
        IBMQJobManagerInvalidStateError when the object has no id.
        """
        with translated(IBMQJobManagerError):
            if self._submission is None:
                if self._short_id is None:
                    raise IBMQJobManagerInvalidStateError(
                        "This job set was not run, and has no id."
                    )
                self._submission = Submission(_find_set(self._short_id, provider))
            if refresh:
                self._submission.job_set.refresh()
        self._submission.send()

    def statuses(self) -> list[JobStatus | None]:
        """Ask the service for the status of each job, in order, 200 jobs a request.

        None is the status of a job that the service did not take, and an unknown one; where the
        service does not answer it warns.
        """
        return list(ask_status(self.job_set).statuses)

    def report(self, detailed: bool = True) -> str:
        """Ask the service how the jobs stand, and return a text; `detailed`: with each job.

        Counts of jobs add up to their total. Where the service does not answer it warns.
        """
        status = ask_status(self.job_set)
        lines = set_report(status)
        if detailed:
            lines += ["", "Detail report:", *job_details(status)]
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

        `timeout` is in seconds and includes sending; None or 0 is as long as it takes. With
        `partial`, a circuit whose shots are spread over several jobs can be read though some of
        these failed. `refresh` downloads all results again, also those that were taken for lost,
        and warns of experiments of which the service has none any more: those on disk are kept.
        Otherwise the same object is returned as long as nothing has changed. With `wait` False, the
        results that are here by now are returned.

        Failed jobs do not raise: a UserWarning names each, and `success` of the returned object is
        False. Raises IBMQJobManagerTimeoutError, which names the experiments still waited for.
        """
        job_set = self.job_set
        with translated(IBMQJobManagerError):
            limit = Timeout(timeout)
            if refresh:
                kept = job_set.ask_again(timeout=limit.left)
                if kept:
                    warn_caller(
                        "The service has no results any more of experiments "
                        f"{experiment_ranges(kept)}: those on this machine are kept."
                    )
            if wait:
                overdue = not refresh and any(job.overdue for job in job_set.jobs)
                self._wait(
                    Snapshot.is_delivered, limit, lambda job: job.delivered, at_least_once=overdue
                )
            else:
                self._fetch()
            with job_set.open() as manifest:
                state = partial, manifest.last_event()
                if self._results is not None and self._results[0] == state and not refresh:
                    return self._results[1]
                known = manifest.snapshot()
                missing, backend = known.missing, known.record.backend
        for job in missing:
            job_id = "" if job.remote is None else f", job ID={job.remote.id}"
            warn_caller(
                "Unable to retrieve job result for experiments "
                f"{experiments_of(job)}{job_id}: {reason_of(job)}"
            )
        found = ManagedResults(job_set, backend, not missing, partial=partial)
        self._results = state, found
        return found

    def error_messages(self) -> str | None:
        """Wait for the end of all jobs; return why some have no results, None if all have.

        Each has a line with its experiments, index and id, and its reason with the service's code
        below it. Jobs that the service did not take, and cancelled ones, are among them. Raises
        IBMQJobManagerError when waiting is in vain, for instance since the key is not accepted any
        more.
        """
        self._wait(Snapshot.is_over, Timeout(None), lambda job: job.status.final)
        return error_report(self._started.read(Manifest.jobs))

    def cancel(self) -> None:
        """Cancel all jobs: those that are not sent never will be, the others are asked to stop.

        The request is kept, and its effect watched for ten seconds at most. It warns of jobs that
        have not ended by then, and of a service that does not answer.
        """
        job_set = self.job_set
        with translated(IBMQJobManagerError):
            try:
                left = job_set.cancel()
            except ServiceError as error:
                warn_caller(
                    f"Nothing more of the set {job_set.id} is sent; its other jobs are cancelled "
                    f"as soon as the service can be asked: {message_of(error)}"
                )
                return
        if left:
            warn_caller(
                f"The jobs of experiments {experiment_ranges(left)} are to stop, and have not "
                "ended yet."
            )

    def retry(self, *, cancelled: bool = False, lost: bool = False) -> list[ManagedJob]:
        """Run failed jobs again, in the background, as new attempts; return them.

        Those are the jobs that have failed, or that the service has not taken; with `cancelled`
        also those that were cancelled, and with `lost` those whose results are lost or overdue,
        after asking for these once more. `jobs()`, `results()` and all other methods then are about
        the new attempts. Raises IBMQJobManagerInvalidStateError where circuits are not known well
        enough to send them again, for instance since another program has sent them.
        """
        with translated(IBMQJobManagerError):
            again = self.job_set.want_retry(cancelled=cancelled, lost=lost)
        self._started.send()
        return [job for index, job in enumerate(self.managed_jobs()) if index in again]

    def jobs(self) -> list[IBMQJob | None]:
        """Wait until the jobs are sent, and return them, as many as `managed_jobs`, in order.

        None is one that is not on the service: cancelled before it was sent, or not taken. It warns
        of what prevents sending.
        """
        self._started.wait_until_sent()
        records = self._started.read(Manifest.jobs)
        return [job.job_of(each) for job, each in zip(self.managed_jobs(), records, strict=True)]

    def job(self, experiment: Any) -> tuple[IBMQJob | None, int]:
        """Return the job that holds an experiment, and the experiment's index in it, from 0.

        For instance (job 2, 1) for experiment 501 of a set with 500 in each job. An experiment is
        given by its index in the set, its name, or the circuit itself. The job is waited for until
        it is sent, and None if it is not to be. Raises IBMQJobManagerJobNotFound, which lists the
        indexes of an ambiguous name.
        """
        if self._experiments is None:
            self._experiments = ExperimentIndex(self._started.read(Manifest.circuits))
        index = self._experiments.find(experiment)
        managed = next(
            job for job in self.managed_jobs() if job.start_index <= index <= job.end_index
        )
        self._started.wait_until_sent(managed.is_decided)
        return managed.job, index - managed.start_index

    def qobjs(self) -> list[Any]:
        """Return the circuits of each job as a `QasmQobj`; None where they cannot be one.

        They are assembled here, with a warning why one cannot be. With Qiskit 2, which has no Qobj,
        it warns, and all are None.
        """
        if not has_qobj():
            return [None] * len(self.managed_jobs())
        return [job.qobj() for job in self.managed_jobs()]

    def name(self) -> str:
        """Return the set's name."""
        return self._name if self._submission is None else self._record().name

    def job_set_id(self) -> str:
        """Return the set's id, by which it is found again, in other processes as well.

        It is the day, a hyphen and seven letters or digits, and sorts by time (20261120-7f3k9qa).
        Raises IBMQJobManagerInvalidStateError before the set is run.
        """
        set_id = self._short_id if self._submission is None else self.job_set.id
        if set_id is None:
            raise IBMQJobManagerInvalidStateError("A job set has an id once it is run.")
        return set_id

    def managed_jobs(self) -> list[ManagedJob]:
        """Return the jobs in order, whether or not they are sent.

        Where shots are spread over several jobs, several hold the same experiments.
        """
        if self._managed is None:
            self._managed = [
                ManagedJob.of_set(self.job_set, job, self._started.backend)
                for job in self._started.read(Manifest.jobs)
            ]
        return list(self._managed)

    def tags(self) -> list[str]:
        """Return the set's tags, without those by which it is found on the service."""
        return [] if self._submission is None else list(self._record().tags)

    def update_name(self, name: str) -> str:
        """Rename the set, to 60 characters at most, and return the name.

        Its jobs on the service are renamed, too, with a warning about those that could not be yet.
        Raises IBMQJobManagerInvalidStateError for what cannot be a name.
        """
        with translated(IBMQJobManagerError):
            new = checked_name(name)
        self._relabel(name=new)
        return new

    def update_tags(
        self,
        replacement_tags: list[str] | None = None,
        additional_tags: list[str] | None = None,
        removal_tags: list[str] | None = None,
    ) -> list[str]:
        """Replace, then add, then remove tags; return those that the set has now.

        Five are allowed, of 86 characters each. Tags by which sets are found again cannot be added
        or removed. The set's jobs on the service are changed, too, with a warning about those that
        could not be yet. Raises IBMQJobManagerInvalidStateError where no argument is given, and for
        what cannot be a tag.
        """
        with translated(IBMQJobManagerError):
            change = tag_change(replacement_tags, additional_tags, removal_tags)
        self._relabel(change=change)
        return self.tags()

    @property
    def job_set(self) -> JobSet:
        """The engine's set; raises IBMQJobManagerInvalidStateError before the set is run."""
        return self._started.job_set

    @property
    def _started(self) -> Submission:
        if self._submission is None:
            raise IBMQJobManagerInvalidStateError("The job set is not run yet, nor retrieved.")
        return self._submission

    def _wait(
        self,
        goal: Goal,
        limit: Timeout,
        counted: Callable[[JobRecord], bool],
        *,
        at_least_once: bool = False,
    ) -> None:
        """Work on the set until `goal` holds; a progress bar shows how many jobs are `counted`.

        Raises IBMQJobManagerTimeoutError, which names the experiments of the others.
        """
        with translated(IBMQJobManagerError):
            try:
                _follow(self.job_set, goal, limit, counted, at_least_once=at_least_once)
            except TimedOut as error:
                left = [job for job in self.job_set.jobs if not counted(job)]
                raise IBMQJobManagerTimeoutError(
                    "Timeout while waiting for the results for experiments "
                    f"{experiment_ranges(left)}."
                ) from error

    def _fetch(self) -> None:
        """Ask the service once, and download results that are ready; warn where that fails."""
        try:
            self.job_set.refresh(fetching=True)
        except ServiceError as error:
            warn_caller(
                f"Only what is here of the set {self.job_set.id} is returned: {message_of(error)}"
            )

    def _relabel(self, **labels: Any) -> None:
        """Change the set's name or tags; warn of jobs that do not have them yet."""
        why = ""
        with translated(IBMQJobManagerError):
            try:
                left = self.job_set.relabel(**labels)
            except ServiceError as error:
                left, why = self.job_set.count_unlabelled(), f": {message_of(error)}"
        if left:
            warn_caller(
                f"The set {self.job_set.id} has its new name or tags; {left} of its jobs get them "
                f"as soon as the service takes them{why}"
            )

    def __repr__(self) -> str:
        if self._submission is None:
            return f"<ManagedJobSet {self._name!r}, not run>"
        try:
            return f"<ManagedJobSet {self.name()!r}, ID: {self.job_set_id()}>"
        except IBMQError:
            return f"<ManagedJobSet that cannot be read, ID: {self.job_set_id()}>"

    def _repr_html_(self) -> str | None:
        """Return the table that a notebook shows; the service is not asked."""
        if self._submission is None:
            return None
        return self._submission.read(lambda m: job_set_html(set_data(m.job_set(), m.jobs())))

    def _record(self) -> SetRecord:
        return self._started.read(Manifest.job_set)


def _follow(
    job_set: JobSet,
    goal: Goal,
    limit: Timeout,
    counted: Callable[[JobRecord], bool],
    *,
    at_least_once: bool,
) -> None:
    """Work on a set until `goal` holds, with a progress bar in a notebook and on a terminal."""
    bars = _progress_bars()
    if bars is None:
        job_set.follow(goal, limit.left, at_least_once=at_least_once)
        return
    with bars:

        def shown_goal(known: Snapshot) -> bool:
            bars.progress("waiting", sum(map(counted, known.jobs)), len(known.jobs))
            return goal(known)

        job_set.follow(shown_goal, limit.left, observer=bars, at_least_once=at_least_once)


def _progress_bars() -> NotebookBar | ProgressBars | None:
    if in_notebook():
        return NotebookBar()
    with contextlib.suppress(AttributeError, ValueError):  # a program may have no stderr
        if is_terminal(stderr=True):
            return ProgressBars()
    return None


def _find_set(set_id: str, provider: AccountProvider | None) -> JobSet:
    """Return the set of this id; one that is not on this machine is rebuilt from the service.

    The provider's account is asked for that, and wherever the set's own is unknown here. Raises
    NoSuchSet, and what `rebuild_from_service` does.
    """
    path = next((path for path in set_paths() if path.stem == set_id), None)
    if path is None:
        if not is_set_id(set_id):
            _check_not_a_name(set_id)
        account = find_account(None).name if provider is None else provider.account_name
        return rebuild_from_service(set_id, account)
    job_set = JobSet(path)
    if provider is not None:
        try:
            find_account(job_set.record().account)
        except UnknownAccount:  # another program has enabled it for itself
            return JobSet(path, account=provider.account_name)
    return job_set


def _check_not_a_name(name: str) -> None:
    """Raise NoSuchSet with the ids of the sets of this name, where there are some."""
    ids = []
    for path in set_paths():
        with contextlib.suppress(IbmqbatchError):  # an unreadable set has no name
            if JobSet(path).name == name:
                ids.append(path.stem)
    if ids:
        raise NoSuchSet(
            f"'{name}' is not the id of a job set, but the name of {', '.join(ids[:_MOST_IDS])}"
            f"{', …' if len(ids) > _MOST_IDS else ''}.",
            "Give an id.",
        )
