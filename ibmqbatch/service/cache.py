"""What the service last said of an account's backends, kept in the data folder.

`backends/` has a file for each account and instance, with what the service told and when: for when
it cannot be asked, or need not be. `backends.json` has the names alone, by account: completion
reads it, and asks no service. Both may be old or missing, so circuits are never compiled for what
stands here. Where the data folder cannot be written, nothing is kept.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from .. import paths
from ..errors import StorageError
from ..files import FileLock, replacing

__all__ = ["known_backends", "recall", "remember", "remember_backends"]


def remember(account: str, instance: str, what: str, told: object, at: float) -> None:
    """Keep what the service has told of `what` at a time (epoch)."""
    _update(_answers(account, instance), {what: {"at": at, "told": told}})


def recall(account: str, instance: str, what: str) -> tuple[Any, float] | None:
    """Return what was kept of `what`, and the time (epoch) at which it was told."""
    entry = _read(_answers(account, instance)).get(what)
    if not isinstance(entry, dict) or not isinstance(entry.get("at"), int | float):
        return None
    return entry.get("told"), float(entry["at"])


def remember_backends(account: str, names: Iterable[str]) -> None:
    """Keep the names of the backends that an account has now."""
    present = sorted(names)
    if known_backends().get(account) != present:
        _update(_names(), {account: present})


def known_backends() -> dict[str, list[str]]:
    """Return the names of backends by account; of those accounts that they are known of."""
    return {
        account: [name for name in names if isinstance(name, str)]
        for account, names in _read(_names()).items()
        if isinstance(names, list)
    }


def _answers(account: str, instance: str) -> Path:
    name = hashlib.sha256(f"{account}\0{instance}".encode()).hexdigest()[:24]
    return paths.backends() / f"{name}.json"


def _names() -> Path:
    return paths.home() / "backends.json"


def _update(path: Path, entries: Mapping[str, object]) -> None:
    with contextlib.suppress(OSError, StorageError, ValueError):
        paths.ensure_folder(path.parent)
        with FileLock(path.with_suffix(".lock")):
            kept = {**_read(path), **entries}
            with replacing(path) as file:
                file.write(json.dumps(kept).encode())


def _read(path: Path) -> Mapping[str, Any]:
    """Return what a file holds; nothing where it is missing or damaged."""
    try:
        kept = json.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError):
        return {}
    return kept if isinstance(kept, dict) else {}
