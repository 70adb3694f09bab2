"""The accounts that were logged in to, and which of all accounts is in use: `accounts.json`.

It holds API keys: nobody but its owner may read it, from before its first byte is written. What is
in it that this version does not know stays in it.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar

from .. import paths
from ..errors import Argument, Call, StorageError, UsageError, Words
from ..files import FileLock, replacing
from ..service.endpoint import LOCAL
from ..suggestions import with_suggestion
from .api_keys import is_header_text
from .model import ENVIRONMENT, Settings, UnknownAccount

__all__ = [
    "accounts_path",
    "add_account",
    "checked_name",
    "name_in_use",
    "remove_account",
    "stored_names",
    "stored_settings",
    "use_account",
]

_VERSION = 1
_LONGEST_NAME = 64
_KEY = re.compile(r"[A-Za-z0-9_-]{44}")  # as keys of IBM Cloud are
_TEXTS = ("instance", "instance_name", "url", "iam_url", "proxy", "ca_bundle")
_OURS = {*_TEXTS, "token", "private_endpoint"}

Result = TypeVar("Result")


def accounts_path() -> Path:
    """Return where the file is, or would be."""
    return paths.home() / "accounts.json"


def checked_name(name: str) -> str:
    """Return the name of an account that can be stored; raises UsageError."""
    if _KEY.fullmatch(name):
        # Which is not repeated here.
        raise UsageError(
            "What stands in the place of the account's name looks like an API key.",
            Words(
                "The key is asked for, or read from {}; it is never an argument. Others on this "
                "machine may have seen it: make a new one.",
                Argument("token_file"),
            ),
        )
    if name in {LOCAL, ENVIRONMENT}:
        raise UsageError(
            f"The name '{name}' is taken: it has a meaning of its own.", "Choose another."
        )
    fits = name.isprintable() and name.strip() == name and 0 < len(name) <= _LONGEST_NAME
    if not fits or ":" in name or name.startswith("-"):
        raise UsageError(
            f"An account cannot be named '{name}'.",
            f"A name has 1 to {_LONGEST_NAME} printable characters, no colon, and no dash or blank "
            "at its ends.",
        )
    return name


def stored_names() -> list[str]:
    """Return the accounts' names in order; raises StorageError."""
    return sorted(_read()["accounts"])


def stored_settings(name: str) -> Settings | None:
    """Return an account, None when there is none of this name.

    Raises StorageError, and UnknownAccount when what is there cannot be used.
    """
    entry = _read()["accounts"].get(name)
    return None if entry is None else _settings(name, entry)


def name_in_use() -> str | None:
    """Return the account that was chosen with `account use`, or by the first login."""
    return _in_use(_read())


def add_account(settings: Settings, *, replace: bool = False, use: bool | None = None) -> bool:
    """Store an account; return whether it is in use from now on.

    Without `use` that is so when none is. Raises StorageError, and UsageError when there is one of
    this name and it is not to be replaced.
    """
    name = settings.name

    def change(kept: dict[str, Any]) -> bool:
        old = kept["accounts"].get(name)
        if old is not None:
            if not replace:
                raise UsageError(
                    f"There is an account named '{name}' already.",
                    Words("Give {} to replace it, or another name.", Argument("force", value=True)),
                )
            _forget_tokens(name, old)
        foreign = {key: value for key, value in (old or {}).items() if key not in _OURS}
        values = {key: getattr(settings, key) for key in ("token", *_TEXTS, "private_endpoint")}
        kept["accounts"][name] = {**foreign, **{key: v for key, v in values.items() if v}}
        if use or (use is None and _in_use(kept) is None):
            kept["in_use"] = name
        elif use is False and _in_use(kept) == name:
            kept["in_use"] = None
        return _in_use(kept) == name

    return _changed(change)


def use_account(name: str) -> None:
    """Use an account wherever none is named; raises StorageError."""

    def change(kept: dict[str, Any]) -> None:
        kept["in_use"] = name

    _changed(change)


