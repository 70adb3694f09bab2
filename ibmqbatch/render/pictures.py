"""Pictures as text on a terminal: a quantity against its parameters, jobs in time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from .console import out
from .text import clean

__all__ = ["show_curve", "show_heat_map", "show_jobs"]

# Viridis, which keeps its order for the colour-blind and in grey.
_VIRIDIS = (
    *("#440154", "#482475", "#414487", "#355f8d", "#2a788e"),
    *("#21918c", "#22a884", "#44bf70", "#7ad151", "#bddf26", "#fde725"),
)
_SHADES = " ░▒▓█"
_WIDEST = 100  # columns of a picture


def show_curve(
    title: str,
    parameters: Sequence[str],
    points: Sequence[tuple[Sequence[float], float, float]],
    reach: tuple[float, float],
) -> None:
    """Draw a line for each point: its parameters, its place between two bounds, and its value.

    A point is given as the values of the parameters, its own, and its standard error.
    """
    from rich.text import Text

    console = out()
    low, high = reach
    heads = [clean(name) for name in parameters]
    cells = [[f"{value:.4g}" for value in values] for values, _, _ in points]
    widths = [max(len(head), *(len(row[at]) for row in cells)) for at, head in enumerate(heads)]
    told = [f"{value:.4f} ± {error:.4f}" for _, value, error in points]
    width = min(_WIDEST, console.width) - sum(widths) - 2 * len(widths) - max(map(len, told)) - 4
    width = max(10, width)
    console.print(Text(clean(title), "bold"), no_wrap=True, overflow="ellipsis")
    head = "  ".join(name.rjust(size) for name, size in zip(heads, widths, strict=True))
    scale = f"{low:.3g}".ljust(width - len(f"{high:.3g}")) + f"{high:.3g}"
    console.print(Text(f"{head}  {scale}", "dim"), no_wrap=True, overflow="crop")

    def column(value: float) -> int:
        share = (value - low) / (high - low) if high > low else 0.0
        return round(min(1.0, max(0.0, share)) * (width - 1))

    for row, (_, value, error), text in zip(cells, points, told, strict=True):
        first, spot, last = column(value - error), column(value), column(value + error)
        drawn = [" "] * width
        drawn[first : last + 1] = "─" * (last + 1 - first)
        drawn[spot] = "●"
        line = Text("  ".join(c.rjust(size) for c, size in zip(row, widths, strict=True)))
        line.append("  ")
        line.append("".join(drawn), "cyan")
        line.append(f"  {text}", "dim")
        console.print(line, no_wrap=True, overflow="crop")


def show_heat_map(
    title: str,
    parameters: tuple[str, str],
    cells: Mapping[tuple[float, float], float],
    reach: tuple[float, float],
) -> None:
    """Draw values at pairs of parameters, the first across, the second upwards, as coloured cells.

    Without colours they are shaded. What does not fit across the terminal is left out, evenly.
    """
    from rich.text import Text

    console = out()
    low, high = reach
    columns = sorted({x for x, _ in cells})
    rows = sorted({y for _, y in cells}, reverse=True)
    labels = {y: f"{y:.3g}" for y in rows}
    margin = max(map(len, labels.values())) + 2
    room = max(4, min(_WIDEST, console.width) - margin)
    step = -(-len(columns) * 2 // room)
    columns = columns[::step]
    width = max(2, min(6, room // len(columns)))
    console.print(Text(clean(title), "bold"), no_wrap=True, overflow="ellipsis")
    heading = f"{clean(parameters[1])} ↑  {clean(parameters[0])} →"
    console.print(Text(heading, "dim"), no_wrap=True, overflow="ellipsis")
    plain = console.color_system is None
    for y in rows:
        line = Text(labels[y].rjust(margin - 2) + "  ")
        for x in columns:
            value = cells.get((x, y))
            share = 0.0 if value is None or high <= low else (value - low) / (high - low)
            share = min(1.0, max(0.0, share))
            if value is None:
                line.append("·".center(width), "dim")
            elif plain:
                line.append(_SHADES[round(share * (len(_SHADES) - 1))] * width)
            else:
                line.append(" " * width, f"on {_VIRIDIS[round(share * (len(_VIRIDIS) - 1))]}")
        console.print(line, no_wrap=True, overflow="crop")
    first, last = f"{columns[0]:.3g}", f"{columns[-1]:.3g}"
    across = first + last.rjust(max(0, width * len(columns) - len(first)))
    console.print(Text(" " * margin + across, "dim"), no_wrap=True, overflow="crop")
    legend = Text(" " * margin + f"{low:.3g} ", "dim")
    if plain:
        legend.append(_SHADES)
    else:
        for colour in _VIRIDIS:
            legend.append("  ", f"on {colour}")
    legend.append(f" {high:.3g}", "dim")
    console.print(legend)


def show_jobs(
    jobs: Sequence[tuple[int, str, float | None, float | None, float | None]], most: int = 60
) -> None:
    """Draw when jobs were queued and when they ran, the first `most` of them.

    A job is given as its index, status, and when it was created, running and finished, in seconds.
    """
    from rich.text import Text

    console = out()
    known = [time for _, _, *times in jobs for time in times if time is not None]
    if not known:
        console.print("No job has been sent.")
        return
    begun, end = min(known), max(known)
    width = max(10, min(_WIDEST, console.width) - 22)
    margin = len(str(jobs[-1][0]))

    def column(time: float) -> int:
        return round((time - begun) / ((end - begun) or 1.0) * width)

    for index, status, created, running, finished in jobs[:most]:
        line = Text(f"{index:>{margin}}  ")
        if created is not None:
            stop = end if finished is None else finished
            middle = stop if running is None else running
            a, b, c = column(created), column(middle), column(stop)
            line.append(" " * a + "░" * (b - a), "dim")
            line.append(
                "█" * max(c - b, int(running is not None)), "red" if status == "ERROR" else "cyan"
            )
        line.pad_right(max(0, width + margin + 3 - len(line)))
        line.append(f" {status.lower()}", "dim")
        console.print(line, no_wrap=True, overflow="crop")
    if len(jobs) > most:
        console.print(Text(f"… and {len(jobs) - most} more jobs", "dim"))
    console.print(Text(f"{'':{margin}}  ░ queued  █ ran; {end - begun:.1f} s in all", "dim"))
