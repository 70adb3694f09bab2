"""Answering the shells: the completion scripts run `ibmqbatch` with `_IBMQBATCH_COMPLETE` set.

Its value names the shell (`complete_bash`, `complete_zsh`, `complete_fish`), the arguments hold
what is being typed. The answer is the kind of what can follow, on a line of its own, then what the
shell is to take, one candidate a line.

zsh and fish hand over words and quote what they insert. bash hands over its line and takes back
text as it is to stand in it, so that quoting, and the characters at which bash cuts words apart
(COMP_WORDBREAKS), are dealt with here.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .tree import Answer

__all__ = ["answer"]

_BLANKS = " \t\n"
# What has to be quoted for bash; anything beyond ASCII does not.
_SAFE = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-+=:,./@%^")
# COMP_TYPE of a TAB that lists what there is; the others (menu-complete) insert what they get.
_LISTING = {9, 33, 63, 64}


def answer(instruction: str, arguments: Sequence[str]) -> None:
    """Write what can follow on the line that is being typed; nothing else, whatever happens."""
    speak = {
        "complete_bash": _bash,
        "complete_zsh": _zsh,
        "complete_fish": _fish,
    }.get(instruction)
    try:
        lines = list(speak(arguments)) if speak is not None else []
    except Exception:  # noqa: BLE001 - what is wrong here must not be written into a line being typed
        return
    # Names are whatever users and services have chosen; bytes that are no text go out as they came.
    text = "".join(f"{line}\n" for line in lines).encode(errors="surrogateescape")
    sys.stdout.buffer.write(text)
    sys.stdout.buffer.flush()


def _printable(found: Answer) -> Iterator[tuple[str, str]]:
    """Yield the candidates that can stand on a line, descriptions made harmless."""
    from ...render.text import clean

    for candidate in found.words:
        if candidate.value.isprintable() and candidate.value:
            yield candidate.value, clean(candidate.description)


def _zsh(arguments: Sequence[str]) -> Iterator[str]:
    """Speak to zsh: words without quotes, the last one that at the cursor.

    A candidate is `value:description`, colons in the value escaped, as `_describe` takes it.
    """
    from .tree import complete

    found = complete(arguments[:-1], arguments[-1])
    yield found.kind
    for value, description in _printable(found):
        escaped = value.replace("\\", "\\\\").replace(":", "\\:")
        yield f"{escaped}:{description}" if description else escaped


def _fish(arguments: Sequence[str]) -> Iterator[str]:
    """Speak to fish: words without quotes, then the one at the cursor as it is typed."""
    from .tree import complete

    found = complete(arguments[:-1], _read(arguments[-1]).last)
    yield found.kind
    for value, description in _printable(found):
        yield f"{found.joined}{value}\t{description}"


def _bash(arguments: Sequence[str]) -> Iterator[str]:
    """Speak to bash: the line up to the cursor, COMP_WORDBREAKS, COMP_TYPE, COLUMNS."""
    from .tree import Answer, complete

    text, breaks, kind, columns = arguments
    line = _read(text)
    found = Answer("files") if line.redirected else complete(line.words[1:], line.last)
    yield found.kind
    shown = list(_printable(found))
    kept = _cut(line, breaks)
    described = len(shown) > 1 and not line.quote and int(kind or 0) in _LISTING
    for value, description in shown:
        word = _quoted(f"{found.joined}{value}"[kept:], line.quote)
        if described and description:
            room = int(columns or 80) - len(word) - 5
            short = description if len(description) <= room else description[: room - 1] + "…"
            word = f"{word}  ({short})" if room > 10 else word
        yield word


@dataclass(slots=True)
class _Line:
    """A line as far as it is typed: its whole words, and the one at the cursor.

    `quoted` tells for each character of the last word whether it is quoted; `quote` is the
    quotation mark that is still open, `opened` how many characters stand before it. `redirected`:
    the last word is the file of a redirection.
    """

    words: list[str] = field(default_factory=list)
    last: str = ""
    quoted: list[bool] = field(default_factory=list)
    quote: str = ""
    opened: int = 0
    redirected: bool = False


def _read(text: str) -> _Line:
    """Take a line apart as a shell does, short of expanding anything."""
    line = _Line()
    begun = escaped = False
    for character in text:
        if escaped:
            if line.quote == '"' and character not in '"\\$`':
                _add(line, "\\", quoted=True)
            _add(line, character, quoted=True)
            escaped = False
        elif character == "\\" and line.quote != "'":
            escaped = begun = True
        elif character == line.quote:
            line.quote = ""
        elif line.quote:
            _add(line, character, quoted=True)
        elif character in "\"'":
            line.quote, line.opened, begun = character, len(line.last), True
        elif character in "<>":
            if not line.last.isdigit():  # the 2 of 2>
                _end_word(line, begun=begun)
            line.last, line.quoted, begun = "", [], False
            line.redirected = True
        elif character in _BLANKS:
            _end_word(line, begun=begun)
            begun = False
        else:
            _add(line, character, quoted=False)
            begun = True
    return line


def _add(line: _Line, character: str, *, quoted: bool) -> None:
    line.last += character
    line.quoted.append(quoted)


def _end_word(line: _Line, *, begun: bool) -> None:
    if begun:
        if not line.redirected:
            line.words.append(line.last)
        line.redirected = False
    line.last, line.quoted = "", []


def _cut(line: _Line, breaks: str) -> int:
    """Return how many characters of the last word stand before the part that bash replaces.

    That is what follows the open quotation mark, or else the last word break.
    """
    if line.quote:
        return line.opened
    return next(
        (
            number + 1
            for number in reversed(range(len(line.last)))
            if line.last[number] in breaks and not line.quoted[number]
        ),
        0,
    )


def _quoted(value: str, quote: str) -> str:
    """Write a word as it is to stand on bash's line, in the quotation marks that are open."""
    if quote == "'":
        return value.replace("'", "'\\''")
    if quote == '"':
        return "".join(f"\\{c}" if c in '"\\$`' else c for c in value)
    return "".join(c if c in _SAFE or not c.isascii() else f"\\{c}" for c in value)
