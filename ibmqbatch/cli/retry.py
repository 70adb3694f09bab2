"""`ibmqbatch retry`: run failed jobs again, as new attempts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import typer

from ..jobset.catalog import find_set
from ..jobset.selection import jobs_to_retry
from ..jobset.view import set_data
from ..manifest.records import JobRecord, JobStatus
from ..manifest.wants import want_retry
from . import options
from .resume import go_on
from .verb import verb


def command(
    job_set: options.JobSet,
    job: options.Jobs = None,
    cancelled: Annotated[bool, typer.Option("--cancelled", help="Cancelled jobs too.")] = False,
    lost: Annotated[
        bool, typer.Option("--lost", help="Jobs too that ran and whose results are lost.")
    ] = False,
    wait: options.Wait = False,
    timeout: options.Timeout = None,
    json: options.Json = False,
    quiet: options.Quiet = False,
    verbose: options.Verbose = 0,
) -> int:
    """Submit the failed jobs of a set again. The old attempts stay in its history.

    Jobs that somebody has cancelled are run again only when asked for with --cancelled.

    Example: ibmqbatch retry latest --wait
    """
    with verb("retry", json=json, verbose=verbose) as this:
        options.check_timeout(timeout, waiting=wait)
        with find_set(job_set) as manifest:
            chosen, unknown = jobs_to_retry(manifest, job or None, cancelled=cancelled, lost=lost)
            _say_unknown(unknown)
            if not chosen:
                this.data["job_set"] = set_data(manifest.job_set(), manifest.jobs())
                _say_none(manifest.jobs(), cancelled=cancelled, lost=lost)
            else:
                want_retry(manifest, chosen)
                go_on(this, manifest, wait=wait, timeout=timeout, quiet=quiet)
    return this.exit_code


def _say_unknown(jobs: Sequence[int]) -> None:
    from ..render.console import listed, message

    if jobs:
        message(f"The circuits of {listed('job', jobs)} are not known here; the others go on.")


def _say_none(jobs: Sequence[JobRecord], *, cancelled: bool, lost: bool) -> None:
    from ..render.console import message, plural

    text = "No job has failed."
    left_out = sum(job.status is JobStatus.CANCELLED for job in jobs)
    if left_out and not cancelled:
        text += f" Cancelled: {plural(left_out, 'job')}; --cancelled runs those again."
    if any(job.lost for job in jobs) and not lost:
        text += " Some results are lost; --lost runs those jobs again."
    message(text)
