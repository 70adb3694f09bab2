"""`ibmqbatch results`: the counts of a set's circuits, once fetched from disk for ever."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Optional

import typer

from ..errors import UsageError
from ..exitcodes import ExitCode
from ..jobset.documents import job_data, result_data, shot_arrays, value_data
from ..jobset.errors import NotFinished
from ..jobset.expectation_values import find_observed
from ..jobset.results import (
    check_registers,
    find_circuits,
    find_runs,
    raw_bodies,
    read_results,
    read_values,
)
from ..render.console import is_terminal, message
from ..render.progress import live_view
from ..render.text import first_of, listed, plural, reason_lines, span_text, status_word
from ..service.errors import ServiceError
from ..suggestions import with_suggestion
from . import _options
from ._lifecycle import Context, running
from .completion import candidates

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from ..jobset.expectation_values import Observed
    from ..jobset.job_set import JobSet
    from ..jobset.results import CircuitResult
    from ..manifest.manifest import Manifest
    from ..manifest.records import CircuitRecord, JobRecord

_MOST, _MOST_OF_FEW = 8, 64  # outcomes that are drawn of each circuit
_FORMATS = ("table", "json", "ndjson", "csv", "parquet", "npz")
_BINARY = ("npz", "parquet")


def command(
    job_set: _options.JobSet,
    circuit: Annotated[
        Optional[list[str]],  # noqa: UP045
        typer.Option(
            "--circuit",
            metavar="NAME|INDEX",
            help="Only this circuit (repeatable).",
            autocompletion=candidates.circuits,
        ),
    ] = None,
    form: Annotated[
        str,
        typer.Option(
            "--format",
            metavar="FORMAT",
            help=f"One of {', '.join(_FORMATS)}; the last two go to a file.",
            autocompletion=candidates.one_of(*_FORMATS),
        ),
    ] = "table",
    output: _options.Output = None,
    memory: Annotated[
        bool, typer.Option("--memory", help="Include the outcome of every shot, in order.")
    ] = False,
    register: Annotated[
        Optional[list[str]],  # noqa: UP045
        typer.Option(
            "--register",
            metavar="NAME",
            help="Only the bits of this classical register (repeatable).",
        ),
    ] = None,
    counts: Annotated[
        bool,
        typer.Option(
            "--counts", help="Show the counts of circuits that were measured for observables."
        ),
    ] = False,
    raw: Annotated[
        Optional[Path],  # noqa: UP045
        typer.Option(
            "--raw",
            metavar="FOLDER",
            help="Write the service's raw results into this folder, one file per job.",
        ),
    ] = None,
    refresh: Annotated[
        bool,
        typer.Option("--refresh", help="Ask the service again, also for results that are lost."),
    ] = False,
    partial: Annotated[
        bool,
        typer.Option("--partial", help="Show the results that are here, even if more are to come."),
    ] = False,
    no_pager: _options.NoPager = False,
    wait: _options.Wait = False,
    timeout: _options.Timeout = None,
    json: _options.Json = False,
    quiet: _options.Quiet = False,
    verbose: _options.Verbose = 0,
) -> int:
    """Show the counts of a set's circuits, or the values of observables, in input order.

    Example: ibmqbatch results latest --wait --format csv -o counts.csv
    """
    with running("results", json=json or form == "json", verbose=verbose, quiet=quiet) as context:
        if form not in _FORMATS:
            hint = f"Use one of {', '.join(_FORMATS)}."
            raise UsageError(f"There is no format '{form}'.", with_suggestion(hint, form, _FORMATS))
        if json and form not in {"table", "json"}:
            raise UsageError(f"--json and --format {form} contradict each other.", "Leave one out.")
        _options.check_timeout(timeout, waiting=wait)
        if raw is not None and (output or form != "table" or memory or register or counts):
            raise UsageError(
                "--raw writes whole answers, as they came.", "Leave the other options out."
            )
        wanted = _Wanted(
            form=form,
            path=output,
            memory=memory,
            registers=register,
            raw=raw,
            counts=counts,
            paged=not no_pager,
        )
        wanted.check()
        context.output = output
        with context.opened(job_set) as found:
            wanted, indexes = _chosen(found, wanted, circuit)
            try:
                if refresh:
                    _ask_again(context, found, indexes)
                if wait:
                    _wait(context, found, timeout)
                else:
                    found.fetch(patience=0.0 if partial else None)
            except ServiceError as error:
                if not partial:
                    raise
                # What is here is what was asked for.
                message(error.message)
            _show(context, found, indexes, wanted, partial=partial)
    return context.exit_code


@dataclass(frozen=True, slots=True, kw_only=True)
class _Wanted:
    """In which form results are wanted, and where.

    Of circuits that are `observed` the values of observables are, of all of their runs or of some,
    by index.
    """

    form: str
    path: Path | None
    memory: bool
    registers: list[str] | None
    raw: Path | None
    counts: bool
    paged: bool
    observed: Sequence[Observed] = ()
    runs: Sequence[int] | None = None

    def check(self) -> None:
        """Refuse what cannot be had before any work is done."""
        if self.form in _BINARY and self.path is None and is_terminal():
            raise UsageError(
                f"{self.form} cannot be written to a terminal.", "Name a file with -o."
            )
        if self.form == "parquet":
            from ..render.parquet import check_parquet

            check_parquet()
        if self.form == "npz" and self.memory:
            raise UsageError("npz holds every shot in any case.", "Leave --memory out.")


def _chosen(
    job_set: JobSet, wanted: _Wanted, circuits: Sequence[str] | None
) -> tuple[_Wanted, list[int] | None]:
    """Return what is wanted of a set, and the circuits that this takes; None for all.

    It is the values of observables where there are any, and nothing that shots alone can tell is
    asked for.
    """
    of_shots = wanted.counts or wanted.memory or wanted.registers or wanted.raw
    if not of_shots and wanted.form != "npz":
        with job_set.open() as manifest:
            observed, lost = find_observed(manifest.measured())
        if lost:
            message(
                f"Warning: the observables of {plural(len(lost), 'circuit')} ({first_of(lost)}) "
                "are lost: not all that was measured for them is known. --counts shows what is."
            )
        if observed:
            runs = find_runs(observed, job_set.circuits, circuits) if circuits else None
            indexes = sorted(number for each in observed for number in each.measured(runs))
            return replace(wanted, observed=observed, runs=runs), indexes
    return wanted, find_circuits(job_set.circuits, circuits) if circuits else None


def _ask_again(context: Context, job_set: JobSet, indexes: list[int] | None) -> None:
    """Ask for results whatever is known of them; what is here stays where nothing comes."""
    left = job_set.refetch(
        [job for job in job_set.jobs if _concerned(job, job_set.circuits, indexes)]
    )
    if left and not context.quiet:
        message(f"The service gives no results of {listed('job', [job.index for job in left])}.")


def _wait(context: Context, job_set: JobSet, timeout: float | None) -> None:
    """Send, follow and fetch until nothing is left to do."""
    job_set.repair()
    if job_set.read_only:
        return
    with live_view(
        lambda: job_set.describe(progress=True),
        stderr=True,
        enabled=context.talkative,
        bars=context.bars,
    ) as show:
        job_set.wait(timeout, progress=lambda *_: show())


def _write(
    context: Context, manifest: Manifest, indexes: list[int] | None, wanted: _Wanted
) -> None:
    """Write counts, shots or values as they are wanted: for the document, drawn, or to a file."""
    from ..render.output import binary_output, output
    from ..render.pager import paged
    from ..render.results import COUNTS, SHOTS, VALUES, show_results, show_values, write_results

    if wanted.registers and not wanted.observed:
        check_registers(manifest, indexes, wanted.registers)
    notes: list[str] = []
    found = _noted(manifest, read_results(manifest, indexes, wanted.registers), notes)
    if wanted.observed:
        layout = VALUES
        _tell_of_counted(manifest, wanted)
        values = read_values(manifest, wanted.observed, wanted.runs)
        records: Iterator[Mapping[str, Any]] = map(value_data, values)
    else:
        layout = SHOTS if wanted.memory else COUNTS
        records = (result_data(result, memory=wanted.memory) for result in found)
    if context.json:
        key = "expectation_values" if wanted.observed else "results"
        context.data[key] = list(records)
    elif wanted.form == "npz":
        from ..render.results import write_arrays

        with binary_output(wanted.path) as file:
            write_arrays(shot_arrays(found), file)
    elif wanted.form == "parquet":
        from ..render.parquet import kinds_of, write_parquet

        kinds = kinds_of(_metadata(manifest, indexes))
        with binary_output(wanted.path) as file:
            write_parquet(records, file, layout, kinds)
    elif wanted.form == "table" and wanted.path is None and not wanted.memory and is_terminal():
        with paged(enabled=wanted.paged):
            if wanted.observed:
                show_values(records)
            else:
                show_results(records, most=_MOST_OF_FEW if indexes else _MOST)
    else:
        keys = dict.fromkeys(key for each in _metadata(manifest, indexes) for key in each)
        with output(wanted.path) as stream:
            write_results(records, wanted.form, stream, layout, metadata=list(keys))
    if wanted.form != "npz":
        for note in notes:
            message(note)


def _metadata(manifest: Manifest, indexes: Sequence[int] | None) -> Iterator[Mapping[str, object]]:
    """Yield the metadata of these circuits, of all for None, in input order."""
    chosen = None if indexes is None else set(indexes)
    for circuit in manifest.circuits():
        if chosen is None or circuit.index in chosen:
            yield circuit.metadata


def _tell_of_counted(manifest: Manifest, wanted: _Wanted) -> None:
    """Say how many circuits have no observables, where only values are shown."""
    measured = sum(len(each.measured()) for each in wanted.observed)
    counted = manifest.job_set().total_circuits - measured
    if counted and wanted.runs is None:
        message(f"{plural(counted, 'circuit')} without observables: --counts shows the counts.")


def _noted(
    manifest: Manifest, results: Iterator[CircuitResult], notes: list[str]
) -> Iterator[CircuitResult]:
    """Pass results on; note in the end how to get at those that are no bits."""
    from ..jobset.catalog import reference_to

    unclassified = False
    for result in results:
        unclassified |= bool(result.outcomes.levels)
        yield result
    if unclassified:
        npz = f"ibmqbatch results {reference_to(manifest.path)} --format npz -o FILE.npz"
        notes.append(
            "What was measured was not classified into bits, and has no counts; "
            f"`{npz}` writes it as complex numbers."
        )


def _write_raw(
    manifest: Manifest, indexes: list[int] | None, folder: Path
) -> list[dict[str, object]]:
    """Write each job's answer as it came; return which job's is in which file."""
    from ..render.output import binary_output, ensure_output_folder

    ensure_output_folder(folder)
    width = len(str(manifest.job_set().total_jobs - 1))
    written: list[dict[str, object]] = []
    circuits = manifest.circuits()
    for job, body in raw_bodies(manifest):
        if _concerned(job, circuits, indexes):
            path = folder / f"job-{job.index:0{width}}.json"
            with binary_output(path) as file:
                file.write(body)
            written.append({"job": job.index, "path": str(path)})
    message(f"{plural(len(written), 'answer')} in {folder}.")
    return written


def _show(
    context: Context,
    job_set: JobSet,
    indexes: list[int] | None,
    wanted: _Wanted,
    *,
    partial: bool,
) -> None:
    context.data["job_set"] = job_set.describe(progress=True)
    missing = [job for job in job_set.missing if _concerned(job, job_set.circuits, indexes)]
    coming = [job for job in missing if not job.delivered]
    if coming and not partial:
        total = context.data["job_set"]["total_jobs"]
        raise NotFinished(
            f"Not delivered yet: {len(coming)} of {plural(total, 'job')}.",
            f"Wait with `ibmqbatch results {job_set.id} --wait`, "
            "or take what is here with --partial.",
        )
    if missing:
        context.exit_code = ExitCode.PARTIAL
        context.data["missing"] = [job_data(job) for job in missing]
    with job_set.open() as manifest:
        if wanted.raw is not None:
            context.data["raw"] = _write_raw(manifest, indexes, wanted.raw)
        else:
            _write(context, manifest, indexes, wanted)
    if missing and not context.json:
        _report_missing(missing)


def _report_missing(missing: Sequence[JobRecord]) -> None:
    """Report which results are missing, and why: once for jobs that are alike."""

    def why(job: JobRecord) -> str:
        return status_word(str(job.status)).lower() + (f": {job.reason}" if job.reason else "")

    if len(missing) == 1:
        (job,) = missing
        circuits = span_text("circuit", job.first_circuit, job.last_circuit, job.total_circuits)
        message(f"No results of {circuits}: job {job.index} is {why(job)}")
        return
    lines = reason_lines((job.index, why(job)) for job in missing)
    if lines:
        message("There are no results of some jobs.")
    for line in lines:
        message(f"  {line}")


def _concerned(
    job: JobRecord, circuits: Sequence[CircuitRecord], indexes: list[int] | None
) -> bool:
    if indexes is None:
        return True
    return any(job.holds(circuits[index]) for index in indexes)
