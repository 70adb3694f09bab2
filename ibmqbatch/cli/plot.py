"""`ibmqbatch plot`: one picture of a set, in a file for a paper, or on the terminal."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Optional

import typer

from ..errors import UsageError
from ..jobset.documents import result_data
from ..jobset.results import find_circuits, read_results
from ..render.console import message, write_line
from ..render.text import first_of
from ..suggestions import with_suggestion
from . import _options
from ._lifecycle import running
from .completion import candidates

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from ..jobset.job_set import JobSet
    from ..report.gather import Report
    from ..report.sweeps import Sweep

_PICTURES = ("counts", "sweep", "jobs", "device")
_FORMS = ("png", "svg", "pdf")
_MOST = 12  # circuits whose counts are in a picture


@dataclass(frozen=True, slots=True)
class _Wanted:
    """What is to be drawn of a set, as the options say it."""

    job_set: JobSet
    report: Report
    picture: str
    circuit: Sequence[str] | None
    quantity: str | None
    against: Sequence[str] | None


def command(
    job_set: _options.JobSet,
    picture: Annotated[
        Optional[str],  # noqa: UP045 - the parser reads this
        typer.Option(
            "--picture",
            metavar="PICTURE",
            help=f"One of {', '.join(_PICTURES)}; else a sweep if there is one, else counts.",
            autocompletion=candidates.one_of(*_PICTURES),
        ),
    ] = None,
    circuit: Annotated[
        Optional[list[str]],  # noqa: UP045
        typer.Option(
            "--circuit",
            metavar="NAME|INDEX",
            help="Draw the counts of this circuit (repeatable).",
            autocompletion=candidates.circuits,
        ),
    ] = None,
    quantity: Annotated[
        Optional[str],  # noqa: UP045
        typer.Option(
            "--quantity",
            metavar="NAME",
            help="Of a sweep: an outcome, a bit such as c[0], 'parity', or an observable.",
        ),
    ] = None,
    against: Annotated[
        Optional[list[str]],  # noqa: UP045
        typer.Option(
            "--against",
            metavar="PARAMETER",
            help="Of a sweep: the parameter of the axis; twice for a heat map.",
        ),
    ] = None,
    output: Annotated[
        Optional[Path],  # noqa: UP045
        typer.Option(
            "--output", "-o", metavar="FILE", help="A .png, .svg or .pdf; else the terminal."
        ),
    ] = None,
    json: _options.Json = False,
    verbose: _options.Verbose = 0,
) -> int:
    """Draw counts, a sweep, the jobs in time, or the device's map, for a paper or the terminal.

    Example: ibmqbatch plot latest --against theta -o rabi.pdf
    """
    with running("plot", json=json, verbose=verbose) as context:
        from ..jobset.job_set import JobSet
        from ..report.gather import gather_set

        form = _form(output)
        if picture is not None and picture not in _PICTURES:
            hint = f"Use one of {', '.join(_PICTURES)}."
            raise UsageError(
                f"There is no picture '{picture}'.", with_suggestion(hint, picture, _PICTURES)
            )
        if json and output is None:
            raise UsageError("--json tells of a file.", "Name one with -o.")
        found = JobSet.find(job_set)
        report = gather_set(found)
        of_sweep = bool(quantity or against)
        picture = picture or ("counts" if circuit or not (report.sweeps or of_sweep) else "sweep")
        if circuit and picture != "counts":
            _options.check_idle(f"--picture {picture}", {"--circuit": circuit})
        if of_sweep and picture != "sweep":
            named = {"--quantity": quantity, "--against": against}
            _options.check_idle("counts" if circuit else f"--picture {picture}", named)
        wanted = _Wanted(found, report, picture, circuit, quantity, against)
        if output is None:
            _show(wanted)
            return context.exit_code
        from ..render.output import binary_output
        from ..report.figures import write_figure

        buffer = io.BytesIO()
        write_figure(_figure(wanted), form, buffer)
        with binary_output(output) as file:
            file.write(buffer.getbuffer())
        context.data["job_set"] = found.describe(with_jobs=False)
        context.data["written"] = {"file": str(output), "bytes": buffer.tell()}
        if not json:
            write_line(str(output))
    return context.exit_code


def _form(output: Path | None) -> str:
    if output is None:
        return ""
    form = output.suffix.lower().removeprefix(".")
    if form not in _FORMS:
        raise UsageError(
            f"The name '{output}' does not tell what to write.",
            f"End it in .{', .'.join(_FORMS)}.",
        )
    return form


def _indexes(wanted: _Wanted) -> list[int]:
    if wanted.circuit:
        return find_circuits(wanted.job_set.circuits, wanted.circuit)
    return [each.index for each in wanted.report.histograms if each.outcomes][:_MOST]


def _chosen(wanted: _Wanted) -> tuple[Sweep, int, list[str]]:
    """Return the sweep, the quantity and the parameters that are meant; raises UsageError."""
    report, quantity, against = wanted.report, wanted.quantity, wanted.against
    if not any(each.shots for each in report.histograms):
        raise UsageError("There are no results of the set here.", "Wait for them, or draw jobs.")
    if not report.sweeps:
        raise UsageError(
            "The set has no sweep: no circuits that differ in numbers of their metadata.",
            "--picture counts draws their counts.",
        )
    fits = [
        sweep
        for sweep in report.sweeps
        if set(against or ()) <= sweep.parameters.keys()
        and (quantity is None or any(quantity in each.names for each in sweep.quantities))
    ]
    if not fits:
        known = dict.fromkeys(name for sweep in report.sweeps for name in sweep.parameters)
        for name in against or ():
            if name not in known:
                hint = f"Use one of {', '.join(known)}."
                raise UsageError(
                    f"No sweep has the parameter '{name}'.", with_suggestion(hint, name, known)
                )
        measured = [each.names[0] for sweep in report.sweeps for each in sweep.quantities]
        hint = f"Use one of {', '.join(dict.fromkeys(measured[:20]))}."
        raise UsageError(
            f"No sweep has the quantity '{quantity}'.",
            with_suggestion(hint, quantity or "", measured),
        )
    sweep = fits[0]
    at = sweep.chosen
    if quantity is not None:
        at = next(n for n, each in enumerate(sweep.quantities) if quantity in each.names)
    axes = list(dict.fromkeys(against or list(sweep.parameters)[:2]))
    if len(axes) > 2:
        raise UsageError("A picture has two axes.", "Give --against once or twice.")
    others = [name for name in sweep.parameters if name not in axes]
    if len(axes) == 2 and others:
        message(f"Each cell is the mean over all values of {first_of(others)}.")
    return sweep, at, axes


def _figure(wanted: _Wanted) -> Figure:
    from ..report import figures

    report = wanted.report
    if wanted.picture == "sweep":
        return figures.draw_sweep(*_chosen(wanted))
    if wanted.picture == "jobs":
        return figures.draw_jobs(report.jobs)
    if wanted.picture == "device":
        if report.device is None:
            raise UsageError("The set was compiled for no device.", "Draw something else of it.")
        return figures.draw_device(report.device)
    chosen = (report.histograms[index] for index in _indexes(wanted))
    drawn = [histogram for histogram in chosen if histogram.outcomes]
    if not drawn:
        raise UsageError("There are no counts here.", "Wait for the results, or draw jobs.")
    return figures.draw_counts(drawn)


def _show(wanted: _Wanted) -> None:
    """Draw on the terminal."""
    if wanted.picture == "device":
        raise UsageError("The map of a device goes to a file.", "Name one with -o.")
    if wanted.picture == "jobs":
        from ..render.pictures import show_jobs

        show_jobs(
            [(j.index, j.status, j.created, j.running, j.finished) for j in wanted.report.jobs]
        )
    elif wanted.picture == "counts":
        from ..render.results import show_results

        with wanted.job_set.open() as manifest:
            results = read_results(manifest, _indexes(wanted))
            show_results(result_data(result) for result in results)
    else:
        _show_sweep(*_chosen(wanted))


def _show_sweep(sweep: Sweep, quantity: int, against: Sequence[str]) -> None:
    from ..render.pictures import show_curve, show_heat_map

    drawn = sweep.quantities[quantity]
    known = [(n, value) for n, value in enumerate(drawn.values) if value is not None]
    if not known:
        raise UsageError("There are no results of the sweep here.", "Wait for them.")
    top = max(abs(value) for _, value in known) or 1.0
    reach = (-top, top) if drawn.kind == "expectation" else (0.0, top)
    if len(against) == 2:
        cells: dict[tuple[float, float], list[float]] = {}
        for n, value in known:
            x, y = (sweep.parameters[name][n] for name in against)
            cells.setdefault((x, y), []).append(value)
        means = {place: sum(found) / len(found) for place, found in cells.items()}
        show_heat_map(drawn.title, (against[0], against[1]), means, reach)
        return
    others = [name for name in sweep.parameters if name not in against]
    names = [*others, *against]
    points = sorted(
        ([sweep.parameters[name][n] for name in names], value, drawn.errors[n] or 0.0)
        for n, value in known
    )
    show_curve(drawn.title, names, points, reach)
