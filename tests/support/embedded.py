"""The embedded service as a process of its own, which tests may end as they like."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

__all__ = ["Embedded", "Stored"]


@dataclass(frozen=True, slots=True)
class Stored:
    """A job as it stands in the service's own records.

    `runs` is how often it has been run to its end.
    """

    id: str
    status: str
    runs: int
    tags: tuple[str, ...]


class Embedded:
    """A service that keeps its jobs below `home`. Use as a context manager."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        assert self._process is not None
        self._process.terminate()
        assert self._process.wait(30) == 0

    @property
    def folder(self) -> Path:
        """Where its records are, and the `service.json` that tells where it listens."""
        return self.home / "local"

    @property
    def told(self) -> dict[str, Any]:
        """What it says of itself."""
        told: dict[str, Any] = json.loads((self.folder / "service.json").read_bytes())
        return told

    def start(self) -> None:
        """Start it, and wait until it listens."""
        reader, writer = os.pipe()
        with (self.home / "service.log").open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "ibmqbatch.local", "--ready-fd", str(writer)],
                env={**os.environ, "IBMQBATCH_HOME": str(self.home)},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                pass_fds=[writer],
            )
        os.close(writer)
        ready = os.read(reader, 16)
        os.close(reader)
        assert ready, (self.home / "service.log").read_text()

    def kill(self) -> None:
        """Have it die at this very instant."""
        assert self._process is not None
        self._process.kill()
        self._process.wait()

    def kill_worker(self, number: int) -> bool:
        """Have one of its workers die; return whether there was one."""
        assert self._process is not None
        children = Path(
            f"/proc/{self._process.pid}/task/{self._process.pid}/children"
        ).parent.parent
        pids = sorted(
            int(pid) for file in children.glob("*/children") for pid in file.read_text().split()
        )
        if not pids:
            return False
        os.kill(pids[number % len(pids)], signal.SIGKILL)
        return True

    def jobs(self, tag: str) -> list[Stored]:
        """Return all jobs with a tag, from the service's own records."""
        return self._stored("j.seq IN (SELECT seq FROM tags WHERE tag = ?)", tag)

    def jobs_after(self, number: int) -> list[Stored]:
        """Return all jobs that were taken after job `number`, whatever their tags."""
        return self._stored("j.seq > ?", number)

    def newest(self) -> int:
        """Return the number of the job that was taken last; they are counted from 1."""
        return int(self._rows("SELECT coalesce(max(seq), 0) FROM jobs")[0][0])

    def _stored(self, which: str, *values: object) -> list[Stored]:
        rows = self._rows(
            "SELECT j.id, j.status, j.completions, "
            "(SELECT group_concat(t.tag, char(10)) FROM tags t WHERE t.seq = j.seq) "
            f"FROM jobs j WHERE {which} ORDER BY j.seq",
            *values,
        )
        return [Stored(row[0], row[1], row[2], tuple((row[3] or "").split("\n"))) for row in rows]

    def _rows(self, query: str, *values: object) -> list[Any]:
        path = self.folder / "jobs.sqlite"
        connection = sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=30)
        try:
            return connection.execute(query, values).fetchall()
        finally:
            connection.close()
