"""Registers: results come by register, and compilers and simulators want one for all qubits."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from ._qiskit import copy_variables, has_blocks

if TYPE_CHECKING:
    from qiskit import QuantumCircuit

__all__ = ["in_registers", "on_qubits"]


def in_registers(circuit: QuantumCircuit) -> QuantumCircuit:
    """Return the circuit with its qubits, if any is loose, in one register `q`, in their order.

    Loose classical bits get one, too: `bits`, behind the others.
    """
    from qiskit.circuit import ClassicalRegister

    loose = set(circuit.clbits).difference(*circuit.cregs)
    if loose:
        bits = [bit for bit in circuit.clbits if bit in loose]
        taken = {register.name for register in circuit.cregs}
        name = next(n for n in ("bits", *(f"bits{i}" for i in range(len(taken)))) if n not in taken)
        circuit.add_register(ClassicalRegister(bits=bits, name=name))
    if not set(circuit.qubits).difference(*circuit.qregs):
        return circuit
    return on_qubits(circuit, circuit.num_qubits, range(circuit.num_qubits))


def on_qubits(circuit: QuantumCircuit, count: int, places: Sequence[int]) -> QuantumCircuit:
    """Return the circuit on a register of `count` qubits, its qubit i in the place `places[i]`.

    The blocks of control flow get the very qubits that they are on: Aer 0.14 pays no regard to the
    places that they have in their circuit, and runs them on others.
    """
    from qiskit.circuit import QuantumRegister

    whole = type(circuit)(
        QuantumRegister(count, "q"),
        name=circuit.name,
        global_phase=circuit.global_phase,
        metadata=circuit.metadata,
    )
    whole.add_bits(circuit.clbits)
    for register in circuit.cregs:
        whole.add_register(register)
    copy_variables(circuit, whole)
    if not has_blocks(circuit):
        on = [whole.qubits[place] for place in places]
        whole.compose(circuit, on, circuit.clbits, inplace=True)
        whole.global_phase = circuit.global_phase
        return whole
    place = {bit: whole.qubits[places[i]] for i, bit in enumerate(circuit.qubits)}
    _put(circuit, whole, place)
    return whole


def _put(circuit: QuantumCircuit, onto: QuantumCircuit, place: Mapping[Any, Any]) -> None:
    """Append what is in a circuit to another, each qubit in its place there."""
    for item in circuit.data:
        qubits = [place[bit] for bit in item.qubits]
        operation = item.operation
        if blocks := getattr(operation, "blocks", ()):
            operation = operation.replace_blocks([_moved(block, qubits) for block in blocks])
        onto.append(item.replace(operation=operation, qubits=qubits))


def _moved(block: QuantumCircuit, qubits: Sequence[Any]) -> QuantumCircuit:
    moved = type(block)(name=block.name, global_phase=block.global_phase)
    moved.add_bits([*qubits, *block.clbits])
    for register in block.cregs:
        moved.add_register(register)
    copy_variables(block, moved)
    _put(block, moved, dict(zip(block.qubits, qubits, strict=True)))
    return moved
