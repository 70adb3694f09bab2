"""The pictures of a report for papers, drawn by matplotlib."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, BinaryIO

from ..errors import MissingPackage
from .device_map import DeviceMap
from .gather import Histogram, JobTimes
from .sweeps import Quantity, Sweep

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["draw_counts", "draw_device", "draw_jobs", "draw_sweep", "write_figure"]

_BAR, _REST, _QUEUED = "#2f7fc4", "#b3bac6", "#c9cfd9"
_ENDED = {"ERROR": "#c2410c", "CANCELLED": "#8a6d9e"}
_WIDTH = 6.4  # inches
_COLUMNS = 3
_LONGEST = 16  # characters of an outcome
# Text stays text in vector graphics; the same data gives the same file.
_STYLE: dict[str, Any] = {
    "axes.axisbelow": True,
    "axes.grid": True,
    "axes.spines.right": False,
    "axes.spines.top": False,
    "font.size": 9,
    "grid.color": "#e6e8ed",
    "pdf.fonttype": 42,
    "svg.fonttype": "none",
    "svg.hashsalt": "ibmqbatch",
}


def _figure(height: float) -> Figure:
    try:
        from matplotlib import rc_context
        from matplotlib.figure import Figure
    except ImportError as error:
        raise MissingPackage(
            "A picture in a file needs matplotlib, which is not installed.",
            "pip install 'ibmqbatch[plot]'",
        ) from error
    with rc_context(_STYLE):
        return Figure(figsize=(_WIDTH, height), layout="constrained")


def write_figure(figure: Figure, form: str, file: BinaryIO) -> None:
    """Write a figure as png (300 dots an inch), svg or pdf."""
    from matplotlib import rc_context

    stamp = {"png": {}, "svg": {"Date": None}, "pdf": {"CreationDate": None}}[form]
    with rc_context(_STYLE):
        figure.savefig(file, format=form, dpi=300, metadata=stamp)


def _axes(figure: Figure, *place: int) -> Any:
    from matplotlib import rc_context

    with rc_context(_STYLE):
        return figure.add_subplot(*(place or (1, 1, 1)))


def draw_counts(histograms: Sequence[Histogram]) -> Figure:
    """Draw the most frequent outcomes of circuits, a small picture each."""
    columns = min(_COLUMNS, len(histograms))
    rows = math.ceil(len(histograms) / columns)
    bars = max(len(each.outcomes) + (each.rest > 0) for each in histograms)
    figure = _figure(max(1.8, rows * (0.7 + 0.19 * bars)))
    for place, each in enumerate(histograms):
        axes = _axes(figure, rows, columns, place + 1)
        names = [_short(outcome) for outcome, _ in each.outcomes]
        shares = [count / each.shots for _, count in each.outcomes]
        colours = [_BAR] * len(names)
        if each.rest:
            names.append("others")
            shares.append(each.rest / each.shots)
            colours.append(_REST)
        spots = range(len(names))
        axes.barh(spots, shares, color=colours, height=0.7)
        axes.set_yticks(spots, _plain(names), family="monospace", fontsize=7)
        axes.invert_yaxis()
        axes.grid(visible=False, axis="y")
        axes.set_title(_plain([each.name])[0], fontsize=9, loc="left")
        if place >= len(histograms) - columns:
            axes.set_xlabel("share of shots")
    return figure


def _short(outcome: str) -> str:
    half = _LONGEST // 2
    return outcome if len(outcome) <= _LONGEST else f"{outcome[:half]}…{outcome[-half:]}"


def _plain(texts: Sequence[str]) -> list[str]:
    """Return texts that are shown as they are: between dollars they would be mathematics."""
    return [text.replace("$", r"\$") for text in texts]


def draw_sweep(sweep: Sweep, quantity: int, against: Sequence[str]) -> Figure:
    """Draw a quantity of a sweep against one parameter as curves, or against two as a heat map.

    Bars are one standard error to each side. Where further parameters vary there is a curve for
    each of their values, in the colour of the first; a cell of a heat map is the mean of all
    circuits that are in it.
    """
    figure = _figure(3.6)
    axes = _axes(figure)
    drawn = sweep.quantities[quantity]
    if len(against) > 1:
        _heat_map(axes, sweep, drawn, against)
        return figure
    (name,) = against
    others = [other for other in sweep.parameters if other != name]
    curves: dict[tuple[float, ...], list[tuple[float, float, float]]] = {}
    for at, value in enumerate(drawn.values):
        if value is not None:
            key = tuple(sweep.parameters[other][at] for other in others)
            point = (sweep.parameters[name][at], value, drawn.errors[at] or 0.0)
            curves.setdefault(key, []).append(point)
    if others:
        from matplotlib import colormaps
        from matplotlib.cm import ScalarMappable
        from matplotlib.colors import Normalize

        column = sweep.parameters[others[0]]
        norm, colours = Normalize(min(column), max(column)), colormaps["viridis"]
        axes.figure.colorbar(ScalarMappable(norm, colours), ax=axes, label=_plain(others)[0])
    for key, points in sorted(curves.items()):
        x, y, error = zip(*sorted(points), strict=True)
        colour = colours(norm(key[0])) if others else _BAR
        axes.errorbar(x, y, yerr=error, fmt="o-", ms=3, lw=1, color=colour)
    axes.set_xlabel(_plain([name])[0])
    axes.set_ylabel(_plain([drawn.title])[0])
    return figure


def _heat_map(axes: Any, sweep: Sweep, drawn: Quantity, against: Sequence[str]) -> None:
    columns, rows = (sorted(set(sweep.parameters[name])) for name in against)
    cells: list[list[list[float]]] = [[[] for _ in columns] for _ in rows]
    for at, value in enumerate(drawn.values):
        if value is not None:
            x, y = (sweep.parameters[name][at] for name in against)
            cells[rows.index(y)][columns.index(x)].append(value)
    means = [[sum(cell) / len(cell) if cell else math.nan for cell in row] for row in cells]
    known = [abs(mean) for row in means for mean in row if not math.isnan(mean)]
    reach = max(known, default=1.0) or 1.0
    signed = drawn.kind == "expectation"
    image = axes.imshow(
        means,
        origin="lower",
        aspect="auto",
        cmap="PuOr_r" if signed else "viridis",
        vmin=-reach if signed else 0.0,
        vmax=reach,
        interpolation="nearest",
    )
    axes.grid(visible=False)
    for axis, values in ((axes.xaxis, columns), (axes.yaxis, rows)):
        step = math.ceil(len(values) / 9)
        axis.set_ticks(range(0, len(values), step), [f"{v:.3g}" for v in values[::step]])
    axes.set_xlabel(_plain(against)[0])
    axes.set_ylabel(_plain(against)[1])
    axes.figure.colorbar(image, ax=axes, label=_plain([drawn.title])[0])


def draw_jobs(jobs: Sequence[JobTimes]) -> Figure:
    """Draw when each job was queued and when it ran, in seconds since the first submission."""
    sent = [job for job in jobs if job.created is not None]
    figure = _figure(min(7.0, 1.2 + 0.16 * len(jobs)))
    axes = _axes(figure)
    if sent:
        begun = min(job.created for job in sent if job.created is not None)
        times = [t for job in sent for t in (job.created, job.running, job.finished) if t]
        for job in sent:
            assert job.created is not None
            end = job.finished or max(times)
            ran = end if job.running is None else job.running
            colour = _ENDED.get(job.status, _BAR)
            waiting = _QUEUED if job.running is not None else _ENDED.get(job.status, _QUEUED)
            axes.barh(job.index, ran - job.created, left=job.created - begun, color=waiting)
            axes.barh(job.index, end - ran, left=ran - begun, color=colour)
    axes.invert_yaxis()
    axes.yaxis.get_major_locator().set_params(integer=True)
    axes.grid(visible=False, axis="y")
    axes.set_xlabel("seconds since the first submission")
    axes.set_ylabel("job")
    return figure


def draw_device(device: DeviceMap) -> Figure:
    """Draw the map of a device: errors of readout and of gates; used qubits have a ring."""
    width = max(qubit.x for qubit in device.qubits) + 1.6
    height = max(qubit.y for qubit in device.qubits) + 1.6
    figure = _figure(min(8.0, 1.0 + _WIDTH * height / width))
    from matplotlib import colormaps
    from matplotlib.cm import ScalarMappable
    from matplotlib.colors import LogNorm
    from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

    axes = _axes(figure)
    axes.set_aspect("equal")
    axes.set_axis_off()
    axes.invert_yaxis()
    size = min(120.0, (0.55 * 72 * _WIDTH / width) ** 2)
    links = [
        ([device.qubits[q].x for q in link.qubits], [device.qubits[q].y for q in link.qubits])
        for link in device.links
    ]
    gates = [link.error if link.error and link.error < 1 else None for link in device.links]
    readout = [qubit.readout_error or None for qubit in device.qubits]
    scales: list[tuple[str, Any]] = []
    colours: list[list[Any]] = []
    for title, errors in (("error of gates on two qubits", gates), ("readout error", readout)):
        known = sorted(error for error in errors if error)
        if known:
            highest = known[math.floor(0.97 * (len(known) - 1))]
            norm = LogNorm(known[0], max(highest, known[0] * 1.01), clip=True)
            scales.append((title, ScalarMappable(norm, "viridis")))
            colours.append(
                [colormaps["viridis"](norm(error)) if error else _REST for error in errors]
            )
        else:
            colours.append([_REST] * len(errors))
    for (x, y), colour in zip(links, colours[0], strict=True):
        axes.plot(x, y, color=colour, lw=max(1.0, math.sqrt(size) / 4), zorder=1)
    for used in (True, False):
        chosen = [n for n, qubit in enumerate(device.qubits) if (qubit.circuits > 0) is used]
        axes.scatter(
            [device.qubits[n].x for n in chosen],
            [device.qubits[n].y for n in chosen],
            s=size,
            c=[colours[1][n] for n in chosen] or None,
            edgecolors="black" if used else "none",
            linewidths=1.4,
            zorder=2,
        )
    for title, scale in scales:
        bar = figure.colorbar(
            scale, ax=axes, location="bottom", shrink=0.4, aspect=30, label=title, pad=0.02
        )
        bar.ax.tick_params(labelsize=7)
        bar.ax.xaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
        bar.ax.xaxis.set_major_formatter(FuncFormatter(lambda share, _: f"{100 * share:.3g} %"))
        bar.ax.xaxis.set_minor_formatter(NullFormatter())
    return figure
