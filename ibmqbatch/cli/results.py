"""`ibmqbatch results`: the counts of a set's circuits, once fetched from disk for ever."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Optional

import typer

from ..errors import UsageError
from ..exitcodes import ExitCode
from ..jobset.catalog import find_set
from ..jobset.documents import job_data, result_data, set_data, shot_arrays
from ..jobset.errors import NotFinished
from ..service.errors import ServiceError
from ..suggestions import with_suggestion
from . import candidates, options
from .verb import Verb, outcome, verb, working

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ..jobset.results import CircuitResult
    from ..manifest.manifest import Manifest
    from ..manifest.records import JobRecord

_MOST, _MOST_OF_FEW = 8, 64  # outcomes that are drawn of each circuit
_FORMATS = ("table", "json", "ndjson", "csv", "npz")


def command(
    job_set: options.JobSet,
    circuit: Annotated[
        Optional[list[str]],  # noqa: UP045
        typer.Option(
            "--circuit",
            metavar="NAME|INDEX",
            help="This circuit alone, or those, given again.",
            autocompletion=candidates.circuits,
        ),
    ] = None,
    form: Annotated[
        str,
        typer.Option(
            "--format",
            metavar="FORMAT",
            help=f"One of {', '.join(_FORMATS)}; npz goes to a file.",
            autocompletion=candidates.one_of(*_FORMATS),
        ),
    ] = "table",
    output: options.Output = None,
    memory: Annotated[
        bool, typer.Option("--memory", help="Give the outcome of every shot, in their order.")
    ] = False,
    register: Annotated[
        Optional[list[str]],  # noqa: UP045
        typer.Option(
            "--register",
            metavar="NAME",
            help="The bits of this classical register alone, or those, given again.",
        ),
    ] = None,
    raw: Annotated[
        Optional[Path],  # noqa: UP045
        typer.Option(
            "--raw",
            metavar="FOLDER",
            help="Write the service's own answers into this folder, a file a job.",
        ),
    ] = None,
    refresh: Annotated[
        bool,
        typer.Option("--refresh", help="Ask the service again, also for results that are lost."),
    ] = False,
    partial: Annotated[
        bool, typer.Option("--partial", help="Give what is here, even if more is to come.")
    ] = False,
    wait: options.Wait = False,
    timeout: options.Timeout = None,
    json: options.Json = False,
    quiet: options.Quiet = False,
    verbose: options.Verbose = 0,
) -> int:
    """Show the counts of a set's circuits, in input order.

    Example: ibmqbatch results latest --wait --format csv -o counts.csv
    """
    with verb("results", json=json or form == "json", verbose=verbose) as this:
        if form not in _FORMATS:
            hint = f"Use one of {', '.join(_FORMATS)}."
            raise UsageError(f"There is no format '{form}'.", with_suggestion(hint, form, _FORMATS))
        if json and form not in {"table", "json"}:
            raise UsageError(f"--json and --format {form} contradict each other.", "Leave one out.")
        options.check_timeout(timeout, waiting=wait)
        if raw is not None and (output, form, memory, register) != (None, "table", False, None):
            raise UsageError(
                "--raw writes whole answers, as they came.", "Leave the other options out."
            )
        wanted = _Wanted(form=form, path=output, memory=memory, registers=register, raw=raw)
        wanted.check()
        this.output = output
        with find_set(job_set) as manifest:
            indexes = _indexes(manifest, circuit)
            try:
                if refresh:
                    _ask_again(this, manifest, indexes, quiet=quiet)
                _bring_home(
                    this, manifest, wait=wait, partial=partial, timeout=timeout, quiet=quiet
                )
            except ServiceError as error:
                if not partial:
                    raise
                # What is here is what was asked for.
                from ..render.console import message

                message(error.message)
            _show(this, manifest, indexes, wanted, partial=partial)
    return this.exit_code


@dataclass(frozen=True, slots=True, kw_only=True)
class _Wanted:
    """In which form results are wanted, and where."""

    form: str
    path: Path | None
    memory: bool
    registers: list[str] | None
    raw: Path | None

    def check(self) -> None:
        """Refuse what cannot be had before any work is done."""
        from ..render.console import is_terminal

        if self.form == "npz" and self.path is None and is_terminal():
            raise UsageError("npz is no text for a terminal.", "Name a file with -o.")
        if self.form == "npz" and self.memory:
            raise UsageError("npz holds every shot in any case.", "Leave --memory out.")


def _indexes(manifest: Manifest, wanted: Sequence[str] | None) -> list[int] | None:
    from ..jobset.results import find_circuits

    return find_circuits(manifest.circuits(), wanted) if wanted else None


def _ask_again(this: Verb, manifest: Manifest, indexes: list[int] | None, *, quiet: bool) -> None:
    """Ask for results whatever is known of them; what is here stays where nothing comes."""
    from ..jobset.advance import ask_again
    from ..render.console import listed, message
    from ..render.progress import ProgressBars

    wanted = [job.index for job in manifest.jobs() if _concerned(job, indexes)]
    with ProgressBars(enabled=not quiet) as bars, working(this, manifest, bars) as work:
        left = ask_again(work, wanted)
    if left and not quiet:
        message(f"The service gives no results of {listed('job', [job.index for job in left])}.")


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
    from ..jobset.advance import follow, try_advance
    from ..manifest.snapshot import Snapshot
    from ..render.progress import ProgressBars, live_view

    if not wait and manifest.snapshot().is_idle():
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
            follow(work, Snapshot.is_settled, at_least_once=True, shown=show)


def _write(this: Verb, manifest: Manifest, indexes: list[int] | None, wanted: _Wanted) -> None:
    """Write results as they are wanted: the document's, a drawing, lines or arrays."""
    from ..jobset.results import check_registers, read_results
    from ..render.console import is_terminal
    from ..render.output import binary_output, output
    from ..render.results import show_results, write_results

    if wanted.registers:
        check_registers(manifest, indexes, wanted.registers)
    found = _noted(this, manifest, read_results(manifest, indexes, wanted.registers), wanted.form)
    records = (result_data(result, memory=wanted.memory) for result in found)
    if this.json:
        this.data["results"] = list(records)
    elif wanted.form == "npz":
        from ..render.results import write_arrays

        with binary_output(wanted.path) as file:
            write_arrays(shot_arrays(found), file)
    elif wanted.form == "table" and wanted.path is None and not wanted.memory and is_terminal():
        show_results(records, most=_MOST_OF_FEW if indexes else _MOST)
    else:
        chosen = None if indexes is None else set(indexes)
        columns = dict.fromkeys(
            key
            for circuit in manifest.circuits()
            if chosen is None or circuit.index in chosen
            for key in circuit.metadata
        )
        with output(wanted.path) as stream:
            write_results(records, wanted.form, stream, columns=list(columns), memory=wanted.memory)


