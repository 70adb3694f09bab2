"""What is in a circuit, those parts included that stand inside control flow."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from .errors import JobError
from .expressions import translated

__all__ = [
    "MEASUREMENTS",
    "QUICKER",
    "active_qubits",
    "is_conditional_measurement",
    "located",
    "restricted",
    "unboxed",
    "walk",
]

# Quicker ways to do the same, which some devices have, and what they are simulated as.
QUICKER = {"measure_2": "measure", "reset_2": "reset"}
MEASUREMENTS = {"measure", "measure_2"}

# What does nothing to a qubit that nothing else touches; a jump out of a loop spans all qubits of
# its block, but acts on none.
_CHOICES = {"if_else", "switch_case"}
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


def unboxed(circuit: Any) -> Any:
    """Return the circuit with what boxes hold in their place, as a simulator without noise runs it.

    Delays of a length that is decided when a circuit is scheduled are left out: no time passes.
    """
    if not any(operation.name == "box" or _is_stretched(operation) for operation in walk(circuit)):
        return circuit
    return _unboxed(circuit)


def _is_stretched(operation: Any) -> bool:
    return bool(operation.name == "delay" and operation.unit == "expr")


def _unboxed(circuit: Any) -> Any:
    flat = circuit.copy_empty_like()
    for item in circuit.data:
        operation = item.operation
        if operation.name == "box":
            inside = _unboxed(operation.blocks[0])
            bits = dict(zip(inside.qubits, item.qubits))  # noqa: B905 - also runs on 3.9
            bits.update(zip(inside.clbits, item.clbits))  # noqa: B905
            for inner in inside.data:
                flat.append(
                    _on_bits(inner.operation, bits),
                    [bits[qubit] for qubit in inner.qubits],
                    [bits[clbit] for clbit in inner.clbits],
                )
        elif not _is_stretched(operation):
            if blocks := getattr(operation, "blocks", ()):
                operation = operation.replace_blocks([_unboxed(block) for block in blocks])
            flat.append(operation, item.qubits, item.clbits)
    return flat


def restricted(circuit: Any, active: list[int]) -> Any:
    """Return the circuit on some of its qubits alone, in their order, with all its classical bits.

    Barriers are left out, and delays at the end of a qubit: neither changes a result. Labels of
    gates are, too, because Aer takes them for the names of other gates, which have no noise. Blocks
    of control flow are written on the bits of the circuit around them, which is how Aer reads them.
    Raises JobError (7001) for conditions that Aer does not evaluate.
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
            blocks = [_block(block, item, kept, bits) for block in blocks]
            # Aer 0.14 loses what stands before a choice between nothing and nothing, or hangs.
            if operation.name in _CHOICES and not any(block.data for block in blocks):
                continue
            operation = operation.replace_blocks(blocks)
        elif is_conditional_measurement(operation):
            # Aer 0.14 measures whether the condition holds or not.
            operation = _branch(operation, small, bits[item.qubits[0]], bits[item.clbits[0]], bits)
            small.append(operation, [bits[q] for q in qubits], small.clbits)
            continue
        elif len(qubits) < len(item.qubits):  # a jump out of a loop
            condition = getattr(operation, "condition", None)
            operation = type(operation)(len(qubits), len(item.clbits))
            operation = operation if condition is None else operation.c_if(*condition)
        elif operation.name in QUICKER:
            operation = _plain(QUICKER[operation.name])
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


def is_conditional_measurement(operation: Any) -> bool:
    """Tell whether this is a measurement under a condition of its own, which Terra has."""
    return operation.name in MEASUREMENTS and getattr(operation, "condition", None) is not None


def _branch(measurement: Any, circuit: Any, qubit: Any, clbit: Any, bits: dict[Any, Any]) -> Any:
    """Return a branch of control flow that does what a conditional measurement does."""
    from qiskit.circuit import IfElseOp

    block = circuit.__class__()
    block.add_bits([qubit, *circuit.clbits])
    for register in circuit.cregs:
        block.add_register(register)
    block.append(_plain("measure"), [qubit], [clbit])
    return IfElseOp(_condition_on(measurement.condition, bits, measurement.name), block)


def _plain(name: str) -> Any:
    from qiskit.circuit import Measure, Reset

    return {"measure": Measure, "reset": Reset}[name]()


def _on_bits(operation: Any, bits: dict[Any, Any]) -> Any:
    """Return an operation that looks at other classical bits, where it looks at single ones."""
    condition = getattr(operation, "condition", None)
    if condition is not None:
        now = _condition_on(condition, bits, operation.name)
        if now != condition:
            operation = operation.to_mutable()
            operation.condition = now
    elif operation.name == "switch_case":
        target = _target_on(operation.target, bits)
        if target != operation.target:
            operation = operation.to_mutable()
            operation.target = target
    return operation


def _condition_on(condition: Any, bits: dict[Any, Any], name: str) -> Any:
    if isinstance(condition, tuple):
        return bits.get(condition[0], condition[0]), condition[1]
    return translated(condition, bits, name)


def _target_on(target: Any, bits: dict[Any, Any]) -> Any:
    # What is neither a bit nor a register is an expression; one of them alone is as good as it is.
    target = getattr(target, "var", target)
    if hasattr(target, "operand") or hasattr(target, "op"):
        raise JobError(
            7001,
            "the simulator cannot evaluate an expression in 'switch_case'.",
            "Switch on a bit or a register.",
        )
    return bits.get(target, target)
