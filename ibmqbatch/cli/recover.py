"""`ibmqbatch recover`: a set made of what the service has."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Optional

import typer

from ..errors import UsageError
from ..exitcodes import ExitCode
from ..jobset.tags import check_name
from ..jobset.view import set_data
from ..manifest.draft import is_set_id
from ..manifest.store import Manifest
from . import candidates, options
from .verb import Verb, outcome, verb, working

_MOST_NAMED = 10


def command(
    set_id: Annotated[
        Optional[str],  # noqa: UP045
        typer.Argument(
            metavar="[ID]", help="The id of a job set that is not here.", show_default=False
        ),
    ] = None,
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
    json: options.Json = False,
    quiet: options.Quiet = False,
    verbose: options.Verbose = 0,
) -> int:
    """Rebuild a set from the service alone, or make one of jobs that another program has sent.

    Example: ibmqbatch recover 20261121-d4pkn6p
    """
    with verb("recover", json=json, verbose=verbose) as this:
        if (set_id is None) == (not job):
            raise UsageError(
                "One set is recovered, or a set is made of jobs.", "Name a set, or jobs with --job."
            )
        if set_id is not None and name is not None:
            raise UsageError(
                "The set has a name already.", "Leave --name out; `retag --name` renames it."
            )
        path = _make(this, set_id, job or [], name, account, quiet=quiet)
        with Manifest.open(path) as manifest:
            _bring_home(this, manifest, quiet=quiet)
    return this.exit_code


def _make(
    this: Verb,
    set_id: str | None,
    jobs: list[str],
    name: str | None,
    account: str | None,
    *,
    quiet: bool,
) -> Path:
    """Write the set's file, and return where it is."""
    from ..jobset.once import manifest_path
    from ..jobset.rebuild import rebuild_set
    from ..jobset.recover import recover_jobs
    from ..render.console import message
    from ..render.progress import ProgressBars
    from ..service.accounts import find_account
    from ..service.client import Client

    new_name = None if name is None else check_name(name)
    if set_id is not None and is_set_id(set_id) and (path := manifest_path(set_id)).exists():
        message(f"The set {set_id} is here already.")
        return path
    with Client(find_account(account), this.clock) as client:
        if set_id is None:
            return recover_jobs(client, jobs, new_name, this.clock)
        with ProgressBars(enabled=not quiet) as bars:
            path, holes = rebuild_set(client, set_id, this.clock, bars.progress)
    if holes:
        named = ", ".join(map(str, holes[:_MOST_NAMED]))
        more = ", …" if len(holes) > _MOST_NAMED else ""
        message(f"Warning: the service has no jobs {named}{more} of this set.")
    return path


def _bring_home(this: Verb, manifest: Manifest, *, quiet: bool) -> None:
    """Name the set, ask how it stands, and fetch what is done."""
    from ..jobset.advance import try_advance
    from ..render.console import is_terminal, message, plural, write_line

    set_id = manifest.job_set().id
    if not this.json:
        write_line(set_id if quiet or not is_terminal() else f"Job set {set_id}")
    try:
        with working(this, manifest) as work:
            try_advance(work, sending=False)
    finally:
        record, jobs = manifest.job_set(), manifest.jobs()
        this.data["job_set"] = set_data(record, jobs)
    this.exit_code = outcome(jobs)
    if this.exit_code is ExitCode.UNFINISHED:
        # What could be done is done.
        this.exit_code = ExitCode.DONE
    if not quiet and not this.json:
        message(
            f"{plural(record.total_jobs, 'job')}, {plural(record.total_circuits, 'circuit')}. "
            f"Next: ibmqbatch results {set_id}"
        )
