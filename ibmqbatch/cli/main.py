"""Where the command line begins and ends: every error becomes a sentence and an exit code here."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from io import TextIOWrapper
from typing import Any

from .. import __version__
from ..errors import IbmqbatchError, Problem
from ..exitcodes import ExitCode
from ..suggestions import close_to, did_you_mean

__all__ = ["main", "run"]


def run() -> None:
    """Run the command line of this process, and end it."""
    _mend_streams()
    code = main()
    from ..render.console import discard_output

    try:
        sys.stdout.flush()
    except BrokenPipeError:
        discard_output()
    sys.exit(code)


def _mend_streams() -> None:
    """Open streams that the shell has closed, and let all of them write any text.

    A file that is opened where a stream is missing would be taken for it: not one of ours may be.
    """
    if None in {sys.stdin, sys.stdout, sys.stderr}:
        while (descriptor := os.open(os.devnull, os.O_RDWR)) <= 2:
            continue
        os.close(descriptor)
        sys.stdin = sys.stdin or open(0, closefd=False)  # noqa: SIM115
        sys.stdout = sys.stdout or open(1, "w", closefd=False)  # noqa: SIM115
        sys.stderr = sys.stderr or open(2, "w", closefd=False)  # noqa: SIM115
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code."""
    arguments = list(sys.argv[1:] if arguments is None else arguments)
    if "_IBMQBATCH_COMPLETE" in os.environ:
        from .completion.shells import answer

        answer(os.environ["_IBMQBATCH_COMPLETE"], arguments)
        return ExitCode.DONE
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
        run = build()
        return int(run(arguments, prog_name="ibmqbatch", standalone_mode=False) or ExitCode.DONE)
    except typer.Exit as stop:
        return stop.exit_code
    except typer.TyperException as error:
        return _fail(arguments, ExitCode.USAGE, [_usage_problem(error)])
    except IbmqbatchError as error:
        return _fail(arguments, error.exit_code, error.problems)


def _usage_problem(error: Any) -> Problem:
    """Return an error of the parser as a problem; for a typing error with what was meant."""
    text = error.format_message()
    options = getattr(error, "possibilities", None)
    if options:
        # The dashes would make all of them alike.
        known = {option.lstrip("-"): option for option in options}
        meant = close_to(error.option_name.lstrip("-"), known)
        question = did_you_mean(known[name] for name in meant)
        text = f"{error.message.rstrip('.')}. {question}".rstrip()
    # The help of the verb, where there is one, has its options.
    context = getattr(error, "ctx", None)
    verb = context.command_path.partition(" ")[2] if context is not None else ""
    if verb == "account login" and "extra argument" in text:
        # What is too much may be the key.
        text = "This is not how to log in; an API key is never an argument"
    return Problem(
        "usage",
        text if text.endswith((".", "?")) else f"{text}.",
        f"`ibmqbatch --help` and `ibmqbatch {verb or 'VERB'} --help` tell what there is.",
    )


def _command_in(arguments: Sequence[str]) -> str:
    """Return the words of a command line that name its command."""
    from .app import COMMANDS

    words = [word for word in arguments if not word.startswith("-")]
    name = " ".join(words[:2])
    return name if name in COMMANDS else "".join(words[:1])


def _fail(arguments: Sequence[str], code: ExitCode, problems: Sequence[Problem]) -> int:
    """Report what was wrong before a verb began."""
    from ..render.console import complain
    from ..render.output import write_envelope

    if "--json" in arguments:
        write_envelope(_command_in(arguments), code, {}, problems)
    complain(problems)
    return code
