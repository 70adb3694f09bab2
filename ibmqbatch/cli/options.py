"""Options and arguments that several verbs have."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Optional

import typer

from . import candidates

__all__ = [
    "JobSet",
    "Jobs",
    "Json",
    "Output",
    "Quiet",
    "Tags",
    "Timeout",
    "Verbose",
    "Wait",
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
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Print only what a script needs.")]
Verbose = Annotated[
    int,
    typer.Option(
        "--verbose",
        "-v",
        count=True,
        help="On an error, name the log file that tells more; -vv: log every request.",
        show_default=False,
    ),
]
Wait = Annotated[bool, typer.Option("--wait", help="Wait until all jobs have ended.")]
Timeout = Annotated[
    Optional[float],  # noqa: UP045 - the parser reads this
    typer.Option("--timeout", metavar="SECONDS", min=0, help="Stop waiting then (exit code 124)."),
]
Tags = Annotated[
    Optional[list[str]],  # noqa: UP045
    typer.Option(
        "--tag",
        metavar="TAG",
        help="A tag of the set; may be given again.",
        autocompletion=candidates.tags,
    ),
]
Jobs = Annotated[
    Optional[list[int]],  # noqa: UP045
    typer.Option("--job", metavar="I", help="Only this job, by its index; may be given again."),
]
Output = Annotated[
    Optional[Path],  # noqa: UP045
    typer.Option("--output", "-o", metavar="FILE", help="Write to a file, whole or not at all."),
]
