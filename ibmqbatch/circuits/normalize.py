"""Writing out the gates that a file defines.

Compilers, simulators and QPY know a gate by its name alone. They would run a file's own `iswap` as
Qiskit's, and one gate that is used with two angles as if both were the first.
"""

from __future__ import annotations

import math
from functools import cache
from typing import TYPE_CHECKING, Any

from ._qiskit import condition_of, is_standard, with_condition
from .errors import BadInput

if TYPE_CHECKING:
    from qiskit import QuantumCircuit

__all__ = ["is_plain", "written_out"]

_READERS = ("qiskit.qasm2", "qiskit_qasm3_import")  # whose classes stand for gates of a file
_WIDEST = 3  # qubits of a gate whose matrix is compared
_MOST_STEPS = 10_000_000  # that definitions within one another may come to

_Bits = dict[Any, Any]


def is_plain(circuit: QuantumCircuit) -> bool:
    """Tell whether all operations of a circuit are Qiskit's own, and none holds others."""
    kinds: set[type] = {type(item.operation) for item in circuit.data if not is_standard(item)}
    return not any(_is_own(kind) for kind in kinds)


def written_out(circuit: QuantumCircuit, where: str) -> QuantumCircuit:
    """Return the circuit with its own gates replaced by what they are defined as.

    One that does what Qiskit's gate of its name does becomes that gate. Raises BadInput.
    """
    return _Writer(where).circuit(circuit)


class _Writer:
    def __init__(self, where: str) -> None:
        self._where = where
        self._steps = 0
        self._same: dict[tuple[str, tuple[Any, ...]], bool] = {}

    def circuit(self, circuit: QuantumCircuit) -> QuantumCircuit:
        if is_plain(circuit):
            return circuit
        whole = circuit.copy_empty_like()
        self._write(whole, circuit, {bit: bit for bit in (*circuit.qubits, *circuit.clbits)}, None)
        return whole

    def _write(
        self, whole: QuantumCircuit, part: QuantumCircuit, bits: _Bits, condition: Any
    ) -> None:
        """Append what `part` holds, on the bits that `bits` says, under a condition if any."""
        for item in part.data:
            self._steps += 1
            if self._steps > _MOST_STEPS:
                raise BadInput(
                    "too_large",
                    f"{self._where} defines gates that come to more than {_MOST_STEPS:,} steps.",
                    "Make it smaller.",
                )
            operation = item.operation
            kind: type = type(operation)
            if blocks := getattr(operation, "blocks", ()):
                operation = operation.replace_blocks([self.circuit(block) for block in blocks])
            elif _is_own(kind) and operation.definition is not None:
                known = self._known(operation)
                if known is None:
                    self._define(whole, item, bits, condition)
                    continue
                operation = known
            operation = with_condition(operation, condition_of(item.operation) or condition)
            whole.append(operation, [bits[q] for q in item.qubits], [bits[c] for c in item.clbits])

    def _define(self, whole: QuantumCircuit, item: Any, bits: _Bits, condition: Any) -> None:
        definition = item.operation.definition
        condition = condition_of(item.operation) or condition
        if condition is not None and definition.clbits:
            raise BadInput(
                "unsupported",
                f"{self._where} has a condition on '{item.operation.name}', which measures itself.",
                "Put what it consists of in its place.",
            )
        inside = dict(
            zip(
                (*definition.qubits, *definition.clbits),
                (bits[bit] for bit in (*item.qubits, *item.clbits)),
                strict=True,
            )
        )
        whole.global_phase += definition.global_phase
        self._write(whole, definition, inside, condition)

    def _known(self, operation: Any) -> Any:
        """Return Qiskit's gate of the same name if it does the same, or None."""
        known = _gates().get(operation.name)
        if known is None:
            return None
        key = (operation.name, tuple(operation.params))
        if key not in self._same:
            self._same[key] = _is_same(operation, known)
        return type(known)(*operation.params) if self._same[key] else None


@cache
def _is_own(kind: type) -> bool:
    """Tell whether an operation of this type may be one that a file defines, or may hold one."""
    from qiskit.circuit import ControlFlowOp, ControlledGate, Gate, Instruction

    return (
        kind in {Gate, Instruction, ControlledGate}
        or str(kind.__module__).startswith(_READERS)
        or issubclass(kind, ControlFlowOp)
    )


def _is_same(operation: Any, known: Any) -> bool:
    """Tell whether a gate does what the one that bears its name does."""
    from qiskit.exceptions import QiskitError
    from qiskit.quantum_info import Operator

    if operation.num_qubits != known.num_qubits or operation.num_qubits > _WIDEST:
        return False
    try:
        named, definition = type(known)(*operation.params), operation.definition
        if definition.parameters:
            # What is the same at angles that mean nothing is the same at all.
            values = {angle: math.sqrt(n + 2) for n, angle in enumerate(definition.parameters)}
            whole = type(definition)(named.num_qubits)
            whole.append(named, whole.qubits)
            definition, named = (each.assign_parameters(values) for each in (definition, whole))
        return bool(Operator(definition).equiv(Operator(named)))
    except (QiskitError, TypeError, ValueError):  # other parameters, or without values
        return False


@cache
def _gates() -> dict[str, Any]:
    from qiskit.circuit import Gate
    from qiskit.circuit.library.standard_gates import get_standard_gate_name_mapping

    mapping = get_standard_gate_name_mapping()
    return {name: gate for name, gate in mapping.items() if isinstance(gate, Gate)}
