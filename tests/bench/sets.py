"""Job sets on the stub, driven in this process as a verb would."""

from __future__ import annotations

import contextlib
import math
import os
import random
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from ibmqbatch.accounts.find import find_account
from ibmqbatch.clock import Clock
from ibmqbatch.jobset.advance import follow
from ibmqbatch.jobset.job_set import JobSet
from ibmqbatch.jobset.plan import make_plan
from ibmqbatch.jobset.request import Request, check_request
from ibmqbatch.jobset.work import Work
from ibmqbatch.manifest.manifest import Manifest
from ibmqbatch.manifest.snapshot import Snapshot
from ibmqbatch.service.client import Client
from tests.support.manifests import write_set
from tests.support.stub import BACKEND, Stub

_HEADER = 'OPENQASM 2.0;\ninclude "qelib1.inc";\n'
SMALL = f"{_HEADER}qreg q[2];\ncreg c[2];\nh q[0];\ncx q[0], q[1];\nmeasure q -> c;\n"


class TimedClient(Client):
    """A client that knows when its first job left."""

    first_submit = 0.0

    def submit(self, body: bytes) -> str:
        """Create a job."""
        self.first_submit = self.first_submit or time.perf_counter()
        return super().submit(body)


@contextlib.contextmanager
def environment(**variables: str) -> Iterator[dict[str, str]]:
    """Give this process, and those it starts, a data folder of their own, and these variables."""
    kept = os.environ.copy()
    with tempfile.TemporaryDirectory() as home:
        for name in kept:
            if name.startswith("IBMQBATCH_"):
                del os.environ[name]
        folders = {"IBMQBATCH_HOME": home, "IBMQBATCH_RUNTIME": f"{home}/runtime"}
        os.environ |= {**folders, **variables}
        try:
            yield dict(os.environ)
        finally:
            os.environ.clear()
            os.environ.update(kept)


def random_circuits(count: int, qubits: int = 5, gates: int = 30) -> list[str]:
    """Return circuits of random gates, written as Qiskit writes them; the same ones always."""
    generator = random.Random(1)
    return [_random_circuit(generator, qubits, gates) for _ in range(count)]


def _random_circuit(generator: random.Random, qubits: int, gates: int) -> str:
    lines = ["OPENQASM 2.0;", 'include "qelib1.inc";', f"qreg q[{qubits}];", f"creg c[{qubits}];"]
    for number in range(gates):
        a, b = generator.sample(range(qubits), 2)
        angle = generator.uniform(0, math.tau)
        lines.append((f"rz({angle}) q[{a}];", f"sx q[{a}];", f"cx q[{a}],q[{b}];")[number % 3])
    lines += (f"measure q[{i}] -> c[{i}];" for i in range(qubits))
    return "\n".join(lines) + "\n"


def write_circuits(folder: Path, texts: list[str]) -> Path:
    """Write circuits into a new folder, and return it."""
    folder.mkdir()
    for number, text in enumerate(texts):
        (folder / f"c{number}.qasm").write_text(text)
    return folder


@contextlib.contextmanager
def planned(stub: Stub, jobs: int, circuits: int = 1) -> Iterator[Work]:
    """Plan a set of so many jobs, of so many small circuits each; the client has its token."""
    with (
        environment(**stub.environment) as variables,
        TimedClient(find_account(), Clock()) as client,
    ):
        texts = jobs * circuits * [SMALL]
        folder = write_circuits(Path(variables["IBMQBATCH_HOME"]) / "circuits", texts)
        request = check_request(Request((folder,), shots=100, max_circuits=circuits))
        _, path = make_plan(
            request, client.account, client.backend(BACKEND), client.instance, lambda *_: None
        )
        assert path is not None
        with Manifest.open(path) as manifest:
            yield Work(manifest, client, client._clock, sole_sender=True)


@contextlib.contextmanager
def many_submitted(stub: Stub, sets: int, jobs: int = 1) -> Iterator[list[JobSet]]:
    """Make many small sets and send them; requests are counted from then on."""
    with environment(**stub.environment), Client(find_account(), Clock()) as client:
        made = {"backend": BACKEND, "instance": client.instance, "account": client.account.name}
        paths = [write_set(jobs, **made) for _ in range(sets)]
        for path in paths:
            with Manifest.open(path) as manifest:
                follow(Work(manifest, client, Clock(), sole_sender=True), Snapshot.is_sent)
        stub.take_counts()
        yield list(map(JobSet, paths))


@contextlib.contextmanager
def submitted(stub: Stub, jobs: int, circuits: int = 1) -> Iterator[Work]:
    """Plan a set and send it; requests are counted from then on."""
    with planned(stub, jobs, circuits) as work:
        follow(work, Snapshot.is_sent)
        stub.take_counts()
        yield work
