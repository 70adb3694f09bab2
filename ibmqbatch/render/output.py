"""Where data goes: stdout, or a file, written whole or not at all; and the document of `--json`."""

from __future__ import annotations

import contextlib
import os
import stat
import sys
from collections.abc import Iterator, Mapping, Sequence
from io import TextIOWrapper
from pathlib import Path
from typing import Any, BinaryIO, TextIO

from ..errors import Problem, StorageError
from ..exitcodes import ExitCode
from ..files import replacing
from .console import discard_output
from .text import json_text
from .wording import problems_in_commands

__all__ = [
    "SCHEMA",
    "SCHEMA_VERSION",
    "binary_output",
    "ensure_output_folder",
    "envelope",
    "output",
    "write_envelope",
]

SCHEMA_VERSION = 1
SCHEMA = Path(__file__).with_name("envelope.schema.json")

_STATUS = {
    ExitCode.DONE: "success",
    ExitCode.PARTIAL: "partial",
    ExitCode.UNFINISHED: "pending",
    ExitCode.TIMEOUT: "pending",
}


@contextlib.contextmanager
def output(path: Path | None) -> Iterator[TextIO]:
    """Open where text goes: stdout, or a file that appears when it is whole.

    Raises StorageError when the file cannot be written; an older one of its name is then untouched.
    """
    if path is None:
        with _to_stdout():
            yield sys.stdout
            sys.stdout.flush()
        return
    with binary_output(path) as file:
        text = TextIOWrapper(file, encoding="utf-8", newline="")
        yield text
        text.flush()
        text.detach()


@contextlib.contextmanager
def binary_output(path: Path | None) -> Iterator[BinaryIO]:
    """Open where bytes go, in the same way."""
    if path is None:
        with _to_stdout():
            yield sys.stdout.buffer
            sys.stdout.buffer.flush()
        return
    try:
        target = path.resolve()  # a link stays a link; what it points to is replaced
        if target.exists() and not target.is_file():
            # A device or a pipe is written to, never replaced.
            with target.open("wb") as file:
                yield file
            return
        with replacing(target, _permissions(target)) as file:
            yield file
    except OSError as error:
        raise StorageError(
            f"{path} cannot be written: {error.strerror or error}.",
            "Name another file; the results are kept and can be written again.",
        ) from error


@contextlib.contextmanager
def _to_stdout() -> Iterator[None]:
    try:
        yield
    except BrokenPipeError:
        raise
    except OSError as error:
        discard_output()
        raise StorageError(
            f"The output cannot be written: {error.strerror or error}.",
            "The results are kept and can be written again.",
        ) from error


def ensure_output_folder(folder: Path) -> None:
    """Make a folder for output, unless it is there; raises StorageError."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StorageError(
            f"The folder {folder} cannot be made: {error.strerror or error}.", "Name another."
        ) from error


def _permissions(target: Path) -> int:
    """Return the permissions that the file has, or that a plain new one would get."""
    if target.exists():
        return stat.S_IMODE(target.stat().st_mode)
    umask = os.umask(0)
    os.umask(umask)
    return 0o666 & ~umask


def envelope(
    command: str, exit_code: ExitCode, data: Mapping[str, Any], problems: Sequence[Problem]
) -> dict[str, Any]:
    """Build the document."""
    return {
        "schema_version": SCHEMA_VERSION,
        "command": command,
        "status": _STATUS.get(exit_code, "error"),
        "exit_code": int(exit_code),
        "data": dict(data),
        "errors": [
            {"code": problem.code, "message": problem.message, "hint": problem.hint}
            for problem in problems_in_commands(problems)
        ],
    }


def write_envelope(
    command: str,
    exit_code: ExitCode,
    data: Mapping[str, Any],
    problems: Sequence[Problem],
    path: Path | None = None,
) -> None:
    """Print the document, or write it to a file.

    Raises StorageError when the file cannot be written.
    """
    document = envelope(command, exit_code, data, problems)
    with output(path) as stream:
        stream.write(json_text(document, indent=2) + "\n")
