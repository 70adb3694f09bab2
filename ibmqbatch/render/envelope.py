"""The JSON document that `--json` prints: one shape for every verb, good or bad."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ..errors import Problem
from ..exitcodes import ExitCode
from .json_text import json_text
from .output import output
from .wording import problems_in_commands

__all__ = ["SCHEMA", "SCHEMA_VERSION", "envelope", "write_envelope"]

SCHEMA_VERSION = 1
SCHEMA = Path(__file__).with_name("envelope.schema.json")

_STATUS = {
    ExitCode.DONE: "success",
    ExitCode.PARTIAL: "partial",
    ExitCode.UNFINISHED: "pending",
    ExitCode.TIMEOUT: "pending",
}


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
