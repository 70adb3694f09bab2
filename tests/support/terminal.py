"""Running a command as on a terminal, and reading what a person would see."""

from __future__ import annotations

import contextlib
import fcntl
import os
import pty
import re
import struct
import subprocess
import termios
from collections.abc import Sequence
from pathlib import Path

from tests.support.forks import COMMAND, Forked

_ESCAPE = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]|\x1b\][^\x07]*\x07|\x1b[=>]")


def run_in_terminal(
    words: list[str],
    *,
    env: dict[str, str],
    cwd: Path,
    columns: int = 80,
    term: str = "dumb",
    answers: Sequence[tuple[str, str]] = (),
) -> tuple[int, str]:
    """Run a program on a pseudo-terminal; return its exit code and what it wrote, escapes and all.

    With `term` "dumb" nothing is drawn over: the text is that of the finished screen. `answers` are
    typed one after the other, each when its question has been asked since the one before.
    """
    leader, follower = pty.openpty()
    fcntl.ioctl(follower, termios.TIOCSWINSZ, struct.pack("HHHH", 30, columns, 0, 0))
    env = {**env, "TERM": term}
    with contextlib.ExitStack() as stack:
        if tuple(words[: len(COMMAND)]) == COMMAND:
            process: Forked | subprocess.Popen[bytes] = stack.enter_context(
                Forked(words=words[len(COMMAND) :], streams=3 * (follower,), env=env, cwd=cwd)
            )
        else:
            process = subprocess.Popen(
                words,
                env=env,
                cwd=cwd,
                stdin=follower,
                stdout=follower,
                stderr=follower,
                start_new_session=True,
            )
        os.close(follower)
        written = _conversation(leader, answers)
        return process.wait(), written.decode().replace("\r\n", "\n")


def _conversation(leader: int, answers: Sequence[tuple[str, str]]) -> bytes:
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
            os.write(leader, f"{waiting.pop(0)[1]}\n".encode())
    os.close(leader)
    assert not waiting, written
    return written


def without_escapes(text: str) -> str:
    """Remove colours and cursor movements."""
    return _ESCAPE.sub("", text)
