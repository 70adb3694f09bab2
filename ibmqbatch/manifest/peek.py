"""A quick look at a manifest: what a list of sets needs, and nothing that could be in anyone's way.

It takes no lock, migrates nothing and writes nothing, so it may see a set in the midst of a change:
good enough for a person who chooses one, not for anything that acts.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from ..errors import StorageError
from .database import Database
from .errors import ManifestError
from .manifest import Manifest
from .records import JobRecord, SetState, set_state

__all__ = [
    "Peek",
    "peek",
    "peek_circuits",
    "peek_foreign",
    "peek_job",
    "peek_jobs",
]


Seen = TypeVar("Seen")


@dataclass(frozen=True, slots=True)
class Peek:
    """What was seen of a set; of its state only where that was asked for."""

    id: str
    name: str
    account: str
    backend: str
    tags: tuple[str, ...]
    state: SetState | None


def peek(path: Path, *, state: bool = False) -> Peek | None:
    """Look at the manifest at `path`; None where it cannot be read, for whatever reason.

    Its `state` takes as long as all the rest.
    """
    return _look(path, lambda manifest: _peek(manifest, state=state))


def peek_circuits(path: Path, begun: str, most: int) -> list[tuple[int, str, bool]]:
    """Return circuits of a set whose names, or indexes, are `begun` so, `most` at most.

    Each is its index, its name, and whether the name means this circuit alone.
    """
    return _look(path, lambda manifest: _circuits(manifest, begun, most)) or []


def peek_jobs(path: Path) -> list[JobRecord]:
    """Return the jobs of a set."""
    return _look(path, lambda manifest: manifest.jobs()) or []


def peek_job(path: Path, remote_id: str) -> int | None:
    """Return the job of a set for which a job on the service stands; None where none does."""
    return _look(path, lambda manifest: _job(manifest, remote_id))


def peek_foreign(path: Path) -> frozenset[str]:
    """Return the ids of a set's jobs on the service, if another program has sent them."""
    return _look(path, _foreign) or frozenset()


def _look(path: Path, see: Callable[[Manifest], Seen | None]) -> Seen | None:
    try:
        # `immutable` has SQLite take no lock and look for no journal.
        connection = sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro&immutable=1", uri=True)
    except sqlite3.Error:
        return None
    manifest = Manifest(Database(path, connection))
    try:
        return see(manifest)
    except (ManifestError, StorageError, ValueError, TypeError):
        return None
    finally:
        manifest.close()


def _peek(manifest: Manifest, *, state: bool) -> Peek | None:
    row = manifest.db.row("SELECT id, name, account, backend, tags FROM jobset")
    if row is None:
        return None
    set_id, name, account, backend, tags = row
    seen = set_state(manifest.kinds_of_jobs()) if state else None
    return Peek(set_id, name, account, backend, tuple(json.loads(tags)), seen)


def _circuits(manifest: Manifest, begun: str, most: int) -> list[tuple[int, str, bool]]:
    found = manifest.db.rows(
        """SELECT idx, name FROM circuits
           WHERE substr(name, 1, ?) = ? OR substr(idx, 1, ?) = ? ORDER BY idx LIMIT ?""",
        (len(begun), begun, len(begun), begun, most),
    )
    several = {
        row[0]
        for row in manifest.db.rows(
            """SELECT name FROM circuits WHERE name IN (SELECT value FROM json_each(?))
               GROUP BY name HAVING count(*) > 1""",
            (json.dumps([row[1] for row in found]),),
        )
    }
    # A number alone is taken for an index.
    return [
        (index, name, name not in several and not name.isdecimal())
        for index, name in map(tuple, found)
    ]


def _job(manifest: Manifest, remote_id: str) -> int | None:
    row = manifest.db.row("SELECT idx FROM jobs WHERE remote_id = ?", (remote_id,))
    return None if row is None else int(row[0])


def _foreign(manifest: Manifest) -> frozenset[str]:
    rows = manifest.db.rows("SELECT id FROM remotes WHERE (SELECT made_elsewhere FROM jobset)")
    return frozenset(row[0] for row in rows)
