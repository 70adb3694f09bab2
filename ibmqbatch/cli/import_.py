"""`ibmqbatch import`: bring exported sets into this machine's data folder."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from ..errors import IbmqbatchError
from ..exitcodes import ExitCode
from ..jobset.documents import set_data
from ..manifest.errors import DamagedManifest, ForeignManifest, NewerManifest
from ..manifest.manifest import Manifest
from ..render.console import is_terminal, message, write_line
from ..render.text import plural, size_text
from . import _options
from ._lifecycle import Context, running


def command(
    files: Annotated[
        list[Path],
        typer.Argument(
            metavar="FILE...", help="Files that `ibmqbatch export` made.", show_default=False
        ),
    ],
    take_over: Annotated[
        bool,
        typer.Option(
            "--take-over", help="Send unsent jobs from here, not from where the set was copied."
        ),
    ] = False,
    json: _options.Json = False,
    verbose: _options.Verbose = 0,
) -> int:
    """Verify exported sets and bring them into the data folder, under their ids.

    What is on the service is followed, fetched, cancelled and retagged from here at once. Jobs that
    are not sent yet stay so until --take-over, here or with `resume`: they may be sent from where
    the set was copied.

    Example: ibmqbatch import calibration.sqlite
    """
    with running("import", json=json, verbose=verbose, things="file") as context:
        context.data["imported"] = []
        for file in files:
            try:
                _import(context, file, take_over=take_over)
            except (DamagedManifest, ForeignManifest, NewerManifest) as error:
                # Here the file is the input; one that is bad does not keep the others waiting.
                context.fail(error, ExitCode.USAGE)
            except IbmqbatchError as error:
                context.fail(error)
    return context.exit_code


def _import(context: Context, file: Path, *, take_over: bool) -> None:
    from ..jobset.once import restore
    from ..manifest.transfer import import_copy

    path, new = import_copy(file, keep_mark=not take_over)
    with Manifest.open(path) as manifest:
        if take_over:
            manifest.wants.take_over()
        key = manifest.job_set().once_key
        if key is not None:
            restore(key, path.stem)
        item = set_data(manifest.job_set(), manifest.jobs(), with_jobs=False, path=path)
        context.data["imported"].append({"file": str(file), "new": new, "job_set": item})
        if not context.json:
            _report(manifest, item, new=new)


def _report(manifest: Manifest, item: dict[str, Any], *, new: bool) -> None:

    what = f"{plural(item['total_circuits'], 'circuit')} in {plural(item['total_jobs'], 'job')}"
    if not is_terminal():
        write_line(item["id"])
    size = size_text(item["disk_bytes"])
    message(
        f"'{item['name']}' ({item['id']}): {what}, {size}, {item['state']}; "
        + ("imported." if new else "already here.")
    )
    unsent = sum(job.unsent for job in manifest.jobs())
    if unsent and item["copied_at"] is not None:
        message(
            f"{plural(unsent, 'job')} not sent yet, and this copy sends none until "
            f"`ibmqbatch resume {item['id']} --take-over`."
        )
