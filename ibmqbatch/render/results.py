"""Results: histograms on a terminal, plain lines elsewhere, and the formats that scripts read."""

from __future__ import annotations

import csv
import itertools
import math
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any, BinaryIO, TextIO

from .console import out
from .text import clean, json_text, plural

__all__ = [
    "metadata_text",
    "show_results",
    "show_values",
    "write_arrays",
    "write_results",
    "write_values",
]

Data = Mapping[str, Any]

# What an expectation value has besides metadata.
_VALUE = ("index", "name", "observable", "value", "standard_error", "shots")
_EIGHTHS = " ▏▎▍▌▋▊▉"


def write_results(
    results: Iterable[Data],
    form: str,
    stream: TextIO,
    *,
    columns: Sequence[str] = (),
    memory: bool = False,
) -> None:
    """Write results as `ndjson`, `csv` (long: one line an outcome) or plain lines (`table`).

    `columns` are the keys of metadata that get a column in csv. Results with a `memory` are written
    a line a shot.
    """
    if form == "ndjson":
        stream.writelines(json_text(result) + "\n" for result in results)
    elif form == "csv":
        _write_csv(results, stream, columns, memory=memory)
    else:
        for result in results:
            stream.writelines("\t".join(fields) + "\n" for fields in _plain(result))


def write_values(
    values: Iterable[Data], form: str, stream: TextIO, *, columns: Sequence[str] = ()
) -> None:
    """Write expectation values as `ndjson`, `csv` or plain lines (`table`), a line each.

    `columns` are the keys of metadata that get a column in csv.
    """
    if form == "ndjson":
        stream.writelines(json_text(value) + "\n" for value in values)
    elif form == "csv":
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(_named(_VALUE, columns))
        for value in values:
            metadata = [_cell(value["metadata"].get(key)) for key in columns]
            writer.writerow([*(_cell(value[field]) for field in _VALUE), *metadata])
    else:
        for value in values:
            told = ["" if value[field] is None else str(_cell(value[field])) for field in _VALUE]
            if value["metadata"]:
                told.append(metadata_text(value["metadata"]))
            stream.write("\t".join(told) + "\n")


def write_arrays(
    arrays: Iterable[tuple[str, Iterable[bytes | memoryview]]], stream: BinaryIO
) -> None:
    """Write .npy files, each in pieces, by name as a compressed `.npz`: one of them at a time."""
    import zipfile

    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, pieces in arrays:
            with archive.open(f"{name}.npy", "w", force_zip64=True) as member:
                member.writelines(pieces)


def _write_csv(
    results: Iterable[Data], stream: TextIO, columns: Sequence[str], *, memory: bool
) -> None:
    writer = csv.writer(stream, lineterminator="\n")
    head = ("index", "name", *(("shot", "outcome") if memory else ("outcome", "count")))
    writer.writerow(_named(head, columns))
    for result in results:
        metadata = [_cell(result["metadata"].get(key)) for key in columns]
        for pair in _pairs(result):
            writer.writerow((result["index"], clean(result["name"]), *pair, *metadata))


def _named(head: Sequence[str], columns: Sequence[str]) -> list[str]:
    """Return the names of columns; what has the name of another can be told from it."""
    return [*head, *(f"metadata.{key}" if key in head else key for key in columns)]


def _pairs(result: Data) -> Iterable[tuple[object, object]]:
    return enumerate(result["memory"]) if "memory" in result else result["counts"].items()


def _cell(value: object) -> object:
    if isinstance(value, dict | list):
        return json_text(value)
    # Lines stay lines.
    return "\n".join(map(clean, value.split("\n"))) if isinstance(value, str) else value


def _plain(result: Data) -> Iterable[tuple[str, ...]]:
    """Return a result as fields: one line with its counts, or one for every shot."""
    name = clean(result["name"])
    metadata = [metadata_text(result["metadata"])] if result["metadata"] else []
    if "memory" in result:
        for shot, outcome in enumerate(result["memory"]):
            yield (str(result["index"]), name, str(shot), _joined(outcome), *metadata)
        return
    counts = " ".join(f"{_joined(outcome)}:{n}" for outcome, n in result["counts"].items())
    yield (str(result["index"]), name, str(result["shots"]), counts, *metadata)


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
    for result in results:
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
        longest = max((len(outcome) for outcome in frequent), default=0)
        outcome_width = min(longest, console.width // 2)
        number_width = len(str(result["shots"]))
        space = max(1, console.width - outcome_width - number_width - 6)
        top = max(counts.values(), default=1)
        for outcome in sorted(frequent):
            line = Text("  ")
            line.append(_shortened(outcome, outcome_width).rjust(outcome_width))
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


def show_values(values: Iterable[Data]) -> None:
    """Write each circuit's expectation values with their standard errors, a line each."""
    from rich.text import Text

    console = out()
    for _, same in itertools.groupby(values, lambda value: (value["index"], value["name"])):
        listed = list(same)
        first = listed[0]
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