def remove_account(name: str) -> bool:
    """Remove an account and its key; return whether it was in use. Then none is.

    Raises StorageError, and UnknownAccount when there is none of this name.
    """

    def change(kept: dict[str, Any]) -> bool:
        old = kept["accounts"].pop(name, None)
        if old is None:
            stored = sorted(kept["accounts"])
            raise UnknownAccount(
                f"No account named '{name}' is stored.",
                with_suggestion(f"Stored are: {', '.join(stored) or 'none'}.", name, stored),
            )
        _forget_tokens(name, old)
        was_in_use = _in_use(kept) == name
        if was_in_use:
            kept["in_use"] = None
        return was_in_use

    return _changed(change)


def _settings(name: str, entry: Mapping[str, Any]) -> Settings:
    path = accounts_path()
    wrong = [key for key in _TEXTS if not (entry.get(key) is None or isinstance(entry[key], str))]
    if "instance" not in wrong and not (entry.get("instance") or "").isascii():
        wrong.append("instance")
    if not isinstance(entry.get("token"), str) or not is_header_text(entry["token"]):
        wrong.append("token")
    if wrong:
        raise UnknownAccount(
            f"The account '{name}' in {path} has no usable {wrong[0]}.",
            Words(
                "Mend the file, or log in again with {}.",
                Call("account login", name, (Argument("force", value=True),)),
            ),
        )
    return Settings(
        name=name,
        kind="stored",
        token=entry["token"],
        instance=entry.get("instance") or None,
        instance_name=entry.get("instance_name") or None,
        url=entry.get("url") or None,
        iam_url=entry.get("iam_url") or None,
        private_endpoint=entry.get("private_endpoint") is True,
        proxy=entry.get("proxy") or None,
        ca_bundle=entry.get("ca_bundle") or None,
        origins={key: f"file {path}" for key in _OURS if entry.get(key)},
    )


def _forget_tokens(name: str, entry: Mapping[str, Any]) -> None:
    """Remove what else is kept of the key of an account that goes: its access tokens."""
    from ..service.auth import forget_tokens

    with contextlib.suppress(UnknownAccount):
        endpoint = _settings(name, entry).directory()
        forget_tokens(endpoint.iam_url, endpoint.api_key)


def _in_use(kept: Mapping[str, Any]) -> str | None:
    name = kept.get("in_use")
    return name if isinstance(name, str) and name else None


def _changed(change: Callable[[dict[str, Any]], Result]) -> Result:
    """Change what the file holds while no other process does; return what `change` returns."""
    paths.ensure_folder(paths.home())
    path = accounts_path()
    try:
        with FileLock(path.with_suffix(".lock")):
            kept = _read()
            result = change(kept)
            # A link stays a link; what it points to is replaced.
            with replacing(path.resolve()) as file:
                file.write(json.dumps({**kept, "version": _VERSION}, indent=2).encode() + b"\n")
    except OSError as error:
        raise StorageError(
            f"{path} cannot be written: {error.strerror or error}.",
            "Nothing is changed; mend the cause, then try again.",
        ) from error
    return result


def _read() -> dict[str, Any]:
    """Return what the file holds, `accounts` at least; a file that others can read is closed off.

    Raises StorageError when it is damaged: what may be in it is not ours to throw away.
    """
    path = accounts_path()
    try:
        with path.open("rb") as file:
            # That others could read it is no reason to lock its owner out. On a file system that
            # does not let us mend it, it stays as it is.
            with contextlib.suppress(OSError):
                if os.fstat(file.fileno()).st_mode & 0o077:
                    os.fchmod(file.fileno(), 0o600)
            kept = json.loads(file.read())
    except (FileNotFoundError, NotADirectoryError):
        return {"accounts": {}}
    except OSError as error:
        raise StorageError(
            f"The file of accounts, {path}, cannot be read: {error.strerror or error}.",
            Words("Mend its permissions; {} works without it.", Argument("account", LOCAL)),
        ) from error
    except (ValueError, RecursionError):
        kept = None
    accounts = kept.get("accounts", {}) if isinstance(kept, dict) else None
    if not isinstance(accounts, dict) or not all(isinstance(e, dict) for e in accounts.values()):
        raise StorageError(
            f"The file of accounts, {path}, is damaged.",
            Words("Mend it, or move it away and log in again with {}.", Call("account login")),
        )
    version = kept.get("version", _VERSION)
    if not isinstance(version, int) or version > _VERSION:
        raise StorageError(
            f"The file of accounts, {path}, was written by a later version of ibmqbatch.",
            "Use that version.",
        )
    return {**kept, "accounts": accounts}
