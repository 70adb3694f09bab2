"""The tree of commands. A verb's module is imported when the verb is used, or help lists it."""

from __future__ import annotations

import importlib
import keyword
from typing import Any

import typer
from typer.core import MarkupMode, TyperArgument, TyperCommand, TyperGroup

from .. import __version__
from ..errors import UsageError
from ..suggestions import close_to, did_you_mean

__all__ = [
    "COMMANDS",
    "GROUPS",
    "VERBS",
    "build",
    "commands_by_word",
    "find_command",
    "place_of",
]

# In the order in which `--help` lists them; each is a module of this package: see `place_of`.
VERBS = (
    "submit",
    "status",
    "wait",
    "results",
    "report",
    "plot",
    "compare",
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
    "account",
    "serve",
    "help",
)
# The verbs that are groups, with the verbs in them.
GROUPS = {"account": ("login", "list", "use", "show", "instances", "logout")}
# All that can be called, by its words: `submit`, `account`, `account login`.
COMMANDS = tuple(
    name for verb in VERBS for name in (verb, *(f"{verb} {part}" for part in GROUPS.get(verb, ())))
)
_ROOMY = 80  # columns
_SETTINGS = {"help_option_names": ["-h", "--help"]}


def place_of(command: str) -> tuple[str, str]:
    """Return the names of a command's module, and of its function there.

    That is `command`; of a verb in a group it is `account_login`, in the module `account`. Python's
    own words have something behind them, as in `import_`.
    """
    verb, _, part = command.partition(" ")
    module = f"{verb}_" if keyword.iskeyword(verb) else verb
    return module, f"{verb}_{part}" if part else "command"


def commands_by_word() -> dict[str, str]:
    """Return all commands by their last words, of which people know them: `login`."""
    parts = {part: f"{group} {part}" for group in GROUPS for part in GROUPS[group]}
    return parts | {verb: verb for verb in VERBS}


def _markup() -> MarkupMode:
    """Return how help is drawn: in frames where there is room for them, else as plain text.

    On a narrow terminal the frames' columns would cut the names of options short; in a pipe they
    would be in the way.
    """
    import shutil

    from ..render.console import is_terminal

    return "rich" if is_terminal() and shutil.get_terminal_size().columns >= _ROOMY else None


class _Helpful:
    """What the help of verbs and of groups has in common."""

    drawn = True  # on a terminal; False: its help is wanted as a text
    help: str | None
    rich_markup_mode: MarkupMode

    def format_help(self, ctx: Any, formatter: Any) -> None:
        self.rich_markup_mode = _markup() if self.drawn else None
        super().format_help(ctx, formatter)  # type: ignore[misc]

    def get_short_help_str(self, limit: int = 0) -> str:  # noqa: ARG002
        """Return the first sentence whole, however long: lists of verbs wrap it."""
        return f"{self.help}".partition("\n\n")[0].partition(". ")[0].rstrip(".") + "."


class _Verb(_Helpful, TyperCommand):
    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Parse as the library does, but refuse an option twice: it would take the last in silence.

        Raises UsageError.
        """
        if not ctx.resilient_parsing:
            _, _, order = self.make_parser(ctx).parse_args(args=[*args])
            twice = next((p for p in order if _is_single(p) and order.count(p) > 1), None)
            if twice is not None:
                name = max(twice.opts, key=len)
                raise UsageError(f"The option {name} is given more than once.", "Give it once.")
        return super().parse_args(ctx, args)

    def collect_usage_pieces(self, ctx: Any) -> list[str]:  # noqa: ARG002
        """Write arguments as man pages do: brackets are around what can be left out."""
        pieces = ["[OPTIONS]"]
        for argument in self.params:
            if isinstance(argument, TyperArgument):
                name = argument.human_readable_name
                needed = argument.required or name.startswith("[")
                pieces.append(name if needed else f"[{name}]")
        return pieces


def _is_single(parameter: Any) -> bool:
    """Return whether an option has one value; one that only switches on may be repeated."""
    if parameter.param_type_name != "option" or parameter.multiple or parameter.count:
        return False
    return not parameter.is_flag or bool(parameter.secondary_opts)


class _Verbs(_Helpful, TyperGroup):
    group = ""  # the name of the group; that of all verbs has none

    def list_commands(self, ctx: Any) -> list[str]:  # noqa: ARG002
        return list(GROUPS.get(self.group, VERBS))

    def full_name(self, name: str) -> str:
        """Return the words by which a command of this group is called."""
        return f"{self.group} {name}".lstrip()

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        try:
            return super().resolve_command(ctx, args)
        except typer.TyperException as error:
            # The library suggests commands that are loaded; ours are not.
            own = {name: name for name in self.list_commands(ctx)}
            known = own if self.group else commands_by_word()
            question = did_you_mean(f"'{known[word]}'" for word in close_to(args[0], known))
            error.message = f"{error.message.rstrip('.')}. {question}".rstrip()
            raise

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        if cmd_name not in self.list_commands(ctx):
            return None
        name = self.full_name(cmd_name)
        module, called = place_of(name)
        function = getattr(importlib.import_module(f".{module}", __package__), called)
        settings: dict[str, Any] = {"context_settings": _SETTINGS, "help": _help(function)}
        if name in GROUPS:
            group = type("_Group", (_Verbs,), {"group": name})
            app = typer.Typer(add_completion=False, rich_markup_mode="rich", cls=group, **settings)
            app.callback()(function)
        else:
            app = typer.Typer(add_completion=False, rich_markup_mode="rich")
            app.command(cmd_name, cls=_Verb, **settings)(function)
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


def find_command(name: str) -> Any:
    """Return the command that is called by these words; without any, the group of all verbs."""
    command: Any = typer.main.get_command(build())
    for word in name.split():
        command = command.get_command(None, word)
    return command


def _show_version(wanted: bool) -> None:  # noqa: FBT001 - the form of a callback
    if wanted:
        typer.echo(f"ibmqbatch {__version__}")
        raise typer.Exit


def _install_completion(wanted: bool) -> None:  # noqa: FBT001
    if wanted:
        from .completion.scripts import install

        install()
        raise typer.Exit


def _show_completion(wanted: bool) -> None:  # noqa: FBT001
    if wanted:
        from .completion.scripts import show

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
        help="Install completion on TAB for this shell (bash, zsh or fish).",
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
