"""`ibmqbatch export`: one set as one file, to be kept or taken elsewhere."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Optional

import typer

from .. import paths
from ..errors import UsageError
from ..jobset.catalog import find_set
from ..jobset.view import set_data
from ..manifest.store import SUFFIX
from . import _options
from ._lifecycle import verb


def command(
    job_set: _options.JobSet,
    output: Annotated[
        Optional[Path],  # noqa: UP045
        typer.Option(
            "--output", "-o", metavar="FILE", help="The file, or its folder; else ID.sqlite here."
        ),
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace a file that is there.")] = False,
    json: _options.Json = False,
    verbose: _options.Verbose = 0,
) -> int:
    """Copy a set, with all its circuits and results, into one file. Nothing is moved or changed.

    `status` and `results` read such a file as it is; `import` brings it into a data folder. A copy
    sends no jobs until it takes over.

    Example: ibmqbatch export latest -o calibration.sqlite
    """
    from ..manifest.copies import export_copy
    from ..render.console import is_terminal, message, write_line
    from ..render.text import size_text

    with verb("export", json=json, verbose=verbose) as this, find_set(job_set) as manifest:
        record = manifest.job_set()
        target = _target(output, record.id, force=force)
        export_copy(manifest, target)
        size = target.stat().st_size
        this.data["job_set"] = set_data(record, manifest.jobs(), path=manifest.path)
        this.data["exported"] = {"file": str(target), "bytes": size}
        if not json:
            if is_terminal():
                message(f"Exported '{record.name}' ({record.id}), {size_text(size)}, to")
            write_line(str(target))
    return this.exit_code


def _target(output: Path | None, set_id: str, *, force: bool) -> Path:
    """Return the file to write; raises UsageError for one that should not be."""
    target = Path(f"{set_id}{SUFFIX}") if output is None else output
    try:
        is_folder = output is not None and output.is_dir()
    except OSError as error:
        raise UsageError(
            f"There cannot be a file {output}: {error.strerror or error}.", "Name another."
        ) from error
    if output is not None and is_folder:
        target = output / f"{set_id}{SUFFIX}"
    elif target.suffix != SUFFIX:
        raise UsageError(
            f"The name '{target}' does not end in {SUFFIX}, by which verbs know a set's file.",
            f"Name it {target}{SUFFIX}.",
        )
    target = target.resolve()  # a link stays a link; what it points to is written
    if target.parent == paths.sets().resolve():
        raise UsageError(
            f"{target.parent} is where ibmqbatch keeps its own files.", "Name another folder."
        )
    if not target.parent.is_dir():
        raise UsageError(f"There is no folder {target.parent}.", "Make it first.")
    if target.exists() and not target.is_file():
        raise UsageError(f"{target} is no plain file.", "Name another.")
    if target.exists() and not force:
        raise UsageError(f"{target} exists already.", "Name another file, or add --force.")
    return target
