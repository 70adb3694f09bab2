"""Results: histograms on a terminal, plain lines elsewhere, and the formats that scripts read."""

from __future__ import annotations

import csv
import itertools
import math
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, BinaryIO, TextIO

from .console import out
from .outcomes import fit_outcomes
from .sweeps import Sweep
from .text import clean, json_text, plural

__all__ = [
    "COUNTS",
    "SHOTS",
    "VALUES",
    "Layout",
    "metadata_text",
    "show_results",
    "show_values",
    "write_arrays",
    "write_results",
]

Data = Mapping[str, Any]

_SHORTEST_BAR = 8  # columns: bars become as short as this before outcomes are shortened
_EIGHTHS = " ▏▎▍▌▋▊▉"


@dataclass(frozen=True, slots=True)
class Layout:
    """How records of one kind become a table: what all formats have in common.

    `columns` have a kind each: int, float or text. `rows` gives the cells of a record below them,
    `lines` the fields of its plain lines.
    """

    columns: Mapping[str, str]
    rows: Callable[[Data], Iterable[tuple[object, ...]]]
    lines: Callable[[Data], Iterable[tuple[str, ...]]]

    def heads(self, metadata: Iterable[str]) -> list[str]:
        """Return the names of columns; metadata named as one of them can be told from it."""
        own = (f"metadata.{key}" if key in self.columns else key for key in metadata)
        return [*self.columns, *own]

    def table(self, records: Iterable[Data], metadata: Sequence[str]) -> Iterator[list[object]]:
        """Yield the rows of all records, behind each the metadata under these keys."""
        for record in records:
            behind = [record["metadata"].get(key) for key in metadata]
            for row in self.rows(record):
                yield [*row, *behind]


def write_results(
    records: Iterable[Data],
    form: str,
    stream: TextIO,
    layout: Layout,
    *,
    metadata: Sequence[str] = (),
) -> None:
    """Write records as `ndjson`, `csv` or plain lines (`table`).

    `metadata` are the keys of it that get a column in csv.
    """
    if form == "ndjson":
        stream.writelines(json_text(record) + "\n" for record in records)
    elif form == "csv":
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(layout.heads(metadata))
        for row in layout.table(records, metadata):
            writer.writerow([_cell(value) for value in row])
    else:
        for record in records:
            stream.writelines("\t".join(fields) + "\n" for fields in layout.lines(record))


def write_arrays(
    arrays: Iterable[tuple[str, Iterable[bytes | memoryview]]], stream: BinaryIO
) -> None:
    """Write .npy files, each in pieces, by name as a compressed `.npz`: one of them at a time."""
    import zipfile

    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, pieces in arrays:
            with archive.open(f"{name}.npy", "w", force_zip64=True) as member:
                member.writelines(pieces)


def _cell(value: object) -> object:
    if isinstance(value, dict | list):
        return json_text(value)
    # Lines stay lines.
    return "\n".join(map(clean, value.split("\n"))) if isinstance(value, str) else value


def _count_rows(result: Data) -> Iterable[tuple[object, ...]]:
    for outcome, count in result["counts"].items():
        yield result["index"], clean(result["name"]), outcome, count


def _shot_rows(result: Data) -> Iterable[tuple[object, ...]]:
    for shot, outcome in enumerate(result["memory"]):
        yield result["index"], clean(result["name"]), shot, outcome


def _value_rows(value: Data) -> Iterable[tuple[object, ...]]:
    yield tuple(
        clean(value[field]) if kind == "text" else value[field]
        for field, kind in VALUES.columns.items()
    )


def _count_lines(result: Data) -> Iterable[tuple[str, ...]]:
    counts = " ".join(f"{_joined(outcome)}:{n}" for outcome, n in result["counts"].items())
    name = clean(result["name"])
    yield str(result["index"]), name, str(result["shots"]), counts, *_metadata_field(result)


def _shot_lines(result: Data) -> Iterable[tuple[str, ...]]:
    for index, name, shot, outcome in _shot_rows(result):
        yield str(index), str(name), str(shot), _joined(str(outcome)), *_metadata_field(result)


def _value_lines(value: Data) -> Iterable[tuple[str, ...]]:
    for row in _value_rows(value):
        fields = ("" if field is None else str(field) for field in row)
        yield *fields, *_metadata_field(value)


def _metadata_field(record: Data) -> list[str]:
    return [metadata_text(record["metadata"])] if record["metadata"] else []


_CIRCUIT = {"index": "int", "name": "text"}
COUNTS = Layout({**_CIRCUIT, "outcome": "text", "count": "int"}, _count_rows, _count_lines)
SHOTS = Layout({**_CIRCUIT, "shot": "int", "outcome": "text"}, _shot_rows, _shot_lines)
VALUES = Layout(
    {
        **_CIRCUIT,
        "observable": "text",
        "value": "float",
        "standard_error": "float",
        "shots": "int",
    },
    _value_rows,
    _value_lines,
)


def _joined(outcome: str) -> str:
    return outcome.replace(" ", "_")


def metadata_text(metadata: Mapping[str, object], *, short: bool = False) -> str:
    """Write metadata in one line; `short`: numbers with as many digits as a person reads."""
    cells = {
        key: f"{value:.6g}" if short and isinstance(value, float) else _cell(value)
        for key, value in metadata.items()
    }
    return clean(" ".join(f"{key}={cell}" for key, cell in cells.items()))


