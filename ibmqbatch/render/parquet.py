"""Results as a Parquet file, a group of rows at a time."""

from __future__ import annotations

import importlib
import itertools
from collections.abc import Iterable, Mapping
from typing import Any, BinaryIO

from ..errors import MissingPackage
from .results import Data, Layout
from .text import json_text

__all__ = ["check_parquet", "kinds_of", "write_parquet"]

_GROUP = 50_000  # rows that are in memory at a time
_INT64 = range(-(2**63), 2**63)


def check_parquet() -> None:
    """Raise MissingPackage where Parquet files cannot be written."""
    _library("pyarrow")


def kinds_of(metadata: Iterable[Mapping[str, object]]) -> dict[str, str]:
    """Return the kind of each key's values: bool, int, float, text, or json for any others.

    The keys are in the order in which they come.
    """
    found: dict[str, set[str]] = {}
    for each in metadata:
        for key, value in each.items():
            kinds = found.setdefault(key, set())
            if value is not None:
                kinds.add(_kind(value))
    return {key: _common(kinds) for key, kinds in found.items()}


def _kind(value: object) -> str:
    if isinstance(value, bool):
        return "bool"
    if isinstance(value, int):
        return "int" if value in _INT64 else "json"
    return {float: "float", str: "text"}.get(type(value), "json")


def _common(kinds: set[str]) -> str:
    if kinds == {"int", "float"}:
        return "float"
    return kinds.pop() if len(kinds) == 1 else "json" if kinds else "text"


def write_parquet(
    records: Iterable[Data], stream: BinaryIO, layout: Layout, metadata: Mapping[str, str]
) -> None:
    """Write records as rows of a Parquet file; `metadata` are the kinds of its keys."""
    arrow, parquet = _library("pyarrow"), _library("pyarrow.parquet")
    types = {
        "int": arrow.int64(),
        "float": arrow.float64(),
        "bool": arrow.bool_(),
        "text": arrow.string(),
        "json": arrow.string(),
    }
    kinds = [*layout.columns.values(), *metadata.values()]
    heads = layout.heads(metadata)
    schema = arrow.schema([(head, types[kind]) for head, kind in zip(heads, kinds, strict=True)])
    rows = layout.table(records, [*metadata])
    with parquet.ParquetWriter(_Counted(stream), schema, compression="zstd") as writer:
        while group := list(itertools.islice(rows, _GROUP)):
            columns = [
                arrow.array([_plain(row[at], kind) for row in group], types[kind])
                for at, kind in enumerate(kinds)
            ]
            writer.write_table(arrow.Table.from_arrays(columns, schema=schema))


def _plain(value: object, kind: str) -> object:
    if value is None:
        return None
    if kind == "json":
        return json_text(value)
    return float(value) if kind == "float" else value  # type: ignore[arg-type]


class _Counted:
    """A stream that is only written to, and knows how far: a pipe does not."""

    closed = False

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self._written = 0

    def write(self, data: bytes) -> int:
        self._stream.write(data)
        self._written += len(data)
        return len(data)

    def tell(self) -> int:
        return self._written

    def flush(self) -> None:
        self._stream.flush()

    def close(self) -> None:
        """Leave the stream to whoever has opened it."""

    def readable(self) -> bool:
        return False

    def writable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return False


def _library(name: str) -> Any:
    try:
        return importlib.import_module(name)
    except ImportError as error:
        raise MissingPackage(
            "Parquet files need pyarrow, which is not installed.",
            "pip install 'ibmqbatch[parquet]'",
        ) from error
