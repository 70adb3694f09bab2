"""What backends were last seen to be, for when the service cannot be asked, or need not be.

One file for each account in a folder of the data folder. It may be old: whoever uses it says how
old, and what circuits are compiled for is asked for anew.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from .. import paths
from ..errors import StorageError
from ..files import FileLock, replacing

__all__ = ["recall", "remember"]


def _path(account: str, instance: str) -> Path:
    name = hashlib.sha256(f"{account}\0{instance}".encode()).hexdigest()[:24]
    return paths.backends() / f"{name}.json"


def remember(account: str, instance: str, what: str, told: object, at: float) -> None:
    """Keep what the service has told of `what` at a time (epoch).

    Where the data folder cannot be written it is not kept.
    """
    path = _path(account, instance)
    with contextlib.suppress(OSError, StorageError, ValueError):
        paths.ensure_folder(path.parent)
        with FileLock(path.with_suffix(".lock")):
            kept = {**_read(path), what: {"at": at, "told": told}}
            with replacing(path) as file:
                file.write(json.dumps(kept).encode())


def recall(account: str, instance: str, what: str) -> tuple[Any, float] | None:
    """Return what was kept of `what`, and the time (epoch) at which it was told."""
    entry = _read(_path(account, instance)).get(what)
    if not isinstance(entry, dict) or not isinstance(entry.get("at"), int | float):
        return None
    return entry.get("told"), float(entry["at"])


def _read(path: Path) -> Mapping[str, Any]:
    """Return all that is kept; nothing where the file is no good."""
    try:
        kept = json.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError):
        return {}
    return kept if isinstance(kept, dict) else {}
