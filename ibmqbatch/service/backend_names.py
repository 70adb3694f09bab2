"""The names of the backends that each account was last seen to have: for completion.

Completion asks no service. The names stand in one file of the data folder, `backends.json`. It may
be old, or missing: whatever depends on what there is asks the service.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path

from .. import paths
from ..errors import StorageError
from ..files import FileLock, replacing

__all__ = ["known_backends", "remember_backends"]


def _path() -> Path:
    return paths.home() / "backends.json"


def known_backends() -> dict[str, list[str]]:
    """Return names of backends by account; none where nothing is known, or the file is no good."""
    try:
        kept = json.loads(_path().read_bytes())
    except (OSError, ValueError):
        return {}
    if not isinstance(kept, dict):
        return {}
    return {
        account: [name for name in names if isinstance(name, str)]
        for account, names in kept.items()
        if isinstance(names, list)
    }


def remember_backends(account: str, names: Iterable[str]) -> None:
    """Keep what an account's service has just told.

    Where the data folder cannot be written it is not kept: completion then offers less.
    """
    present = sorted(names)
    if known_backends().get(account) == present:
        return
    try:
        paths.ensure_folder(paths.home())
        with FileLock(_path().with_suffix(".lock")), replacing(_path()) as file:
            file.write(json.dumps({**known_backends(), account: present}).encode())
    except (OSError, StorageError):
        return
