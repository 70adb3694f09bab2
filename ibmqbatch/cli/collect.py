"""`ibmqbatch collect`: one step of every open set; made for cron."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Annotated, Any, Optional

import typer

from ..errors import IbmqbatchError
from ..exitcodes import ExitCode
from ..jobset.catalog import find_set, open_sets
from ..jobset.errors import Interrupted
from ..jobset.view import set_data
from ..manifest.store import Manifest
from . import _options
from ._lifecycle import Verb, verb, working
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
    json: _options.Json = False,
    verbose: _options.Verbose = 0,
) -> int:
    """Move every open set one step forward: settle, refresh, send what the pace allows, fetch.

    Says nothing when nothing has changed; leaves out a set that another process works on.

    Example, in a crontab: */10 * * * * ibmqbatch collect
    """
    with verb("collect", json=json, verbose=verbose) as this:
        this.data["job_sets"] = []
        sets = _named(this, job_set) if job_set else open_sets(this.problems)
        for _ in range(_STEPS):
            waits = _step_each(this, sets)
            if not waits:
                break
            # In this run: the next one may know nothing of what was claimed.
            this.clock.sleep(max(waits.values()))
            sets = _named(this, list(waits))
        if this.problems and this.exit_code is ExitCode.DONE:
            this.exit_code = ExitCode.ERROR
    return this.exit_code


def _named(this: Verb, references: Sequence[str]) -> Iterator[Manifest]:
    """Open the sets that are named; one that cannot be does not keep the others waiting."""
    for reference in references:
        try:
            manifest = find_set(reference)
        except IbmqbatchError as error:
            this.fail(error)
            continue
        yield manifest


def _step_each(this: Verb, sets: Iterator[Manifest]) -> dict[str, float]:
    """Take one step of each set; return for those that had to be claimed when to take another."""
    waits = {}
    for manifest in sets:
        with manifest:
            if (wait := _step(this, manifest)) is not None:
                waits[manifest.job_set().id] = wait
    return waits


def _step(this: Verb, manifest: Manifest) -> float | None:
    """Take one step. What fails here is told, and does not keep the other sets waiting.

    Return the seconds until another one may help, where the set had to be claimed.
    """
    from ..jobset.advance import try_advance

    if manifest.job_set().closed_at is not None:
        return None
    wait = None
    before = manifest.last_event()
    try:
        with working(this, manifest) as work:
            step = try_advance(work)
            if step is not None and work.claim is not None:
                wait = step.wait
    except Interrupted:
        raise
    except IbmqbatchError as error:
        this.fail(error)
    if manifest.last_event() == before:
        return wait
    item = set_data(manifest.job_set(), manifest.jobs(), with_jobs=False)
    this.data["job_sets"].append(item)
    if not this.json:
        _tell(item)
    return wait


def _tell(item: dict[str, Any]) -> None:
    from ..render.console import write_line
    from ..render.text import clean, counts_text

    write_line(f"{item['id']} ({clean(item['name'])}): {counts_text(item['counts'])}")
