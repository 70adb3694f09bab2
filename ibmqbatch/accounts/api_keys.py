"""API keys as they come out of files, pipes, prompts and variables."""

from __future__ import annotations

import json
from pathlib import Path

from ..errors import StorageError, UsageError
from ..exitcodes import ExitCode

__all__ = ["LONGEST", "NoKey", "is_header_text", "key_in", "read_key_file"]

LONGEST = 10_000  # bytes; IBM's keys have 44 characters, and its files of them some 200


class NoKey(UsageError):
    """Where a key should be there is none."""

    code = "no_key"
    exit_code = ExitCode.AUTHENTICATION


def is_header_text(text: str) -> bool:
    """Return whether a text can stand in a request's header: no key or CRN has other characters."""
    return bool(text) and text.isascii() and text.isprintable() and " " not in text


def key_in(data: bytes | str, named: str) -> str:
    """Return the API key in what was read: the key alone, or the file that IBM Cloud offers.

    That one is JSON with the key as `apikey`. Raises NoKey, which calls what was read as it is
    `named`, and shows nothing of it.
    """
    text = data.decode("utf-8", "replace") if isinstance(data, bytes) else data
    key = text.removeprefix("\ufeff").strip()
    if key.startswith("{"):
        try:
            document = json.loads(key)
        except (ValueError, RecursionError):
            document = None
        found = document.get("apikey") if isinstance(document, dict) else None
        key = found.strip() if isinstance(found, str) else "{"
    if not key:
        raise NoKey(f"There is no API key in {named}: it is empty.", "Give the key alone.")
    if key == "{" or not is_header_text(key) or len(key) > LONGEST:
        raise NoKey(
            f"What {named} holds is no API key.",
            "Give the key alone, on one line, or the file apikey.json that IBM Cloud offers.",
        )
    return key


def read_key_file(path: Path) -> str:
    """Return the API key in a file; raises StorageError, NoKey."""
    try:
        with path.open("rb") as file:
            data = file.read(LONGEST + 1)
    except OSError as error:
        raise StorageError(
            f"The key cannot be read from {path}: {error.strerror or error}.",
            "Name a file that you can read, or - for standard input.",
        ) from error
    return key_in(data, f"the file {path}")
