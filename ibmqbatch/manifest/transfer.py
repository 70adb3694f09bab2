"""A set as one file that can be taken elsewhere: exporting it, and importing it.

Such a copy is marked: it sends nothing until it takes over (`Wants.take_over`), because the file
that it was made of may send the same jobs. A name of a host could not tell this: hosts change
theirs, containers with each start.
"""

from __future__ import annotations

import contextlib
import hashlib
import itertools
import json
import os
import re
import socket
import sqlite3
import time
import zlib
from collections.abc import Iterable, Iterator
from pathlib import Path

from .. import paths
from ..clock import iso
from ..errors import Call, StorageError, UsageError, Words
from ..files import FileLock, make_private, replacing_path, sync_folder
from ..kinds import LOOKED_AT, OPENQASM, QPY, SQLITE, kind_of
from .compression import unpack
from .database import Database, check_kind, explain, migrate
from .draft import remove_abandoned
from .errors import DamagedManifest, ForeignManifest, SetExists, SetInUse
from .files import DRAFT_SUFFIX, SUFFIX, lock_path, remove_leftovers
from .ids import is_set_id
from .manifest import Manifest
from .records import SETS, SetRecord

__all__ = ["check_content", "check_schema", "export_copy", "import_copy", "same_content"]

_BUSY_SECONDS = 10.0
_EXPORTED = Words("Name a file that {} made.", Call("export"))


def export_copy(manifest: Manifest, target: Path) -> None:
    """Write a copy of a set to the file `target`, whole or not at all; raises StorageError."""
    try:
        with replacing_path(target) as temporary:
            with _unsafe(temporary) as connection:
                manifest.db.copy_into(connection)
                found = connection.execute("PRAGMA quick_check(1)").fetchone()[0]
                if found != "ok":
                    raise explain(sqlite3.DatabaseError(found), manifest.path)
                _mark(connection, "copied")
            remove_leftovers(target)
    except sqlite3.DatabaseError as error:
        if error.sqlite_errorcode & 0xFF in {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}:
            raise explain(error, manifest.path) from error
        raise _unwritable(target, error) from error
    except OSError as error:
        raise _unwritable(target, error.strerror or error) from error


def import_copy(source: Path, *, keep_mark: bool = True) -> tuple[Path, bool]:
    """Import the set in `source` into the data folder; return its path, and whether it is new.

    It gets its name when it is whole, verified and of the present version. Raises SetExists where
    another set of this id is there, SetInUse, and a ManifestError about `source`.
    """
    folder = paths.ensure_folder(paths.sets())
    remove_abandoned(folder)
    try:
        with _source(source) as file:
            set_id = _read_id(file, source)
            target = folder / f"{set_id}{SUFFIX}"
            if target.exists() and target.samefile(source):
                return target, False
            lock = FileLock(lock_path(target))
            if not lock.acquire(blocking=False):
                raise SetInUse(
                    f"Another process holds the set {set_id}.",
                    "Wait until it is done, then try again.",
                )
            try:
                return _import(file, source, target, keep_mark=keep_mark)
            finally:
                lock.release()
    except sqlite3.Error as error:
        explained = explain(error, source)
        if isinstance(explained, DamagedManifest):
            explained.hint = "Export it once more from where it was made."
        raise explained from error
    except OSError as error:
        raise _unwritable(folder, error.strerror or error) from error


def _import(
    file: sqlite3.Connection, source: Path, target: Path, *, keep_mark: bool
) -> tuple[Path, bool]:
    """Copy, verify, mark, name. The caller holds the set's lock."""
    draft = target.with_suffix(DRAFT_SUFFIX)
    draft.unlink(missing_ok=True)
    make_private(draft)
    try:
        with _unsafe(draft) as connection:
            file.backup(connection)
            connection.execute("PRAGMA journal_mode = OFF")  # whatever mode the file was in
            migrate(connection, source)
            check_schema(connection, source)
            check_content(connection, source, target.stem)
            if target.exists():
                if same_content(connection, target):
                    return target, False
                raise SetExists(
                    f"The set {target.stem} is here already, and {source} holds it otherwise.",
                    Words(
                        "Compare {} with {}; {} makes room for the other.",
                        Call("status", target.stem),
                        Call("status", str(source)),
                        Call("forget", target.stem),
                    ),
                )
            _mark(connection, "imported", keep=keep_mark)
        with draft.open("rb") as written:
            os.fsync(written.fileno())
        remove_leftovers(target)
        draft.replace(target)
        sync_folder(target.parent)
    finally:
        draft.unlink(missing_ok=True)
        remove_leftovers(draft)
    return target, True


