"""A Dask cluster on this machine: its scheduler and its workers are processes of their own."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Self

__all__ = ["Cluster"]

ROOT = Path(__file__).parents[2]


class Cluster:
    """A scheduler and workers of one thread each. Use as a context manager."""

    def __init__(self, folder: Path) -> None:
        self._processes: dict[str, subprocess.Popen[str]] = {}
        self._folder = folder
        self.file = folder / "scheduler.json"
        words = ("--port", "0", "--scheduler-file", str(self.file))
        _, told = self._start("scheduler", *words, ready="Scheduler at:")
        self.address = told.split()[-1].replace("tcp", "dask")

    def _start(self, what: str, *words: str, ready: str, **env: str) -> tuple[int, str]:
        """Start a process, and wait until it says so; return its number, and what it says."""
        command = (sys.executable, "-m", f"distributed.cli.dask_{what}", "--no-dashboard")
        command += ("--host", "127.0.0.1", *words)
        process = subprocess.Popen(
            command,
            cwd=ROOT,
            env={**os.environ, "TMPDIR": str(self._folder), **env},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        self._processes[f"{what} {len(self._processes)}" if what == "worker" else what] = process
        assert process.stderr is not None
        return process.pid, next(line for line in process.stderr if ready in line)

    def add_worker(self, **env: str) -> int:
        """Start a worker that comes back when it dies; return the number of its process."""
        words = ("--nthreads", "1", "--local-directory", str(self._folder))
        address = self.address.replace("dask", "tcp")
        return self._start("worker", *words, address, ready="Registered to", **env)[0]

    def kill_scheduler(self) -> None:
        self._processes["scheduler"].kill()
        self._processes["scheduler"].wait()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for process in self._processes.values():
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            assert process.stderr is not None
            process.stderr.close()
