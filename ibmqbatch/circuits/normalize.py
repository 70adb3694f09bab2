"""Rewriting circuits so that compilers, simulators and QPY all take them for the same.

These know a gate by its name alone, and would run a file's own `iswap` as Qiskit's, and one gate
that is used with two angles as if both were the first: gates that a file defines are written out.
Results come by register, and compilers and simulators want one for all qubits: loose bits get one.
QPY keeps the number of a delay and loses its unit: delays are counted in the device's time steps.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any

from ._qiskit import (
    blocks_of,
    condition_of,
    copy_variables,
    has_blocks,
    is_standard,
    names_in,
    with_condition,
)
from .device import SECONDS
from .errors import BadInput

if TYPE_CHECKING:
    from qiskit import QuantumCircuit

__all__ = ["convert_delays", "inline_definitions", "is_plain", "on_qubits", "put_in_registers"]

_READERS = ("qiskit.qasm2", "qiskit_qasm3_import")  # whose classes stand for gates of a file
_WIDEST = 3  # qubits of a gate whose matrix is compared
_MOST_STEPS = 10_000_000  # that definitions within one another may come to
_STEP = 1e-9  # seconds; of a simulator without a clock, for which no delay does anything

_Bits = dict[Any, Any]


def is_plain(circuit: QuantumCircuit) -> bool:
    """Return whether all operations of a circuit are Qiskit's own, and none holds others."""
    kinds: set[type] = {type(item.operation) for item in circuit.data if not is_standard(item)}
    return not any(_is_own(kind) for kind in kinds)


def inline_definitions(circuit: QuantumCircuit, where: str) -> QuantumCircuit:
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
    """Return whether an operation of this type may be one that a file defines, or may hold one."""
    from qiskit.circuit import ControlFlowOp, ControlledGate, Gate, Instruction

    return (
        kind in {Gate, Instruction, ControlledGate}
        or str(kind.__module__).startswith(_READERS)
        or issubclass(kind, ControlFlowOp)
    )


def _is_same(operation: Any, known: Any) -> bool:
    """Return whether a gate does what the one that bears its name does."""
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


def put_in_registers(circuit: QuantumCircuit) -> QuantumCircuit:
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


def convert_delays(circuit: QuantumCircuit, dt: float | None, where: str) -> QuantumCircuit:
    """Return the circuit with every delay, those in its blocks included, in steps of `dt` seconds.

    Raises BadInput for one whose length is a parameter.
    """
    if "delay" not in names_in(circuit):
        return circuit
    counted = circuit.copy_empty_like()
    for item in circuit.data:
        operation = item.operation
        if blocks := blocks_of(item):
            operation = operation.replace_blocks(
                [convert_delays(block, dt, where) for block in blocks]
            )
        elif operation.name == "delay" and operation.unit != "dt":
            operation = with_condition(_steps(operation, dt, where), condition_of(operation))
        counted.append(item.replace(operation=operation))
    return counted


def _steps(delay: Any, dt: float | None, where: str) -> Any:
    """Return a delay that is as long, in steps."""
    from qiskit.circuit import Delay

    try:
        seconds = float(delay.duration) * SECONDS[delay.unit]
        steps = round(seconds / (dt or _STEP))
    except (TypeError, KeyError, OverflowError, ValueError) as error:
        raise BadInput(
            "unsupported",
            f"{where} has a delay whose length is no number.",
            "Give each delay its length, in a circuit of its own.",
        ) from error
    return Delay(steps, unit="dt")
