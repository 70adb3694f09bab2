"""`ibmqbatch recover`: sets made of what the service has."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Optional

import typer

from ..errors import IbmqbatchError, StorageError, UsageError
from ..exitcodes import ExitCode
from ..jobset.errors import Interrupted, NoSuchSet
from ..jobset.once import manifest_path
from ..jobset.rebuild import Rebuilt, rebuild_set
from ..jobset.tags import MAX_NAME, check_name, check_tags
from ..jobset.view import job_data, set_data
from ..manifest.ids import is_set_id
from ..manifest.store import Manifest
from ..suggestions import with_suggestion
from . import _options
from ._lifecycle import Verb, interrupts, outcome, verb, working
from .completion import candidates

if TYPE_CHECKING:
    from ..manifest.records import JobRecord
    from ..render.progress import ProgressBars
    from ..service.client import Client
    from ..service.types import RemoteJob

_ADVICE = "What is here stays; run the same command again for the rest."


def command(
    set_id: Annotated[
        Optional[str],  # noqa: UP045
        typer.Argument(
            metavar="[ID]", help="The id of a job set that is not here.", show_default=False
        ),
    ] = None,
    tag: Annotated[
        Optional[str],  # noqa: UP045
        typer.Option(
            "--tag",
            metavar="TAG",
            help="All sets with this tag, and its jobs that another program has sent.",
            autocompletion=candidates.tags,
        ),
    ] = None,
    everything: Annotated[
        bool, typer.Option("--all", help="All sets that the account's instance has.")
    ] = False,
    job: Annotated[
        Optional[list[str]],  # noqa: UP045
        typer.Option(
            "--job",
            metavar="ID",
            help="A job that another program has sent, by its id; may be given again.",
        ),
    ] = None,
    name: Annotated[
        Optional[str],  # noqa: UP045
        typer.Option("--name", metavar="NAME", help="A name for a set made of jobs."),
    ] = None,
    account: Annotated[
        Optional[str],  # noqa: UP045
        typer.Option(
            "--account",
            metavar="NAME",
            help="The account that the jobs are of.",
            autocompletion=candidates.accounts,
        ),
    ] = None,
    json: _options.Json = False,
    quiet: _options.Quiet = False,
    verbose: _options.Verbose = 0,
) -> int:
    """Rebuild sets from the service alone, or make one of jobs that another program has sent.

    Sets that are here already stay as they are. Results come along, but for private ones: these
    the service gives once, and `results` fetches them.

    Example: ibmqbatch recover 20261121-d4pkn6p
    """
    with verb("recover", json=json, verbose=verbose) as this:
        if sum((set_id is not None, bool(job), tag is not None, everything)) != 1:
            raise UsageError(
                "It is not clear what to recover.",
                "Name a set, or jobs with --job; or give --tag or --all.",
            )
        if not job and name is not None:
            raise UsageError(
                "Sets have names already.", "Leave --name out; `retag --name` renames them."
            )
        this.data["recovered"] = []
        new_name = None if name is None else check_name(name)
        tags = check_tags([] if tag is None else [tag])
        with _Recovery.begin(this, account, quiet=quiet) as recovery:
            if set_id is not None:
                recovery.recover_set(set_id)
            elif job:
                recovery.recover_jobs(job, new_name)
            else:
                recovery.recover_found(tags[0] if tags else None)
    return this.exit_code


class _Recovery:
    """One run. What it has recovered is told at once, and stays whatever happens to the rest."""

    def __init__(self, this: Verb, client: Client, *, quiet: bool) -> None:
        self._this = this
        self._client = client
        self._quiet = quiet
        self._told = not quiet and not this.json

    @classmethod
    @contextlib.contextmanager
    def begin(cls, this: Verb, account: str | None, *, quiet: bool) -> Iterator[_Recovery]:
        """Have the account's service at hand for the block."""
        from ..accounts.find import find_account
        from ..service.client import Client

        this.advice = _ADVICE
        with Client(find_account(account), this.clock) as client, interrupts(this.clock, _ADVICE):
            yield cls(this, client, quiet=quiet)
            if this.clock.interrupted.is_set():
                raise Interrupted("Interrupted.", _ADVICE)

    def recover_set(self, set_id: str) -> None:
        """Recover one set; one that is here already is only brought up to date."""
        from ..render.progress import ProgressBars

        with ProgressBars(enabled=not self._quiet) as bars:
            path = self._rebuild(set_id, None, bars)
        if path is None:
            self._say_here(set_id)
            path = manifest_path(set_id)
        self._describe(path)

    def recover_jobs(self, jobs: list[str], name: str | None) -> None:
        """Make one set of jobs that another program has sent."""
        from ..jobset.recover import recover_jobs
        from ..render.progress import ProgressBars

        with ProgressBars(enabled=not self._quiet) as bars:
            path = recover_jobs(self._client, jobs, name, self._this.clock, bars.progress)
        self._note(Rebuilt(path))
        self._describe(path)

    def _describe(self, path: Path) -> None:
        """Name the one set that was asked for, bring it up to date, and tell all of it."""
        from ..jobset.advance import try_advance
        from ..render.console import is_terminal, message, write_line
        from ..render.progress import ProgressBars
        from ..render.text import plural

        this = self._this
        with Manifest.open(path) as manifest:
            record = manifest.job_set()
            if not this.json:
                terse = self._quiet or not is_terminal()
                write_line(record.id if terse else f"Job set {record.id}")
            bars = ProgressBars(enabled=not self._quiet)
            try:
                with bars, working(this, manifest, bars) as work:
                    try_advance(work, sending=False, fetching=not record.private)
            finally:
                jobs = manifest.jobs()
                this.data["job_set"] = set_data(manifest.job_set(), jobs)
            this.exit_code = _outcome(jobs)
        if self._told:
            message(
                f"{plural(record.total_jobs, 'job')}, {plural(record.total_circuits, 'circuit')}. "
                f"Next: ibmqbatch results {record.id}"
            )

    def recover_found(self, tag: str | None) -> None:
        """Recover all sets that are not here, or those with a tag; what fails is told at the end.

        Jobs with the tag that another program has sent become a set for each backend.
        """
        from ..jobset.discover import discover
        from ..jobset.recover import recover_listed
        from ..render.console import message
        from ..render.progress import ProgressBars

        this = self._this
        with ProgressBars(enabled=not self._quiet) as bars:
            found = discover(self._client, this.clock, tag, bars.progress)
            for set_id in found.here:
                self._say_here(set_id)
            total = len(found.sets) + len(found.others)
            if tag is not None and not total and not found.here:
                raise NoSuchSet(
                    f"The account '{self._client.account.name}' has no jobs with the tag '{tag}'.",
                    with_suggestion(
                        "Check the tag, and the instance of the account.",
                        tag,
                        candidates.known_tags(),
                    ),
                )
            for done, (set_id, listed) in enumerate(found.sets.items()):
                bars.progress("recovering", done, total)
                with self._going_on(f"The set {set_id}"):
                    path = self._rebuild(set_id, listed, bars)
                    if path is None:
                        self._say_here(set_id)
                    else:
                        self._bring_home(path, bars)
            for done, (backend, jobs) in enumerate(found.others.items(), len(found.sets)):
                bars.progress("recovering", done, total)
                with self._going_on(f"What ran on {backend}"):
                    name = f"tagged {tag}"[:MAX_NAME]
                    path = recover_listed(
                        self._client,
                        jobs,
                        name,
                        this.clock,
                        bars.progress,
                        problems=this.problems,
                    )
                    if path is not None:
                        self._note(Rebuilt(path))
                        self._bring_home(path, bars)
            bars.progress("recovering", total, total)
        if this.problems and (found.here or this.data["recovered"]):
            this.exit_code = ExitCode.PARTIAL
        elif this.problems and this.exit_code is ExitCode.DONE:
            this.exit_code = ExitCode.ERROR
        if self._told and not total:
            message("The service has no sets that are not here.")

    @contextlib.contextmanager
    def _going_on(self, what: str) -> Iterator[None]:
        """Note what is wrong with one of many, unless it would be wrong with the others as well."""
        from ..service.errors import ServiceError

        try:
            yield
        except (Interrupted, StorageError):
            raise
        except ServiceError as error:
            if error.transient:
                raise
            error.message = f"{what} cannot be recovered. {error.message}"
            self._this.fail(error)
        except IbmqbatchError as error:
            self._this.fail(error)

    def _rebuild(
        self, set_id: str, listed: list[RemoteJob] | None, bars: ProgressBars
    ) -> Path | None:
        """Write a set's file, and tell what is missing of it; None where it is here already."""
        if is_set_id(set_id) and manifest_path(set_id).exists():
            return None
        try:
            made = rebuild_set(self._client, set_id, self._this.clock, bars.progress, listed)
        except StorageError:
            if manifest_path(set_id).exists():
                return None  # another process was faster
            raise
        self._note(made)
        return made.path

    def _note(self, made: Rebuilt) -> None:
        """Tell of a set that is new here, and name what is missing or twice."""
        from ..render.console import message
        from ..render.text import first_of, listed, plural, span_text

        holes = made.holes
        with Manifest.open(made.path) as manifest:
            jobs = manifest.jobs()
            item = set_data(manifest.job_set(), jobs, with_jobs=False)
            twice = [event for event in manifest.events() if event.kind == "duplicate"]
        self._this.data["recovered"].append(
            {
                "id": item["id"],
                "new": True,
                "job_set": item,
                "missing_jobs": [job_data(jobs[index]) for index in holes],
                "duplicates": [event.remote_id for event in twice],
            }
        )
        if holes:
            missing = [jobs[index] for index in holes]
            spans = [span_text("circuit", job.first_circuit, job.last_circuit) for job in missing]
            message(
                f"Warning: the service has no {listed('job', holes)} of the set {item['id']} "
                f"({first_of(spans)}); what else there is can be used."
            )
        if made.nameless:
            message(
                f"Warning: no Qiskit here reads {plural(made.nameless, 'circuit')} of the set "
                f"{item['id']}: the values of their parameters have no names."
            )
        for event in twice:
            message(f"Warning: {event.detail}.")

    def _bring_home(self, path: Path, bars: ProgressBars) -> None:
        """Bring one of many sets up to date, and tell of it in a line."""
        from ..jobset.advance import try_advance
        from ..jobset.work import Work
        from ..render.console import is_terminal, message, write_line
        from ..render.text import plural

        with Manifest.open(path) as manifest:
            record = manifest.job_set()
            if not is_terminal() and not self._this.json:
                write_line(record.id)
            try:
                work = Work(manifest, self._client, self._this.clock, bars)
                try_advance(work, sending=False, fetching=not record.private)
            finally:
                jobs = manifest.jobs()
                item = set_data(manifest.job_set(), jobs, with_jobs=False)
                self._this.data["recovered"][-1]["job_set"] = item
        self._this.exit_code = max(self._this.exit_code, _outcome(jobs))
        if self._told:
            what = (
                f"{plural(record.total_circuits, 'circuit')} in {plural(record.total_jobs, 'job')}"
            )
            message(f"'{item['name']}' ({item['id']}): {what}, {item['state']}; recovered.")

    def _say_here(self, set_id: str) -> None:
        from ..render.console import message

        entry = {"id": set_id, "new": False, "job_set": None, "missing_jobs": [], "duplicates": []}
        self._this.data["recovered"].append(entry)
        if self._told:
            message(f"The set {set_id} is here already.")


def _outcome(jobs: Sequence[JobRecord]) -> ExitCode:
    """Return how recovering a set has ended: what could be done of an unfinished one is done."""
    code = outcome(jobs)
    return ExitCode.DONE if code is ExitCode.UNFINISHED else code
