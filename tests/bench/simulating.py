"""The benchmarks of the embedded service: a set of circuits, beside Aer with the same list."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from ibmqbatch.accounts.find import find_account
from ibmqbatch.clock import Clock
from ibmqbatch.jobset.advance import follow
from ibmqbatch.jobset.plan import make_plan
from ibmqbatch.jobset.request import Request, check_request
from ibmqbatch.jobset.work import Work
from ibmqbatch.manifest.manifest import Manifest
from ibmqbatch.manifest.snapshot import Snapshot
from ibmqbatch.service.client import Client
from tests.bench.measure import Measurement, medians, timed
from tests.bench.sets import environment, random_circuits, write_circuits

_SHOTS, _SEED = 1000, 7
_PROCESSES = 2

# Reads one process's share of a folder, waits for a line, and runs it as one list.
_AER = f"""
import pathlib, sys
from qiskit import qasm2
from qiskit_aer import AerSimulator
known = qasm2.LEGACY_CUSTOM_INSTRUCTIONS
paths = sorted(pathlib.Path(sys.argv[1]).iterdir())[int(sys.argv[2]) :: {_PROCESSES}]
circuits = [qasm2.loads(path.read_text(), custom_instructions=known) for path in paths]
simulator = AerSimulator(max_parallel_threads=1)
simulator.run(circuits[:1]).result()
print("ready", flush=True)
input()
result = simulator.run(circuits, shots={_SHOTS}, seed_simulator={_SEED}).result()
assert result.success
print("done", flush=True)
"""


def simulate() -> Iterator[Measurement]:
    """1,000 circuits of five qubits and 40 gates, 1,000 shots: from the first POST to results.

    Against `AerSimulator.run` on the same circuits, read before, in as many processes.
    """
    yield from _simulated(1000, 3)


def simulate_all() -> Iterator[Measurement]:
    """The same with 10,000 circuits."""
    yield from _simulated(10_000, 1)


def _simulated(count: int, rounds: int) -> Iterator[Measurement]:
    with environment(IBMQBATCH_ACCOUNT="local") as variables:
        home = Path(variables["IBMQBATCH_HOME"])
        folder = write_circuits(home / "circuits", random_circuits(count, 5, 40))
        words = (sys.executable, "-m", "ibmqbatch", "serve")
        serving = subprocess.Popen(
            [*words, "--workers", str(_PROCESSES)],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        try:
            assert serving.stdout is not None
            serving.stdout.readline()  # it is ready
            runs = {"ours": lambda: _ours(folder), "aer": lambda: _aer(folder)}
            found = medians(runs, rounds)
        finally:
            serving.terminate()
            serving.communicate(timeout=30)
    yield Measurement(f"simulate, {count} circuits", found["ours"], found["aer"], 1.5)


def _ours(folder: Path) -> float:
    with Client(find_account(), Clock()) as client:
        request = check_request(Request((folder,), shots=_SHOTS, seed=_SEED))
        backend = client.backend("ideal_simulator")
        _, path = make_plan(request, client.account, backend, client.instance, lambda *_: None)
        assert path is not None
        with Manifest.open(path) as manifest:
            work = Work(manifest, client, Clock(), sole_sender=True)
            return timed(lambda: follow(work, Snapshot.is_settled))


def _aer(folder: Path) -> float:
    words = (sys.executable, "-W", "ignore", "-c", _AER, str(folder))
    single = {**os.environ, "OMP_NUM_THREADS": "1"}
    with contextlib.ExitStack() as stack:
        processes = [
            stack.enter_context(
                subprocess.Popen(
                    [*words, str(number)],
                    env=single,
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    text=True,
                )
            )
            for number in range(_PROCESSES)
        ]
        _expect(processes, "ready")
        begun = time.perf_counter()
        for process in processes:
            assert process.stdin is not None
            process.stdin.write("\n")
            process.stdin.flush()
        _expect(processes, "done")
        return 1000 * (time.perf_counter() - begun)


def _expect(processes: list[subprocess.Popen[str]], word: str) -> None:
    for process in processes:
        assert process.stdout is not None
        assert process.stdout.readline().strip() == word
