"""Jobs that another program has sent, and sets that are made of them."""

from __future__ import annotations

from qiskit import QuantumCircuit
from qiskit.circuit import Parameter

from tests.local.support import encode
from tests.support.commands import Cli
from tests.support.service import Client


def turned() -> QuantumCircuit:
    """Return a circuit in which `a` turns qubit 0, and `b` turns qubit 1."""
    circuit = QuantumCircuit(2, 2)
    circuit.rx(Parameter("b"), 1)
    circuit.rx(Parameter("a"), 0)
    circuit.measure([0, 1], [0, 1])
    return circuit


FLIP, TURN = (
    encode(
        QuantumCircuit.from_qasm_str(
            'OPENQASM 2.0; include "qelib1.inc"; qreg q[2]; creg c[2]; x q[0]; measure q -> c;'
        )
    ),
    encode(turned()),
)


def recover(run: Cli, *jobs: str, code: int = 0, **named: str) -> str:
    words = [word for job in jobs for word in ("--job", job)]
    words += [word for key, value in named.items() for word in (f"--{key}", value)]
    return run("recover", *words, "--quiet", code=code).out.strip()


def finished(straight: Client, *pubs: object, **fields: object) -> str:
    job = straight.submit(*pubs, **{"params": {"shots": 5}, **fields})
    straight.wait(job)
    return job
