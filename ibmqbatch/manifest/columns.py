"""Tables whose columns are the fields of a record, so that a column is defined once.

What creates the table, adds a column to an old one, writes a row, reads it back and compares two of
them follows from the record. How a value is kept follows from the type of its field: texts and
numbers as they are, switches as 0 or 1, instants as `Instant.write` gives them, and whatever has
parts as JSON.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import MISSING, dataclass, field
from typing import Any, Generic, TypeVar

from ..clock import Instant

__all__ = ["Table", "column"]

Record = TypeVar("Record")


@dataclass(frozen=True, slots=True)
class _Kind:
    """How a type of Python is kept: `read` and `write` convert values that are not NULL."""

    sql: str
    read: Callable[[Any], Any] | None = None
    write: Callable[[Any], Any] | None = None
    check: str = ""


def _read_tuple(text: str) -> tuple[Any, ...]:
    return tuple(json.loads(text))


# By the annotation of the field, without its `| None`.
_KINDS = {
    "str": _Kind("TEXT"),
    "int": _Kind("INTEGER"),
    "float": _Kind("REAL"),
    "bool": _Kind("INTEGER", bool, int, check="IN (0, 1)"),
    "Instant": _Kind("TEXT", Instant.read, Instant.write),
    "tuple[str, ...]": _Kind("TEXT", _read_tuple, json.dumps),
    "Mapping[str, object]": _Kind("TEXT", json.loads, lambda value: json.dumps(dict(value))),
}
_NULLABLE = " | None"


@dataclass(frozen=True, slots=True)
class _Details:
    name: str = ""
    check: str = ""
    sql: str = ""
    table: str = ""
    version: int = 1
    compared: bool = True
    shown: bool = False


def column(
    *,
    name: str = "",
    check: str = "",
    sql: str = "",
    table: str = "",
    version: int = 1,
    compared: bool = True,
    shown: bool = False,
    **default: Any,
) -> Any:
    """Define a field, with what its type does not say of its column.

    It is called as the field unless it has a `name`. `check` is a condition on its values, and
    `sql` any other constraint. One of another `table`, given by its alias, is joined to the rows
    that are read. `version` is that of the schema which brought the column. `compared`: two files
    that differ in it hold different sets. `shown`: it is in the JSON documents. `default` is as for
    `dataclasses.field`.
    """
    details = _Details(name, check, sql, table, version, compared, shown)
    return field(metadata={"column": details}, **default)


class Table(Generic[Record]):
    """A table whose rows are records. `alias` names it where it is joined with others."""

    def __init__(self, name: str, record: type[Record], alias: str = "") -> None:
        self.name = name
        self._record = record
        self._alias = alias or name
        self._columns = [_Column(item) for item in dataclasses.fields(record)]  # type: ignore[arg-type]
        self._own = [column for column in self._columns if not column.details.table]
        self._converted = [
            (column.field, column.kind.read)
            for column in self._columns
            if column.kind.read is not None
        ]

    @property
    def selected(self) -> str:
        """The columns of a record, for a SELECT, each with the alias of its table."""
        return ", ".join(f"{c.details.table or self._alias}.{c.name}" for c in self._columns)

    @property
    def compared(self) -> str:
        """The columns in which two files of the same set are alike."""
        return ", ".join(column.name for column in self._own if column.details.compared)

    def definitions(self) -> str:
        """Return the columns of the first version of the table, for a CREATE."""
        return ",\n    ".join(c.definition for c in self._own if c.details.version == 1)

    def additions(self, version: int) -> str:
        """Return the statements that add the columns which a later version of it brought."""
        return "".join(
            f"ALTER TABLE {self.name} ADD COLUMN {column.definition};\n"
            for column in self._own
            if column.details.version == version
        )

    def read(self, row: Sequence[Any]) -> Record:
        """Return the record of a row of `selected` columns; raises ValueError or TypeError."""
        values = dict(zip((column.field for column in self._columns), row, strict=True))
        for name, convert in self._converted:
            if values[name] is not None:
                values[name] = convert(values[name])
        return self._record(**values)

    def insertion(self, record: Record) -> tuple[str, tuple[object, ...]]:
        """Return the statement that inserts a record, and its values."""
        names = ", ".join(column.name for column in self._own)
        marks = ", ".join("?" * len(self._own))
        values = (column.written(record) for column in self._own)
        return f"INSERT INTO {self.name} ({names}) VALUES ({marks})", tuple(values)  # noqa: S608

    def shown(self, record: Record) -> Iterator[tuple[str, Any]]:
        """Yield the names and values of what the JSON documents show of a record."""
        for column in self._columns:
            if column.details.shown:
                value = getattr(record, column.field)
                yield column.field, list(value) if isinstance(value, tuple) else value


class _Column:
    """A column of a table: its `field` of the record, and its `name` in the table."""

    def __init__(self, item: dataclasses.Field[Any]) -> None:
        assert isinstance(item.type, str)  # annotations are not evaluated
        self.field = item.name
        self.details: _Details = item.metadata.get("column", _Details())
        self.name = self.details.name or item.name
        self.kind = _KINDS[item.type.removesuffix(_NULLABLE)]
        self._nullable = item.type.endswith(_NULLABLE)
        self._default = item.default
        if item.default_factory is not MISSING:
            self._default = item.default_factory()

    @property
    def definition(self) -> str:
        parts = [self.name, self.kind.sql]
        if not self._nullable:
            parts.append("NOT NULL")
            if self._default is not MISSING:
                parts.append(f"DEFAULT {_literal(self._write(self._default))}")
        parts += [
            f"CHECK ({self.name} {check})"
            for check in (self.kind.check, self.details.check)
            if check
        ]
        return " ".join([*parts, self.details.sql]).rstrip()

    def written(self, record: object) -> object:
        return self._write(getattr(record, self.field))

    def _write(self, value: Any) -> Any:
        write = self.kind.write
        return value if value is None or write is None else write(value)


def _literal(value: object) -> str:
    return f"'{value}'" if isinstance(value, str) else str(value)
