"""A pager for what is longer than the screen, as `git` has it."""

from __future__ import annotations

import contextlib
import io
import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator

from .console import is_terminal, out

__all__ = ["paged"]

_PAGER = "less"
_LESS = "FRX"  # ends by itself if all fits, shows colours, leaves the text on the screen


@contextlib.contextmanager
def paged(*, enabled: bool = True) -> Iterator[None]:
    """While the block draws on stdout, show it in `PAGER` if it is longer than the screen.

    There is none where stdout is no terminal, or where `PAGER` is empty or `cat`. That its reader
    leaves ends the block in silence.
    """
    words = _words() if enabled and is_terminal() else []
    if not words:
        yield
        return
    console = out()
    pages = _Pages(words, console.height - 1)
    console.file = pages
    try:
        with contextlib.suppress(_Left):
            yield
    finally:
        console.file = None  # type: ignore[assignment]  # whatever stdout is by then
        pages.end()


def _words() -> list[str]:
    """Return the command of the pager; none where there is none."""
    try:
        words = shlex.split(os.environ.get("PAGER", _PAGER))
    except ValueError:
        return []
    return words if words and words[0] != "cat" and shutil.which(words[0]) else []


class _Left(Exception):
    """The reader has left the pager. Of a broken pipe rich would make the end of the program."""


class _Pages(io.StringIO):
    """Lines that go to the pager, which is started when there are more than the screen takes."""

    def __init__(self, words: list[str], rows: int) -> None:
        super().__init__()
        self._words = words
        self._left = rows
        self._pager: subprocess.Popen[str] | None = None

    def write(self, text: str) -> int:
        if self._pager is None:
            self._left -= text.count("\n")
            super().write(text)
            if self._left < 0:
                self._start()
            return len(text)
        self._send(text)
        return len(text)

    def flush(self) -> None:
        if self._pager is not None:
            self._send("")

    def _send(self, text: str) -> None:
        assert self._pager is not None
        assert self._pager.stdin is not None
        try:
            self._pager.stdin.write(text)
            self._pager.stdin.flush()
        except BrokenPipeError as error:
            raise _Left from error

    def isatty(self) -> bool:
        return True

    def _start(self) -> None:
        environment = {"LESS": _LESS, **os.environ}
        self._pager = subprocess.Popen(
            self._words, stdin=subprocess.PIPE, text=True, encoding="utf-8", env=environment
        )
        self._send(self.getvalue())

    def end(self) -> None:
        """Write what fits on the screen, or wait until the reader has left the pager."""
        if self._pager is None:
            sys.stdout.write(self.getvalue())
            sys.stdout.flush()
            return
        assert self._pager.stdin is not None
        with contextlib.suppress(BrokenPipeError):
            self._pager.stdin.close()
        while True:
            # Ctrl-C is the pager's as long as it is there.
            with contextlib.suppress(KeyboardInterrupt):
                self._pager.wait()
                return
