"""Reading tables: CSV, TOML and JSON files of rows with named columns."""

from __future__ import annotations

import csv
import io
import json
import math
import re
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ..kinds import kind_of
from .errors import BadInput
from .grids import grid_rows
from .observables import Observable, as_observables
from .sources import Source, decoded, read_bytes

__all__ = ["LABEL", "SweepRow", "read_observables", "read_sources", "read_sweep"]

SweepRow = dict[str, Any]  # numbers by the names of parameters, and a text as LABEL
LABEL = "label"

_PATH, _NAME, _SHOTS = "path", "name", "shots"
_NO_LABEL = re.compile(r"[\s/@]")
_SHOTS_TEXT = re.compile(r"0*[1-9][0-9]{0,11}", re.ASCII)
_TABLES = frozenset({"a CSV table", "TOML", "JSON"})  # kinds of files that can be one
_LONGEST = 40  # characters of a value that are quoted


def read_sources(table: Path) -> list[Source]:
    """Read a table of circuits: `path` (relative to the table), `name`, `shots`, and metadata.

    A TOML file holds them as an array of tables, under whatever name. Raises BadInput.
    """
    rows = _csv(table) if table.suffix.lower() == ".csv" else _toml(table)
    if not rows:
        raise BadInput("empty", f"{table} names no circuits.", "Give it at least one row.")
    return [_source(table, number, row) for number, row in rows]


def read_sweep(file: Path) -> list[SweepRow]:
    """Read the values of a sweep, a row for each run; raises BadInput.

    That is CSV with the parameters' names at its head, JSON that is a list of objects, or a grid in
    JSON or TOML, see `grid_rows`. The column `label` holds no values but names its rows.
    """
    suffix = file.suffix.lower()
    if suffix == ".toml":
        numbered = _numbered(_parsed_toml(file), file)
    elif suffix == ".json":
        numbered = _numbered(_parsed_json(file), file)
    else:
        numbered = _csv(file)
    if not numbered or not numbered[0][1]:
        raise BadInput("empty", f"{file} holds no values.", "Give it at least one row.")
    rows: list[SweepRow] = []
    labels: set[object] = set()
    for number, row in numbered:
        if rows and row.keys() != rows[0].keys():
            raise _ragged(file, number)
        values: SweepRow = {
            name: (_label if name == LABEL else _value)(file, number, name, value)
            for name, value in row.items()
        }
        if LABEL in values and values[LABEL] in labels:
            raise BadInput(
                "bad_table",
                f"{file}, row {number}: the label {_quoted(values[LABEL])} stands there before.",
                "Give each row a label of its own; rows are counted from 0.",
            )
        labels.add(values.get(LABEL))
        rows.append(values)
    return rows


def read_observables(file: Path) -> list[Observable]:
    """Read observables: in CSV the columns `circuit`, `name` and `observable`; raises BadInput.

    In JSON they are as in Python: a list of rows or texts, or an object of these, see
    `as_observables`.
    """
    if file.suffix.lower() == ".json":
        return as_observables(_parsed_json(file), str(file))
    return as_observables([row for _, row in _csv(file)], str(file))


def _source(table: Path, number: int, row: Mapping[str, Any]) -> Source:
    path = row.get(_PATH)
    where = f"{table}, row {number}"
    if not isinstance(path, str) or not path:
        raise BadInput(
            "bad_table",
            f"{where} has no path.",
            f"Name the circuit's file in the column '{_PATH}'; there are: {', '.join(row)[:100]}.",
        )
    name = row.get(_NAME)
    if not isinstance(name, str | None):
        raise BadInput("bad_table", f"{where}: the name {name!r} is not a text.", "Quote it.")
    return Source(
        path=table.parent / path,
        name=name or None,
        shots=_shots(where, row.get(_SHOTS)),
        metadata={k: v for k, v in row.items() if k not in {_PATH, _NAME, _SHOTS}},
    )


def _shots(where: str, value: object) -> int | None:
    if value is None or value == "":
        return None
    if isinstance(value, bool) or not _SHOTS_TEXT.fullmatch(str(value)):
        raise BadInput(
            "bad_table", f"{where}: {_quoted(value)} is not a number of shots.", "Give 1 or more."
        )
    return int(str(value))


def _label(file: Path, number: int, _name: str, value: object) -> str:
    """Return what a row is called: its runs have this behind the name of their circuit."""
    text = str(value) if isinstance(value, str | int | float) else ""
    if not text or _NO_LABEL.search(text) or len(text) > _LONGEST or not text.isprintable():
        raise BadInput(
            "bad_table",
            f"{file}, row {number}: {_quoted(value)} is no label.",
            f"Give a text of 1 to {_LONGEST} characters, without blanks, / and @.",
        )
    return text


