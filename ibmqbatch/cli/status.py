"""`ibmqbatch status`: the sets of this machine, or how one of them stands."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Optional

import typer

from .. import paths
from ..errors import IbmqbatchError, UsageError
from ..exitcodes import ExitCode
from ..jobset.catalog import STATES, check_state, find_set, matches, reference_to, set_paths
from ..jobset.view import event_data, set_data
from ..manifest.store import Manifest
from ..suggestions import close_to, did_you_mean
from . import _options
from ._lifecycle import Verb, outcome, verb
from .completion import candidates

if TYPE_CHECKING:
    from pathlib import Path

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
        typer.Option("--name", metavar="TEXT", help="List sets whose name holds this."),
    ] = None,
    tag: _options.Tags = None,
    state: Annotated[
        Optional[str],  # noqa: UP045
        typer.Option(
            "--state",
            metavar="STATE",
            help=f"List sets of a state: {', '.join(STATES)}.",
            autocompletion=candidates.one_of(*STATES),
        ),
    ] = None,
    limit: Annotated[
        Optional[int],  # noqa: UP045
        typer.Option(
            "--limit",
            metavar="N",
            min=1,
            help=f"List so many sets at most; {_LISTED} unless told otherwise.",
        ),
    ] = None,
    watch: Annotated[
        bool, typer.Option("--watch", help="Show the set until all its jobs have ended.")
    ] = False,
    timeout: _options.Timeout = None,
    events: Annotated[bool, typer.Option("--events", help="Show the set's history.")] = False,
    usage: Annotated[
        bool,
        typer.Option(
            "--usage", help="Ask what jobs have used, and when they ran: one request a job."
        ),
    ] = False,
    exit_status: Annotated[
        bool,
        typer.Option(
            "--exit-status",
            help="Tell by the exit code: 0 done, 3 failed, 5 not finished, 9 unsure.",
        ),
    ] = False,
    json: _options.Json = False,
    verbose: _options.Verbose = 0,
) -> int:
    """Show the recent job sets, or the jobs of one.

    Example: ibmqbatch status latest --watch
    """
    with verb("status", json=json, verbose=verbose) as this:
        if job_set is None:
            if watch or events or usage or exit_status or timeout is not None:
                raise UsageError("No job set is named.", "Name one, for instance `latest`.")
            _list(this, name, tag or [], state, limit or _LISTED)
        else:
            choosing = {"--name": name, "--tag": tag, "--state": state, "--limit": limit}
            _options.check_idle("a SET", choosing)
            _options.check_timeout(timeout, waiting=watch, waits="--watch")
            with find_set(job_set) as manifest:
                _show(this, manifest, watch=watch, timeout=timeout, events=events, usage=usage)
                if exit_status and this.exit_code is ExitCode.DONE:
                    this.exit_code = outcome(manifest.jobs())
    return this.exit_code


def _list(this: Verb, name: str | None, tags: list[str], state: str | None, limit: int) -> None:
    """List sets from disk alone. A file that cannot be read costs its own line only."""
    from ..render.console import is_terminal, message
    from ..render.tables import show_sets

    check_state(state)
    found: list[dict[str, Any]] = []
    known: dict[str, None] = {}  # the tags that sets have
    more = False
    for path in set_paths():
        if len(found) == limit:
            more = True
            break
        item = _described(this, path)
        known |= dict.fromkeys(item["tags"] if item else ())
        if item is not None and matches(item, name, tags, state):
            found.append(item)
    this.data["job_sets"] = found
    if this.json:
        return
    if found:
        show_sets(found)
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


def _described(this: Verb, path: Path) -> dict[str, Any] | None:
    try:
        with Manifest.open(path) as manifest:
            return set_data(manifest.job_set(), manifest.jobs(), with_jobs=False, path=path)
    except IbmqbatchError as error:
        this.problems += error.problems
        return None


def _show(
    this: Verb,
    manifest: Manifest,
    *,
    watch: bool,
    timeout: float | None,
    events: bool,
    usage: bool,
) -> None:
    from ..render.tables import show_events, show_job_set, show_usage

    def describe() -> dict[str, Any]:
        return set_data(manifest.job_set(), manifest.jobs(), path=manifest.path, usage=usage)

    try:
        if manifest.job_set().closed_at is None and not manifest.db.is_copy:
            _refresh(this, manifest, describe, watch=watch, timeout=timeout)
        if usage and not manifest.db.is_copy:
            _measure(this, manifest)
    except IbmqbatchError as error:
        # What is known is worth showing all the same.
        this.fail(error)
    this.data["job_set"] = describe()
    if events:
        this.data["events"] = [event_data(event) for event in manifest.events()]
    if this.json:
        return
    if events:
        show_events(this.data["events"])
    else:
        show_job_set(this.data["job_set"])
    if usage:
        show_usage(this.data["job_set"])
    if not events:
        _tell_unsent(manifest)


def _measure(this: Verb, manifest: Manifest) -> None:
    """Ask what the jobs that have ended have used, as far as that is not known."""
    from ..jobset.usage import fetch_metrics
    from ._lifecycle import working

    with working(this, manifest) as work:
        fetch_metrics(work)


def _tell_unsent(manifest: Manifest) -> None:
    """Say how jobs get sent that nobody is sending at present."""
    from ..render.console import message
    from ..render.text import plural

    unsent = sum(job.unsent for job in manifest.jobs())
    if not unsent or manifest.db.is_copy:
        return
    record = manifest.job_set()
    if record.copied_at is not None:
        message(
            f"{plural(unsent, 'job')} not sent yet, and this copy sends none until "
            f"`ibmqbatch resume {reference_to(manifest)} --take-over`."
        )
        return
    lock = manifest.lock()
    if lock.acquire(blocking=False):
        lock.release()
        message(f"{plural(unsent, 'job')} not sent yet; `ibmqbatch resume {record.id}` sends.")


def _refresh(
    this: Verb,
    manifest: Manifest,
    describe: Any,
    *,
    watch: bool,
    timeout: float | None,
) -> None:
    """Ask the service once, or until all has ended. Nothing is sent or fetched by looking."""
    from ..jobset.advance import follow, try_advance
    from ..jobset.standing import is_idle, is_over
    from ..render.console import message
    from ..render.progress import live_view
    from ._lifecycle import working

    if is_idle(manifest):
        if watch and not is_over(manifest):
            set_id = manifest.job_set().id
            message(f"Jobs wait to be sent; `ibmqbatch resume {set_id}` sends them.")
        if not watch:
            return
    with working(this, manifest) as work:
        if not watch:
            try_advance(work, sending=False, fetching=False)
            return
        with live_view(describe, stderr=False, enabled=not this.json) as show:
            show()
            this.clock.set_deadline(timeout)
            follow(work, is_over, sending=False, fetching=False, shown=show)
