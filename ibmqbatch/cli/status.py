"""`ibmqbatch status`: the sets of this machine, or how one of them stands."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Optional

import typer

from .. import paths
from ..errors import IbmqbatchError, UsageError
from ..exitcodes import ExitCode
from ..jobset.catalog import STATES, check_state, matches, set_paths
from ..jobset.documents import event_data, summary_data
from ..manifest.manifest import Manifest
from ..render.console import is_terminal, message
from ..render.progress import live_view
from ..render.text import plural
from ..suggestions import close_to, did_you_mean
from . import _options
from ._lifecycle import Context, outcome, running
from .completion import candidates

if TYPE_CHECKING:
    from pathlib import Path

    from ..jobset.job_set import JobSet

_LISTED = 20  # sets


def command(
    job_set: Annotated[
        Optional[str],  # noqa: UP045
        typer.Argument(
            metavar="[SET]",
            help="A job set: its id, the beginning of one, its name, 'latest', or a file.",
            show_default=False,
            autocompletion=candidates.job_sets,
        ),
    ] = None,
    name: Annotated[
        Optional[str],  # noqa: UP045
        typer.Option("--name", metavar="TEXT", help="List sets whose name contains this."),
    ] = None,
    tag: Annotated[
        Optional[list[str]],  # noqa: UP045
        typer.Option(
            "--tag",
            metavar="TAG",
            help="List sets with this tag (repeatable: with all of them).",
            autocompletion=candidates.tags,
        ),
    ] = None,
    state: Annotated[
        Optional[str],  # noqa: UP045
        typer.Option(
            "--state",
            metavar="STATE",
            help=f"List sets in this state: {', '.join(STATES)}.",
            autocompletion=candidates.one_of(*STATES),
        ),
    ] = None,
    limit: Annotated[
        Optional[int],  # noqa: UP045
        typer.Option(
            "--limit",
            metavar="N",
            min=1,
            help=f"Maximum number of sets to list; default: {_LISTED}.",
        ),
    ] = None,
    watch: Annotated[
        bool, typer.Option("--watch", help="Keep showing the set until all its jobs have ended.")
    ] = False,
    timeout: _options.Timeout = None,
    events: Annotated[bool, typer.Option("--events", help="Show the set's history.")] = False,
    usage: Annotated[
        bool,
        typer.Option(
            "--usage", help="Ask for the usage and run times of jobs: one request per job."
        ),
    ] = False,
    exit_status: Annotated[
        bool,
        typer.Option(
            "--exit-status",
            help="Report the state by the exit code: 0 done, 3 failed, 5 not finished, 9 unsure.",
        ),
    ] = False,
    json: _options.Json = False,
    verbose: _options.Verbose = 0,
) -> int:
    """Show the recent job sets, or the jobs of one.

    Example: ibmqbatch status latest --watch
    """
    with running("status", json=json, verbose=verbose) as context:
        if job_set is None:
            if watch or events or usage or exit_status or timeout is not None:
                raise UsageError("No job set is named.", "Name one, for instance `latest`.")
            _list(context, name, tag or [], state, limit or _LISTED)
        else:
            choosing = {"--name": name, "--tag": tag, "--state": state, "--limit": limit}
            _options.check_idle("a SET", choosing)
            _options.check_timeout(timeout, waiting=watch, waits="--watch")
            with context.opened(job_set) as found:
                _show(context, found, watch=watch, timeout=timeout, events=events, usage=usage)
                if exit_status and context.exit_code is ExitCode.DONE:
                    context.exit_code = outcome(found.jobs)
    return context.exit_code


def _list(
    context: Context, name: str | None, tags: list[str], state: str | None, limit: int
) -> None:
    """List sets from disk alone. A file that cannot be read costs its own line only."""
    from ..render.tables import show_sets

    check_state(state)
    found: list[dict[str, Any]] = []
    known: dict[str, None] = {}  # the tags that sets have
    more = False
    for path in set_paths():
        if len(found) == limit:
            more = True
            break
        item = _described(context, path)
        known |= dict.fromkeys(item["tags"] if item else ())
        if item is not None and matches(item, name, tags, state):
            found.append(item)
    context.data["job_sets"] = found
    if context.json:
        return
    if found:
        show_sets(found)
    elif not set_paths():
        message("There are no job sets yet; `ibmqbatch submit` makes one.")
    else:
        message(f"No such job sets in {paths.sets()}.")
        for tag in tags:
            if tag not in known:
                question = did_you_mean(f"'{name}'" for name in close_to(tag, known))
                message(f"No set has the tag '{tag}'. {question}".rstrip())
    if more:
        message(f"Not all sets are listed; --limit {10 * limit} lists more.")
    if is_terminal() and any(item["closed_at"] is None for item in found):
        message("Open sets are shown as last seen; `collect` and `status SET` ask the service.")


def _described(context: Context, path: Path) -> dict[str, Any] | None:
    try:
        with Manifest.open(path) as manifest:
            return summary_data(manifest.job_set(), manifest.kinds_of_jobs(), path)
    except IbmqbatchError as error:
        context.problems += error.problems
        return None


def _show(
    context: Context,
    job_set: JobSet,
    *,
    watch: bool,
    timeout: float | None,
    events: bool,
    usage: bool,
) -> None:
    from ..render.tables import show_events, show_job_set, show_usage

    try:
        if not watch:
            job_set.refresh()
        elif not job_set.read_only:
            _watch(context, job_set, timeout)
        if usage:
            job_set.fetch_usage()
    except IbmqbatchError as error:
        # What is known is worth showing all the same.
        context.fail(error)
    item = context.data["job_set"] = job_set.describe(usage=usage, disk=True, progress=True)
    if events:
        context.data["events"] = [event_data(event) for event in job_set.events()]
    if context.json:
        return
    if events:
        show_events(context.data["events"])
    else:
        show_job_set(item)
    if usage:
        show_usage(item)
    if not events:
        _report_unsent(job_set)


def _watch(context: Context, job_set: JobSet, timeout: float | None) -> None:
    """Keep showing the set until all its jobs have ended. Nothing is sent or fetched by looking."""
    _report_unsent(job_set)
    with live_view(
        lambda: job_set.describe(disk=True, progress=True), stderr=False, enabled=not context.json
    ) as show:
        show()
        job_set.watch(timeout, shown=show)


def _report_unsent(job_set: JobSet) -> None:
    """Report unsent jobs that no process is sending, and how to send them."""
    unsent = sum(job.unsent for job in job_set.jobs)
    if not unsent or job_set.read_only:
        return
    if job_set.record().copied_at is not None:
        message(
            f"{plural(unsent, 'job')} not sent yet, and this copy sends none until "
            f"`ibmqbatch resume {job_set.reference} --take-over`."
        )
    elif not job_set.held:
        message(f"{plural(unsent, 'job')} not sent yet; `ibmqbatch resume {job_set.id}` sends.")
