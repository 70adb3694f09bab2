"""Where the command line begins and ends: every error becomes a sentence and an exit code here."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from .. import __version__
from ..errors import IbmqbatchError, Problem
from ..exitcodes import ExitCode

__all__ = ["main", "run"]


def run() -> None:
    """Run the command line of this process, and end it."""
    code = main()
    from ..render.console import discard_output

    try:
        sys.stdout.flush()
    except BrokenPipeError:
        discard_output()
    sys.exit(code)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code."""
    arguments = list(sys.argv[1:] if arguments is None else arguments)
    if arguments == ["--version"]:
        # Before anything is imported: scripts ask this often.
        sys.stdout.write(f"ibmqbatch {__version__}\n")
        return ExitCode.DONE
    try:
        return _run(arguments or ["--help"])
    except KeyboardInterrupt:
        return _fail(arguments, ExitCode.INTERRUPTED, [Problem("interrupted", "Interrupted.")])


def _run(arguments: Sequence[str]) -> int:
    import typer

    from .app import build

    try:
        return int(build()(arguments, standalone_mode=False) or ExitCode.DONE)
    except typer.Exit as stop:
        return stop.exit_code
    except typer.TyperException as error:
        hint = "`ibmqbatch --help` and `ibmqbatch VERB --help` tell what there is."
        text = error.format_message()
        problem = Problem("usage", text if text.endswith((".", "?")) else f"{text}.", hint)
        return _fail(arguments, ExitCode.USAGE, [problem])
    except IbmqbatchError as error:
        return _fail(arguments, error.exit_code, error.problems)


def _fail(arguments: Sequence[str], code: ExitCode, problems: Sequence[Problem]) -> int:
    """Say what was wrong before a verb had begun."""
    from ..render.console import complain
    from ..render.envelope import write_envelope

    if "--json" in arguments:
        verb = next((word for word in arguments if not word.startswith("-")), "")
        write_envelope(verb, code, {}, problems)
    complain(problems)
    return code
