"""Bits that are in no register: results come by register, and compilers want one for each qubit."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from qiskit import QuantumCircuit

__all__ = ["in_registers"]


def in_registers(circuit: QuantumCircuit) -> QuantumCircuit:
    """Return the circuit with its qubits, if any is loose, in one register `q`, in their order.

    Loose classical bits get one, too: `bits`, behind the others.
    """
    from qiskit.circuit import ClassicalRegister, QuantumRegister

    loose = [bit for bit in circuit.clbits if not circuit.find_bit(bit).registers]
    if loose:
        taken = {register.name for register in circuit.cregs}
        name = next(n for n in ("bits", *(f"bits{i}" for i in range(len(taken)))) if n not in taken)
        circuit.add_register(ClassicalRegister(bits=loose, name=name))
    if all(circuit.find_bit(qubit).registers for qubit in circuit.qubits):
        return circuit
    whole = type(circuit)(
        QuantumRegister(circuit.num_qubits, "q"),
        name=circuit.name,
        global_phase=circuit.global_phase,
        metadata=circuit.metadata,
    )
    whole.add_bits(circuit.clbits)
    for register in circuit.cregs:
        whole.add_register(register)
    place = dict(zip(circuit.qubits, whole.qubits, strict=True))
    for item in circuit.data:
        whole.append(item.replace(qubits=[place[qubit] for qubit in item.qubits]))
    return whole
