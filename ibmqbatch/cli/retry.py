"""`ibmqbatch retry`: run failed jobs again, as new attempts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import typer

from ..jobset.retry import lacks_results
from ..manifest.records import JobRecord, JobStatus
from ..render.console import message
from ..render.text import plural
from . import _options
from ._lifecycle import running


def command(
    job_set: _options.JobSet,
    job: _options.Jobs = None,
    cancelled: Annotated[
        bool, typer.Option("--cancelled", help="Also retry cancelled jobs.")
    ] = False,
    lost: Annotated[
        bool,
        typer.Option(
            "--lost",
            help="Also retry jobs whose results are lost or overdue, unless they come now.",
        ),
    ] = False,
    wait: _options.Wait = False,
    timeout: _options.Timeout = None,
    json: _options.Json = False,
    quiet: _options.Quiet = False,
    verbose: _options.Verbose = 0,
) -> int:
    """Submit the failed jobs of a set again. The old attempts stay in its history.

    Cancelled jobs are run again only with --cancelled.

    Example: ibmqbatch retry latest --wait
    """
    with running("retry", json=json, verbose=verbose, quiet=quiet) as context:
        _options.check_timeout(timeout, waiting=wait)
        with context.opened(job_set) as found:
            if found.want_retry(job or None, cancelled=cancelled, lost=lost):
                context.move_on(found, wait=wait, timeout=timeout)
            else:
                context.data["job_set"] = found.describe()
                _report_none(found.jobs, cancelled=cancelled, lost=lost)
    return context.exit_code


def _report_none(jobs: Sequence[JobRecord], *, cancelled: bool, lost: bool) -> None:

    text = "No job has failed."
    left_out = sum(job.status is JobStatus.CANCELLED for job in jobs)
    if left_out and not cancelled:
        text += f" Cancelled: {plural(left_out, 'job')}; --cancelled runs those again."
    if any(map(lacks_results, jobs)) and not lost:
        text += " Some results are lost or overdue; --lost runs those jobs again."
    message(text)
