"""What is in a circuit, those parts included that stand inside control flow."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

__all__ = ["active_qubits", "located", "restricted", "walk"]

# What does nothing to a qubit that nothing else touches; a jump out of a loop spans all qubits of
# its block, but acts on none.
_PASSIVE = {"barrier", "delay", "break_loop", "continue_loop"}


def located(circuit: Any, places: list[int] | None = None) -> Iterator[tuple[Any, tuple[int, ...]]]:
    """Yield every operation of a circuit, with the indices of its qubits in the whole circuit.

    An operation of control flow comes before what its blocks hold. `places` are the indices of the
    circuit's qubits where it is such a block.
    """
    where = dict(zip(circuit.qubits, places or range(circuit.num_qubits)))  # noqa: B905 - 3.9
    for item in circuit.data:
        qubits = tuple(where[qubit] for qubit in item.qubits)
        yield item.operation, qubits
        for block in getattr(item.operation, "blocks", ()):
            yield from located(block, list(qubits))


def walk(circuit: Any) -> Iterator[Any]:
    """Yield every operation of a circuit."""
    for operation, _ in located(circuit):
        yield operation


def active_qubits(circuit: Any) -> list[int]:
    """Return the indices, in order, of the qubits that an operation acts on."""
    return sorted(
        {
            qubit
            for operation, qubits in located(circuit)
            if operation.name not in _PASSIVE and not getattr(operation, "blocks", ())
            for qubit in qubits
        }
    )


def restricted(circuit: Any, active: list[int]) -> Any:
    """Return the circuit on some of its qubits alone, in their order, with all its classical bits.

    Barriers are left out, and delays at the end of a qubit: neither changes a result. Labels of
    gates are, too, because Aer takes them for the names of other gates, which have no noise. Blocks
    of control flow are written on the bits of the circuit around them, which is how Aer reads them.
    """
    kept = {circuit.qubits[index] for index in active}
    last = {
        qubit: position
        for position, item in enumerate(circuit.data)
        if item.operation.name not in _PASSIVE
        for qubit in item.qubits
    }
    bits = {bit: bit for bit in (*circuit.qubits, *circuit.clbits)}
    return _restricted(circuit, kept, bits, last)


def _restricted(
    circuit: Any, kept: set[Any], bits: dict[Any, Any], last: dict[Any, int] | None
) -> Any:
    """Return a circuit, or a block, on the qubits `kept`, its bits written as `bits` say."""
    small = circuit.__class__(global_phase=circuit.global_phase, metadata=circuit.metadata)
    small.add_bits([bits[qubit] for qubit in circuit.qubits if qubit in kept])
    small.add_bits([bits[bit] for bit in circuit.clbits])
    for register in circuit.cregs:
        if all(bits[bit] == bit for bit in register):
            small.add_register(register)
    _copy_variables(circuit, small)
    for position, item in enumerate(circuit.data):
        operation = item.operation
        qubits = [qubit for qubit in item.qubits if qubit in kept]
        if operation.name == "barrier":
            continue
        if operation.name == "delay" and (
            not qubits or (last is not None and last.get(qubits[0], -1) < position)
        ):
            continue
        if blocks := getattr(operation, "blocks", ()):
            operation = operation.replace_blocks(
                [_block(block, item, kept, bits) for block in blocks]
            )
        elif len(qubits) < len(item.qubits):  # a jump out of a loop
            condition = getattr(operation, "condition", None)
            operation = type(operation)(len(qubits), len(item.clbits))
            operation = operation if condition is None else operation.c_if(*condition)
        elif getattr(operation, "label", None) is not None:
            operation = operation.to_mutable()
            operation.label = None
        operation = _on_bits(operation, bits)
        small.append(operation, [bits[q] for q in qubits], [bits[c] for c in item.clbits])
    return small


def _block(block: Any, item: Any, kept: set[Any], bits: dict[Any, Any]) -> Any:
    """Return a block of control flow on the bits of the circuit around it."""
    inside = dict(zip(block.qubits, item.qubits))  # noqa: B905 - also runs on 3.9
    inside.update(zip(block.clbits, item.clbits))  # noqa: B905
    left = {qubit for qubit in block.qubits if inside[qubit] in kept}
    return _restricted(block, left, {bit: bits[outer] for bit, outer in inside.items()}, None)


def _on_bits(operation: Any, bits: dict[Any, Any]) -> Any:
    """Return an operation that looks at other classical bits, where it looks at single ones."""
    condition = getattr(operation, "condition", None)
    target = getattr(operation, "target", None)
    if isinstance(condition, tuple) and bits.get(condition[0], condition[0]) != condition[0]:
        operation = operation.to_mutable()
        operation.condition = (bits[condition[0]], condition[1])
    elif operation.name == "switch_case" and bits.get(target, target) != target:
        operation = operation.to_mutable()
        operation.target = bits[target]
    return operation


def _copy_variables(circuit: Any, small: Any) -> None:
    """Declare the circuit's classical variables, which newer versions of Qiskit have."""
    if hasattr(circuit, "iter_vars"):
        for variable in circuit.iter_input_vars():
            small.add_input(variable)
        for variable in circuit.iter_captured_vars():
            small.add_capture(variable)
        for variable in circuit.iter_declared_vars():
            small.add_uninitialized_var(variable)
