"""The two streams: data on stdout, everything else on stderr."""

from __future__ import annotations

import contextlib
import functools
import os
import sys
from collections import Counter
from typing import TYPE_CHECKING

from ..alike import Group, Groups, shape
from .text import clean, plural
from .wording import in_commands, problems_in_commands

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from rich.console import Console

    from ..errors import Problem

__all__ = [
    "complain",
    "discard_output",
    "drawing_on",
    "err",
    "is_terminal",
    "message",
    "out",
    "write_line",
]

_MOST_KINDS = 20  # of problems that are shown
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
    """Return whether stdout (or stderr) is a terminal."""
    stream = sys.stderr if stderr else sys.stdout
    # While something is drawn a proxy stands there, which is none, and leads to the stream.
    return bool(getattr(stream, "rich_proxied_file", stream).isatty())


def write_line(text: str = "") -> None:
    """Write one line of data to stdout, at once."""
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def discard_output(*, stderr: bool = False) -> None:
    """Discard what is written from now on: its reader has left."""
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
    """Write a message to stderr."""
    text = in_commands(text)
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


def complain(problems: Sequence[Problem], things: str = "problem") -> int:
    """Write what is wrong and what to do about it to stderr; a shared hint once.

    Of many problems that are alike the first are shown, and how many `things` have them. Return
    how many are not shown.
    """
    groups: Groups[tuple[str, str]] = Groups()
    distinct = Counter(problems_in_commands(problems))
    for problem, times in distinct.items():
        text = f"{problem.message} ({times} times)" if times > 1 else problem.message
        kind = (problem.code, *(shape(t, problem.about) for t in (problem.message, problem.hint)))
        groups.add(kind, (text, problem.hint))
    shown = [group for group, _ in zip(groups, range(_MOST_KINDS), strict=False)]
    complaints = [complaint for group in shown for complaint in _complaints(group, things)]
    for number, (lines, hint) in enumerate(complaints):
        _labelled("error", lines[0], "bold red")
        for line in lines[1:]:
            message(f"  {line}")
        following = complaints[number + 1][1] if number + 1 < len(complaints) else None
        if hint and hint != following:
            _labelled("hint", hint, "cyan")
    others = len(distinct) - sum(group.number for group in shown)
    if others:
        _labelled("error", f"There are {plural(others, 'problem')} of other kinds.", "bold red")
    return others + sum(group.hidden for group in shown)


def _complaints(group: Group[tuple[str, str]], things: str) -> list[tuple[list[str], str]]:
    """Return what is said of problems that are alike: some lines, and a hint, for each or for all.

    Each is given as a sentence and a hint.
    """
    if not group.hidden:
        return [([text], hint) for text, hint in group.shown]
    texts = [text for text, _ in group.shown]
    heading = f"{plural(group.number, things)} have the same problem. The first {len(texts)}:"
    return [([heading, *texts], group.shown[0][1])]


def _labelled(label: str, text: str, style: str) -> None:
    if not is_terminal(stderr=True):
        _write_error_line(f"{label}: {clean(text)}")
        return
    from rich.text import Text

    err().print(Text.assemble((f"{label}: ", style), clean(text)))