def _mark(connection: sqlite3.Connection, kind: str, *, keep: bool = True) -> None:
    now, host = iso(time.time()), socket.gethostname()
    connection.execute("BEGIN")
    if keep:
        connection.execute("UPDATE jobset SET copied_at = ?", (now,))
    else:
        connection.execute("UPDATE jobset SET copied_at = NULL, host = ?", (host,))
    connection.execute(
        "INSERT INTO events (at, kind, detail) VALUES (?, ?, ?)", (now, kind, f"on {host}")
    )
    connection.execute("COMMIT")


def _read_id(connection: sqlite3.Connection, source: Path) -> str:
    """Return the id of the set in a file that nothing is known of yet.

    The id becomes a file name: one that is not as ours are is refused.
    """
    check_kind(connection, source)
    programmed = connection.execute(
        "SELECT name FROM sqlite_schema WHERE type NOT IN ('table', 'index')"
    ).fetchone()
    rows = [] if programmed else connection.execute("SELECT id FROM jobset LIMIT 2").fetchall()
    if len(rows) != 1 or not is_set_id(rows[0][0]):
        raise DamagedManifest(
            f"{source} holds no job set that this program has made.",
            "Export it once more from where it was made.",
        )
    return str(rows[0][0])


@contextlib.contextmanager
def _source(path: Path) -> Iterator[sqlite3.Connection]:
    """Open the file of somebody else. It is not changed, but for what a killed writer left undone.

    Nothing that its schema may hold is run.
    """
    if not path.is_file():
        raise UsageError(f"There is no file {path}.", _EXPORTED)
    _check_kind(path)
    uri = f"{path.absolute().as_uri()}?mode=rw"
    with contextlib.closing(
        sqlite3.connect(uri, uri=True, isolation_level=None, timeout=_BUSY_SECONDS)
    ) as connection:
        connection.execute("PRAGMA trusted_schema = OFF")
        yield connection


def _check_kind(path: Path) -> None:
    """Raise ForeignManifest for a file that is something else than a set; raises OSError, too."""
    with path.open("rb") as file:
        kind = kind_of(file.read(LOOKED_AT), path.name)
    if kind is None or kind is SQLITE:
        return  # SQLite says what is wrong with it
    advice = _EXPORTED
    if kind in {OPENQASM, QPY}:
        advice = Words("{} runs its circuits. {}", Call("submit", str(path)), _EXPORTED)
    raise ForeignManifest(f"{path} is {kind.what}, and no exported job set.", advice)


@contextlib.contextmanager
def _unsafe(path: Path) -> Iterator[sqlite3.Connection]:
    """Open an empty file that nobody else knows yet, without any care for a crash."""
    uri = f"{path.absolute().as_uri()}?mode=rw"
    with contextlib.closing(sqlite3.connect(uri, uri=True, isolation_level=None)) as connection:
        connection.execute("PRAGMA journal_mode = OFF")
        connection.execute("PRAGMA synchronous = OFF")
        connection.execute("PRAGMA trusted_schema = OFF")
        yield connection


def _unwritable(path: Path, error: object) -> StorageError:
    return StorageError(
        f"{path} cannot be written: {error}.",
        "Check the disk's free space and the permissions of the folder, or name another.",
    )


