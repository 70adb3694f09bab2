"""The two streams: data on stdout, everything else on stderr."""

from __future__ import annotations

import contextlib
import functools
import os
import sys
from collections import Counter
from typing import TYPE_CHECKING

from ..alike import Group, Groups, shape
from .wording import in_commands, problems_in_commands

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
    "first_of",
    "is_terminal",
    "listed",
    "message",
    "out",
    "plural",
    "size_text",
    "span_text",
    "status_word",
    "write_line",
]

_MOST_LISTED = 10
_MOST_KINDS = 20  # of problems that are told
_WORDS = {"INITIALIZING": "PLANNED"}
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


def listed(thing: str, which: Sequence[object]) -> str:
    """Write which things are meant: `job 3`, or `jobs 3, 4`; of many the first."""
    return f"{thing}{'' if len(which) == 1 else 's'} {first_of(which)}"


def first_of(items: Sequence[object]) -> str:
    """Write a list; of a long one the first."""
    named = [str(item) for item in items[:_MOST_LISTED]]
    return ", ".join(named if len(items) <= _MOST_LISTED else [*named, "…"])


def size_text(size: int) -> str:
    """Write a number of bytes for a person, in units of a thousand."""
    number, unit = float(size), "bytes"
    for larger in ("kB", "MB", "GB", "TB"):
        if number < 999.5:
            break
        number, unit = number / 1000, larger
    places = 1 if unit != "bytes" and number < 99.95 else 0
    return f"{number:.{places}f} {unit}"


def span_text(thing: str, first: int, last: int) -> str:
    """Write a range of things, both ends included: `circuit 3`, or `circuits 3 to 5`."""
    return f"{thing} {first}" if first == last else f"{thing}s {first} to {last}"


def status_word(status: str) -> str:
    """Return the word that a person reads for a job's status; JSON has Qiskit's own names."""
    return _WORDS.get(status, status)


def counts_text(counts: Mapping[str, int]) -> str:
    """Write how many jobs have which status, leaving out those that none has."""
    return ", ".join(
        f"{count} {status_word(status).lower()}" for status, count in counts.items() if count
    )


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
    """Say what is wrong and what to do about it, on stderr; a shared hint stands once.

    Of many problems that are alike the first are told, and how many `things` have them. Return how
    many are not told.
    """
    groups: Groups[tuple[str, str]] = Groups()
    distinct = Counter(problems_in_commands(problems))
    for problem, times in distinct.items():
        text = f"{problem.message} ({times} times)" if times > 1 else problem.message
        kind = (problem.code, *(shape(t, problem.about) for t in (problem.message, problem.hint)))
        groups.add(kind, (text, problem.hint))
    told = [group for group, _ in zip(groups, range(_MOST_KINDS), strict=False)]
    complaints = [complaint for group in told for complaint in _complaints(group, things)]
    for number, (lines, hint) in enumerate(complaints):
        _labelled("error", lines[0], "bold red")
        for line in lines[1:]:
            message(f"  {line}")
        following = complaints[number + 1][1] if number + 1 < len(complaints) else None
        if hint and hint != following:
            _labelled("hint", hint, "cyan")
    others = len(distinct) - sum(group.number for group in told)
    if others:
        _labelled("error", f"There are {plural(others, 'problem')} of other kinds.", "bold red")
    return others + sum(group.hidden for group in told)


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
