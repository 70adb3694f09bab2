"""A terminal that is none: what `render` draws on one, as lines of text."""

from __future__ import annotations

import io
import re
import sys
from collections.abc import Callable, Iterator

import pytest

from ibmqbatch.render.console import err, out

_STYLES = re.compile(r"\x1b\[[0-9;?]*[a-zA-Z]")


class Terminal(io.StringIO):
    """Both stdout and stderr, as a person has them."""

    def isatty(self) -> bool:
        return True

    @property
    def lines(self) -> list[str]:
        """All that was written, without styles and without blanks at the ends of lines."""
        return [line.rstrip() for line in _STYLES.sub("", self.getvalue()).splitlines()]


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Terminal]]:
    """Return a function that makes a terminal of so many columns, and has everything go there."""

    def open_terminal(columns: int = 80, rows: int = 24) -> Terminal:
        made = Terminal()
        for name in ("stdin", "stdout", "stderr"):
            monkeypatch.setattr(sys, name, made)
        for name, value in {"COLUMNS": columns, "LINES": rows, "TERM": "xterm-256color"}.items():
            monkeypatch.setenv(name, str(value))
        for name in ("NO_COLOR", "COLORTERM", "FORCE_COLOR"):
            monkeypatch.delenv(name, raising=False)
        _forget_consoles()
        return made

    yield open_terminal
    _forget_consoles()


def _forget_consoles() -> None:
    out.cache_clear()
    err.cache_clear()
