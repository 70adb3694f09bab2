"""Processes that have everything imported as they begin: forked from one that waits for that.

What is forked has one thread, no connection and no account: it knows no more than a process that
has just been started, and has not spent a second on importing Qiskit.
"""

from __future__ import annotations

import atexit
import functools
import json
import os
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from tests.support.warm import warm

__all__ = ["COMMAND", "Forked", "run_forked"]

# How a command is run in a process of its own.
COMMAND = (sys.executable, "-m", "ibmqbatch")
# Importing Qiskit Terra warns about itself.
_STRICT = ("-W", "error", "-W", "ignore::DeprecationWarning")
_LARGEST = 1 << 16  # bytes read at once
_ONE_AT_A_TIME = threading.Lock()


class Forked:
    """A process that runs a command of ours, or a program. Use as a context manager."""

    def __init__(
        self,
        *,
        words: Sequence[object],
        streams: tuple[int, int, int],
        env: Mapping[str, str],
        cwd: Path,
        code: str | None = None,
    ) -> None:
        self._task = {
            "words": list(map(str, words)),
            "env": dict(env),
            "cwd": str(cwd),
            "code": code,
        }
        self._streams = streams

    def __enter__(self) -> Self:
        _ONE_AT_A_TIME.acquire()
        channel = _server()
        socket.send_fds(channel, [json.dumps(self._task).encode() + b"\n"], list(self._streams))
        return self

    def wait(self) -> int:
        """Wait for its end; return its exit code, negative for a signal."""
        answer = _server().recv(_LARGEST)
        assert answer, "the process that forks has died"
        return int(answer)

    def __exit__(
        self, kind: type[BaseException] | None, error: object, trace: TracebackType | None
    ) -> None:
        _ONE_AT_A_TIME.release()


def run_forked(
    words: Sequence[object], *, env: Mapping[str, str], cwd: Path, code: str | None = None
) -> tuple[int, str, str]:
    """Run a command, or a program, without input; return its exit code and what it has written."""
    with (
        Path(os.devnull).open() as nothing,
        tempfile.TemporaryFile() as out,
        tempfile.TemporaryFile() as err,
    ):
        streams = (nothing.fileno(), out.fileno(), err.fileno())
        with Forked(words=words, streams=streams, env=env, cwd=cwd, code=code) as process:
            ended = process.wait()
        for file in (out, err):
            file.seek(0)
        return ended, out.read().decode(), err.read().decode()


@functools.cache
def _server() -> socket.socket:
    """Start the process that forks; return the way to it, which ends it when it is closed."""
    ours, theirs = socket.socketpair()
    with theirs:
        process = subprocess.Popen(
            [sys.executable, *_STRICT, "-m", __name__, str(theirs.fileno())],
            stdin=subprocess.DEVNULL,
            pass_fds=[theirs.fileno()],
            cwd=Path(__file__).parents[2],
            # Libraries that start threads of their own could not be forked.
            env={**os.environ, "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"},
        )

    def end() -> None:
        ours.close()
        process.wait()

    atexit.register(end)
    return ours


def _serve(channel: socket.socket) -> dict[str, Any] | None:
    """Fork a process for each task, and tell how it ended; there, return the task."""
    while True:
        text, streams, _, _ = socket.recv_fds(channel, _LARGEST, 3)
        while text and not text.endswith(b"\n"):
            text += channel.recv(_LARGEST)
        if not text:
            return None
        child = os.fork()
        if not child:
            channel.close()
            os.setsid()
            for number, stream in enumerate(streams):
                os.dup2(stream, number)
                os.close(stream)
            task: dict[str, Any] = json.loads(text)
            return task
        for stream in streams:
            os.close(stream)
        _, status = os.waitpid(child, 0)
        channel.send(str(os.waitstatus_to_exitcode(status)).encode())


def _become(task: Mapping[str, Any]) -> Callable[[], None]:
    """Take over what a process of its own would be started with; return what it would do."""
    os.environ.clear()
    os.environ.update(task["env"])
    os.chdir(task["cwd"])
    sys.stdin = open(0, closefd=False)  # noqa: SIM115
    sys.stdout = open(1, "w", closefd=False)  # noqa: SIM115
    sys.stderr = open(2, "w", buffering=1, errors="backslashreplace", closefd=False)  # noqa: SIM115
    if task["code"] is None:
        from ibmqbatch.cli.main import run

        sys.argv = ["ibmqbatch", *task["words"]]
        return run
    sys.argv = ["-c", *task["words"]]
    sys.path[0] = ""
    program = compile(task["code"], "<string>", "exec")
    return functools.partial(exec, program, {"__name__": "__main__"})


def _main(channel: int) -> None:
    warm()
    with socket.socket(fileno=channel) as way:
        task = _serve(way)
    if task is not None:
        _become(task)()


if __name__ == "__main__":
    _main(int(sys.argv[1]))
