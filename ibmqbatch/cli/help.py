"""`ibmqbatch help`: how to use a verb, and the tables that scripts are written by."""

from __future__ import annotations

import json as json_format
from typing import Annotated, Any

import typer

from ..errors import UsageError
from ..exitcodes import ExitCode
from . import options
from .verb import Verb, verb

_TOPICS = {
    "exit-codes": "what each exit code means",
    "json-schema": "the JSON Schema of what --json prints",
    "man": "the man page, for `man -l -`",
}


def _topics() -> list[str | tuple[str, str]]:
    from .app import VERBS

    return [*_TOPICS.items(), *((name, "the verb's help") for name in VERBS)]


def command(
    topic: Annotated[
        str,
        typer.Argument(
            metavar="TOPIC",
            help=f"One of {', '.join(_TOPICS)}; or a command.",
            autocompletion=_topics,
        ),
    ],
    json: options.Json = False,
) -> int:
    """Print the help of a command, the exit codes, the JSON Schema of --json, or the man page.

    Example: ibmqbatch help exit-codes
    """
    from .app import VERBS

    with verb("help", json=json) as this:
        if topic in VERBS:
            _tell_verb(this, topic)
        elif topic == "exit-codes":
            this.data["exit_codes"] = {str(int(code)): code.meaning for code in ExitCode}
            _tell(this, "\n".join(f"{int(code):>3}  {code.meaning}" for code in ExitCode))
        elif topic == "json-schema":
            from ..render.envelope import SCHEMA

            schema = SCHEMA.read_text("utf-8")
            this.data["json_schema"] = json_format.loads(schema)
            _tell(this, schema.rstrip())
        elif topic == "man":
            from .manual import man_page

            this.data["text"] = man_page()
            _tell(this, this.data["text"].rstrip())
        else:
            raise UsageError(
                f"There is no help on '{topic}'.",
                f"There is on {', '.join(_TOPICS)}, and on the commands: {', '.join(VERBS)}.",
            )
    return this.exit_code


def _tell(this: Verb, text: str) -> None:
    from ..render.console import write_line

    if not this.json:
        write_line(text)


def _tell_verb(this: Verb, name: str) -> None:
    """Print what `ibmqbatch NAME --help` prints."""
    from .app import build

    group: Any = typer.main.get_command(build())
    if not this.json:
        group([name, "--help"], prog_name="ibmqbatch", standalone_mode=False)
        return
    command = group.get_command(None, name)
    command.drawn = False
    root = typer.Context(group, info_name="ibmqbatch")
    context = command.make_context(name, [], parent=root, resilient_parsing=True)
    this.data["text"] = command.get_help(context)
