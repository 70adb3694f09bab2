"""A quick look at a manifest: what a list of sets needs, and nothing that could be in anyone's way.

It takes no lock, migrates nothing and writes nothing, so it may see a set in the midst of a change:
good enough for a person who chooses one, not for anything that acts.
"""

from __future__ import annotations

import json
import sqlite3
from dataclasses import dataclass
from pathlib import Path

from ..errors import StorageError
from .database import Database
from .errors import ManifestError
from .records import SetState, set_state
from .store import Manifest

__all__ = ["Glance", "glance"]


@dataclass(frozen=True, slots=True)
class Glance:
    """What was seen of a set."""

    id: str
    name: str
    account: str
    backend: str
    tags: tuple[str, ...]
    state: SetState


def glance(path: Path) -> Glance | None:
    """Look at the manifest at `path`; None where it cannot be read, for whatever reason."""
    try:
        # `immutable` has SQLite take no lock and look for no journal.
        connection = sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro&immutable=1", uri=True)
    except sqlite3.Error:
        return None
    manifest = Manifest(Database(path, connection))
    try:
        row = manifest.db.row("SELECT id, name, account, backend, tags FROM jobset")
        if row is None:
            return None
        set_id, name, account, backend, tags = row
        state = set_state(manifest.kinds_of_jobs())
        return Glance(set_id, name, account, backend, tuple(json.loads(tags)), state)
    except (ManifestError, StorageError, ValueError, TypeError):
        return None
    finally:
        manifest.close()
