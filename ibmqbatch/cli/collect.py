"""`ibmqbatch collect`: one step of every open set; made for cron."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Any, Optional

import typer

from ..errors import IbmqbatchError
from ..jobset.catalog import set_paths
from ..jobset.errors import Interrupted
from ..jobset.job_set import JobSet
from ..render.console import write_line
from ..render.text import clean, counts_text
from . import _options
from ._lifecycle import Context, running
from ._notices import Notify, OnDone, Wanted, wanted_notices
from .completion import candidates

_STEPS = 4  # at most, of a set that has to be claimed


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
    notify: Notify = None,
    on_done: OnDone = None,
    json: _options.Json = False,
    verbose: _options.Verbose = 0,
) -> int:
    """Move every open set one step forward: settle, refresh, send what the pace allows, fetch.

    Prints nothing if nothing has changed; skips sets that another process works on.

    Example, in a crontab: */10 * * * * ibmqbatch collect
    """
    with running("collect", json=json, verbose=verbose) as context:
        context.data["job_sets"] = []
        wanted = wanted_notices(notify, on_done)
        sets: Iterable[str | JobSet] = job_set or map(JobSet, reversed(set_paths()))
        for _ in range(_STEPS):
            waits = _step_each(context, sets, wanted)
            if not waits:
                break
            # In this run: the next one may know nothing of what was claimed.
            context.clock.sleep(max(waits.values()))
            sets = list(waits)
    return context.exit_code


def _step_each(context: Context, sets: Iterable[str | JobSet], wanted: Wanted) -> dict[str, float]:
    """Take one step of each set; return for those that had to be claimed when to take another.

    What fails of one is reported, and does not keep the others waiting.
    """
    waits = {}
    for each in sets:
        try:
            with context.opened(each) as job_set:
                if (wait := _step(context, job_set, wanted)) is not None:
                    waits[job_set.id] = wait
        except Interrupted:
            raise
        except IbmqbatchError as error:
            context.fail(error)
    return waits


def _step(context: Context, job_set: JobSet, wanted: Wanted) -> float | None:
    """Take one step, and report what has changed.

    Return the seconds until another one may help, where the set had to be claimed.
    """
    with job_set.open() as manifest:
        if manifest.job_set().closed_at is not None:
            return None
        wanted.register(job_set)
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
