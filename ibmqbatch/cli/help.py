"""`ibmqbatch help`: the tables that scripts are written by."""

from __future__ import annotations

import json as json_format
from typing import Annotated

import typer

from ..errors import UsageError
from ..exitcodes import ExitCode
from . import options
from .verb import verb

_TOPICS = ("exit-codes", "json-schema")


def command(
    topic: Annotated[str, typer.Argument(metavar="TOPIC", help=f"One of {', '.join(_TOPICS)}.")],
    json: options.Json = False,
) -> int:
    """Print the exit codes, or the JSON Schema of what --json prints.

    Example: ibmqbatch help exit-codes
    """
    from ..render.console import write_line
    from ..render.envelope import SCHEMA

    with verb("help", json=json) as this:
        if topic not in _TOPICS:
            raise UsageError(
                f"There is no help on '{topic}'.", f"There is on {', '.join(_TOPICS)}."
            )
        if topic == "exit-codes":
            this.data["exit_codes"] = {str(int(code)): code.meaning for code in ExitCode}
            if not json:
                for code in ExitCode:
                    write_line(f"{int(code):>3}  {code.meaning}")
        else:
            schema = SCHEMA.read_text("utf-8")
            this.data["json_schema"] = json_format.loads(schema)
            if not json:
                write_line(schema.rstrip())
    return this.exit_code
