"""The benchmark of reading circuits, against Qiskit alone."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

from tests.bench.measure import Measurement, medians, worked
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

        found = medians({"ours": lambda: worked(ours), "bare": lambda: worked(bare)}, 7)
    yield Measurement(f"read, {circuits} circuits", found["ours"], found["bare"], 1.2)
