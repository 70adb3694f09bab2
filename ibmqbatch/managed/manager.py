"""The job manager: many circuits in, one job set out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..errors import IbmqbatchError
from ..jobset.catalog import set_paths
from ..jobset.job_set import JobSet
from .caller_warnings import warn_caller
from .exceptions import (
    IBMQError,
    IBMQJobManagerError,
    IBMQJobManagerUnknownJobSet,
    translated,
)
from .job_set import ManagedJobSet
from .status_report import ask_status, job_details, summary

if TYPE_CHECKING:
    from .backend import IBMQBackend
    from .provider import AccountProvider

__all__ = ["IBMQJobManager"]


class IBMQJobManager:
    """Splits circuits into jobs, sends these, and gives them back as one set.

        manager = IBMQJobManager()
        job_set = manager.run(circuits, backend="ideal_simulator", name="foo")
        job_set.results().get_counts(5)

    A set is a file on this machine before anything of it is sent: it outlives the program, and
    goes on where it was when it is retrieved.
    """

    def __init__(self) -> None:
        self._job_sets: list[ManagedJobSet] = []

    def run(
        self,
        experiments: Any,
        backend: IBMQBackend | str,
        name: str | None = None,
        max_experiments_per_job: int | None = None,
        job_share_level: str | None = None,
        job_tags: list[str] | None = None,
        **run_config: Any,
    ) -> ManagedJobSet:
        """Plan a job set of circuits, and send it in the background.

        `experiments` is a circuit, or several in any iterable: `QuantumCircuit`s, OpenQASM as text,
        or paths of files. They are split, in order, into as few jobs as the backend's limits and
        `max_experiments_per_job` allow; more shots than the backend takes at a time are spread over
        several jobs. `name` has 60 characters at most; by default the set is named after the time,
        in UTC. `job_tags` are five at most, of 86 characters each; `job_share_level` only warns.
        `run_config` is that of `IBMQBackend.run`, and goes with every job.

        When this returns, everything is checked and durable. A program that ends sends all first;
        Ctrl-C leaves the rest for `ibmqbatch resume`, and so does `detach=True`, with which the end
        does not wait. None, the default, is the value of IBMQBATCH_DETACH (0 or 1). Raises
        IBMQJobManagerInvalidStateError for what cannot be run, IBMQAccountError where the account
        cannot be used, and IBMQJobManagerError where the service does not answer; then nothing is
        sent.
        """
        job_set = ManagedJobSet.planned(
            backend,
            experiments,
            name=name,
            max_circuits=max_experiments_per_job,
            tags=job_tags,
            run_config={**run_config, "job_share_level": job_share_level},
        )
        self._job_sets.append(job_set)
        return job_set

    def report(self, detailed: bool = True) -> str:
        """Ask how the jobs of all sets of this session stand, and return a text.

        Counts of jobs come first, and add up to their total; `detailed`: with each job. It warns of
        sets whose service does not answer.
        """
        statuses = [ask_status(job_set.job_set) for job_set in self._job_sets]
        lines = summary(job for status in statuses for job in status.jobs)
        if detailed:
            lines += ["", "Detail report:"]
            for status in statuses:
                lines.append(f"  Job set name: {status.record.name}, ID: {status.record.id}")
                lines += job_details(status)
        return "\n".join(lines)

    def job_sets(
        self,
        name: str | None = None,
        *,
        all: bool = False,  # noqa: A002 - as the command says it
    ) -> list[ManagedJobSet]:
        """Return the sets of this session, or those of this name, which may be several.

        With `all`, the other sets of this machine follow, the newest first, whichever program or
        command has made them; that does not send their jobs. It warns of those that cannot be read.
        """
        found = list(self._job_sets)
        if all:
            found += self._others()
        return [job_set for job_set in found if not name or job_set.name() == name]

    def retrieve_job_set(
        self, job_set_id: str, provider: AccountProvider | None, refresh: bool = False
    ) -> ManagedJobSet:
        """Return a set by its id: of this session, of this machine, or rebuilt from the service.

        Its unsent jobs are sent in the background from now on, and before the program ends, unless
        IBMQBATCH_DETACH is 1. `provider` is asked for a set that is not on this machine, or whose
        own account is unknown here; None is the account in use. `refresh` makes a new object, and
        asks the service how the jobs stand. It warns of jobs that the service does not have.

        Raises IBMQJobManagerUnknownJobSet where there is no such set, as for all ids of the service
        that IBM has shut down; IBMQJobManagerInvalidStateError where a set cannot be made of what
        the service has; IBMQJobManagerError where it does not answer.
        """
        if not isinstance(job_set_id, str):
            raise IBMQJobManagerUnknownJobSet(f"There is no job set {job_set_id!r}.")
        known = next((s for s in self._job_sets if s.job_set_id() == job_set_id), None)
        if known is not None and not refresh:
            return known
        found = ManagedJobSet(short_id=job_set_id)
        found.retrieve_jobs(provider, refresh=refresh)
        # Only now: a set that cannot be retrieved again stays in the session.
        if known is not None:
            self._job_sets[self._job_sets.index(known)] = found
        else:
            self._job_sets.append(found)
        return found

    def _others(self) -> list[ManagedJobSet]:
        """Return the sets of this machine that are not of this session."""
        own = {job_set.job_set_id() for job_set in self._job_sets}
        found = []
        with translated(IBMQJobManagerError):
            paths = [path for path in set_paths() if path.stem not in own]
        for path in paths:
            job_set = JobSet(path)
            try:
                job_set.record()
            except (IbmqbatchError, IBMQError) as error:
                warn_caller(f"The job set {path.stem} cannot be read: {error}")
                continue
            found.append(ManagedJobSet.of(job_set))
        return found
