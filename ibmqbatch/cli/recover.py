"""`ibmqbatch recover`: sets made of what the service has."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Optional

import typer

from ..errors import IbmqbatchError, StorageError, UsageError
from ..exitcodes import ExitCode
from ..jobset.documents import job_data, set_data
from ..jobset.errors import Interrupted, NoSuchSet
from ..jobset.expectation_values import find_observed
from ..jobset.recovery.rebuild import Rebuilt, rebuild_set
from ..jobset.tags import MAX_NAME, check_name, check_tags
from ..manifest.files import manifest_path
from ..manifest.ids import is_set_id
from ..manifest.manifest import Manifest
from ..render.console import is_terminal, message, write_line
from ..render.text import first_of, listed, plural, span_text
from ..suggestions import with_suggestion
from . import _options
from ._lifecycle import Context, outcome, running
from .completion import candidates

if TYPE_CHECKING:
    from ..manifest.records import JobRecord
    from ..service.client import Client
    from ..service.models import RemoteJob

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
            help="A job that another program has sent, by its id (repeatable).",
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
    with running("recover", json=json, verbose=verbose, quiet=quiet) as context:
        if sum((set_id is not None, bool(job), tag is not None, everything)) != 1:
            raise UsageError(
                "It is not clear what to recover.",
                "Name a set, or jobs with --job; or give --tag or --all.",
            )
        if not job and name is not None:
            raise UsageError(
                "Sets have names already.", "Leave --name out; `retag --name` renames them."
            )
        context.data["recovered"] = []
        new_name = None if name is None else check_name(name)
        tags = check_tags([] if tag is None else [tag])
        with _Recovery.begin(context, account) as recovery:
            if set_id is not None:
                recovery.recover_set(set_id)
            elif job:
                recovery.recover_jobs(job, new_name)
            else:
                recovery.recover_found(tags[0] if tags else None)
    return context.exit_code


class _Recovery:
    """One run. What is recovered is reported at once, and stays whatever happens to the rest."""

    def __init__(self, context: Context, client: Client) -> None:
        self._context = context
        self._client = client

    @classmethod
    @contextlib.contextmanager
    def begin(cls, context: Context, account: str | None) -> Iterator[_Recovery]:
        """Connect to the account's service for the block."""
        from ..jobset.job_set import connected

        with connected(account, context.clock) as client, context.interruptible(_ADVICE):
            yield cls(context, client)

    def recover_set(self, set_id: str) -> None:
        """Recover one set; one that is here already is only updated."""
        path = self._rebuild(set_id, None)
        if path is None:
            self._report_here(set_id)
            path = manifest_path(set_id)
        self._describe(path)

    def recover_jobs(self, jobs: list[str], name: str | None) -> None:
        """Make one set of jobs that another program has sent."""
        from ..jobset.recovery.adopt import recover_jobs

        context = self._context
        path = recover_jobs(self._client, jobs, name, context.clock, context.bars.progress)
        self._note(Rebuilt(path))
        self._describe(path)

    def _describe(self, path: Path) -> None:
        """Name the one set that was asked for, update it, and report all of it."""
        from ..jobset.job_set import JobSet

        context = self._context
        context.bars.clear()
        with context.opened(JobSet(path)) as job_set:
            record = job_set.record()
            if not context.json:
                terse = context.quiet or not is_terminal()
                write_line(record.id if terse else f"Job set {record.id}")
            try:
                job_set.refresh(fetching=not record.private, patience=0.0)
            finally:
                context.data["job_set"] = job_set.describe()
            context.exit_code = _outcome(job_set.jobs)
        if self._context.talkative:
            message(
                f"{plural(record.total_jobs, 'job')}, {plural(record.total_circuits, 'circuit')}. "
                f"Next: ibmqbatch results {record.id}"
            )

    def recover_found(self, tag: str | None) -> None:
        """Recover all sets that are not here, or those with a tag; report what failed at the end.

        Jobs with the tag that another program has sent become a set for each backend.
        """
        from ..jobset.recovery.adopt import recover_listed
        from ..jobset.recovery.discover import discover

        context = self._context
        found = discover(self._client, context.clock, tag, context.bars.progress)
        for set_id in found.here:
            self._report_here(set_id)
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
        for done, (set_id, jobs) in enumerate(found.sets.items()):
            context.bars.progress("recovering", done, total)
            with self._going_on(f"The set {set_id}"):
                path = self._rebuild(set_id, jobs)
                if path is None:
                    self._report_here(set_id)
                else:
                    self._bring_home(path)
        for done, (backend, jobs) in enumerate(found.others.items(), len(found.sets)):
            context.bars.progress("recovering", done, total)
            with self._going_on(f"What ran on {backend}"):
                name = f"tagged {tag}"[:MAX_NAME]
                path = recover_listed(
                    self._client,
                    jobs,
                    name,
                    context.clock,
                    context.bars.progress,
                    problems=context.problems,
                )
                if path is not None:
                    self._note(Rebuilt(path))
                    self._bring_home(path)
        context.bars.progress("recovering", total, total)
        context.bars.clear()
        if context.problems and (found.here or context.data["recovered"]):
            context.exit_code = ExitCode.PARTIAL
        elif context.problems and context.exit_code is ExitCode.DONE:
            context.exit_code = ExitCode.ERROR
        if self._context.talkative and not total:
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
            self._context.fail(error)
        except IbmqbatchError as error:
            self._context.fail(error)

    def _rebuild(self, set_id: str, listed: list[RemoteJob] | None) -> Path | None:
        """Write a set's file, and tell what is missing of it; None where it is here already."""
        if is_set_id(set_id) and manifest_path(set_id).exists():
            return None
        try:
            context = self._context
            made = rebuild_set(self._client, set_id, context.clock, context.bars.progress, listed)
        except StorageError:
            if manifest_path(set_id).exists():
                return None  # another process was faster
            raise
        self._note(made)
        return made.path

    def _note(self, made: Rebuilt) -> None:
        """Report a set that is new here, and what of it is missing or duplicated."""
        holes = made.holes
        with Manifest.open(made.path) as manifest:
            jobs = manifest.jobs()
            item = set_data(manifest.job_set(), jobs, with_jobs=False)
            twice = [event for event in manifest.events() if event.kind == "duplicate"]
            _, unobserved = find_observed(manifest.measured())
        self._context.data["recovered"].append(
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
            spans = [
                span_text("circuit", job.first_circuit, job.last_circuit, job.total_circuits)
                for job in missing
            ]
            message(
                f"Warning: the service has no {listed('job', holes)} of the set {item['id']} "
                f"({first_of(spans)}); what else there is can be used."
            )
        if made.nameless:
            message(
                f"Warning: no Qiskit here reads {plural(made.nameless, 'circuit')} of the set "
                f"{item['id']}: the values of their parameters have no names."
            )
        if made.untold:
            message(
                f"Warning: {plural(made.untold, 'circuit')} of the set {item['id']} do not tell "
                "where they stood among the others: they fill the places that are left."
            )
        if unobserved:
            message(
                f"Warning: not all observables of {plural(len(unobserved), 'circuit')} of the set "
                f"{item['id']} are known any more ({first_of(unobserved)}): there are their counts."
            )
        for event in twice:
            message(f"Warning: {event.detail}.")

    def _bring_home(self, path: Path) -> None:
        """Update one of many sets, and report it in one line."""
        from ..jobset.job_set import JobSet

        context = self._context
        session = JobSet(path).session(
            context.clock,
            context.bars,
            lambda _: contextlib.nullcontext(),
            lambda _: self._client,
        )
        with session as job_set:
            record = job_set.record()
            if not is_terminal() and not self._context.json:
                write_line(record.id)
            try:
                job_set.refresh(fetching=not record.private, patience=0.0)
            finally:
                item = job_set.describe(with_jobs=False)
                self._context.data["recovered"][-1]["job_set"] = item
            jobs = job_set.jobs
        self._context.exit_code = max(self._context.exit_code, _outcome(jobs))
        if self._context.talkative:
            what = (
                f"{plural(record.total_circuits, 'circuit')} in {plural(record.total_jobs, 'job')}"
            )
            message(f"'{item['name']}' ({item['id']}): {what}, {item['state']}; recovered.")

    def _report_here(self, set_id: str) -> None:

        entry = {"id": set_id, "new": False, "job_set": None, "missing_jobs": [], "duplicates": []}
        self._context.data["recovered"].append(entry)
        if self._context.talkative:
            message(f"The set {set_id} is here already.")


def _outcome(jobs: Sequence[JobRecord]) -> ExitCode:
    """Return how recovering a set has ended: what could be done of an unfinished one is done."""
    code = outcome(jobs)
    return ExitCode.DONE if code is ExitCode.UNFINISHED else code
