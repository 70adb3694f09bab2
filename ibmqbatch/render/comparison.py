"""A comparison of two sets as a table, or as plain lines."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .console import is_terminal, out, write_line
from .text import clean

__all__ = ["show_comparison"]

_ROOMY = 80  # columns that all of a comparison of counts takes
_NAME = 8  # columns of a name at least
Data = Mapping[str, Any]


def show_comparison(comparison: Data) -> None:
    """Write a line for each circuit, or each expectation value, that was compared."""
    if comparison["values"]:
        heads = ("circuit", "observable", "first", "second", "difference", "sigmas")
        rows = [
            (
                clean(each["name"]),
                clean(each["observable"]),
                *(_number(value) for value in each["values"]),
                _number(each["difference"]),
                "" if each["sigmas"] is None else f"{each['sigmas']:+.1f}",
            )
            for each in comparison["values"]
        ]
        texts = 2
    else:
        heads = ("circuit", "TV", "95 %", "Hellinger", "fidelity", "95 % of Hellinger")
        rows = [
            (
                clean(each["name"]),
                f"{each['total_variation']['value']:.3f}",
                _interval(each["total_variation"]),
                f"{each['hellinger']['value']:.3f}",
                f"{each['fidelity']:.3f}",
                _interval(each["hellinger"]),
            )
            for each in comparison["circuits"]
        ]
        texts = 1
    if not is_terminal():
        for row in rows:
            write_line("\t".join(row))
        return
    from rich.table import Table

    if texts == 1 and out().width < _ROOMY:
        # The last column is left out.
        heads, rows = heads[:-1], [row[:-1] for row in rows]  # type: ignore[assignment]
    numbers = sum(
        max(map(len, column)) + 2 for column in list(zip(heads, *rows, strict=True))[texts:]
    )
    room = max(_NAME, (out().width - numbers - 2 * (texts - 1)) // texts)
    table = Table(box=None, pad_edge=False, header_style="bold")
    for at, head in enumerate(heads):
        if at < texts:
            table.add_column(head, no_wrap=True, overflow="ellipsis", max_width=room)
        else:
            table.add_column(head, no_wrap=True, justify="right")
    for row in rows:
        table.add_row(*row)
    out().print(table)


def _interval(distance: Data) -> str:
    return f"{distance['low']:.3f} to {distance['high']:.3f}"


def _number(value: float | None) -> str:
    return "missing" if value is None else f"{value:.5g}"
