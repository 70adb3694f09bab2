"""Whether a file that came from elsewhere is a manifest that can be trusted with its own set."""

from __future__ import annotations

import re
import sqlite3
from pathlib import Path

from .database import Database, migrate
from .errors import DamagedManifest
from .store import Manifest

__all__ = ["check_content", "check_schema", "same_content"]

# What could steer a terminal, or break a line of output.
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_LONGEST_TEXT = 1000
# By what two files are told to be the same, table by table: checksums stand for what they sum up,
# and neither the mark of a copy nor its history is part of a set.
_COMPARED = {
    "jobset": (
        "id, created_at, account, instance, backend, calibrated_at, once_key, shots, seed, options,"
        " total_circuits, total_jobs, total_repeats, name, tags, labels_version, closed_at,"
        " compilation, max_fails"
    ),
    "programs": "id, kind, length(body)",
    "bodies": "id, sha256, length(body), layout",
    "circuits": "*",
    "jobs": "*",
    "attempts": "*",
    "remotes": "*",
    "results": "remote_id, fetched_at, size, sha256, length(body)",
}


def check_schema(connection: sqlite3.Connection, source: Path) -> None:
    """Raise DamagedManifest unless the tables are those of a manifest, whole and without extras."""
    found = connection.execute("PRAGMA integrity_check(1)").fetchone()[0]
    if found != "ok":
        raise _damaged(source, found)
    fresh = sqlite3.connect(":memory:", isolation_level=None)
    try:
        migrate(fresh, source)
        if _shape(connection) != _shape(fresh):
            raise _damaged(source, "its tables are not those of a job set")
    finally:
        fresh.close()


def _shape(connection: sqlite3.Connection) -> set[tuple[object, ...]]:
    """Describe tables by their columns, and whatever else a schema holds by its name."""
    shape: set[tuple[object, ...]] = set()
    for kind, name, table in connection.execute(
        "SELECT type, name, tbl_name FROM sqlite_schema WHERE name NOT LIKE 'sqlite~_%' ESCAPE '~'"
    ).fetchall():
        shape.add((kind, name, table))
        if kind == "table":
            columns = connection.execute(
                'SELECT name, type, "notnull", pk, hidden FROM pragma_table_xinfo(?)', (name,)
            )
            shape.update((name, *column) for column in columns.fetchall())
            strict = connection.execute(
                "SELECT strict FROM pragma_table_list WHERE schema = 'main' AND name = ?", (name,)
            )
            shape.add((name, "strict", *strict.fetchone()))
    return shape


def check_content(connection: sqlite3.Connection, source: Path, set_id: str) -> None:
    """Raise DamagedManifest unless the rows make one job set, of this id."""

    def number(sql: str) -> int:
        return int(connection.execute(sql).fetchone()[0] or 0)

    if connection.execute("PRAGMA foreign_key_check").fetchone() is not None:
        raise _damaged(source, "what belongs together is not there")
    connection.row_factory = sqlite3.Row
    record = Manifest(Database(source, connection)).job_set()
    if number("SELECT count(*) FROM jobset") != 1 or record.id != set_id:
        raise _damaged(source, "it changed while it was read")
    if not isinstance(record.options, dict) or not isinstance(record.compilation, dict):
        raise _damaged(source, "its options are garbled")
    texts = (record.name, record.account, record.backend, record.instance, record.host)
    for text in (*texts, record.created_at, record.closed_at or "", *map(str, record.tags)):
        if _CONTROL.search(text) or len(text) > _LONGEST_TEXT:
            raise _damaged(source, "a text in it is none that this program writes")
    for table, total in (("circuits", record.total_circuits), ("jobs", record.total_jobs)):
        last = number(f"SELECT max(idx) FROM {table}")  # noqa: S608 - constants
        if not 0 < total == number(f"SELECT count(*) FROM {table}") == last + 1:  # noqa: S608
            raise _damaged(source, f"it does not hold all its {table}")
    if number("SELECT count(*) FROM circuits WHERE json_type(metadata) IS NOT 'object'"):
        raise _damaged(source, "the metadata of a circuit are garbled")
    if number(
        "SELECT count(*) FROM jobs WHERE first_circuit < 0 OR shots < 1 OR repeat < 0 "
        "OR last_circuit < first_circuit OR last_circuit >= (SELECT count(*) FROM circuits)"
    ):
        raise _damaged(source, "a job in it has circuits that are not there")


def same_content(connection: sqlite3.Connection, path: Path) -> bool:
    """Tell whether a checked copy holds what the set at `path` holds."""
    with Manifest.open(path):  # which brings it to the present version
        pass
    uri = f"{path.absolute().as_uri()}?mode=ro"
    connection.execute("ATTACH ? AS other", (uri,))
    try:
        return not any(
            connection.execute(
                f"SELECT 1 FROM (SELECT {columns} FROM {one}.{table} EXCEPT "  # noqa: S608
                f"SELECT {columns} FROM {two}.{table}) LIMIT 1"
            ).fetchone()
            for table, columns in _COMPARED.items()
            for one, two in (("main", "other"), ("other", "main"))
        )
    finally:
        connection.execute("DETACH other")


def _damaged(source: Path, what: str) -> DamagedManifest:
    return DamagedManifest(
        f"{source} is damaged, or no job set at all: {what}.",
        "Export it once more from where it was made.",
    )
