"""Results: histograms on a terminal, plain lines elsewhere, and the formats that scripts read."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Mapping
from typing import Any, TextIO

from .console import clean, out, plural

__all__ = ["show_results", "write_results"]

Data = Mapping[str, Any]

_EIGHTHS = " ▏▎▍▌▋▊▉"


def write_results(results: Iterable[Data], form: str, stream: TextIO) -> None:
    """Write results as `ndjson`, `csv` (long: one line an outcome) or plain lines (`table`)."""
    if form == "ndjson":
        stream.writelines(json.dumps(result, ensure_ascii=False) + "\n" for result in results)
    elif form == "csv":
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(["index", "name", "outcome", "count"])
        for result in results:
            writer.writerows(
                (result["index"], result["name"], outcome, count)
                for outcome, count in result["counts"].items()
            )
    else:
        for result in results:
            counts = " ".join(
                f"{outcome.replace(' ', '_')}:{n}" for outcome, n in result["counts"].items()
            )
            name = clean(result["name"])
            stream.write(f"{result['index']}\t{name}\t{result['shots']}\t{counts}\n")


def show_results(results: Iterable[Data], *, most: int = 8) -> None:
    """Draw each circuit's most frequent outcomes, `most` of them, as bars."""
    from rich.text import Text

    console = out()
    for result in results:
        heading = Text(no_wrap=True, overflow="ellipsis")
        heading.append(f"{result['index']}  ", "dim")
        heading.append(clean(result["name"]), "bold")
        heading.append(f"  {plural(result['shots'], 'shot')}", "dim")
        console.print(heading)
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
            share = 1 - sum(counts[outcome] for outcome in frequent) / max(1, result["shots"])
            console.print(
                Text(
                    f"  … {plural(rest, 'more outcome')}, {share:.1%} of the shots (csv has all)",
                    "dim",
                )
            )


def _shortened(outcome: str, width: int) -> str:
    return outcome if len(outcome) <= width else f"{outcome[: width - 1]}…"


def _bar(share: float, width: int) -> str:
    eighths = round(share * width * 8)
    full, part = divmod(eighths, 8)
    return "█" * full + (_EIGHTHS[part] if part else "")
