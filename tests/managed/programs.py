"""Programs in processes of their own, and circuits whose outcomes are known."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import textwrap
from typing import Any

from qiskit import QuantumCircuit

__all__ = ["bell", "flipped", "run_program"]

# Importing Qiskit Terra warns about itself; everything else is an error.
_STRICT = ("-X", "dev", "-W", "error")


def run_program(code: str, **env: str) -> Any:
    """Run a program in a process of its own; return what its last line says, as JSON."""
    done = subprocess.run(
        [sys.executable, *_STRICT, "-c", textwrap.dedent(code)],
        env={**os.environ, **env},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    assert not done.stderr, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


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
