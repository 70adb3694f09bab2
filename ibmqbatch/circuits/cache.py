"""What was compiled before, kept so that nobody waits for it again.

An entry is known by all that its circuit depends on: the program with its name and metadata, the
device with its calibration, how it was compiled, the values of a sweep, and the versions of Qiskit
and of this tool. Where one of these is another, so is the entry. Losing the cache costs time alone,
so nothing here is synced, and whatever is wrong with it makes it as good as empty.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import sqlite3
import time
import zlib
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import asdict
from typing import Any, Self

from .. import __version__, paths
from ..errors import StorageError
from ..files import make_private
from ._qiskit import installed_versions
from .cost import Cost
from .device import Device
from .preparer import Compiled, Preparation
from .programs import Program

__all__ = ["CompileCache"]

_FILE = "compiled.sqlite"
_FORM = 2  # of an entry
_MOST_BYTES = 500_000_000  # of all entries
_KEPT_SHARE = 0.8  # of them, when the oldest have to go
_PATIENCE = 2.0  # seconds that another process may take to write
# What a file can make of whoever reads it, and a folder of whoever writes there.
_TROUBLES = (sqlite3.Error, OSError, StorageError, ValueError, KeyError, TypeError, zlib.error)
_SCHEMA = """
CREATE TABLE IF NOT EXISTS entries (
    key TEXT PRIMARY KEY, used REAL NOT NULL, size INTEGER NOT NULL, told TEXT NOT NULL,
    body BLOB NOT NULL
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS by_use ON entries (used, size);
"""


class CompileCache:
    """The programs that were compiled for one device in one way. Use as a context manager."""

    def __init__(
        self,
        device: Device,
        preparation: Preparation,
        sweep: Sequence[Mapping[str, float]] | None,
    ) -> None:
        how = [
            _FORM,
            __version__,
            installed_versions(),
            _sorted(asdict(device)),
            asdict(preparation),
            sweep,
        ]
        self._how = hashlib.sha256(json.dumps(how, default=repr).encode()).digest()
        self._db: sqlite3.Connection | None = None

    def __enter__(self) -> Self:
        with self._forgiving():
            path = paths.ensure_cache() / _FILE
            make_private(path)
            self._db = sqlite3.connect(
                f"{path.as_uri()}?mode=rw", uri=True, timeout=_PATIENCE, isolation_level=None
            )
            self._db.executescript(
                "PRAGMA journal_mode=TRUNCATE; PRAGMA synchronous=OFF; BEGIN IMMEDIATE;"
                f"{_SCHEMA} COMMIT;"
            )
        return self

    def __exit__(self, *_: object) -> None:
        if self._db is not None:
            self._db.close()

    def key(self, program: Program) -> str | None:
        """Return what a program is known by; None for one that depends on other files."""
        if program.includes_others:
            return None
        basis = program.measured and program.measured.name
        about = [program.kind, program.name, program.metadata, basis]
        digest = hashlib.sha256(self._how + json.dumps(about).encode() + b"\0")
        digest.update(program.content)
        return digest.hexdigest()

    def find(self, wanted: Collection[str]) -> dict[str, Compiled]:
        """Return what is there, by the keys that are wanted."""
        found: dict[str, Compiled] = {}
        with self._forgiving():
            if self._db is None or not wanted:
                return found
            marks = ",".join("?" * len(wanted))
            rows = self._db.execute(
                f"SELECT key, told, body FROM entries WHERE key IN ({marks})",  # noqa: S608
                list(wanted),
            ).fetchall()
            for key, told, body in rows:
                found[key] = _read(json.loads(told), body)
            if found:
                self._db.execute(
                    f"UPDATE entries SET used = ? WHERE key IN ({','.join('?' * len(found))})",  # noqa: S608
                    [time.time(), *found],
                )
        return found

    def keep(self, entries: Sequence[tuple[str, Compiled]]) -> None:
        """Keep some programs; where there is too much, those go that were not used for longest."""
        with self._forgiving():
            if self._db is None or not entries:
                return
            now = time.time()
            self._db.execute("BEGIN IMMEDIATE")
            self._db.executemany(
                "INSERT OR REPLACE INTO entries VALUES (?, ?, ?, ?, ?)",
                [
                    (key, now, len(told) + len(compiled.body), told, compiled.body)
                    for key, compiled in entries
                    for told in [_told(compiled)]
                ],
            )
            (total,) = self._db.execute("SELECT sum(size) FROM entries").fetchone()
            if total > _MOST_BYTES:
                self._make_room(total - int(_KEPT_SHARE * _MOST_BYTES))
            self._db.execute("COMMIT")

    def _make_room(self, size: int) -> None:
        """Delete the entries of so many bytes that were not used for longest."""
        assert self._db is not None
        for used, of_them in self._db.execute(
            "SELECT used, sum(size) FROM entries GROUP BY used ORDER BY used"
        ).fetchall():
            self._db.execute("DELETE FROM entries WHERE used = ?", [used])
            size -= of_them
            if size <= 0:
                return

    @contextlib.contextmanager
    def _forgiving(self) -> Iterator[None]:
        """Go on without a cache that cannot be used; one that is damaged is deleted."""
        try:
            yield
        except _TROUBLES as error:
            if self._db is not None:
                self._db.close()
                self._db = None
            # What is damaged would be so for ever; what is busy, or full, would not.
            if not isinstance(error, OSError | StorageError | sqlite3.OperationalError):
                with contextlib.suppress(OSError):
                    (paths.cache() / _FILE).unlink()


def _sorted(value: Any) -> Any:
    """Return a value whose parts are in an order that does not change from process to process."""
    if isinstance(value, Mapping):
        return sorted((repr(key), _sorted(part)) for key, part in value.items())
    if isinstance(value, frozenset | set):
        return sorted(map(repr, value))
    if isinstance(value, list | tuple):
        return [_sorted(part) for part in value]
    return value


def _told(compiled: Compiled) -> str:
    """Return all of it but the body, as JSON."""
    told = asdict(compiled)
    del told["body"]
    return json.dumps(told)


def _read(told: dict[str, Any], body: bytes) -> Compiled:
    """Return a program as it was compiled; raises ValueError where it is not what it was."""
    cost, layout = Cost(**told.pop("cost")), told.pop("layout")
    if layout is not None:
        layout = {name: tuple(places) for name, places in layout.items()}
    compiled = Compiled(**told, cost=cost, layout=layout, body=body)
    if hashlib.sha256(zlib.decompress(body)).hexdigest() != compiled.sha256:
        raise ValueError("an entry has changed")
    return compiled
