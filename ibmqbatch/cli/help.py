"""`ibmqbatch help`: how to use a verb, and the tables that scripts are written by."""

from __future__ import annotations

import json as json_format
from typing import Annotated, Any

import typer

from ..errors import UsageError
from ..exitcodes import ExitCode
from ..render.console import write_line
from ..suggestions import close_to, did_you_mean
from . import _options
from ._lifecycle import Context, running

_TOPICS = {
    "exit-codes": "what each exit code means",
    "json-schema": "the JSON Schema of what --json prints",
    "man": "the man page, for `man -l -`",
}


def _topics(ctx: Any) -> list[str | tuple[str, str]]:
    from .app import COMMANDS

    begun = "".join(f"{word} " for word in ctx.params.get("topic") or ())
    names = [name.removeprefix(begun) for name in COMMANDS if name.startswith(begun)]
    words = [(name, "the verb's help") for name in names if " " not in name]
    return [*([] if begun else _TOPICS.items()), *words]


def command(
    topic: Annotated[
        list[str],
        typer.Argument(
            metavar="TOPIC...",
            help=f"One of {', '.join(_TOPICS)}; or a command.",
            autocompletion=_topics,
        ),
    ],
    json: _options.Json = False,
) -> int:
    """Print the help of a command, the exit codes, the JSON Schema of --json, or the man page.

    Example: ibmqbatch help exit-codes
    """
    from .app import COMMANDS, VERBS, commands_by_word

    with running("help", json=json) as context:
        name = " ".join(topic)
        if name in COMMANDS:
            _show_help(context, name)
        elif name == "exit-codes":
            context.data["exit_codes"] = {str(int(code)): code.meaning for code in ExitCode}
            _report(context, "\n".join(f"{int(code):>3}  {code.meaning}" for code in ExitCode))
        elif name == "json-schema":
            from ..render.output import SCHEMA

            schema = SCHEMA.read_text("utf-8")
            context.data["json_schema"] = json_format.loads(schema)
            _report(context, schema.rstrip())
        elif name == "man":
            from .manual import man_page

            context.data["text"] = man_page()
            _report(context, context.data["text"].rstrip())
        else:
            known = commands_by_word() | {word: word for word in _TOPICS}
            question = did_you_mean(f"'{known[word]}'" for word in close_to(topic[-1], known))
            hint = f"There is help on {', '.join(_TOPICS)}, and on commands: {', '.join(VERBS)}."
            raise UsageError(
                f"There is no help on '{name}'.",
                f"{question} {hint}".lstrip(),
            )
    return context.exit_code


def _report(context: Context, text: str) -> None:

    if not context.json:
        write_line(text)


def _show_help(context: Context, name: str) -> None:
    """Print what `ibmqbatch NAME --help` prints."""
    from .app import find_command

    command = find_command("")
    if not context.json:
        command([*name.split(), "--help"], prog_name="ibmqbatch", standalone_mode=False)
        return
    parsing = typer.Context(command, info_name="ibmqbatch")
    for word in name.split():
        command = command.get_command(parsing, word)
        parsing = command.make_context(word, [], parent=parsing, resilient_parsing=True)
    command.drawn = False
    context.data["text"] = command.get_help(parsing)
