"""The tree of commands. A verb's module is imported when the verb is used, or help lists it."""

from __future__ import annotations

import importlib
from typing import Any

import typer
from typer.core import TyperGroup

from .. import __version__

__all__ = ["VERBS", "build"]

# In the order in which `--help` lists them; each is a module of this package.
VERBS = (
    "submit",
    "status",
    "results",
    "cancel",
    "retag",
    "resume",
    "retry",
    "collect",
    "serve",
    "help",
)
_SETTINGS = {"help_option_names": ["-h", "--help"]}


class _Verbs(TyperGroup):
    def list_commands(self, ctx: Any) -> list[str]:  # noqa: ARG002
        return list(VERBS)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:  # noqa: ARG002
        if cmd_name not in VERBS:
            return None
        module = importlib.import_module(f".{cmd_name}", __package__)
        app = typer.Typer(add_completion=False, rich_markup_mode="rich")
        app.command(cmd_name, context_settings=_SETTINGS)(module.command)
        return typer.main.get_command(app)


def build() -> typer.Typer:
    """Return the whole command line."""
    app = typer.Typer(
        cls=_Verbs,
        add_completion=False,
        context_settings=_SETTINGS,
        pretty_exceptions_enable=False,
        rich_markup_mode="rich",
    )
    app.callback()(_root)
    return app


def _show_version(wanted: bool) -> None:  # noqa: FBT001 - the form of a callback
    if wanted:
        typer.echo(f"ibmqbatch {__version__}")
        raise typer.Exit


def _root(
    version: bool = typer.Option(  # noqa: FBT001
        False,  # noqa: FBT003
        "--version",
        help="Show the version and exit.",
        callback=_show_version,
        is_eager=True,
    ),
) -> None:
    """Batch circuit submission to IBM Quantum: many circuits, one job set, nothing lost.

    Begin with: ibmqbatch submit circuits.qasm --wait
    """
