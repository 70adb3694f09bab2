"""A comparison of two sets as a table, or as plain lines."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .console import is_terminal, out, write_line
from .text import clean

__all__ = ["show_comparison"]

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
        heads = ("circuit", "total variation", "95 %", "Hellinger", "95 %", "fidelity")
        rows = [
            (
                clean(each["name"]),
                f"{each['total_variation']['value']:.4f}",
                _interval(each["total_variation"]),
                f"{each['hellinger']['value']:.4f}",
                _interval(each["hellinger"]),
                f"{each['fidelity']:.4f}",
            )
            for each in comparison["circuits"]
        ]
        texts = 1
    if not is_terminal():
        for row in rows:
            write_line("\t".join(row))
        return
    from rich.table import Table

    table = Table(box=None, pad_edge=False, header_style="bold")
    for at, head in enumerate(heads):
        if at < texts:
            table.add_column(head, no_wrap=True, overflow="ellipsis", min_width=8, ratio=1)
        else:
            table.add_column(head, no_wrap=True, justify="right")
    for row in rows:
        table.add_row(*row)
    out().print(table)


def _interval(distance: Data) -> str:
    return f"{distance['low']:.4f} to {distance['high']:.4f}"


def _number(value: float | None) -> str:
    return "missing" if value is None else f"{value:.5g}"