def show_results(results: Iterable[Data], *, most: int = 8) -> None:
    """Draw each circuit's most frequent outcomes, `most` of them, as bars."""
    from rich.text import Text

    console = out()
    sweep = Sweep(missing=0.0)  # an outcome that did not come
    for result in results:
        shares = {k: n / max(1, result["shots"]) for k, n in result["counts"].items()}
        if not sweep.goes_on(result["name"]):
            _show_curves(sweep)
            sweep = Sweep(missing=0.0)
        sweep.add(result["name"], shares)
        heading = Text()
        heading.append(f"{result['index']}  ", "dim")
        heading.append(clean(result["name"]), "bold")
        heading.append(f"  {plural(result['shots'], 'shot')}", "dim")
        if result["metadata"]:
            heading.append(f"  {metadata_text(result['metadata'], short=True)}", "dim")
        # A text that is printed loses what it says of wrapping itself.
        console.print(heading, no_wrap=True, overflow="ellipsis")
        counts = result["counts"]
        frequent = sorted(counts, key=lambda outcome: (-counts[outcome], outcome))[:most]
        number_width = len(str(result["shots"]))
        beside = number_width + 6  # blanks included
        shown = fit_outcomes(sorted(frequent), max(8, console.width - beside - _SHORTEST_BAR))
        outcome_width = max(map(len, shown.values()), default=0)
        space = max(1, console.width - outcome_width - beside)
        top = max(counts.values(), default=1)
        for outcome, text in shown.items():
            line = Text("  ")
            line.append(text.rjust(outcome_width))
            line.append(f"  {counts[outcome]:>{number_width}} ")
            line.append(_bar(counts[outcome] / top, min(space, 50)), "cyan")
            console.print(line)
        rest = len(counts) - len(frequent)
        if rest:
            share = 1 - _sum(counts, frequent) / max(1, result["shots"])
            console.print(
                Text(
                    f"  … {plural(rest, 'more outcome')}, {share:.1%} of the shots (csv has all)",
                    "dim",
                )
            )
    _show_curves(sweep)


def _show_curves(sweep: Sweep) -> None:
    """Draw the curves of a sweep that has ended, if it was one."""
    from rich.text import Text

    console = out()
    curves = sweep.curves()
    if not curves:
        return
    console.print(
        Text(f"{clean(sweep.name)}, {sweep.runs} runs", "bold"), no_wrap=True, overflow="ellipsis"
    )
    named = fit_outcomes([each.name for each in curves], max(8, console.width // 2))
    width = max(map(len, named.values()))
    for curve in curves:
        line = Text("  ", no_wrap=True, overflow="ellipsis")
        line.append(clean(named[curve.name]).rjust(width))
        ends = f"  {curve.low:.4g} to {curve.high:.4g}"
        line.append(f"  {curve.drawn(max(1, console.width - width - 4 - len(ends)))}", "cyan")
        line.append(ends, "dim")
        console.print(line)


def show_values(values: Iterable[Data]) -> None:
    """Write each circuit's expectation values with their standard errors, a line each."""
    from rich.text import Text

    console = out()
    sweep = Sweep()
    for _, same in itertools.groupby(values, lambda value: (value["index"], value["name"])):
        listed = list(same)
        first = listed[0]
        if not sweep.goes_on(first["name"]):
            _show_curves(sweep)
            sweep = Sweep()
        there = {v["observable"]: v["value"] for v in listed if v["value"] is not None}
        sweep.add(first["name"], there)
        heading = Text(no_wrap=True, overflow="ellipsis")
        heading.append(f"{first['index']}  ", "dim")
        heading.append(clean(first["name"]), "bold")
        if first["metadata"]:
            heading.append(f"  {metadata_text(first['metadata'], short=True)}", "dim")
        console.print(heading)
        told = [_with_error(value["value"], value["standard_error"]) for value in listed]
        width = max(len(text) for text in told)
        longest = max(len(clean(value["observable"])) for value in listed)
        name_width = min(longest, max(8, console.width - width - 20))
        for value, text in zip(listed, told, strict=True):
            line = Text("  ", no_wrap=True, overflow="ellipsis")
            line.append(_shortened(clean(value["observable"]), name_width).ljust(name_width))
            line.append(f"  {text.ljust(width)}", "cyan")
            line.append(f"  {plural(value['shots'], 'shot')}", "dim")
            console.print(line)
    _show_curves(sweep)


def _with_error(value: float | None, error: float | None) -> str:
    """Write a value with two digits of its error."""
    if value is None:
        return "missing"
    if not error:
        return f"{value:.6g}" + (" ± 0" if error == 0 else "")
    digits = min(12, max(0, 1 - math.floor(math.log10(error))))
    return f"{value:.{digits}f} ± {error:.{digits}f}"


def _sum(counts: Mapping[str, int], outcomes: Collection[str]) -> int:
    return sum(counts[outcome] for outcome in outcomes)


def _shortened(outcome: str, width: int) -> str:
    return outcome if len(outcome) <= width else f"{outcome[: width - 1]}…"


def _bar(share: float, width: int) -> str:
    eighths = round(share * width * 8)
    full, part = divmod(eighths, 8)
    return "█" * full + (_EIGHTHS[part] if part else "")
