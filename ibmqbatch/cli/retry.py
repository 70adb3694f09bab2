"""`ibmqbatch retry`: run failed jobs again, as new attempts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import typer

from ..jobset.catalog import find_set
from ..jobset.retry import given_after_all, jobs_to_retry, lacks_results, sendable
from ..jobset.view import set_data
from ..manifest.records import JobRecord, JobStatus
from ..manifest.store import Manifest
from ..manifest.wants import want_retry
from . import _options
from ._lifecycle import Verb, verb, working
from .resume import go_on


def command(
    job_set: _options.JobSet,
    job: _options.Jobs = None,
    cancelled: Annotated[bool, typer.Option("--cancelled", help="Cancelled jobs too.")] = False,
    lost: Annotated[
        bool,
        typer.Option(
            "--lost",
            help="Jobs too whose results are lost or overdue, unless the service gives them now.",
        ),
    ] = False,
    wait: _options.Wait = False,
    timeout: _options.Timeout = None,
    json: _options.Json = False,
    quiet: _options.Quiet = False,
    verbose: _options.Verbose = 0,
) -> int:
    """Submit the failed jobs of a set again. The old attempts stay in its history.

    Jobs that somebody has cancelled are run again only when asked for with --cancelled.

    Example: ibmqbatch retry latest --wait
    """
    with verb("retry", json=json, verbose=verbose) as this:
        _options.check_timeout(timeout, waiting=wait)
        with find_set(job_set) as manifest:
            chosen = jobs_to_retry(manifest, job or None, cancelled=cancelled, lost=lost)
            chosen = _still_lacking(this, manifest, chosen, quiet=quiet)
            chosen, unknown = sendable(manifest, chosen, named=bool(job))
            _say_unknown(unknown)
            if not chosen:
                this.data["job_set"] = set_data(manifest.job_set(), manifest.jobs())
                _say_none(manifest.jobs(), cancelled=cancelled, lost=lost)
            else:
                want_retry(manifest, chosen)
                go_on(this, manifest, wait=wait, timeout=timeout, quiet=quiet)
    return this.exit_code


def _still_lacking(
    this: Verb, manifest: Manifest, chosen: list[JobRecord], *, quiet: bool
) -> list[JobRecord]:
    """Leave out jobs whose results come after all."""
    from ..render.console import message
    from ..render.text import listed

    if not any(map(lacks_results, chosen)):
        return chosen
    with working(this, manifest) as work:
        given = [job.index for job in given_after_all(work, chosen)]
    if given and not quiet:
        message(f"The results of {listed('job', given)} have come after all.")
    return [job for job in chosen if job.index not in given]


def _say_unknown(jobs: Sequence[int]) -> None:
    from ..render.console import message
    from ..render.text import listed

    if jobs:
        message(f"The circuits of {listed('job', jobs)} are not known here; the others go on.")


def _say_none(jobs: Sequence[JobRecord], *, cancelled: bool, lost: bool) -> None:
    from ..render.console import message
    from ..render.text import plural

    text = "No job has failed."
    left_out = sum(job.status is JobStatus.CANCELLED for job in jobs)
    if left_out and not cancelled:
        text += f" Cancelled: {plural(left_out, 'job')}; --cancelled runs those again."
    if any(map(lacks_results, jobs)) and not lost:
        text += " Some results are lost or overdue; --lost runs those jobs again."
    message(text)
