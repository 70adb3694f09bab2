"""`ibmqbatch resume`: go on with a set, whatever stopped it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from ..exitcodes import ExitCode
from ..jobset.catalog import find_set
from ..jobset.view import set_data
from ..manifest import wants
from ..manifest.records import JobStatus
from . import _options
from ._lifecycle import Verb, outcome, verb, working

if TYPE_CHECKING:
    from ..manifest.store import Manifest

__all__ = ["command", "go_on"]

_REASONS = 3  # that are told at once


def command(
    job_set: _options.JobSet,
    wait: _options.Wait = False,
    timeout: _options.Timeout = None,
    take_over: Annotated[
        bool,
        typer.Option("--take-over", help="Go on from this copy of a set: the others are not used."),
    ] = False,
    json: _options.Json = False,
    quiet: _options.Quiet = False,
    verbose: _options.Verbose = 0,
) -> int:
    """Settle what is unsure and send what was not sent yet. Nothing is sent twice.

    Example: ibmqbatch resume latest --wait
    """
    with verb("resume", json=json, verbose=verbose) as this:
        _options.check_timeout(timeout, waiting=wait)
        with find_set(job_set) as manifest:
            if take_over:
                wants.take_over(manifest)
            go_on(this, manifest, wait=wait, timeout=timeout, quiet=quiet, take_over=take_over)
    return this.exit_code


def go_on(
    this: Verb,
    manifest: Manifest,
    *,
    wait: bool,
    timeout: float | None,
    quiet: bool,
    take_over: bool = False,
) -> None:
    """Advance a set until everything is sent, or, with `wait`, until nothing is left to do."""
    from ..jobset.advance import follow
    from ..jobset.standing import check_held, is_sent, is_settled
    from ..render.console import message
    from ..render.progress import ProgressBars, live_view
    from ..render.text import counts_text, plural, reason_lines

    def describe() -> dict[str, object]:
        return set_data(manifest.job_set(), manifest.jobs())

    shown = not quiet and not this.json
    this.clock.set_deadline(timeout)
    try:
        if manifest.job_set().closed_at is None:
            with ProgressBars(enabled=not quiet) as bars, working(this, manifest, bars) as work:
                work.taking_over = take_over
                follow(work, is_sent, persistent=wait, at_least_once=True)
                if wait:
                    bars.stop()
                    with live_view(describe, stderr=True, enabled=shown) as show:
                        show()
                        follow(work, is_settled, shown=show)
    finally:
        this.data["job_set"] = describe()
    jobs = manifest.jobs()
    this.exit_code = outcome(jobs)
    if this.exit_code is ExitCode.UNFINISHED and not wait:
        # All is sent, which was the task; unless something has failed already.
        failed = any(job.status is JobStatus.ERROR for job in jobs)
        this.exit_code = ExitCode.PARTIAL if failed else ExitCode.DONE
    if shown:
        item = this.data["job_set"]
        message(
            f"{plural(item['total_circuits'], 'circuit')} in {plural(item['total_jobs'], 'job')}: "
            f"{counts_text(item['counts'])}."
        )
        reasons = reason_lines((job.index, job.reason) for job in jobs if job.status.final)
        for line in reasons[:_REASONS]:
            message(line)
        if len(reasons) > _REASONS:
            message(f"{plural(len(reasons) - _REASONS, 'other reason')}: see `ibmqbatch logs`.")
        if any(job.status is JobStatus.ERROR for job in jobs):
            message(f"`ibmqbatch retry {item['id']}` runs failed jobs again.")
    check_held(manifest)
