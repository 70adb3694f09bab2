"""Grids of values: products of axes, axes side by side, and evenly spaced numbers."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from .errors import BadInput

__all__ = ["grid_rows"]

_PRODUCT, _ZIP = "product", "zip"
_SPACED = {"start", "stop", "num"}
_MOST_ROWS = 1_000_000
_HINT = (
    "Write theta = {start = 0, stop = 1, num = 11}, or theta = [0, 0.5, 1]; what stands below "
    "'product' is combined each with each, what stands below 'zip' side by side."
)

_Row = dict[str, Any]


def grid_rows(document: Mapping[str, Any], where: str) -> list[_Row]:
    """Return the rows of a grid, whose values are as they are written; raises BadInput.

    A parameter's values are a list, a single value that all rows have, or `start`, `stop` and
    `num`: so many numbers at equal distances, both ends among them. Parameters stand side by side,
    each with as many values; those below `product` are combined each with each, the last one
    changing fastest. `product` and `zip` may stand in one another, and be lists of several.
    """
    return _combined(document, where, product=False)


def _combined(group: Mapping[str, Any], where: str, *, product: bool) -> list[_Row]:
    parts: list[list[_Row]] = []
    alone: _Row = {}  # what all rows have
    for key, value in group.items():
        inner = value if isinstance(value, list) else [value]
        if key in {_PRODUCT, _ZIP} and all(isinstance(each, dict) for each in inner):
            parts += [_combined(each, where, product=key == _PRODUCT) for each in inner]
        elif isinstance(value, list):
            parts.append([{key: each} for each in value])
        elif isinstance(value, dict):
            parts.append([{key: each} for each in _spaced(value, key, where)])
        else:
            alone[key] = value
    rows = _product(parts, where) if product else _side_by_side(parts, where)
    found = [{**row, **alone} for row in rows]
    if found and len(found[0]) < len(alone) + sum(len(part[0]) for part in parts):
        raise BadInput("bad_table", f"{where} names a parameter twice.", "Name it once.")
    # In the order in which they are written.
    return [{key: row[key] for key in _order(group, row)} for row in found]


def _order(group: Mapping[str, Any], row: _Row) -> list[str]:
    """Return the keys of a row in the order of the group, those of inner groups in their place."""
    nested = [key for key in row if key not in group]
    order: dict[str, None] = {}
    for key in group:
        order |= dict.fromkeys([key] if key in row else nested)
    return list(order)


def _product(parts: Sequence[Sequence[_Row]], where: str) -> list[_Row]:
    if math.prod(map(len, parts)) > _MOST_ROWS:
        raise BadInput(
            "bad_table", f"{where} makes more than {_MOST_ROWS} rows.", "Make the grid coarser."
        )
    rows: list[_Row] = [{}]
    for part in parts:
        rows = [{**row, **more} for row in rows for more in part]
    return rows


def _side_by_side(parts: Sequence[Sequence[_Row]], where: str) -> list[_Row]:
    lengths = sorted({len(part) for part in parts})
    if len(lengths) > 1:
        raise BadInput(
            "bad_table",
            f"{where}: its lists are of different lengths: {', '.join(map(str, lengths))}.",
            "Give each parameter as many values, or write them below 'product'.",
        )
    if not parts:
        return [{}]
    return [
        {key: value for part in row for key, value in part.items()}
        for row in zip(*parts, strict=True)
    ]


def _spaced(axis: Mapping[str, Any], name: str, where: str) -> list[float]:
    """Return evenly spaced numbers, both ends among them."""
    numbers = list(axis.values())
    if axis.keys() != _SPACED or any(
        isinstance(each, bool) or not isinstance(each, int | float) for each in numbers
    ):
        raise BadInput("bad_table", f"{where}: '{name}' is no axis of a grid.", _HINT)
    start, stop, number = axis["start"], axis["stop"], axis["num"]
    if not isinstance(number, int) or not 1 <= number <= _MOST_ROWS:
        raise BadInput(
            "bad_table",
            f"{where}: 'num' of '{name}' is {number}.",
            f"Give a whole number from 1 to {_MOST_ROWS}.",
        )
    steps = max(1, number - 1)
    return [(start * (steps - at) + stop * at) / steps for at in range(number)]
