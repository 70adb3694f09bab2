"""`ibmqbatch collect`: one step of every open set; made for cron."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Annotated, Any, Optional

import typer

from ..errors import IbmqbatchError
from ..exitcodes import ExitCode
from ..jobset.catalog import find_set, open_sets
from ..jobset.errors import Interrupted
from ..jobset.view import set_data
from ..manifest.store import Manifest
from . import candidates, options
from .verb import Verb, verb, working

_LOOKS = 3  # at the service's listing, at most, for a set that had to be claimed


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
    json: options.Json = False,
    verbose: options.Verbose = 0,
) -> int:
    """Move every open set one step forward: settle, refresh, send what the pace allows, fetch.

    Says nothing when nothing has changed; leaves out a set that another process works on.

    Example, in a crontab: */10 * * * * ibmqbatch collect
    """
    with verb("collect", json=json, verbose=verbose) as this:
        this.data["job_sets"] = []
        claimed = []
        for manifest in _named(this, job_set) if job_set else open_sets(this.problems):
            with manifest:
                if (wait := _step(this, manifest)) is not None:
                    claimed.append((manifest.path, wait))
        for _ in range(_LOOKS):
            if claimed:
                this.clock.sleep(max(wait for _, wait in claimed))
                claimed = _go_on(this, claimed)
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


def _go_on(this: Verb, claimed: Sequence[tuple[Path, float]]) -> list[tuple[Path, float]]:
    """Take another step of sets that had to be claimed; return those that still have to be.

    In this run: the next one may know nothing of it.
    """
    left = []
    for path, _ in claimed:
        with Manifest.open(path) as manifest:
            if (wait := _step(this, manifest)) is not None:
                left.append((path, wait))
    return left


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
    from ..render.console import clean, counts_text, write_line

    write_line(f"{item['id']} ({clean(item['name'])}): {counts_text(item['counts'])}")
