"""The two streams: data on stdout, everything else on stderr."""

from __future__ import annotations

import contextlib
import functools
import os
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from rich.console import Console

    from ..errors import Problem

__all__ = [
    "clean",
    "complain",
    "counts_text",
    "discard_output",
    "drawing_on",
    "err",
    "is_terminal",
    "message",
    "out",
    "plural",
    "size_text",
    "write_line",
]

_PLAIN_WIDTH = 10_000  # without a terminal a line is as long as it is

_drawn_on: list[Console] = []  # by what is drawn anew all the time, the latest last


@functools.cache
def out() -> Console:
    """Return the console on stdout."""
    return _console(stderr=False)


@functools.cache
def err() -> Console:
    """Return the console on stderr."""
    return _console(stderr=True)


def _console(*, stderr: bool) -> Console:
    from rich.console import Console

    stream = sys.stderr if stderr else sys.stdout
    width = None if stream.isatty() else _PLAIN_WIDTH
    return Console(stderr=stderr, highlight=False, markup=False, emoji=False, width=width)


def is_terminal(*, stderr: bool = False) -> bool:
    """Tell whether a person looks at stdout (or stderr)."""
    return (sys.stderr if stderr else sys.stdout).isatty()


def clean(text: str) -> str:
    """Replace what could steer a terminal: names and reasons may come from anywhere."""
    return "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text)


def plural(number: int, thing: str) -> str:
    """Write a number of things."""
    return f"{number} {thing}{'' if number == 1 else 's'}"


def size_text(size: int) -> str:
    """Write a number of bytes for a person, in units of a thousand."""
    number, unit = float(size), "bytes"
    for larger in ("kB", "MB", "GB", "TB"):
        if number < 999.5:
            break
        number, unit = number / 1000, larger
    places = 1 if unit != "bytes" and number < 99.95 else 0
    return f"{number:.{places}f} {unit}"


def counts_text(counts: Mapping[str, int]) -> str:
    """Write how many jobs have which status, leaving out those that none has."""
    return ", ".join(f"{count} {status.lower()}" for status, count in counts.items() if count)


def write_line(text: str = "") -> None:
    """Write one line of data to stdout, at once."""
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def discard_output(*, stderr: bool = False) -> None:
    """Have what is written from now on go nowhere: whoever read it has left."""
    stream = sys.stderr if stderr else sys.stdout
    null = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, stream.fileno())
    os.close(null)


@contextlib.contextmanager
def drawing_on(console: Console) -> Iterator[None]:
    """While the block draws on a console, have messages to the terminal go above what it draws."""
    _drawn_on.append(console)
    try:
        yield
    finally:
        _drawn_on.remove(console)


def message(text: str) -> None:
    """Tell something to whoever watches, on stderr."""
    if is_terminal(stderr=True):
        # A live table on stdout is on the same screen: only its own console knows where it is.
        console = _drawn_on[-1] if _drawn_on else err()
        console.print(clean(text))
    else:
        _write_error_line(clean(text))


def _write_error_line(text: str) -> None:
    try:
        sys.stderr.write(text + "\n")
        sys.stderr.flush()
    except OSError:
        # Nobody reads it, or the disk is full that it goes to: the work goes on.
        discard_output(stderr=True)


def complain(problems: Sequence[Problem]) -> None:
    """Say what is wrong and what to do about it, on stderr; a shared hint stands once."""
    for number, problem in enumerate(problems):
        _labelled("error", problem.message, "bold red")
        following = problems[number + 1].hint if number + 1 < len(problems) else None
        if problem.hint and problem.hint != following:
            _labelled("hint", problem.hint, "cyan")


def _labelled(label: str, text: str, style: str) -> None:
    if not is_terminal(stderr=True):
        _write_error_line(f"{label}: {clean(text)}")
        return
    from rich.text import Text

    err().print(Text.assemble((f"{label}: ", style), clean(text)))
