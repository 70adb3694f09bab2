"""`ibmqbatch export`: one set as one file, to be kept or taken elsewhere."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Optional

import typer

from ..render.console import is_terminal, message, write_line
from ..render.text import size_text
from . import _options
from ._lifecycle import running


def command(
    job_set: _options.JobSet,
    output: Annotated[
        Optional[Path],  # noqa: UP045
        typer.Option(
            "--output", "-o", metavar="FILE", help="The file, or its folder; else ID.sqlite here."
        ),
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Overwrite an existing file.")] = False,
    json: _options.Json = False,
    verbose: _options.Verbose = 0,
) -> int:
    """Copy a set, with all its circuits and results, into one file. Nothing is moved or changed.

    `status` and `results` read such a file as it is; `import` brings it into a data folder. A copy
    sends no jobs until it takes over.

    Example: ibmqbatch export latest -o calibration.sqlite
    """
    with running("export", json=json, verbose=verbose) as context, context.opened(job_set) as found:
        target = found.export(Path() if output is None else output, overwrite=force)
        size = target.stat().st_size
        context.data["job_set"] = found.describe(disk=True)
        context.data["exported"] = {"file": str(target), "bytes": size}
        if not json:
            if is_terminal():
                message(f"Exported '{found.name}' ({found.id}), {size_text(size)}, to")
            write_line(str(target))
    return context.exit_code
