"""Random circuits of everything that a device's circuit may hold, and how they are compared."""

from __future__ import annotations

import math
import random
from collections.abc import Iterable, Mapping

from qiskit import ClassicalRegister, QuantumCircuit, QuantumRegister, transpile
from qiskit_aer import AerSimulator

from tests.support.qiskits import conditional

__all__ = ["are_alike", "counts", "deterministic", "random_circuit"]

SHOTS = 500
_BASIS = ("u", "cx", "measure", "reset", "if_else")


def random_circuit(generator: random.Random, num_qubits: int, steps: int = 10) -> QuantumCircuit:
    """Return a circuit with measurements on the way, conditions and several registers."""
    qubits = QuantumRegister(num_qubits, "q")
    last, first = ClassicalRegister(num_qubits, "last"), ClassicalRegister(1, "first")
    circuit = QuantumCircuit(qubits, last, first)
    for _ in range(steps):
        _step(generator, circuit, generator.sample(range(num_qubits), min(num_qubits, 3)))
    circuit.measure(qubits, last)
    return circuit


def _step(generator: random.Random, circuit: QuantumCircuit, on: list[int]) -> None:
    (first,) = circuit.cregs[1]
    angle = generator.uniform(0, math.tau)
    gates = ["h", "ry", "x", "cx", "cry", "swap", "ccx", "reset", "measure", "c_if", "if", "delay"]
    match generator.choice(gates):
        case "h":
            circuit.h(on[0])
        case "ry":
            circuit.ry(angle, on[0])
        case "x":
            circuit.x(on[0])
        case "cx" if len(on) > 1:
            circuit.cx(*on[:2])
        case "cry" if len(on) > 1:
            circuit.cry(angle, *on[:2])
        case "swap" if len(on) > 1:
            circuit.swap(*on[:2])
        case "ccx" if len(on) > 2:
            circuit.ccx(*on)
        case "reset":
            circuit.reset(on[0])
        case "measure":
            circuit.measure(on[0], first)
        case "c_if":
            conditional(circuit, "x", on[0], on=(circuit.cregs[1], 1))
        case "if":
            with circuit.if_test((first, 1)) as otherwise:
                circuit.ry(1.1, on[0])
                if len(on) > 1:
                    circuit.cx(*on[:2])
            with otherwise:
                circuit.x(on[-1])
        case _:
            circuit.barrier()


def deterministic(generator: random.Random, num_qubits: int, steps: int = 10) -> QuantumCircuit:
    """Return a circuit that has one outcome: flips, conditions, resets and measurements."""
    circuit = QuantumCircuit(
        QuantumRegister(num_qubits, "q"),
        ClassicalRegister(num_qubits, "c"),
        ClassicalRegister(2, "d"),
    )
    for _ in range(steps):
        a, b = (generator.randrange(num_qubits) for _ in "ab")
        match generator.randrange(6):
            case 0 | 1:
                circuit.x(a)
            case 2 if a != b:
                circuit.cx(a, b)
            case 3:
                circuit.measure(a, circuit.cregs[1][generator.randrange(2)])
            case 4:
                conditional(circuit, "x", a, on=(circuit.cregs[1], generator.randrange(4)))
            case _:
                circuit.reset(a)
    circuit.measure(circuit.qubits, circuit.cregs[0])
    return circuit


def counts(circuits: Iterable[QuantumCircuit], seed: int = 1) -> list[dict[str, int]]:
    """Return what an ideal simulator gives of each, on the qubits that are in use."""
    # One by one: Qiskit would have several processes share a list.
    known = [
        transpile(_in_use(circuit), basis_gates=list(_BASIS), optimization_level=0)
        for circuit in circuits
    ]
    simulator = AerSimulator(max_parallel_threads=1)
    result = simulator.run(known, shots=SHOTS, seed_simulator=seed).result()
    return [result.get_counts(number) for number in range(len(known))]


def _in_use(circuit: QuantumCircuit) -> QuantumCircuit:
    items = [item for item in circuit.data if item.operation.name not in {"barrier", "delay"}]
    used = {qubit for item in items for qubit in item.qubits}
    small = QuantumCircuit([qubit for qubit in circuit.qubits if qubit in used], circuit.clbits)
    for register in circuit.cregs:
        small.add_register(register)
    for item in items:
        small.append(item)
    return small


def are_alike(one: Mapping[str, int], two: Mapping[str, int], allowed: float = 0.0) -> bool:
    """Tell whether two samples may be of distributions that are no further apart than `allowed`."""
    keys = {*one, *two}
    shots = sum(one.values())
    distance = sum(abs(one.get(key, 0) - two.get(key, 0)) for key in keys) / 2 / shots
    # Of one distribution, two samples differ the more, the more outcomes there are.
    return distance <= 1.2 * math.sqrt(len(keys) / shots) + 0.02 + allowed