def _value(file: Path, number: int, name: str, value: object) -> float:
    try:
        if isinstance(value, bool) or not isinstance(value, str | int | float):
            raise TypeError
        result = float(value)
    except (TypeError, ValueError, OverflowError):
        result = math.nan
    if not math.isfinite(result):
        raise BadInput(
            "bad_table",
            f"{file}, row {number}: the value {_quoted(value)} of '{name}' is not a finite number.",
            "Write it as a number, such as 1.5708; rows are counted from 0.",
        )
    return result


def _csv(file: Path) -> list[tuple[int, dict[str, Any]]]:
    """Return the rows by number, from 0; the head is not counted, and neither are empty lines."""
    reader = csv.reader(io.StringIO(_text(file), newline=""), skipinitialspace=True, strict=True)
    rows: list[tuple[int, dict[str, Any]]] = []
    try:
        lines = [line for line in reader if any(cell.strip() for cell in line)]
    except csv.Error as error:
        raise BadInput(
            "bad_table", f"{file}, line {reader.line_num}: {error}.", "It is read as CSV."
        ) from error
    if not lines:
        return []
    head = [cell.strip() for cell in lines[0]]
    if "" in head or len(set(head)) < len(head):
        raise BadInput(
            "bad_table",
            f"{file}: its first line must name each column, once.",
            "It reads: " + ",".join(head)[:100],
        )
    for number, line in enumerate(lines[1:]):
        if len(line) != len(head):
            raise _ragged(file, number)
        rows.append((number, dict(zip(head, (cell.strip() for cell in line), strict=True))))
    return rows


def _parsed_toml(file: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(_text(file))
    except (ValueError, RecursionError) as error:
        raise BadInput(
            "bad_table", f"{file}: {error}.", "It is read as TOML; a .csv file is read as CSV."
        ) from error


def _toml(file: Path) -> list[tuple[int, dict[str, Any]]]:
    document = _parsed_toml(file)
    arrays = [value for value in document.values() if isinstance(value, list)]
    if len(arrays) != 1 or not all(isinstance(row, dict) for row in arrays[0]):
        raise BadInput(
            "bad_table",
            f"{file} holds no single array of tables.",
            "Write each circuit as [[circuit]], with its path, name and shots below.",
        )
    try:
        # Dates and times are texts in JSON; what TOML has beside them, JSON lacks altogether.
        rows = json.loads(json.dumps(arrays[0], default=str, allow_nan=False))
    except ValueError as error:
        raise BadInput(
            "bad_table", f"{file} holds a number that is not finite.", "Write it as a text."
        ) from error
    return list(enumerate(rows))


def _numbered(document: object, file: Path) -> list[tuple[int, dict[str, Any]]]:
    if isinstance(document, dict):
        document = grid_rows(document, str(file))
    if not isinstance(document, list) or not all(isinstance(row, dict) for row in document):
        raise BadInput(
            "bad_table",
            f"{file} holds no rows.",
            'Write a list of objects, as [{"theta": 0.1}, {"theta": 0.2}], '
            'or an object of lists, as {"theta": [0.1, 0.2]}.',
        )
    return list(enumerate(document))


def _parsed_json(file: Path) -> Any:
    try:
        return json.loads(_text(file), object_pairs_hook=_object)
    except (ValueError, RecursionError) as error:
        raise BadInput("bad_table", f"{file} is not JSON: {error}.", "Mend it.") from error


def _object(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("a name stands twice in an object")
    return found


def _quoted(value: object) -> str:
    text = repr(value)
    return text if len(text) <= _LONGEST else text[:_LONGEST] + "…"


def _ragged(file: Path, number: int) -> BadInput:
    return BadInput(
        "bad_table",
        f"{file}, row {number} does not have the same columns as the others.",
        "Give every row a value for every column; rows are counted from 0.",
    )


def _text(file: Path) -> str:
    try:
        data = read_bytes(file)
        kind = kind_of(data, str(file))
        if kind is not None and kind.what not in _TABLES:
            what = f"{file} is {kind.what}, and no table."
            raise BadInput("bad_table", what, "Name a file of CSV, TOML or JSON.")
        text = decoded(data)
    except OSError as error:
        raise BadInput(
            "unreadable",
            f"{file} cannot be read: {error.strerror or error}.",
            "Check the name and the permissions.",
        ) from error
    except UnicodeDecodeError as error:
        raise BadInput("binary", f"{file} is not a text file in UTF-8.", "Save it so.") from error
    if "\0" in text:
        raise BadInput("binary", f"{file} is not a text file: it holds NUL bytes.", "Name another.")
    return text
