"""Circuits whose outcomes are known."""

from __future__ import annotations

from qiskit import QuantumCircuit

__all__ = ["bell", "flipped"]


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