# What could steer a terminal, or break a line of output.
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_LONGEST_TEXT = 1000
# By what two files are told to be the same, table by table: checksums stand for what they sum up,
# and neither the mark of a copy nor its history is part of a set.
_COMPARED = {
    "jobset": SETS.compared,
    "programs": "id, kind, length(body)",
    "bodies": "id, kind, sha256, length(body), layout, measured",
    "device": "length(configuration), length(properties)",
    "batches": "*",
    "circuits": "*",
    "jobs": "*",
    "attempts": "*",
    "remotes": "*",
    "results": "remote_id, fetched_at, size, sha256, length(body)",
}
# Where JSON is, and how deeply it may be nested: whoever reads it goes down a step a level.
_JSON = (
    *(("jobset", name) for name in ("tags", "options", "compilation", "run_config")),
    *(("circuits", name) for name in ("metadata", "parameter_values")),
    *(("bodies", name) for name in ("measured", "layout")),
    ("remotes", "metrics"),
)
_DEEPEST = 100
_STRING, _BRACKET = re.compile(r'"(?:[^"\\]|\\.)*"'), re.compile(r"[][{}]")
# Rows that no manifest of ours has, and what is then wrong with it.
_NOT_TO_BE = (
    ("SELECT 1 FROM jobset LIMIT 1 OFFSET 1", "it holds several sets"),
    ("SELECT 1 FROM device LIMIT 1 OFFSET 1", "it was compiled for several devices"),
    (
        "SELECT 1 FROM circuits WHERE json_type(metadata) IS NOT 'object'",
        "the metadata of a circuit are garbled",
    ),
    (
        (
            "SELECT 1 FROM circuits c JOIN bodies b ON b.id = c.body "
            "WHERE c.shots < (b.kind != 'unknown')"
        ),
        "a circuit in it has no shots",
    ),
    (
        (
            "SELECT 1 FROM circuits WHERE parameter_values IS NOT NULL AND NOT json_valid("
            "parameter_values)"
        ),
        "the values of a circuit are garbled",
    ),
    (
        "SELECT 1 FROM bodies WHERE layout IS NOT NULL AND NOT json_valid(layout)",
        "the layout of a circuit is garbled",
    ),
    (
        "SELECT 1 FROM bodies WHERE measured IS NOT NULL AND NOT json_valid(measured)",
        "what is measured of a circuit is garbled",
    ),
    (
        (
            "SELECT 1 FROM jobs WHERE first_place < 0 OR shots < 1 OR repeat < 0 "
            "OR last_place < first_place OR last_place >= (SELECT count(*) FROM circuits)"
        ),
        "a job in it has circuits that are not there",
    ),
    (
        (
            "SELECT 1 FROM jobs WHERE (first_circuit, last_circuit) IS NOT (SELECT min(idx), "
            "max(idx) FROM circuits WHERE place BETWEEN first_place AND last_place)"
        ),
        "a job in it has other circuits than it says",
    ),
    (
        (
            "SELECT 1 FROM circuits GROUP BY place HAVING count(*) > 1 OR place < 0 "
            "OR place >= (SELECT count(*) FROM circuits)"
        ),
        "its circuits are not each in a place of their own",
    ),
    (
        "SELECT 1 FROM circuits WHERE place != idx AND NOT (SELECT grouped FROM jobset)",
        "its circuits are not in the order in which they were sent",
    ),
)


def check_schema(connection: sqlite3.Connection, source: Path) -> None:
    """Raise DamagedManifest unless the tables are those of a manifest, whole and without extras.

    What a value may be stands in their definitions, and holds of every row.
    """
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
    """Return all that a schema holds, as it was defined: constraints are what a file is held to."""
    found = connection.execute(
        "SELECT type, name, tbl_name, sql FROM sqlite_schema "
        "WHERE name NOT LIKE 'sqlite~_%' ESCAPE '~'"
    )
    return {tuple(row) for row in found.fetchall()}


