"""Options and arguments that several verbs have."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Optional

import typer

from ..errors import UsageError
from .completion import candidates

__all__ = [
    "JobSet",
    "Jobs",
    "Json",
    "NoPager",
    "Output",
    "Quiet",
    "Tags",
    "Timeout",
    "Verbose",
    "Wait",
    "check_idle",
    "check_timeout",
]

JobSet = Annotated[
    str,
    typer.Argument(
        metavar="SET",
        help="A job set: its id, the beginning of one, its name, 'latest', or a file.",
        show_default=False,
        autocompletion=candidates.job_sets,
    ),
]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]
NoPager = Annotated[
    bool,
    typer.Option("--no-pager", help="Do not show what is longer than the screen in a pager."),
]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Print only what a script needs.")]
Verbose = Annotated[
    int,
    typer.Option(
        "--verbose",
        "-v",
        count=True,
        help="On an error, name the log file with the details; -vv: log every request.",
        show_default=False,
    ),
]
Wait = Annotated[bool, typer.Option("--wait", help="Wait until all jobs have ended.")]
Timeout = Annotated[
    Optional[float],  # noqa: UP045 - the parser reads this
    typer.Option(
        "--timeout", metavar="SECONDS", min=0, help="Stop waiting after this time (exit code 124)."
    ),
]
Tags = Annotated[
    Optional[list[str]],  # noqa: UP045
    typer.Option(
        "--tag",
        metavar="TAG",
        help="A tag of the set (repeatable).",
        autocompletion=candidates.tags,
    ),
]
Jobs = Annotated[
    Optional[list[int]],  # noqa: UP045
    typer.Option(
        "--job",
        metavar="I",
        help="Only this job, by its index (repeatable).",
        autocompletion=candidates.jobs,
    ),
]
Output = Annotated[
    Optional[Path],  # noqa: UP045
    typer.Option("--output", "-o", metavar="FILE", help="Write to a file, whole or not at all."),
]


def check_timeout(timeout: float | None, *, waiting: bool, waits: str = "--wait") -> None:
    """Raise UsageError for a time-out where nothing is waited for; `waits` is what would wait."""
    if timeout is not None and not waiting:
        raise UsageError(f"--timeout is for {waits}.", f"Add {waits}, or leave --timeout out.")


def check_idle(beside: str, options: Mapping[str, object]) -> None:
    """Raise UsageError for options, with their values, that mean nothing `beside` something else.

    An option is given unless its value is None, False or an empty list.
    """
    idle = [
        name
        for name, value in options.items()
        if value is not None and value is not False and value != []
    ]
    if idle:
        verb = "mean" if len(idle) > 1 else "means"
        raise UsageError(
            f"{', '.join(idle)} {verb} nothing beside {beside}.", "Leave one or the other out."
        )
