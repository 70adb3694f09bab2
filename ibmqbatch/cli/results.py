"""`ibmqbatch results`: the counts of a set's circuits, once fetched from disk for ever."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Optional

import typer

from ..errors import UsageError
from ..exitcodes import ExitCode
from ..jobset.catalog import find_set
from ..jobset.errors import NotFinished
from ..jobset.view import job_data, result_data, set_data
from ..service.errors import ServiceError
from . import options
from .verb import Verb, outcome, verb, working

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from ..manifest.store import Manifest

_MOST, _MOST_OF_FEW = 8, 64  # outcomes that are drawn of each circuit
_FORMATS = ("table", "json", "ndjson", "csv")


def command(
    job_set: options.JobSet,
    circuit: Annotated[
        Optional[list[str]],  # noqa: UP045
        typer.Option(
            "--circuit", metavar="NAME|INDEX", help="Only this circuit; may be given again."
        ),
    ] = None,
    form: Annotated[
        str, typer.Option("--format", metavar="FORMAT", help=f"One of {', '.join(_FORMATS)}.")
    ] = "table",
    output: options.Output = None,
    partial: Annotated[
        bool, typer.Option("--partial", help="Take what is here, though more is to come.")
    ] = False,
    wait: options.Wait = False,
    timeout: options.Timeout = None,
    json: options.Json = False,
    quiet: options.Quiet = False,
    verbose: options.Verbose = False,
) -> int:
    """Show the counts of a set's circuits, in input order.

    Example: ibmqbatch results latest --wait --format csv -o counts.csv
    """
    with verb("results", json=json or form == "json", verbose=verbose) as this:
        if form not in _FORMATS:
            raise UsageError(f"There is no format '{form}'.", f"Use one of {', '.join(_FORMATS)}.")
        if json and form not in {"table", "json"}:
            raise UsageError(f"--json and --format {form} contradict each other.", "Leave one out.")
        if timeout is not None and not wait:
            raise UsageError("--timeout is for --wait.", "Add --wait, or leave it out.")
        this.output = output
        with find_set(job_set) as manifest:
            indexes = _indexes(manifest, circuit)
            try:
                _bring_home(
                    this, manifest, wait=wait, partial=partial, timeout=timeout, quiet=quiet
                )
            except ServiceError as error:
                if not partial:
                    raise
                # What is here is what was asked for.
                from ..render.console import message

                message(error.message)
            _show(this, manifest, indexes, form, output, partial=partial)
    return this.exit_code


def _indexes(manifest: Manifest, wanted: Sequence[str] | None) -> list[int] | None:
    from ..jobset.results import find_circuits

    return find_circuits(manifest.circuits(), wanted) if wanted else None


def _bring_home(
    this: Verb,
    manifest: Manifest,
    *,
    wait: bool,
    partial: bool,
    timeout: float | None,
    quiet: bool,
) -> None:
    """Fetch what the service has; with `wait`, send and follow until nothing is left to do."""
    from ..jobset.results import repair

    if repair(manifest):
        from ..render.console import message

        message("Stored results were damaged; they are fetched again.")
    if manifest.job_set().closed_at is not None or manifest.db.is_copy:
        return
    from ..jobset.advance import follow, is_idle, is_settled, try_advance
    from ..render.progress import ProgressBars, live_view

    if not wait and is_idle(manifest):
        return
    shown = not quiet and not this.json

    def describe() -> dict[str, object]:
        return set_data(manifest.job_set(), manifest.jobs())

    with ProgressBars(enabled=not quiet) as bars, working(this, manifest, bars) as work:
        if not wait:
            try_advance(work, patience=0.0 if partial else 10.0, sending=False)
            return
        bars.stop()
        with live_view(describe, stderr=True, enabled=shown) as show:
            this.clock.set_deadline(timeout)
            follow(work, is_settled, shown=show)


def _show(
    this: Verb,
    manifest: Manifest,
    indexes: list[int] | None,
    form: str,
    path: Path | None,
    *,
    partial: bool,
) -> None:
    from ..jobset.results import missing_jobs, read_results
    from ..render.console import is_terminal, message
    from ..render.output import output
    from ..render.results import show_results, write_results

    jobs = manifest.jobs()
    this.data["job_set"] = set_data(manifest.job_set(), jobs)
    missing = [job for job in missing_jobs(manifest) if _concerned(job, indexes)]
    coming = [job for job in missing if not job.delivered]
    if coming and not partial:
        set_id = manifest.job_set().id
        this.exit_code = (
            outcome(jobs) if outcome(jobs) is not ExitCode.DONE else ExitCode.UNFINISHED
        )
        raise NotFinished(
            f"{len(coming)} of {len(jobs)} jobs have not delivered yet.",
            f"Wait with `ibmqbatch results {set_id} --wait`, or take what is here with --partial.",
        )
    if missing:
        this.exit_code = ExitCode.PARTIAL
        this.data["missing"] = [job_data(job) for job in missing]
    records = (result_data(result) for result in read_results(manifest, indexes))
    if this.json:
        this.data["results"] = list(records)
    elif form == "table" and path is None and is_terminal():
        show_results(records, most=_MOST_OF_FEW if indexes else _MOST)
    else:
        with output(path) as stream:
            write_results(records, form, stream)
    if missing and not this.json:
        for job in missing[:5]:
            reason = f": {job.reason}" if job.reason else ""
            message(
                f"No results of circuits {job.first_circuit} to {job.last_circuit}: "
                f"job {job.index} is {job.status}{reason}"
            )
        if len(missing) > 5:
            message(f"… nor of {len(missing) - 5} more jobs.")


def _concerned(job: object, indexes: list[int] | None) -> bool:
    from ..manifest.records import JobRecord

    assert isinstance(job, JobRecord)
    if indexes is None:
        return True
    return any(job.first_circuit <= index <= job.last_circuit for index in indexes)
