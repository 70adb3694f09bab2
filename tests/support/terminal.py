"""Running a command as on a terminal, and reading what a person would see."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import signal
import struct
import termios
from collections.abc import Mapping, Sequence
from pathlib import Path

from tests.support import forks

_ESCAPE = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]|\x1b\][^\x07]*\x07|\x1b[=>]")


def run_in_terminal(
    *words: object,
    env: Mapping[str, str],
    cwd: Path,
    columns: int = 80,
    term: str = "dumb",
    answers: Sequence[tuple[str, str | None]] = (),
    code: str | None = None,
) -> tuple[int, str]:
    """Run a command, or the program `code`, on a pseudo-terminal.

    Return its exit code and what it wrote, escapes and all. With `term` "dumb" nothing is drawn
    over: the text is that of the finished screen. `answers` are typed one after the other, each
    when its question has been asked since the one before; None: Ctrl-C.
    """
    leader, follower = pty.openpty()
    fcntl.ioctl(follower, termios.TIOCSWINSZ, struct.pack("HHHH", 30, columns, 0, 0))
    process = forks.start(
        words, env={**env, "TERM": term}, cwd=cwd, code=code, streams=3 * (follower,)
    )
    os.close(follower)
    written = _conversation(leader, answers, process)
    return process.wait(), written.decode().replace("\r\n", "\n")


def _conversation(
    leader: int, answers: Sequence[tuple[str, str | None]], process: forks.Process
) -> bytes:
    """Read all that is written on a terminal, and type the answers."""
    written = b""
    heard = 0
    waiting = list(answers)
    while True:
        try:
            block = os.read(leader, 65536)
        except OSError:  # how Linux tells that the other side is closed
            break
        if not block:
            break
        written += block
        if waiting and waiting[0][0].encode() in written[heard:]:
            heard = len(written)
            answer = waiting.pop(0)[1]
            if answer is None:
                process.send_signal(signal.SIGINT)
            else:
                os.write(leader, f"{answer}\n".encode())
    os.close(leader)
    assert not waiting, written
    return written


def without_escapes(text: str) -> str:
    """Remove colours and cursor movements."""
    return _ESCAPE.sub("", text)
