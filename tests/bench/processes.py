"""The benchmarks of whole programs: `submit` beside one that calls Qiskit, or IBM's client, itself.

Both read the same files, and begin with an interpreter that has imported nothing.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from statistics import median

from tests.bench.measure import Measurement, medians, timed
from tests.bench.sets import environment, random_circuits, write_circuits
from tests.support.proxy import Proxy

ROUND_TRIP = 0.05  # seconds
SUBMIT = (sys.executable, "-m", "ibmqbatch", "submit")

# Reads the files of a folder and compiles them, as Qiskit's documentation has it.
READ = """
import pathlib, sys
from qiskit import qasm2, transpile
known = qasm2.LEGACY_CUSTOM_INSTRUCTIONS
circuits = [
    qasm2.loads(path.read_text(), custom_instructions=known)
    for path in sorted(pathlib.Path(sys.argv[1]).iterdir())
]
"""
TRANSPILE = (
    READ
    + """
import json
from ibmqbatch.circuits.compile import build_target
from ibmqbatch.jobset.device import device_from_wire
device = device_from_wire("device", *json.loads(pathlib.Path(sys.argv[2]).read_text()))
transpile(circuits, target=build_target(device), optimization_level=2, num_processes=2)
"""
)
CLIENT = (
    READ
    + """
from qiskit_ibm_runtime import QiskitRuntimeService, SamplerV2
service = QiskitRuntimeService()
backend = service.backend(sys.argv[2])
compiled = transpile(circuits, backend, optimization_level=2, num_processes=2)
sampler = SamplerV2(backend)
for first in range(0, len(compiled), 20):
    sampler.run(compiled[first : first + 20], shots=4096)
