"""What is in a circuit, those parts included that stand inside control flow."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

__all__ = ["MEASUREMENTS", "QUICKER", "active_qubits", "free_parameters", "located", "walk"]

# Quicker ways to do the same, which some devices have, and what they are simulated as.
QUICKER = {"measure_2": "measure", "reset_2": "reset"}
MEASUREMENTS = {"measure", "measure_2"}

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


def free_parameters(circuit: Any) -> list[Any]:
    """Return the parameters, in order, that a job gives values of.

    Terra and older releases of Qiskit 2 count the variables of loops among them.
    """
    variables = {op.params[1] for op in walk(circuit) if op.name == "for_loop"}
    return [parameter for parameter in circuit.parameters if parameter not in variables]


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
