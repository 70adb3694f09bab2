"""The database of the service: one connection, one lock, for all threads.

Every change is on the disk before the block that makes it ends. Statements are short.
"""

from __future__ import annotations

import contextlib
import sqlite3
import threading
import time
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

from .. import files
from ..transactions import transaction
from .schema import open_database

__all__ = ["Database", "now", "timestamp"]

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def now() -> int:
    """Return the time as it is stored: microseconds since 1970, UTC."""
    return time.time_ns() // 1000


def timestamp(microseconds: int) -> str:
    """Return a stored time as ISO 8601, UTC, with microseconds."""
    moment = _EPOCH + timedelta(microseconds=microseconds)
    return moment.isoformat(timespec="microseconds").replace("+00:00", "Z")


class Database:
    """An open database. Raises StorageError where it cannot be opened."""

    def __init__(self, path: Path) -> None:
        files.make_private(path)
        self._connection = open_database(path)
        files.sync_folder(path.parent)
        self._connection.row_factory = sqlite3.Row
        self._lock = threading.Lock()

    def close(self) -> None:
        """Close the database."""
        with self._lock:
            self._connection.close()

    @contextlib.contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """Hold the connection in a transaction that ends with the block."""
        with self._lock, transaction(self._connection):
            yield self._connection

    @contextlib.contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """Hold the connection, so that nothing changes between statements of the block."""
        with self._lock:
            yield self._connection

    def read(self, statement: str, values: Sequence[object] = ()) -> list[sqlite3.Row]:
        """Return the rows of one statement."""
        with self._lock:
            return self._connection.execute(statement, values).fetchall()
