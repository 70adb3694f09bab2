"""Processes that have everything imported as they begin: forked from one that waits for that.

What is forked has one thread, no connection and no account: it knows no more than a process that
has just been started, and has not spent a second on importing Qiskit. What the tests are to learn
of imports, or of an interpreter's own beginning, they ask one that is not forked.
"""

from __future__ import annotations

import atexit
import functools
import gc
import importlib
import json
import os
import pkgutil
import select
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Self, TextIO

__all__ = ["Process", "start"]

# Importing Qiskit Terra warns about itself.
_STRICT = ("-W", "error", "-W", "ignore::DeprecationWarning")
_LARGEST = 1 << 16  # bytes read at once
_PATIENCE = 120.0  # seconds
_one_at_a_time = threading.Lock()


class Process:
    """A process that runs a command of ours, or a program; used as those of `subprocess` are.

    `stdout` and `stderr` are what it writes, as text, where nobody else was to have that.
    """

    def __init__(self, pid: int, stdout: TextIO | None, stderr: TextIO | None) -> None:
        self.pid = pid
        self.stdout, self.stderr = stdout, stderr
        self.returncode: int | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for stream in (self.stdout, self.stderr):
            if stream is not None:
                stream.close()
        self.wait()

    def poll(self) -> int | None:
        """Return its exit code, negative for a signal, or None while it runs."""
        if self.returncode is None:
            self.returncode = _ask({"wait": self.pid})
        return self.returncode

    def wait(self, timeout: float = _PATIENCE) -> int:
        """Wait for its end; return its exit code. One that hangs is ended."""
        if self.returncode is None:
            ended = os.pidfd_open(self.pid)
            try:
                hangs = not select.select([ended], (), (), timeout)[0]
                if hangs:
                    self.kill()
                    select.select([ended], (), ())
            finally:
                os.close(ended)
            self.poll()
            assert not hangs, "a command hangs"
        assert self.returncode is not None
        return self.returncode

    def communicate(self, timeout: float = _PATIENCE) -> tuple[str, str]:
        """Read all that it writes, and wait for its end."""
        assert self.stdout is not None
        assert self.stderr is not None
        complaints: list[str] = []
        reader = threading.Thread(target=lambda: complaints.append(self.stderr.read()))
        watch = threading.Timer(timeout, self.kill)
        reader.start()
        watch.start()
        with self:
            written = self.stdout.read()
            reader.join()
        watch.cancel()
        return written, complaints[0]

    def send_signal(self, number: int) -> None:
        """Send it a signal, unless it is known to have ended."""
        if self.returncode is None:
            os.kill(self.pid, number)

    def terminate(self) -> None:
        """Have it end."""
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        """Have it die at this very instant."""
        self.send_signal(signal.SIGKILL)


def start(
    words: Sequence[object],
    *,
    env: Mapping[str, str],
    cwd: Path,
    code: str | None = None,
    streams: tuple[int, int, int] | None = None,
    first: tuple[str, Mapping[str, object]] | None = None,
) -> Process:
    """Start a command, or the program `code`, without input, or with these three `streams`.

    `first` is what the process does before: the name of a function, `module:function`, and what it
    is called with.
    """
    task = {
        "words": list(map(str, words)),
        "env": dict(env),
        "cwd": str(cwd),
        "code": code,
        "first": first,
    }
    if streams is not None:
        return Process(_ask(task, streams), None, None)
    out, err = os.pipe(), os.pipe()
    nothing = os.open(os.devnull, os.O_RDONLY)
    try:
        pid = _ask(task, (nothing, out[1], err[1]))
    finally:
        for descriptor in (nothing, out[1], err[1]):
            os.close(descriptor)
    return Process(pid, os.fdopen(out[0]), os.fdopen(err[0]))


def _ask(what: Mapping[str, object], streams: Sequence[int] = ()) -> Any:
    """Have the process that forks do something; return its answer."""
    with _one_at_a_time:
        channel = _server()
        socket.send_fds(channel, [json.dumps(what).encode() + b"\n"], list(streams))
        answer = channel.recv(_LARGEST)
    assert answer, "the process that forks has died"
    return json.loads(answer)


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
    """Fork a process for each task, and tell how they ended; in them, return their task."""
    while True:
        text, streams, _, _ = socket.recv_fds(channel, _LARGEST, 3)
        while text and not text.endswith(b"\n"):
            text += channel.recv(_LARGEST)
        if not text:
            return None
        task: dict[str, Any] = json.loads(text)
        if "wait" in task:
            ended, status = os.waitpid(task["wait"], os.WNOHANG)
            answer = os.waitstatus_to_exitcode(status) if ended else None
        else:
            answer = os.fork()
            if not answer:
                channel.close()
                os.setsid()
                for number, stream in enumerate(streams):
                    os.dup2(stream, number)
                    os.close(stream)
                return task
            for stream in streams:
                os.close(stream)
        channel.send(json.dumps(answer).encode())


def _become(task: Mapping[str, Any]) -> Callable[[], object]:
    """Take over what a process of its own would be started with; return what it would do."""
    os.environ.clear()
    os.environ.update(task["env"])
    os.chdir(task["cwd"])
    sys.stdin = open(0, closefd=False)  # noqa: SIM115
    sys.stdout = open(1, "w", closefd=False)  # noqa: SIM115
    sys.stderr = open(2, "w", buffering=1, errors="backslashreplace", closefd=False)  # noqa: SIM115
    if task["first"] is not None:
        name, arguments = task["first"]
        module, _, function = name.partition(":")
        getattr(importlib.import_module(module), function)(**arguments)
    if task["code"] is None:
        from ibmqbatch.cli.main import run

        sys.argv = ["ibmqbatch", *task["words"]]
        return run
    sys.argv = ["-c", *task["words"]]
    sys.path[0] = ""
    # As text: of that alone the interpreter notes that a Ctrl-C has ended it.
    return functools.partial(exec, task["code"], {"__name__": "__main__"})


def _warm() -> None:
    """Import all that the tool may, its embedded service aside."""
    import ibmqbatch
    from ibmqbatch.circuits._qiskit import import_qiskit

    import_qiskit()
    for name in ("httpx", "rich.live", "qiskit.qasm2", "qiskit.qpy"):
        importlib.import_module(name)
    for module in pkgutil.walk_packages(ibmqbatch.__path__, "ibmqbatch."):
        if not module.name.endswith("__main__") and ".local" not in module.name:
            importlib.import_module(module.name)
    gc.collect()
    gc.freeze()


def _main(channel: int) -> None:
    _warm()
    with socket.socket(fileno=channel) as way:
        task = _serve(way)
    if task is not None:
        _become(task)()


if __name__ == "__main__":
    _main(int(sys.argv[1]))
