"""Circuits and sets whose outcome is known, second processes, and what the service holds."""

from __future__ import annotations

import json
import os
import re
import sqlite3
import textwrap
import threading
import warnings
import zlib
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from qiskit import QuantumCircuit

from ibmqbatch import IBMQ, IBMQJob
from ibmqbatch.clock import Clock
from ibmqbatch.jobset.catalog import set_paths
from ibmqbatch.jobset.job_set import JobSet, connected
from ibmqbatch.managed.backend import IBMQBackend
from ibmqbatch.managed.job_set import ManagedJobSet
from ibmqbatch.managed.planning import plan_set
from ibmqbatch.manifest.manifest import Manifest
from ibmqbatch.service.models import RemoteJob
from tests.support import forks
from tests.support.commands import point_at
from tests.support.waiting import wait_until

ROOT = Path(__file__).parents[2]
BACKEND = "ideal_simulator"
REFUSAL = json.dumps({"errors": [{"code": 1208, "message": "Bad body."}]}).encode()
FULL = json.dumps(
    {"errors": [{"code": 3458, "message": "You have reached the limit of 2 pending jobs."}]}
).encode()
# Where a job that has ended well was, in this order.
STEPS = ["CREATING", "CREATED", "QUEUED", "RUNNING", "COMPLETED"]
_JOB_TAG = re.compile(r"ibmq_jobset_[^_]+_j(\d+)\.(\d+)_c(\d+)-(\d+)_r.*")


def numbered(count: int, width: int = 4) -> list[QuantumCircuit]:
    """Return circuits whose outcomes are their numbers, and which are named after these."""
    return [flipped(f"{n % 2**width:0{width}b}", f"c{n}") for n in range(count)]


def outcome(n: int, shots: int, width: int = 4) -> dict[str, int]:
    """Return what circuit number `n` of these gives."""
    return {f"{n % 2**width:0{width}b}": shots}


@dataclass(frozen=True)
class Held:
    """A job as the service has it."""

    id: str
    status: str
    tags: list[str]

    @property
    def index(self) -> int:
        return int(self._place[0])

    @property
    def circuits(self) -> tuple[int, int]:
        return int(self._place[2]), int(self._place[3])

    @property
    def _place(self) -> tuple[str, ...]:
        return next(found.groups() for tag in self.tags if (found := _JOB_TAG.fullmatch(tag)))


Shelf = Callable[[str], list[Held]]


def held_jobs(database: Path, set_id: str) -> list[Held]:
    """Read the jobs of a set from the local service's own database, in the set's order."""
    with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as connection:
        rows = connection.execute(
            "SELECT seq, id, status FROM jobs WHERE seq IN (SELECT seq FROM tags WHERE tag = ?)",
            (f"ibmq_jobset_{set_id}_",),
        ).fetchall()
        jobs = []
        for seq, job_id, status in rows:
            tags = connection.execute(
                "SELECT tag FROM tags WHERE seq = ? ORDER BY position", (seq,)
            ).fetchall()
            jobs.append(Held(job_id, status, [tag for (tag,) in tags]))
    return sorted(jobs, key=lambda job: job.circuits)


def on_service(job_id: str) -> RemoteJob:
    """Return a job as the service has it."""
    with connected("local", Clock()) as client:
        return client.job(job_id)


def said(job: IBMQJob, status: str, **state: object) -> bytes:
    """Return a listing in which the service says something else of a job."""
    told = {"id": job.job_id(), "status": status, "state": {"status": status, **state}}
    remote = on_service(job.job_id())
    return json.dumps({"jobs": [{**told, "tags": list(remote.tags)}], "count": 1}).encode()


def start(code: str, *words: object, **env: str) -> forks.Process:
    """Start Python code in a process of its own, in which whatever warns is an error.

    It knows nothing of what has been done in this one; see `tests.support.forks`.
    """
    return forks.start(words, env={**os.environ, **env}, cwd=ROOT, code=textwrap.dedent(code))


def elsewhere(code: str, *words: object, **env: str) -> Any:
    """Run Python code in another process; return what it prints as JSON."""
    process = start(code, *words, **env)
    told, complaint = process.communicate()
    assert (process.returncode, complaint) == (0, "")
    return json.loads(told.splitlines()[-1])


