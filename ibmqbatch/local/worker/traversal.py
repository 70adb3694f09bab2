"""Walks through the operations of a circuit, blocks of control flow included."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

__all__ = [
    "FAST_VARIANTS",
    "MEASUREMENTS",
    "active_qubits",
    "free_parameters",
    "has_blocks",
    "operation_names",
    "walk",
    "walk_with_qubits",
]

# Fast variants on some devices, and what they are simulated as.
FAST_VARIANTS = {"measure_2": "measure", "reset_2": "reset"}
MEASUREMENTS = {"measure", "measure_2"}

_WITH_BLOCKS = {"if_else", "while_loop", "for_loop", "switch_case", "box"}

# Without effect on an otherwise idle qubit. A jump out of a loop spans all qubits of its block.
_PASSIVE = {"barrier", "delay", "break_loop", "continue_loop"}


def walk_with_qubits(
    circuit: Any, places: list[int] | None = None
) -> Iterator[tuple[Any, tuple[int, ...]]]:
    """Yield every operation of a circuit, with its qubits' indices in the whole circuit.

    An operation of control flow comes before those of its blocks. `places` are the indices of the
    qubits of a circuit that is such a block.
    """
    where = dict(zip(circuit.qubits, places or range(circuit.num_qubits)))  # noqa: B905 - 3.9
    for item in circuit.data:
        qubits = tuple(where[qubit] for qubit in item.qubits)
        yield item.operation, qubits
        for block in getattr(item.operation, "blocks", ()):
            yield from walk_with_qubits(block, list(qubits))


def walk(circuit: Any) -> Iterator[Any]:
    """Yield every operation of a circuit."""
    for operation, _ in walk_with_qubits(circuit):
        yield operation


def has_blocks(circuit: Any) -> bool:
    """Return whether a circuit has control flow or boxes.

    Names are counted by Qiskit itself, which is much quicker than making each operation.
    """
    return not _WITH_BLOCKS.isdisjoint(circuit.count_ops())


def operation_names(circuit: Any) -> set[str]:
    """Return the names of all operations of a circuit."""
    if has_blocks(circuit):
        return {operation.name for operation in walk(circuit)}
    return set(circuit.count_ops())


def free_parameters(circuit: Any) -> list[Any]:
    """Return the parameters that a job sets, in order.

    Terra and older releases of Qiskit 2 count the variables of loops among a circuit's parameters.
    """
    if not circuit.parameters:
        return []
    variables = {op.params[1] for op in walk(circuit) if op.name == "for_loop"}
    return [parameter for parameter in circuit.parameters if parameter not in variables]


def _is_checked_when_bound(operation: Any) -> bool:
    """Return whether devices take only some values of an operation's unbound parameters."""
    return operation.name == "rzz" and bool(getattr(operation.params[0], "parameters", ()))


def active_qubits(circuit: Any) -> list[int]:
    """Return the indices, in order, of the qubits that outcomes may depend on.

    These are the measured ones and those that gates connect with them: pulses that decouple the
    rest of a device change no outcome.
    """
    together: dict[int, set[int]] = {}  # each qubit with those that it is connected with
    measured: set[int] = set()
    for operation, qubits in walk_with_qubits(circuit):
        if operation.name in _PASSIVE or len(getattr(operation, "blocks", ())):
            continue
        if operation.name in MEASUREMENTS or _is_checked_when_bound(operation):
            measured.update(qubits)
        if together.get(qubits[0] if qubits else -1, set()).issuperset(qubits):
            continue  # they are already
        whole = set(qubits).union(*(together.get(qubit, ()) for qubit in qubits))
        for qubit in whole:
            together[qubit] = whole
    return sorted(set().union(*(together[qubit] for qubit in measured)))
