"""A real service process, a client of it, and circuits to run."""

from __future__ import annotations

import base64
import contextlib
import io
import json
import os
import signal
import sqlite3
import subprocess
import sys
import uuid
import zlib
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx

from tests.support.waiting import wait_until

FINAL = {"Completed", "Failed", "Cancelled"}


def new_crn() -> str:
    """Name an instance that nobody else uses."""
    return f"crn:v1:bluemix:public:quantum-computing:us-east:a/test:{uuid.uuid4()}::"


class LocalServer:
    """One data folder, and the service process on it, which can be ended and started again."""

    def __init__(self, home: Path, *options: str) -> None:
        self.home = home
        self.folder = home / "local"
        self.options = options
        self.process: subprocess.Popen[bytes] | None = None

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

    def start(self) -> LocalServer:
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
            code = self.process.wait(20)
        self.process = None
        return code

    @property
    def service(self) -> dict[str, Any]:
        """The service file."""
        document: dict[str, Any] = json.loads((self.folder / "service.json").read_bytes())
        return document

    def rows(self, query: str, *values: object) -> list[tuple[Any, ...]]:
        """Read the job store from outside."""
        with contextlib.closing(sqlite3.connect(self.folder / "jobs.sqlite")) as connection:
            return connection.execute(query, values).fetchall()

    def workers(self) -> list[int]:
        """The process ids of the workers."""
        assert self.process is not None
        found = []
        for status in Path("/proc").glob("[0-9]*/stat"):
            with contextlib.suppress(FileNotFoundError, ProcessLookupError):
                fields = status.read_text().rpartition(")")[2].split()
                if int(fields[1]) == self.process.pid and fields[0] != "Z":
                    found.append(int(status.parent.name))
        return found

    @contextlib.contextmanager
    def client(self, crn: str | None = None) -> Iterator[Client]:
        """Open a client of an instance, by default one of its own."""
        service = self.service
        with open_client(service["url"], service["api_key"], crn or new_crn()) as client:
            yield client


@contextlib.contextmanager
def open_client(url: str, api_key: str, crn: str) -> Iterator[Client]:
    """Open a client of an instance."""
    with httpx.Client(base_url=url, timeout=30) as http:
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


def error(reply: httpx.Response) -> tuple[int, int]:
    """Return the status and the code of a refusal, which must be worded as the API words them."""
    body = reply.json()
    assert set(body) == {"errors", "trace"}
    assert body["errors"][0]["message"]
    return reply.status_code, body["errors"][0]["code"]


def encode(circuit: Any) -> dict[str, str]:
    """Return a circuit in the typed form of the API."""
    from qiskit import qpy

    buffer = io.BytesIO()
    qpy.dump(circuit, buffer)
    value = base64.b64encode(zlib.compress(buffer.getvalue())).decode()
    return {"__type__": "QuantumCircuit", "__value__": value}


def bell() -> dict[str, str]:
    """Return two entangled qubits, measured."""
    from qiskit import QuantumCircuit

    circuit = QuantumCircuit(2, 2, name="bell", metadata={"kind": "bell"})
    circuit.h(0)
    circuit.cx(0, 1)
    circuit.measure([0, 1], [0, 1])
    return encode(circuit)


def slow() -> list[Any]:
    """Return a pub that runs for minutes: every shot is simulated anew."""
    from qiskit import QuantumCircuit

    circuit = QuantumCircuit(12, 1)
    for _ in range(20):
        circuit.h(range(12))
        circuit.measure(0, 0)
    return [encode(circuit), None, 1_000_000]


def endless() -> list[Any]:
    """Return a pub with a loop that never ends."""
    from qiskit import QuantumCircuit

    circuit = QuantumCircuit(1, 1)
    with circuit.while_loop((circuit.clbits[0], 0)):
        circuit.reset(0)
        circuit.measure(0, 0)
    return [encode(circuit), None, 1]


def array(value: dict[str, str]) -> Any:
    """Return the array in a typed ndarray."""
    import numpy as np

    assert value["__type__"] == "ndarray"
    return np.load(io.BytesIO(zlib.decompress(base64.b64decode(value["__value__"]))))


def samples(result: Any, pub: int = 0, register: str = "c") -> Any:
    """Return the samples of a register in plain results."""
    return result["results"][pub]["data"][register]["samples"]


def joined_counts(result: Any, pub: int = 0) -> Counter[str]:
    """Count the outcomes in plain results, registers joined as Qiskit does: the first rightmost."""
    registers = list(result["results"][pub]["data"].values())
    rows = zip(*(register["samples"] for register in registers), strict=True)
    widths = [register["num_bits"] for register in registers]
    return Counter(
        " ".join(f"{int(v, 16):0{w}b}" for v, w in reversed(list(zip(row, widths, strict=True))))
        for row in rows
    )


def seeded(seed: int, **params: Any) -> dict[str, Any]:
    """Return the params of a job whose outcomes are those of a seed."""
    return {"options": {"simulator": {"seed_simulator": seed}}, **params}
