"""Fractional gates: `rx` and `rzz` of any angle, which newer devices have beside their usual ones.

Devices have `rzz` of 0 to π/2 only; every other angle is made of one of these and gates that cost
nothing or little.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from ._qiskit import blocks_of, condition_of, name_of, params_of, with_condition

if TYPE_CHECKING:
    from qiskit import QuantumCircuit

__all__ = ["FRACTIONAL", "with_angles_folded"]

FRACTIONAL = frozenset({"rx", "rzz"})


def with_angles_folded(circuit: QuantumCircuit) -> QuantumCircuit:
    """Return the circuit with every `rzz` of an angle from 0 to π/2, up to a global phase.

    Angles that are parameters stay as they are.
    """
    folded = circuit.copy_empty_like()
    for item in circuit.data:
        if blocks := blocks_of(item):
            inside = [with_angles_folded(block) for block in blocks]
            folded.append(item.replace(operation=item.operation.replace_blocks(inside)))
        elif name_of(item) == "rzz" and not getattr(params_of(item)[0], "parameters", None):
            for gate, places in _folded(float(params_of(item)[0])):
                turned = with_condition(gate, condition_of(item.operation))
                folded.append(turned, [item.qubits[place] for place in places], [])
        else:
            folded.append(item)
    return folded


def _folded(angle: float) -> Iterator[tuple[Any, tuple[int, ...]]]:
    """Yield the gates that make `rzz(angle)`, each with which of the two qubits it is on."""
    from qiskit.circuit.library import RZGate, RZZGate, XGate

    angle = math.remainder(angle, 2 * math.pi)  # a full turn changes nothing but the global phase
    if abs(angle) > math.pi / 2:
        # Half a turn is a Z on both.
        angle -= math.copysign(math.pi, angle)
        yield RZGate(math.pi), (0,)
        yield RZGate(math.pi), (1,)
    if angle < 0:
        # Between two X on one of the qubits a gate turns the other way.
        yield XGate(), (0,)
        yield RZZGate(-angle), (0, 1)
        yield XGate(), (0,)
    else:
        yield RZZGate(angle), (0, 1)