def _noted(
    this: Verb, manifest: Manifest, results: Iterator[CircuitResult], form: str
) -> Iterator[CircuitResult]:
    """Pass results on; say in the end how to get at those that are no bits."""
    from ..jobset.catalog import reference_to
    from ..render.console import message

    unclassified = False
    for result in results:
        unclassified |= bool(result.outcomes.levels)
        yield result
    if unclassified and form != "npz":
        message(
            "What was measured was not classified into bits, and has no counts; "
            f"`ibmqbatch {this.command} {reference_to(manifest.path)} --format npz -o FILE.npz` "
            "writes "
            "it as complex numbers."
        )


def _write_raw(
    manifest: Manifest, indexes: list[int] | None, folder: Path
) -> list[dict[str, object]]:
    """Write each job's answer as it came; return which job's is in which file."""
    from ..jobset.results import raw_bodies
    from ..render.console import message, plural
    from ..render.output import binary_output, ensure_output_folder

    ensure_output_folder(folder)
    width = len(str(manifest.job_set().total_jobs - 1))
    written: list[dict[str, object]] = []
    for job, body in raw_bodies(manifest):
        if _concerned(job, indexes):
            path = folder / f"job-{job.index:0{width}}.json"
            with binary_output(path) as file:
                file.write(body)
            written.append({"job": job.index, "path": str(path)})
    message(f"{plural(len(written), 'answer')} in {folder}.")
    return written


def _show(
    this: Verb,
    manifest: Manifest,
    indexes: list[int] | None,
    wanted: _Wanted,
    *,
    partial: bool,
) -> None:
    jobs = manifest.jobs()
    this.data["job_set"] = set_data(manifest.job_set(), jobs)
    missing = [job for job in manifest.snapshot().missing if _concerned(job, indexes)]
    coming = [job for job in missing if not job.delivered]
    if coming and not partial:
        set_id = manifest.job_set().id
        this.exit_code = (
            outcome(jobs) if outcome(jobs) is not ExitCode.DONE else ExitCode.UNFINISHED
        )
        from ..render.console import plural

        raise NotFinished(
            f"Not delivered yet: {len(coming)} of {plural(len(jobs), 'job')}.",
            f"Wait with `ibmqbatch results {set_id} --wait`, or take what is here with --partial.",
        )
    if missing:
        this.exit_code = ExitCode.PARTIAL
        this.data["missing"] = [job_data(job) for job in missing]
    if wanted.raw is not None:
        this.data["raw"] = _write_raw(manifest, indexes, wanted.raw)
    else:
        _write(this, manifest, indexes, wanted)
    if not this.json:
        _tell_missing(missing)


def _tell_missing(missing: Sequence[JobRecord]) -> None:
    """Say what there are no results of, and why: once for jobs that are alike."""
    from ..render.console import message, span_text, status_word
    from ..render.reasons import reason_lines

    def why(job: JobRecord) -> str:
        return status_word(str(job.status)).lower() + (f": {job.reason}" if job.reason else "")

    if len(missing) == 1:
        (job,) = missing
        circuits = span_text("circuit", job.first_circuit, job.last_circuit)
        message(f"No results of {circuits}: job {job.index} is {why(job)}")
        return
    lines = reason_lines((job.index, why(job)) for job in missing)
    if lines:
        message("There are no results of some jobs.")
    for line in lines:
        message(f"  {line}")


def _concerned(job: JobRecord, indexes: list[int] | None) -> bool:
    if indexes is None:
        return True
    return any(job.first_circuit <= index <= job.last_circuit for index in indexes)
