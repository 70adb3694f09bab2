"""Gates that a file defines under a name that means something else already.

Compilers and simulators know gates by their names alone: they would run a file's own `iswap` as
Qiskit's, and take its own `unitary` for one that has a matrix.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from qiskit import QuantumCircuit

__all__ = ["with_own_names"]

# Qiskit writes these as gates with a definition, and simulators know others of the same names,
# whose parameters are matrices, states or texts.
_TAKEN = frozenset(
    {
        *("diagonal", "initialize", "kraus", "multiplexer", "pauli", "quantum_channel", "roerror"),
        *("superop", "unitary", "mcp", "mcphase", "mcr", "mcrx", "mcry", "mcrz", "mcswap", "mcsx"),
        *("mcu", "mcu1", "mcu2", "mcu3", "mcx", "mcx_gray", "mcy", "mcz"),
    }
)
_READERS = ("qiskit.qasm2", "qiskit_qasm3_import")  # whose classes stand for gates of a file
_WIDEST = 3  # qubits of a gate whose matrix is looked at

_Seen = dict[tuple[str, tuple[Any, ...]], bool]


def with_own_names(circuit: QuantumCircuit) -> QuantumCircuit:
    """Return the circuit with such gates renamed, or replaced where they are what they seem."""
    return _circuit(circuit, {})


def _circuit(circuit: QuantumCircuit, seen: _Seen) -> QuantumCircuit:
    if not any(map(_is_defined, {type(item.operation) for item in circuit.data})):
        return circuit
    changed = circuit.copy_empty_like()
    for item in circuit.data:
        changed.append(item.replace(operation=_operation(item.operation, seen)))
    return changed


def _is_defined(kind: type) -> bool:
    """Tell whether an operation of this type may be one that the file defines, or may hold one."""
    from qiskit.circuit import ControlFlowOp, Gate, Instruction

    return (
        kind in {Gate, Instruction}
        or str(kind.__module__).startswith(_READERS)
        or issubclass(kind, ControlFlowOp)
    )


def _operation(operation: Any, seen: _Seen) -> Any:
    from qiskit.circuit import Gate, Instruction

    if blocks := getattr(operation, "blocks", ()):
        return operation.replace_blocks([_circuit(block, seen) for block in blocks])
    if not _is_defined(type(operation)) or operation.definition is None:
        return operation
    name = operation.name
    known = _gates().get(name)
    if known is not None:
        key = (name, tuple(operation.params))
        if key not in seen:
            seen[key] = _is_same(operation, known)
        if seen[key]:
            return _conditioned(type(known)(*operation.params), operation)
        name = f"own_{name}"
    elif name in _TAKEN:
        name = f"own_{name}"
    if isinstance(operation, Gate):
        changed: Any = Gate(name, operation.num_qubits, operation.params)
    else:
        changed = Instruction(name, operation.num_qubits, operation.num_clbits, operation.params)
    changed.definition = _circuit(operation.definition, seen)
    return _conditioned(changed, operation)


def _conditioned(operation: Any, like: Any) -> Any:
    return operation if like.condition is None else operation.to_mutable().c_if(*like.condition)


def _is_same(operation: Any, known: Any) -> bool:
    """Tell whether a gate does what the one that bears its name does."""
    from qiskit.exceptions import QiskitError
    from qiskit.quantum_info import Operator

    if operation.num_qubits != known.num_qubits or operation.num_qubits > _WIDEST:
        return False
    try:
        named = type(known)(*operation.params)
        return bool(Operator(operation.definition).equiv(Operator(named)))
    except (QiskitError, TypeError, ValueError):  # other parameters, or without values
        return False


@cache
def _gates() -> dict[str, Any]:
    from qiskit.circuit import Gate
    from qiskit.circuit.library.standard_gates import get_standard_gate_name_mapping

    mapping = get_standard_gate_name_mapping()
    return {name: gate for name, gate in mapping.items() if isinstance(gate, Gate)}
