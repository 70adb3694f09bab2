"""The tree of commands. A verb's module is imported when the verb is used, or help lists it."""

from __future__ import annotations

import importlib
import keyword
from typing import Any

import typer
from typer.core import MarkupMode, TyperArgument, TyperCommand, TyperGroup

from .. import __version__

__all__ = ["VERBS", "build", "module_name"]

# In the order in which `--help` lists them; each is a module of this package: see `module_name`.
VERBS = (
    "submit",
    "status",
    "results",
    "show",
    "logs",
    "cancel",
    "retag",
    "resume",
    "retry",
    "collect",
    "recover",
    "export",
    "import",
    "forget",
    "backends",
    "serve",
    "help",
)
_ROOMY = 80  # columns
_SETTINGS = {"help_option_names": ["-h", "--help"]}


def module_name(verb: str) -> str:
    """Return the name of a verb's module: one that Python keeps for itself has a _ behind it."""
    return f"{verb}_" if keyword.iskeyword(verb) else verb


def _markup() -> MarkupMode:
    """Return how help is drawn: in frames where there is room for them, else as plain text.

    On a narrow terminal the frames' columns would cut the names of options short; in a pipe they
    would be in the way.
    """
    import shutil

    from ..render.console import is_terminal

    return "rich" if is_terminal() and shutil.get_terminal_size().columns >= _ROOMY else None


class _Verb(TyperCommand):
    drawn = True  # on a terminal; False: its help is wanted as a text

    def format_help(self, ctx: Any, formatter: Any) -> None:
        self.rich_markup_mode = _markup() if self.drawn else None
        super().format_help(ctx, formatter)

    def get_short_help_str(self, limit: int = 0) -> str:  # noqa: ARG002
        """Return the first sentence whole, however long: lists of verbs wrap it."""
        return f"{self.help}".partition("\n\n")[0].partition(". ")[0].rstrip(".") + "."

    def collect_usage_pieces(self, ctx: Any) -> list[str]:  # noqa: ARG002
        """Write arguments as man pages do: brackets are around what can be left out."""
        pieces = ["[OPTIONS]"]
        for argument in self.params:
            if isinstance(argument, TyperArgument):
                name = argument.human_readable_name
                needed = argument.required or name.startswith("[")
                pieces.append(name if needed else f"[{name}]")
        return pieces


class _Verbs(TyperGroup):
    def format_help(self, ctx: Any, formatter: Any) -> None:
        self.rich_markup_mode = _markup()
        super().format_help(ctx, formatter)

    def list_commands(self, ctx: Any) -> list[str]:  # noqa: ARG002
        return list(VERBS)

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        try:
            return super().resolve_command(ctx, args)
        except typer.TyperException as error:
            # The library suggests commands that are loaded; ours are not.
            from difflib import get_close_matches

            meant = get_close_matches(args[0], VERBS)
            if meant:
                text = error.message.rstrip(".")
                error.message = f"{text}. Did you mean {' or '.join(map(repr, meant))}?"
            raise

    def get_command(self, ctx: Any, cmd_name: str) -> Any:  # noqa: ARG002
        if cmd_name not in VERBS:
            return None
        module = importlib.import_module(f".{module_name(cmd_name)}", __package__)
        app = typer.Typer(add_completion=False, rich_markup_mode="rich")
        app.command(cmd_name, cls=_Verb, context_settings=_SETTINGS, help=_help(module.command))(
            module.command
        )
        return typer.main.get_command(app)


def _help(function: Any) -> str:
    """Return a verb's help: its docstring, whose lines end where the terminal's do."""
    return "\n\n".join(" ".join(part.split()) for part in (function.__doc__ or "").split("\n\n"))


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


def _install_completion(wanted: bool) -> None:  # noqa: FBT001
    if wanted:
        from .completion import install

        install()
        raise typer.Exit


def _show_completion(wanted: bool) -> None:  # noqa: FBT001
    if wanted:
        from .completion import show

        show()
        raise typer.Exit


def _root(
    version: bool = typer.Option(  # noqa: FBT001
        False,  # noqa: FBT003
        "--version",
        help="Show the version and exit.",
        callback=_show_version,
        is_eager=True,
    ),
    install_completion: bool = typer.Option(  # noqa: FBT001
        False,  # noqa: FBT003
        "--install-completion",
        help="Have TAB complete commands, options, job sets and more in this shell.",
        callback=_install_completion,
        is_eager=True,
    ),
    show_completion: bool = typer.Option(  # noqa: FBT001
        False,  # noqa: FBT003
        "--show-completion",
        help="Print the completion script of this shell (bash, zsh or fish).",
        callback=_show_completion,
        is_eager=True,
    ),
) -> None:
    """Batch circuit submission to IBM Quantum: many circuits, one job set, nothing lost.

    Begin with: ibmqbatch submit circuits.qasm --wait
    """