# Tells in another process what a set is, found by its id alone.
TELL = """
    import json, sys
    from ibmqbatch import IBMQ, IBMQJobManager
    job_set = IBMQJobManager().retrieve_job_set(sys.argv[1], IBMQ.load_account())
    jobs = job_set.jobs()
    print(json.dumps({
        "name": job_set.name(),
        "tags": job_set.tags(),
        "ranges": [[job.start_index, job.end_index] for job in job_set.managed_jobs()],
        "names": [job and job.name() for job in jobs],
        "ids": [job and job.job_id() for job in jobs],
        "statuses": [status and status.name for status in job_set.statuses()],
    }))
"""


def other_machine(monkeypatch: pytest.MonkeyPatch, service: dict[str, Any], folder: Path) -> None:
    """Go on with an empty data folder, whose local service is the same one."""
    monkeypatch.setenv("IBMQBATCH_HOME", str(folder))
    point_at(folder, service, service["url"])


class Gate:
    """Holds requests at the proxy until it is opened; `before=gate` in a rule."""

    def __init__(self, after: int = 0) -> None:
        self.reached = threading.Event()
        self._open = threading.Event()
        self._left = after
        self._lock = threading.Lock()

    def __call__(self, _seen: object) -> None:
        with self._lock:
            self._left -= 1
            passing = self._left >= 0
        if not passing:
            self.reached.set()
            assert self._open.wait(60)

    def open(self) -> None:
        self._open.set()


def cancelled(job_set: ManagedJobSet) -> None:
    """Cancel a set, and wait for its end; a busy machine may take longer than `cancel` looks."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "The jobs of experiments .* have not ended yet")
        job_set.cancel()
    wait_until(lambda: job_set.statuses() and all(job.status.final for job in job_set.job_set.jobs))


def sets() -> list[Manifest]:
    """Open the sets that there are."""
    return [Manifest.open(path) for path in set_paths()]


def planned(backend: IBMQBackend) -> JobSet:
    """Return a set of two jobs, none of which is sent."""
    circuits = [flipped("10"), flipped("01")]
    return planned_set(backend, circuits, name="set", max_circuits=1, tags=["t"], run_config={})


def planned_set(backend: IBMQBackend, circuits: list[QuantumCircuit], **options: Any) -> JobSet:
    """Plan a set as `run` does; nothing is sent yet."""
    with connected(backend.account_name, Clock()) as client:
        return plan_set(backend, circuits, client, **options)


def spoiled(circuits: list[QuantumCircuit], *bad: int, **options: Any) -> ManagedJobSet:
    """Plan a set in which the circuits `bad` cannot be read by the service; nothing is sent yet."""
    size = options.pop("max_experiments_per_job", None)
    backend = IBMQ.load_account().get_backend(BACKEND)
    handle = planned_set(backend, circuits, name="set", max_circuits=size, run_config=options)
    spoil(handle, *bad)
    return ManagedJobSet.of(handle, backend)


def spoil(handle: JobSet, *bad: int) -> None:
    garbage = zlib.compress(b"QISKIT is not what this is")
    with handle.open() as manifest, manifest.db.transaction():
        for index in bad:
            manifest.db.write(
                "UPDATE bodies SET body = ? WHERE id = (SELECT body FROM circuits WHERE idx = ?)",
                (garbage, index),
            )


def foreign(**changes: object) -> str:
    """Submit a job as other programs do, with one circuit as text; return its id."""
    text = 'OPENQASM 3.0; include "stdgates.inc"; bit[2] c; qubit[2] q; x q[1]; c = measure q;'
    body = {
        "program_id": "sampler",
        "backend": "ideal_simulator",
        "tags": ["theirs"],
        "params": {"version": 2, "shots": 12, "pubs": [[text]]},
        **changes,
    }
    with connected("local", Clock()) as client:
        return client.submit(json.dumps(body).encode())


def bell(name: str = "bell") -> QuantumCircuit:
    """Return a circuit that gives 00 or 11."""
    circuit = QuantumCircuit(2, 2, name=name)
    circuit.h(0)
    circuit.cx(0, 1)
    circuit.measure([0, 1], [0, 1])
    return circuit


def flipped(bits: str, name: str = "flipped") -> QuantumCircuit:
    """Return a circuit whose only outcome is `bits`, written as Qiskit writes it."""
    circuit = QuantumCircuit(len(bits), len(bits), name=name)
    for qubit, bit in enumerate(reversed(bits)):
        if bit == "1":
            circuit.x(qubit)
    circuit.measure(range(len(bits)), range(len(bits)))
    return circuit
