"""Jumps out of loops, so that compilers keep what stands before and behind them in its place."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ._qiskit import blocks_of, condition_of, copy_variables, name_of, with_condition
from .device import JUMPS, LOOPS

if TYPE_CHECKING:
    from qiskit import QuantumCircuit

__all__ = ["has_jumps", "with_wide_jumps"]


def with_wide_jumps(circuit: QuantumCircuit) -> QuantumCircuit:
    """Return the circuit with its jumps, and the branches they are in, on all bits of their loops.

    Compilers take operations on different bits for independent, and would move them past a jump.
    """
    if not has_jumps(circuit):
        return circuit
    whole = circuit.copy_empty_like()
    for item in circuit.data:
        operation, qubits, clbits = item.operation, item.qubits, item.clbits
        if name_of(item) in JUMPS:
            qubits, clbits = circuit.qubits, circuit.clbits
            wide = type(operation)(len(qubits), len(clbits))
            operation = with_condition(wide, condition_of(operation))
        elif blocks := blocks_of(item):
            leaves = name_of(item) not in LOOPS and any(map(_has_jumps_out, blocks))
            # Other bits than the circuit's own would have to be replaced in conditions, too.
            if leaves and all(list(block.clbits) == list(clbits) for block in blocks):
                blocks = [_widened(block, item, circuit) for block in blocks]
                qubits, clbits = circuit.qubits, circuit.clbits
            operation = operation.replace_blocks([with_wide_jumps(block) for block in blocks])
        whole.append(operation, qubits, clbits)
    return whole


def has_jumps(circuit: QuantumCircuit) -> bool:
    """Tell whether there are jumps out of loops in a circuit."""
    return any(
        name_of(item) in JUMPS or any(map(has_jumps, blocks_of(item))) for item in circuit.data
    )


def _has_jumps_out(block: QuantumCircuit) -> bool:
    """Tell whether a block has jumps out of the loop around it."""
    return any(
        name_of(item) in JUMPS
        or (name_of(item) not in LOOPS and any(map(_has_jumps_out, blocks_of(item))))
        for item in block.data
    )


def _widened(block: QuantumCircuit, item: Any, circuit: QuantumCircuit) -> QuantumCircuit:
    """Return a block of an instruction on all bits of the circuit that this stands in."""
    wide = type(block)(
        circuit.qubits, circuit.clbits, *circuit.cregs, global_phase=block.global_phase
    )
    copy_variables(block, wide)
    within = dict(zip(block.qubits, item.qubits, strict=True))
    for inner in block.data:
        wide.append(inner.operation, [within[qubit] for qubit in inner.qubits], inner.clbits)
    return wide
