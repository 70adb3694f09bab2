"""The job manager: many circuits in, one job set out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..errors import IbmqbatchError
from ..jobset.catalog import set_paths
from ..jobset.job_set import JobSet
from . import status_report as report
from .exceptions import (
    IBMQError,
    IBMQJobManagerError,
    IBMQJobManagerUnknownJobSet,
    translated,
)
from .holding import Holding
from .job_set import ManagedJobSet
from .looking import look
from .warn import warn

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

        `experiments` is a circuit, or several in anything that can be iterated: `QuantumCircuit`s,
        OpenQASM as text, or paths of files. They are split in their order, into as few jobs as the
        backend's limits and `max_experiments_per_job` allow; more shots than the backend takes at a
        time are spread over several jobs. Without a `name`, which has 60 characters at most, the
        set is called by the time, in UTC. `job_tags` are five at most, of 86 characters each;
        `job_share_level` only warns. `run_config` is that of `IBMQBackend.run`, and goes with every
        job.

        When this returns, everything is checked and durable. A program that ends sends all first;
        Ctrl-C leaves the rest for `ibmqbatch resume`. With `detach=True` the end does not wait, and
        leaves it as well; None, the default, is what IBMQBATCH_DETACH says (0 or 1). Raises
        IBMQJobManagerInvalidStateError for whatever cannot be run, IBMQAccountError where the
        account cannot be used, and IBMQJobManagerError where the service does not answer; then
        nothing is sent.
        """
        held = Holding.planned(
            backend,
            experiments,
            name=name,
            max_circuits=max_experiments_per_job,
            tags=job_tags,
            run_config={**run_config, "job_share_level": job_share_level},
        )
        job_set = ManagedJobSet.of(held)
        self._job_sets.append(job_set)
        return job_set

    def report(self, detailed: bool = True) -> str:
        """Ask how the jobs of all sets of this session stand, and return it as a text.

        Counts of jobs come first, which add up to their total; `detailed` tells of each job as
        well. A warning tells of sets whose service did not answer.
        """
        seen = [look(job_set.handle) for job_set in self._job_sets]
        lines = report.summary(job for each in seen for job in each.jobs)
        if detailed:
            lines += ["", "Detail report:"]
            for each in seen:
                lines.append(f"  Job set name: {each.record.name}, ID: {each.record.id}")
                lines += report.job_details(each)
        return "\n".join(lines)

    def job_sets(
        self,
        name: str | None = None,
        *,
        all: bool = False,  # noqa: A002 - as the command says it
    ) -> list[ManagedJobSet]:
        """Return the sets of this session, or those of this name, which may be several.

        With `all`, those of this machine follow, the newest first, whichever program or command has
        made them; nothing of them is sent by that. A warning names those that cannot be read.
        """
        found = list(self._job_sets)
        if all:
            found += self._others()
        return [job_set for job_set in found if not name or job_set.name() == name]

    def retrieve_job_set(
        self, job_set_id: str, provider: AccountProvider | None, refresh: bool = False
    ) -> ManagedJobSet:
        """Return a set by its id: of this session, of this machine, or rebuilt from the service.

        What is not sent yet of it is sent in the background from now on, and before the program
        ends, unless IBMQBATCH_DETACH is 1. `provider` tells which
        account to ask for a set that is not on this machine, or whose own account is unknown here;
        None is the account in use. `refresh` makes a new object, and asks the service how the jobs
        stand. A warning tells of jobs that the service does not have.

        Raises IBMQJobManagerUnknownJobSet where there is no such set, as for all ids of the service
        that IBM has shut down; IBMQJobManagerInvalidStateError where what the service has cannot be
        one; IBMQJobManagerError where it does not answer.
        """
        if not isinstance(job_set_id, str):
            raise IBMQJobManagerUnknownJobSet(f"There is no job set {job_set_id!r}.")
        known = next((s for s in self._job_sets if s.job_set_id() == job_set_id), None)
        if known is not None and not refresh:
            return known
        found = ManagedJobSet(short_id=job_set_id)
        found.retrieve_jobs(provider, refresh=refresh)
        # Only now: a set that cannot be asked for again is not lost from the session.
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
            handle = JobSet(path)
            try:
                handle.record()
            except (IbmqbatchError, IBMQError) as error:
                warn(f"The job set {path.stem} cannot be read: {error}")
                continue
            found.append(ManagedJobSet.of(Holding(handle)))
        return found
