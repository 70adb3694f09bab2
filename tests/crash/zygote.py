"""A process that has everything imported, and forks commands: so that a thousand can be killed.

It has one thread, and no connection: a fork of it is what a freshly started command is once it has
imported what it needs. It reads a JSON document a line, and answers with one a line.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO, Any, Self

from tests.crash.points import Kill, watch
from tests.support.warm import warm

__all__ = ["Child", "Zygote"]


_PATIENCE = 120.0  # seconds


@dataclass(frozen=True, slots=True)
class Child:
    """A forked command: its process, and the files that it writes to."""

    pid: int
    out: Path
    err: Path
    journal: Path

    def events(self) -> list[str]:
        """Return the crash points that it has come to so far."""
        return self.journal.read_text().splitlines()


class Zygote:
    """Starts commands. Use as a context manager.

    Their clocks run `speed` times as fast as the world's, from now on: waits are that much shorter,
    and what is said to lag so many seconds may lag a fraction of them.
    """

    def __init__(self, folder: Path, speed: float = 1.0) -> None:
        self._folder = folder
        self._count = 0
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.crash.zygote", str(speed)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=Path(__file__).parents[2],
            # Libraries that start threads of their own could not be forked.
            env={**os.environ, "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"},
        )
        assert self._answer() == {"ready": True}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.communicate()

    def start(
        self, *words: object, env: Mapping[str, str], cwd: Path, kill: Kill | None = None
    ) -> Child:
        """Start a command; with `kill` it dies when it comes to that event."""
        self._count += 1
        paths = [self._folder / f"{self._count}.{kind}" for kind in ("out", "err", "journal")]
        for path in paths:
            path.touch(0o600)
        told = self._ask(
            words=list(map(str, words)),
            env=dict(env),
            cwd=str(cwd),
            paths=list(map(str, paths)),
            kill=None if kill is None else asdict(kill),
        )
        return Child(told["pid"], *paths)

    def wait(self, child: Child) -> int:
        """Wait for the end of a command; return its exit code, negative for a signal."""
        code: int | None = self._ask(wait=child.pid)["code"]
        assert code is not None, "a command hangs"
        return code

    def run(
        self, *words: object, env: Mapping[str, str], cwd: Path, kill: Kill | None = None
    ) -> tuple[int, Child]:
        """Run a command to its end."""
        child = self.start(*words, env=env, cwd=cwd, kill=kill)
        return self.wait(child), child

    def _ask(self, **what: object) -> dict[str, Any]:
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(what) + "\n")
        self._process.stdin.flush()
        return self._answer()

    def _answer(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        assert line, "the process that forks commands has died"
        answer: dict[str, Any] = json.loads(line)
        return answer


def _hurry(speed: float) -> None:
    """Have every clock of the tool run so much faster."""
    from ibmqbatch.clock import Clock

    begun = time.time()

    def sleep(self: Clock, seconds: float) -> None:
        seconds = min(seconds, self.left)
        if seconds > 0:
            self.interrupted.wait(seconds / speed)

    Clock.now = lambda _self: begun + (time.time() - begun) * speed  # type: ignore[method-assign]
    Clock.monotonic = lambda _self: time.monotonic() * speed  # type: ignore[method-assign]
    Clock.up = lambda _self: (  # type: ignore[method-assign]
        time.clock_gettime(time.CLOCK_BOOTTIME) * speed
    )
    Clock.sleep = sleep  # type: ignore[method-assign]


def _become(task: Mapping[str, Any]) -> int:
    """Be the command that is asked for."""
    os.environ.clear()
    os.environ.update(task["env"])
    os.chdir(task["cwd"])
    files = [os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600) for path in task["paths"]]
    nothing = os.open(os.devnull, os.O_RDONLY)
    for descriptor, number in ((nothing, 0), (files[0], 1), (files[1], 2)):
        os.dup2(descriptor, number)
    sys.stdin, sys.stdout, sys.stderr = open(0), open(1, "w"), open(2, "w")  # noqa: SIM115
    watch(files[2], None if task["kill"] is None else Kill(**task["kill"]))
    from ibmqbatch.cli.main import main

    code = int(main(task["words"]))
    sys.stdout.flush()
    sys.stderr.flush()
    return code


def _ended(pid: int) -> int | None:
    """Wait for the end of a command; return its exit code, or None for one that hangs."""
    deadline = time.monotonic() + _PATIENCE
    while time.monotonic() < deadline:
        ended, status = os.waitpid(pid, os.WNOHANG)
        if ended:
            return os.waitstatus_to_exitcode(status)
        time.sleep(0.005)
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
    return None


def _serve(tasks: IO[str], answers: IO[str]) -> None:
    for line in tasks:
        task = json.loads(line)
        if "wait" in task:
            answer = {"code": _ended(task["wait"])}
        else:
            pid = os.fork()
            if pid == 0:
                code = 1
                try:
                    code = _become(task)
                finally:
                    os._exit(code)
            answer = {"pid": pid}
        answers.write(json.dumps(answer) + "\n")
        answers.flush()


if __name__ == "__main__":
    speed = float(sys.argv[1])
    if speed != 1:
        _hurry(speed)
    warm()
    answers = sys.stdout
    answers.write('{"ready": true}\n')
    answers.flush()
    _serve(sys.stdin, answers)
