"""One worker process, and the messages to and from it.

A message is its length in eight bytes, then JSON. A completed job is followed by one frame more,
the result body, which passes through here unread.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from .backends import Backend

__all__ = ["Worker", "WorkerDiedError"]

# Variables with accounts and keys, which workers must not see.
_OURS = ("IBMQBATCH_", "QISKIT_IBM_", "IAM_")
_PROGRAM = Path(__file__).with_name("worker")


class WorkerDiedError(Exception):
    """The worker process is gone, or breaks the protocol."""


class Worker:
    """A running worker, to be created in the thread that uses it.

    On Linux the kernel kills the process when that thread ends, so that no worker outlives the
    server however it dies.
    """

    def __init__(self, python: str, threads: int, log: Path) -> None:
        self.begun = False  # the last job that was sent
        self._told: set[str] = set()  # devices that it knows
        environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith(_OURS)},
            "OMP_NUM_THREADS": str(threads),
            "OPENBLAS_NUM_THREADS": "1",
            "RAYON_NUM_THREADS": "1",
            # Qiskit would fork processes of its own to transpile.
            "QISKIT_PARALLEL": "FALSE",
        }
        with log.open("ab") as errors:
            self._process = subprocess.Popen(
                [python, str(_PROGRAM), str(os.getpid())],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                env=environment,
                close_fds=True,
                process_group=0,  # Ctrl-C is for the server
            )

    @property
    def pid(self) -> int:
        """The process id."""
        return self._process.pid

    @property
    def ended(self) -> str:
        """How the process ended, in words."""
        code = self._process.wait()
        return f"killed by signal {-code}" if code < 0 else f"exit code {code}"

    @property
    def ran_too_long(self) -> bool:
        """Whether the process, which has ended, exceeded its time."""
        return self._process.wait() in {-signal.SIGPROF, -signal.SIGALRM}

    def send(self, message: Mapping[str, Any]) -> None:
        """Send one message."""
        self._write(json.dumps(message).encode())

    def send_job(self, program: str, backend: Backend, params: bytes, seconds: int) -> None:
        """Send a job of a program, whose params are JSON; return when the worker has begun it.

        `seconds` is the processor time for reading it.
        """
        self.begun = False
        device = b"null"
        if backend.device is not None and backend.name not in self._told:
            # Up to half a megabyte, which the worker keeps.
            device = backend.device
            self._told.add(backend.name)
        told = json.dumps(backend.worker).encode()
        limit = b"%d" % seconds
        self._write(
            b'{"program":',
            json.dumps(program).encode(),
            b',"backend":',
            told,
            b',"device":',
            device,
            b',"seconds":',
            limit,
            b',"params":',
            params,
            b"}",
        )
        self.receive()
        self.begun = True

    def _write(self, *parts: bytes) -> None:
        stream = self._process.stdin
        assert stream is not None
        try:
            stream.write(sum(map(len, parts)).to_bytes(8, "big"))
            for part in parts:
                stream.write(part)
            stream.flush()
        except OSError as error:
            raise WorkerDiedError(str(error)) from error

    def receive(self) -> dict[str, Any]:
        """Wait for one message and return it."""
        try:
            message = json.loads(self.receive_raw())
        except ValueError as error:
            raise WorkerDiedError(f"unreadable message: {error}") from error
        if not isinstance(message, dict):
            raise WorkerDiedError("unreadable message")
        return message

    def receive_raw(self) -> bytes:
        """Wait for one frame and return its bytes."""
        return self._read(int.from_bytes(self._read(8), "big"))

    def _read(self, size: int) -> bytes:
        stream = self._process.stdout
        assert stream is not None
        data = stream.read(size)
        if len(data) < size:
            raise WorkerDiedError("the stream ended")
        return data

    def kill(self) -> None:
        """Kill the process, from any thread. A wait for its message then ends."""
        self._process.kill()

    def close(self) -> None:
        """Kill the process, unless it is gone, and reap it."""
        self._process.kill()
        self._process.wait()
        for stream in (self._process.stdin, self._process.stdout):
            assert stream is not None
            try:
                stream.close()
            except OSError:
                # Unsent data has no reader any more.
                continue