def check_content(connection: sqlite3.Connection, source: Path, set_id: str) -> None:
    """Raise DamagedManifest unless the rows make one job set, of this id."""
    if connection.execute("PRAGMA foreign_key_check").fetchone() is not None:
        raise _damaged(source, "what belongs together is not there")
    connection.row_factory = sqlite3.Row
    record = Manifest(Database(source, connection)).job_set()
    if record.id != set_id:
        raise _damaged(source, "it changed while it was read")
    _check_record(record, source)
    for sql, what in _NOT_TO_BE:
        if connection.execute(f"SELECT EXISTS ({sql})").fetchone()[0]:
            raise _damaged(source, what)
    _check_depth(connection, source)
    for table, total in (("circuits", record.total_circuits), ("jobs", record.total_jobs)):
        count, last = connection.execute(
            f"SELECT count(*), max(idx) FROM {table}"  # noqa: S608
        ).fetchone()
        if not 0 < total == count == last + 1:
            raise _damaged(source, f"it does not hold all its {table}")
    spans = connection.execute(
        "SELECT first_place, last_place FROM jobs WHERE repeat = 0 ORDER BY first_place"
    ).fetchall()
    edges = [(0, -1), *map(tuple, spans), (record.total_circuits, 0)]
    if any(after[0] != before[1] + 1 for before, after in itertools.pairwise(edges)):
        raise _damaged(source, "its jobs do not hold each circuit once")
    _check_blobs(connection, source)
    _check_answers(connection, source)


def _check_depth(connection: sqlite3.Connection, source: Path) -> None:
    """Look for JSON that is nested more deeply than whoever reads it can go."""
    for table, column in _JSON:
        bracketed = connection.execute(
            f"SELECT {column} FROM {table} WHERE length({column}) "  # noqa: S608
            f"- length(replace(replace({column}, '[', ''), '{{', '')) > ?",
            (_DEEPEST,),
        )
        for (text,) in bracketed:
            steps = (1 if mark in "[{" else -1 for mark in _BRACKET.findall(_STRING.sub("", text)))
            if max(itertools.accumulate(steps)) > _DEEPEST:
                raise _damaged(source, f"the {column} in its {table} are nested too deeply")


def _check_answers(connection: sqlite3.Connection, source: Path) -> None:
    """Look at what services have told, as it is read later."""
    device = Manifest(Database(source, connection)).device() or ({}, None)
    metrics = connection.execute("SELECT metrics FROM remotes WHERE metrics IS NOT NULL").fetchall()
    try:
        answers = [*device, *(json.loads(text) for (text,) in metrics)]
    except (ValueError, RecursionError):
        answers = [False]
    if not all(answer is None or isinstance(answer, dict) for answer in answers):
        raise _damaged(source, "what a service has told is garbled in it")
    for batch in connection.execute("SELECT id, opened_at, closed_at FROM batches").fetchall():
        _check_texts([text or "" for text in batch], source)


def _check_blobs(connection: sqlite3.Connection, source: Path) -> None:
    """Hold what is packed to its checksum, one at a time: a file can have been hurt on its way."""
    for table, key, what in (("bodies", "id", "a circuit"), ("results", "remote_id", "a result")):
        for name, sha256 in connection.execute(f"SELECT {key}, sha256 FROM {table}").fetchall():  # noqa: S608
            body = _unpacked(connection, table, key, name)
            if body is None or hashlib.sha256(body).hexdigest() != sha256:
                raise _damaged(source, f"{what} in it is not what it was")
    for (name,) in connection.execute("SELECT id FROM programs").fetchall():
        if _unpacked(connection, "programs", "id", name) is None:
            raise _damaged(source, "a program in it is not what it was")


def _unpacked(connection: sqlite3.Connection, table: str, key: str, name: object) -> bytes | None:
    row = connection.execute(f"SELECT body FROM {table} WHERE {key} = ?", (name,)).fetchone()  # noqa: S608
    try:
        return unpack(row[0])
    except zlib.error:
        return None


def _check_record(record: SetRecord, source: Path) -> None:
    mappings = (record.options, record.compilation, record.run_config)
    if not all(isinstance(mapping, dict) for mapping in mappings):
        raise _damaged(source, "its options are garbled")
    texts = (record.name, record.account, record.backend, record.instance, record.host)
    times = (record.created_at, record.closed_at or "")
    _check_texts([*texts, *times, *map(str, record.tags)], source)


def _check_texts(texts: Iterable[str], source: Path) -> None:
    if any(_CONTROL.search(text) or len(text) > _LONGEST_TEXT for text in texts):
        raise _damaged(source, "a text in it is none that this program writes")


def same_content(connection: sqlite3.Connection, path: Path) -> bool:
    """Return whether a checked copy holds what the set at `path` holds."""
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