"""
)


def detached() -> Iterator[Measurement]:
    """Read, compile and plan: against reading and one `transpile` of all circuits, by Qiskit.

    Then again, with what was compiled for a dry run in the cache.
    """
    for count, qubits, device in ((2000, 2, "fake_manila"), (500, 5, "fake_sherbrooke")):
        with environment() as variables, _here(variables, device) as description:
            home = Path(variables["IBMQBATCH_HOME"])
            texts = random_circuits(count, qubits, 6 * qubits)
            folder = write_circuits(home / "circuits", texts)
            words = [*SUBMIT, str(folder), "--backend", device, "--quiet"]

            def first(words: list[str] = words, home: Path = home) -> float:
                shutil.rmtree(home / "cache", ignore_errors=True)
                return timed(lambda: _run(*words, "--detach"))

            runs = {
                "reference": lambda f=folder, d=description: timed(
                    lambda: _run(sys.executable, "-W", "ignore", "-c", TRANSPILE, str(f), str(d))
                ),
                "first": first,
                # What the first one has compiled is what a dry run would have.
                "again": lambda words=words: timed(lambda: _run(*words, "--detach")),
            }
            found = medians(runs, 3)
        name = f"detach, {count} of {qubits} qubits"
        yield Measurement(name, found["first"], found["reference"], 1.25)
        yield Measurement(f"{name}, again", found["again"], found["reference"], 0.25)


def client() -> Iterator[Measurement]:
    """Compile and send 100 jobs of 20 circuits: against IBM's client, a request after another.

    The service keeps what it is sent and simulates nothing.
    """
    jobs, circuits, device = 100, 20, "fake_manila"
    with environment(IBMQBATCH_PACE="0") as variables, _served(variables) as origin:
        folder = write_circuits(
            Path(variables["IBMQBATCH_HOME"], "circuits"), random_circuits(jobs * circuits, 2, 12)
        )
        with Proxy(origin, delay=ROUND_TRIP) as proxy:
            variables |= {
                "IBMQBATCH_URL": f"{proxy.url}/api/v1",
                "IBMQBATCH_IAM_URL": proxy.url,
                # As `serve` prints it for IBM's client.
                "QISKIT_IBM_URL": f"{proxy.url}/experimental/api/v1",
                "QISKIT_IBM_TOKEN": variables["IBMQBATCH_TOKEN"],
                "QISKIT_IBM_INSTANCE": variables["IBMQBATCH_INSTANCE"],
                "IAM_URL": proxy.url,
                "GLOBAL_SEARCH_URL": proxy.url,
                "GLOBAL_CATALOG_URL": proxy.url,
            }
            words = [*SUBMIT, str(folder), "--backend", device, "--no-cache", "--quiet"]
            words += ["--max-circuits", str(circuits)]
            theirs = [sys.executable, "-W", "ignore", "-c", CLIENT, str(folder), device]

            def counted(words: list[str]) -> float:
                proxy.seen.clear()
                elapsed = timed(lambda: _run(*words, env=variables))
                assert proxy.submissions == jobs
                return elapsed

            found = medians({"ours": lambda: counted(words), "theirs": lambda: counted(theirs)}, 1)
    name = f"client, {jobs} jobs of {circuits}"
    yield Measurement(name, found["ours"], found["theirs"], 0.2)


def cluster() -> Iterator[Measurement]:
    """Compile 1,000 circuits on a Dask cluster of two workers here: against two processes.

    Each worker compiles for the first time, and then once more.
    """
    from tests.support.cluster import Cluster

    count, device = 1000, "fake_sherbrooke"
    with environment() as variables, _here(variables, device):
        home = Path(variables["IBMQBATCH_HOME"])
        folder = write_circuits(home / "circuits", random_circuits(count, 5, 30))
        words = [*SUBMIT, str(folder), "--backend", device, "--no-cache", "--detach", "--quiet"]
        reference = timed(lambda: _run(*words))
        with Cluster(home) as workers:
            workers.add_worker()
            workers.add_worker()
            on_cluster = [*words, "--compute", workers.address]
            first = timed(lambda: _run(*on_cluster))
            again = timed(lambda: _run(*on_cluster))
        reference = median([reference, timed(lambda: _run(*words))])
    yield Measurement(f"cluster, {count} of 5 qubits", first, reference, 1.3)
    yield Measurement(f"cluster, {count} of 5 qubits, again", again, reference, 1.3)


@contextlib.contextmanager
def _here(variables: dict[str, str], device: str) -> Iterator[Path]:
    """Have the embedded service run; yield a file that describes one of its devices."""
    from ibmqbatch.local.snapshots import find_snapshots

    snapshot = find_snapshots()[device]
    try:
        _run(sys.executable, "-m", "ibmqbatch", "backends")
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, "device.json")
            path.write_text(json.dumps([snapshot.configuration(30), snapshot.properties()]))
            yield path
    finally:
        _run(sys.executable, "-m", "ibmqbatch", "serve", "--stop", env=variables)


@contextlib.contextmanager
def _served(variables: dict[str, str]) -> Iterator[str]:
    """Run a service whose workers run nothing; yield its address, its key in the variables."""
    idle = Path(variables["IBMQBATCH_HOME"], "idle")
    idle.write_text("#!/bin/sh\nexec tail -f /dev/null\n")  # until the service ends it
    idle.chmod(0o755)
    words = ["serve", "--worker-python", str(idle)]
    process = subprocess.Popen(
        [sys.executable, "-m", "ibmqbatch", *words], env=variables, stdout=subprocess.PIPE
    )
    assert process.stdout is not None
    said = os.read(process.stdout.fileno(), 65536).decode()  # written in one piece
    told = dict(line.split(": ", 1) for line in said.splitlines()[:3])
    variables["IBMQBATCH_TOKEN"] = told["api key"]
    variables["IBMQBATCH_INSTANCE"] = told["instance"]
    try:
        yield told["url"].removesuffix("/api/v1")
    finally:
        process.terminate()
        process.communicate(timeout=30)


def _run(*words: str, env: dict[str, str] | None = None) -> None:
    done = subprocess.run(
        words, env=env, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr[-2000:]
