"""`ibmqbatch recover`: a set made of jobs that are on the service already."""

from __future__ import annotations

from typing import Annotated, Optional

import typer

from ..errors import UsageError
from ..jobset.tags import check_name
from ..jobset.view import set_data
from ..manifest.store import Manifest
from . import candidates, options
from .verb import outcome, verb, working


def command(
    job: Annotated[
        Optional[list[str]],  # noqa: UP045
        typer.Option(
            "--job", metavar="ID", help="A job of the service, by its id; may be given again."
        ),
    ] = None,
    name: Annotated[
        Optional[str],  # noqa: UP045
        typer.Option("--name", metavar="NAME", help="A name for the set."),
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
    """Make a set of jobs that another program has sent, and bring their results home.

    Example: ibmqbatch recover --job d2r8239olshc73bmt49g
    """
    from ..jobset.advance import try_advance
    from ..jobset.recover import recover_jobs
    from ..render.console import is_terminal, message, plural, write_line
    from ..service.accounts import find_account
    from ..service.client import Client

    with verb("recover", json=json, verbose=verbose) as this:
        if not job:
            raise UsageError("No job is named.", "Name one with --job.")
        new_name = None if name is None else check_name(name)
        with Client(find_account(account), this.clock) as client:
            path = recover_jobs(client, job, new_name)
        with Manifest.open(path) as manifest:
            set_id = manifest.job_set().id
            if not json:
                write_line(set_id if quiet or not is_terminal() else f"Job set {set_id}")
            try:
                with working(this, manifest) as work:
                    try_advance(work, sending=False)
            finally:
                record, jobs = manifest.job_set(), manifest.jobs()
                this.data["job_set"] = set_data(record, jobs)
            this.exit_code = outcome(jobs)
            if not quiet and not json:
                message(
                    f"{plural(record.total_jobs, 'job')}, "
                    f"{plural(record.total_circuits, 'circuit')}. "
                    f"Next: ibmqbatch results {set_id}"
                )
    return this.exit_code
