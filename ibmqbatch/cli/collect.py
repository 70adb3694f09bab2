"""`ibmqbatch collect`: one step of every open set, made for cron; or all there are."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Any, Optional

import typer

from ..errors import IbmqbatchError
from ..jobset.catalog import set_paths
from ..jobset.job_set import JobSet
from ..jobset.together import Connections, Round
from ..render.console import write_line
from ..render.text import clean, counts_text
from . import _options
from ._lifecycle import Context, running
from ._notices import Notify, OnDone, Wanted, wanted_notices
from ._together import wait_for
from .completion import candidates

_STEPS = 4  # at most, of a set that has to be claimed
_ADVICE = "Nothing is lost; `ibmqbatch collect` goes on."


def command(
    job_set: Annotated[
        Optional[list[str]],  # noqa: UP045
        typer.Argument(
            metavar="[SET]...",
            help="Only these sets.",
            show_default=False,
            autocompletion=candidates.job_sets,
        ),
    ] = None,
    wait: Annotated[
        bool, typer.Option("--wait", help="Go on until nothing is left to do of any of them.")
    ] = False,
    timeout: _options.Timeout = None,
    notify: Notify = None,
    on_done: OnDone = None,
    json: _options.Json = False,
    verbose: _options.Verbose = 0,
) -> int:
    """Move every open set one step forward: settle, refresh, send what the pace allows, fetch.

    Prints nothing if nothing has changed; skips sets that another process works on.

    Example, in a crontab: */10 * * * * ibmqbatch collect
    """
    with running("collect", json=json, verbose=verbose, quiet=not wait) as context:
        _options.check_timeout(timeout, waiting=wait)
        context.data["job_sets"] = []
        sets = _chosen(context, job_set, wanted_notices(notify, on_done))
        if wait:
            wait_for(context, sets, timeout)
            return context.exit_code
        with context.interruptible(_ADVICE), Connections(context.clock) as connections:
            for _ in range(_STEPS):
                waits = _step_each(context, connections, sets)
                if not waits:
                    break
                # In this run: the next one may know nothing of what was claimed.
                context.clock.sleep(max(waits.values()))
                sets = list(waits)
    return context.exit_code


def _chosen(context: Context, references: list[str] | None, wanted: Wanted) -> list[JobSet]:
    """Return the open ones of the sets that are named, or else of all, the oldest first.

    Those who want a word are told of the others, if they have not been. One that cannot be found or
    read is reported, and does not keep the others waiting.
    """
    found = []
    for each in references or map(JobSet, reversed(set_paths())):
        try:
            job_set = JobSet.find(each) if isinstance(each, str) else each
            with job_set.open() as manifest:
                is_open = manifest.job_set().closed_at is None
            if is_open:
                wanted.register(job_set)
                found.append(job_set)
            else:
                context.tell(job_set)
        except IbmqbatchError as error:
            context.fail(error)
    return found


def _step_each(
    context: Context, connections: Connections, sets: Iterable[JobSet]
) -> dict[JobSet, float]:
    """Take one step of each set; return for those that had to be claimed when to take another.

    What fails of one is reported, and does not keep the others waiting.
    """
    waits = {}
    sets = list(sets)
    round_ = Round(connections, sets)
    for each in sets:
        if context.clock.interrupted.is_set():
            break
        try:
            with round_.session(each, context.bars) as job_set:
                if (wait := _step(context, job_set)) is not None:
                    waits[each] = wait
                context.tell(job_set)
        except IbmqbatchError as error:
            context.fail(error)
    return waits


def _step(context: Context, job_set: JobSet) -> float | None:
    """Take one step, and report what has changed.

    Return the seconds until another one may help, where the set had to be claimed.
    """
    with job_set.open() as manifest:
        before = manifest.last_event()
        try:
            return job_set.step()
        finally:
            if manifest.last_event() != before:
                item = job_set.describe(with_jobs=False)
                context.data["job_sets"].append(item)
                if not context.json:
                    _report(item)


def _report(item: dict[str, Any]) -> None:
    write_line(f"{item['id']} ({clean(item['name'])}): {counts_text(item['counts'])}")
