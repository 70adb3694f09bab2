"""What scenarios share: the service that they speak to, and circuits."""

from __future__ import annotations

from functools import cache
from typing import Any

from qiskit import QuantumCircuit, generate_preset_pass_manager
from qiskit_ibm_runtime import QiskitRuntimeService

SHOTS = 400


@cache
def service_of(instance: str) -> QiskitRuntimeService:
    """Return the service, for an instance; where it is and the key come from the environment."""
    return QiskitRuntimeService(instance=instance)


@cache
def backend_of(instance: str, name: str) -> Any:
    return service_of(instance).backend(name)


def compiled(circuit: QuantumCircuit, backend: Any, level: int = 1) -> QuantumCircuit:
    """Compile a circuit as IBM's guides do, to the target that the client built.

    At `level` 2 and above it is kept off the gates that do not work.
    """
    passes = generate_preset_pass_manager(
        optimization_level=level, target=backend.target, seed_transpiler=3
    )
    return passes.run(circuit)


def bell() -> QuantumCircuit:
    circuit = QuantumCircuit(2, 2, name="bell", metadata={"kind": "bell"})
    circuit.h(0)
    circuit.cx(0, 1)
    circuit.measure([0, 1], [0, 1])
    return circuit


def ghz(qubits: int) -> QuantumCircuit:
    circuit = QuantumCircuit(qubits, qubits, name=f"ghz{qubits}")
    circuit.h(0)
    for qubit in range(qubits - 1):
        circuit.cx(qubit, qubit + 1)
    circuit.measure(range(qubits), range(qubits))
    return circuit


def slow() -> QuantumCircuit:
    """Return a circuit that runs for minutes: every shot is simulated anew."""
    circuit = QuantumCircuit(12, 1)
    for _ in range(20):
        circuit.h(range(12))
        circuit.measure(0, 0)
    return circuit


SLOW_SHOTS = 1_000_000
