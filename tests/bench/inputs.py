"""The benchmarks of reading and compiling circuits, against Qiskit alone."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from ibmqbatch.jobset.device import device_from_wire
from ibmqbatch.local.devices import find_snapshots
from tests.bench.measure import Measurement, medians, timed
from tests.bench.sets import random_circuits, write_circuits


def reading() -> Iterator[Measurement]:
    """Find and read 1,000 files, on one processor: against the parser on the same files."""
    from qiskit import qasm2

    from ibmqbatch.circuits.programs import load_circuit, read_programs
    from ibmqbatch.circuits.sources import find_sources

    circuits = 1000
    with tempfile.TemporaryDirectory() as home:
        folder = write_circuits(Path(home, "circuits"), random_circuits(circuits))

        def ours() -> None:
            for source in find_sources([folder], []):
                for program in read_programs(source):
                    load_circuit(program)

        def bare() -> None:
            known = qasm2.LEGACY_CUSTOM_INSTRUCTIONS
            for path in folder.iterdir():
                qasm2.loads(path.read_text(), custom_instructions=known)

        found = medians({"ours": lambda: _worked(ours), "bare": lambda: _worked(bare)}, 7)
    yield Measurement(f"read, {circuits} circuits", found["ours"], found["bare"], 1.2)


def compiling() -> Iterator[Measurement]:
    """Compile 200 circuits to 127 qubits, on all processors: against a bare loop on one.

    The bound is for two processors that have nothing else to do.
    """
    from qiskit import qasm2
    from qiskit.transpiler.preset_passmanagers import generate_preset_pass_manager

    from ibmqbatch.circuits.compile import build_target
    from ibmqbatch.circuits.prepare import Inputs, prepare
    from ibmqbatch.circuits.ready import Preparation

    count, level = 200, 2
    snapshot = find_snapshots()["fake_sherbrooke"]
    device = device_from_wire("sherbrooke", snapshot.configuration(30), snapshot.properties())
    texts = random_circuits(count)
    known = qasm2.LEGACY_CUSTOM_INSTRUCTIONS
    circuits = [qasm2.loads(text, custom_instructions=known) for text in texts]
    with tempfile.TemporaryDirectory() as home:
        folder = write_circuits(Path(home, "circuits"), texts)

        def ours() -> None:
            asked = Preparation(level=level, seed=1)
            made = list(prepare(Inputs((folder,)), device, asked, lambda *_: None))
            assert len(made) == count

        def bare() -> None:
            target = build_target(device)
            passes = generate_preset_pass_manager(level, target=target, seed_transpiler=1)
            for circuit in circuits:
                passes.run(circuit)

        found = medians({"ours": lambda: timed(ours), "bare": lambda: timed(bare)}, 3)
    yield Measurement(f"compile, {count} circuits", found["ours"], found["bare"], 0.6)


def _worked(run: Callable[[], object]) -> float:
    """Return how many milliseconds of a processor `run` takes: others' work does not count."""
    begun = time.process_time()
    run()
    return 1000 * (time.process_time() - begun)
