"""A real service process, which tests may end as they like, and a client of it."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import sqlite3
import subprocess
import sys
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import httpx

from tests.support.waiting import wait_until

__all__ = ["Client", "LocalServer", "Stored", "new_crn", "open_client"]

FINAL = {"Completed", "Failed", "Cancelled"}


def new_crn() -> str:
    """Name an instance that nobody else uses."""
    return f"crn:v1:bluemix:public:quantum-computing:us-east:a/test:{uuid.uuid4()}::"


@dataclass(frozen=True, slots=True)
class Stored:
    """A job as it stands in the service's own records.

    `runs` is how often it has been run to its end.
    """

    id: str
    status: str
    runs: int
    tags: tuple[str, ...]


class LocalServer:
    """One data folder, and the service process on it, which can be ended and started again.

    As a context manager it runs while the block does.
    """

    def __init__(self, home: Path, *options: str) -> None:
        self.home = home
        self.options = options
        self.process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        if self.process is not None:
            assert self.end() == 0

    @property
    def folder(self) -> Path:
        """Where its records are, and the `service.json` that tells where it listens."""
        return self.home / "local"

    @property
    def service(self) -> dict[str, Any]:
        """What it says of itself."""
        document: dict[str, Any] = json.loads((self.folder / "service.json").read_bytes())
        return document

    def spawn(self, *options: str) -> subprocess.Popen[bytes]:
        """Start a process on this folder, without waiting for it."""
        return subprocess.Popen(
            [sys.executable, "-m", "ibmqbatch.local", *options],
            env={**os.environ, "IBMQBATCH_HOME": str(self.home)},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            pass_fds=[int(options[options.index("--ready-fd") + 1])]
            if "--ready-fd" in options
            else [],
        )

    def start(self) -> Self:
        """Start the service and wait until it is ready."""
        reading, writing = os.pipe()
        self.process = self.spawn(*self.options, "--ready-fd", str(writing))
        os.close(writing)
        with os.fdopen(reading, "rb") as ready:
            assert ready.read() == b"ready\n", self.process.communicate()[1].decode()
        return self

    def end(self, number: int = signal.SIGTERM) -> int:
        """Send the process a signal, wait for it, and return how it ended."""
        assert self.process is not None
        if self.process.poll() is None:
            self.process.send_signal(number)
        with self.process:
            code = self.process.wait(30)
        self.process = None
        return code

    def workers(self) -> list[int]:
        """Return the process ids of the workers."""
        assert self.process is not None
        found = []
        for status in Path("/proc").glob("[0-9]*/stat"):
            with contextlib.suppress(FileNotFoundError, ProcessLookupError):
                fields = status.read_text().rpartition(")")[2].split()
                if int(fields[1]) == self.process.pid and fields[0] != "Z":
                    found.append(int(status.parent.name))
        return sorted(found)

    def kill_worker(self, number: int) -> bool:
        """Have one of its workers die; return whether there was one."""
        pids = self.workers()
        if pids:
            os.kill(pids[number % len(pids)], signal.SIGKILL)
        return bool(pids)

    def jobs(self, tag: str) -> list[Stored]:
        """Return all jobs with a tag, from the service's own records."""
        return self._stored("j.seq IN (SELECT seq FROM tags WHERE tag = ?)", tag)

    def jobs_after(self, number: int) -> list[Stored]:
        """Return all jobs that were taken after job `number`, whatever their tags."""
        return self._stored("j.seq > ?", number)

    def newest(self) -> int:
        """Return the number of the job that was taken last; they are counted from 1."""
        return int(self.rows("SELECT coalesce(max(seq), 0) FROM jobs")[0][0])

    def rows(self, query: str, *values: object) -> list[tuple[Any, ...]]:
        """Read the job store from outside."""
        url = f"file:{self.folder / 'jobs.sqlite'}?mode=ro"
        with contextlib.closing(sqlite3.connect(url, uri=True, timeout=30)) as connection:
            return connection.execute(query, values).fetchall()

    @contextlib.contextmanager
    def client(self, crn: str | None = None) -> Iterator[Client]:
        """Open a client of an instance, by default one of its own."""
        service = self.service
        with open_client(service["url"], service["api_key"], crn or new_crn()) as client:
            yield client

    def _stored(self, which: str, *values: object) -> list[Stored]:
        rows = self.rows(
            "SELECT j.id, j.status, j.completions, "
            "(SELECT group_concat(t.tag, char(10)) FROM tags t WHERE t.seq = j.seq) "
            f"FROM jobs j WHERE {which} ORDER BY j.seq",
            *values,
        )
        return [Stored(row[0], row[1], row[2], tuple((row[3] or "").split("\n"))) for row in rows]


@contextlib.contextmanager
def open_client(url: str, api_key: str, crn: str) -> Iterator[Client]:
    """Open a client of an instance."""
    # It is no HTTPS, and reading all certificates takes longer than most requests.
    with httpx.Client(base_url=url, timeout=30, verify=False) as http:
        grant = "urn:ibm:params:oauth:grant-type:apikey"
        reply = http.post("/identity/token", data={"grant_type": grant, "apikey": api_key})
        http.headers.update(
            {
                "Authorization": f"Bearer {reply.json()['access_token']}",
                "Service-CRN": crn,
                "IBM-API-Version": "2026-04-15",
            }
        )
        yield Client(http)


class Client:
    """The calls that tests make most, on an `httpx.Client` with everything set."""

    def __init__(self, http: httpx.Client) -> None:
        self.http = http

    def call(self, method: str, path: str, **options: Any) -> httpx.Response:
        """Send a request under /api/v1."""
        return self.http.request(method, f"/api/v1{path}", **options)

    def get(self, path: str, **params: Any) -> httpx.Response:
        """Send a GET under /api/v1."""
        return self.call("GET", path, params=params)

    def post(
        self, *pubs: Any, params: dict[str, Any] | None = None, **fields: Any
    ) -> httpx.Response:
        """Post a job without looking at the answer."""
        body = {
            "program_id": "sampler",
            "backend": "ideal_simulator",
            "params": {"pubs": list(pubs), "version": 2, **(params or {})},
            **fields,
        }
        return self.call("POST", "/jobs", json=body)

    def submit(self, *pubs: Any, **fields: Any) -> str:
        """Post a job that must be taken, and return its id."""
        reply = self.post(*pubs, **fields)
        assert reply.status_code == 200, reply.text
        return str(reply.json()["id"])

    def job(self, job_id: str) -> dict[str, Any]:
        """Return a job without its params."""
        reply = self.get(f"/jobs/{job_id}", exclude_params="true")
        assert reply.status_code == 200, reply.text
        document: dict[str, Any] = reply.json()
        return document

    def wait(self, job_id: str, *words: str) -> dict[str, Any]:
        """Wait for a status, by default for any final one, and return the job."""
        wanted = set(words) or FINAL

        def reached() -> dict[str, Any] | None:
            job = self.job(job_id)
            return job if job["state"]["status"] in wanted else None

        return wait_until(reached)

    def run(self, *pubs: Any, **fields: Any) -> Any:
        """Run a job that must come to results, and return them."""
        job_id = self.submit(*pubs, **fields)
        job = self.wait(job_id)
        assert job["status"] == "Completed", job
        return self.get(f"/jobs/{job_id}/results").json()

    def fail(self, *pubs: Any, **fields: Any) -> dict[str, Any]:
        """Run a job that must fail, and return its state."""
        job = self.wait(self.submit(*pubs, **fields))
        assert job["status"] == "Failed", job
        state: dict[str, Any] = job["state"]
        return state
