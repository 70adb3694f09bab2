"""`ibmqbatch forget`: remove sets from this machine's disk."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable
from typing import TYPE_CHECKING, Annotated

import typer

from ..errors import UsageError
from ..jobset.catalog import find_path
from ..jobset.errors import NotFinished
from ..render.console import is_terminal, message, write_line
from ..render.text import plural, size_text
from . import _options
from ._lifecycle import Context, can_ask, confirm, running
from .completion import candidates

if TYPE_CHECKING:
    from ..jobset.forget import Candidate


def command(
    job_sets: Annotated[
        list[str],
        typer.Argument(
            metavar="SET...",
            help="Job sets: ids, beginnings of them, names, or 'latest'.",
            show_default=False,
            autocompletion=candidates.job_sets,
        ),
    ],
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    unfinished: Annotated[
        bool,
        typer.Option("--unfinished", help="Also delete sets with jobs or results still to come."),
    ] = False,
    json: _options.Json = False,
    verbose: _options.Verbose = 0,
) -> int:
    """Delete sets, with all their circuits and results, from this machine's disk.

    Nothing is cancelled or deleted on the service: jobs that run there keep running.

    Example: ibmqbatch forget 20261120-7f3k9q2 --yes
    """
    from ..jobset.forget import clear_away, consider, forget

    with running("forget", json=json, verbose=verbose) as context, contextlib.ExitStack() as locks:
        context.data["forgotten"] = []
        # All are looked at before the first is removed: a slip in the last one costs nothing.
        chosen = []
        for path in dict.fromkeys(find_path(reference) for reference in job_sets):
            chosen.append(consider(path))
            locks.callback(chosen[-1].lock.release)
        _check_finished(chosen, allowed=unfinished)
        if not yes:
            _check_asking()
        clear_away()
        for candidate in chosen:
            if yes or _agreed(candidate):
                forget(candidate)
                _report(context, candidate)
            else:
                message(f"Kept {candidate.id}.")
    return context.exit_code


def _check_finished(candidates: Iterable[Candidate], *, allowed: bool) -> None:
    for candidate in candidates:
        if candidate.losses and not allowed:
            raise NotFinished(
                f"The set {candidate.id} is not finished: {candidate.losses}. "
                "Nothing is forgotten.",
                f"`ibmqbatch results {candidate.id} --wait` brings it to its end, `cancel` ends "
                "its jobs; --unfinished forgets it as it is.",
            )


def _check_asking() -> None:
    if not can_ask():
        raise UsageError(
            "There is no terminal to ask at, and --yes is not given.",
            "Add --yes to delete without asking.",
        )


def _agreed(candidate: Candidate) -> bool:
    """Ask whether to forget a set."""
    losses = f" {candidate.losses[0].upper()}{candidate.losses[1:]}." if candidate.losses else ""
    return confirm(f"Forget {_description(candidate)}?{losses}")


def _description(candidate: Candidate) -> str:
    size = size_text(candidate.disk_bytes)
    if candidate.record is None:
        return f"{candidate.id}: {size}"
    return (
        f"'{candidate.record.name}' ({candidate.id}): {plural(len(candidate.jobs), 'job')}, "
        f"{size}, results of {plural(candidate.circuits_with_results, 'circuit')}"
    )


def _report(context: Context, candidate: Candidate) -> None:
    context.data["forgotten"].append(
        {
            "id": candidate.id,
            "name": candidate.record.name if candidate.record else None,
            "disk_bytes": candidate.disk_bytes,
            "lost": candidate.losses,
        }
    )
    if context.json:
        return
    if not is_terminal():
        write_line(candidate.id)
    message(f"Forgot {_description(candidate)}.")
    if candidate.losses:
        message(f"What was not finished: {candidate.losses}.")
