"""`ibmqbatch report`: sets as one file to look at, with pictures of what they gave."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Optional

import typer

from ..render.console import is_terminal, message, write_line
from ..render.text import plural, size_text
from . import _options
from ._lifecycle import running
from .completion import candidates


def command(
    job_sets: Annotated[
        list[str],
        typer.Argument(
            metavar="SET...",
            help="Job sets: their ids, names, 'latest', or files.",
            show_default=False,
            autocompletion=candidates.job_sets,
        ),
    ],
    output: Annotated[
        Optional[Path],  # noqa: UP045 - the parser reads this
        typer.Option("--output", "-o", metavar="FILE", help="The file; else ID.html here."),
    ] = None,
    json: _options.Json = False,
    verbose: _options.Verbose = 0,
) -> int:
    """Write sets as one HTML file: what ran and when, histograms, sweeps, the device's errors.

    The file is complete, and needs no network. Nobody is asked: it tells what is known here.

    Example: ibmqbatch report latest -o report.html
    """
    with running("report", json=json, verbose=verbose) as context:
        from ..jobset.job_set import JobSet
        from ..report.page import write_report

        found = [JobSet.find(reference) for reference in job_sets]
        path = output or Path(f"{found[0].id if len(found) == 1 else 'report'}.html")
        size = write_report(found, path)
        context.data["job_sets"] = [job_set.describe(with_jobs=False) for job_set in found]
        context.data["written"] = {"file": str(path), "bytes": size}
        if not json:
            if is_terminal():
                message(f"A report of {plural(len(found), 'job set')}, {size_text(size)}, is in")
            write_line(str(path))
    return context.exit_code
