"""Circuits too wide for a state vector: whether, and how, they can be simulated all the same.

Clifford circuits of any width are simulated as stabilizers. Others are, as matrix product states,
where these stay small: their bonds are bounded from the circuit alone, before anything is run.
"""

from __future__ import annotations

import math
from typing import Any

from .traversal import operation_names, walk, walk_with_qubits

__all__ = ["bond_bounds", "is_clifford"]

_CLIFFORD = frozenset(
    [
        "barrier",
        "cx",
        "cy",
        "cz",
        "delay",
        "ecr",
        "h",
        "id",
        "jump",
        "mark",
        "measure",
        "pauli",
        "reset",
        "s",
        "sdg",
        "swap",
        "sx",
        "sxdg",
        "x",
        "y",
        "z",
    ]
)
# Those that multiply a bond by two; any other one can do so by four.
_CONTROLLED = frozenset(
    ["cx", "cy", "cz", "cp", "cu1", "crx", "cry", "crz", "csx", "ecr", "rxx", "ryy", "rzz", "rzx"]
)


def is_clifford(circuit: Any) -> bool:
    """Return whether a circuit has operations of a stabilizer simulator only."""
    names = operation_names(circuit)
    if names <= _CLIFFORD:
        return True
    return names <= _CLIFFORD | {"rz"} and all(
        _is_quarter_turn(operation.params[0])
        for operation in walk(circuit)
        if operation.name == "rz"
    )


def _is_quarter_turn(angle: Any) -> bool:
    if getattr(angle, "parameters", ()):
        return False
    quarters = float(angle) / (math.pi / 2)
    return math.isclose(quarters, round(quarters), abs_tol=1e-9)


def bond_bounds(circuit: Any, active: list[int]) -> list[int] | None:
    """Return what the bonds of a circuit's matrix product state cannot exceed, as powers of two.

    `active` are the qubits in a row; entry p bounds, at any time, the bond left of the p-th. None
    for a circuit with operations on more than two qubits. Gates between distant qubits are counted
    with the swaps that bring these together, the left one to the right, and not back.
    """
    place = {qubit: position for position, qubit in enumerate(active)}
    order = list(active)
    bonds = [0] * (len(active) + 1)
    most = list(bonds)

    def raise_bond(cut: int, powers: int) -> None:
        bonds[cut] = min(bonds[cut] + powers, bonds[cut - 1] + 1, bonds[cut + 1] + 1)
        most[cut] = max(most[cut], bonds[cut])

    for operation, qubits in walk_with_qubits(circuit):
        if operation.name == "barrier" or len(qubits) < 2:
            continue
        if len(qubits) > 2:
            return None
        if not place.keys() >= set(qubits):
            continue  # no outcome depends on it
        left, right = sorted(place[qubit] for qubit in qubits)
        for position in range(left, right - 1):
            moved = order[position + 1]
            order[position], order[position + 1] = moved, order[position]
            place[order[position]], place[order[position + 1]] = position, position + 1
            raise_bond(position + 1, 2)
        raise_bond(right, 1 if operation.name in _CONTROLLED else 2)
    return most
