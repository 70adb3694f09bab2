"""Pulses of a circuit's own for its gates, which devices had until 2025: refused, never dropped."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ._qiskit import blocks_of, is_terra
from .errors import BadInput

if TYPE_CHECKING:
    from qiskit import QuantumCircuit

__all__ = ["check_pulses", "has_pulses"]


def check_pulses(circuit: QuantumCircuit, where: str) -> None:
    """Raise BadInput for a circuit that defines pulses for gates, in whichever block."""
    if not is_terra():
        return  # there are none in Qiskit 2
    gates = sorted(circuit.calibrations)
    if gates:
        raise has_pulses(where, f" for the gate '{gates[0]}'")
    for item in circuit.data:
        for block in blocks_of(item):
            check_pulses(block, where)


def has_pulses(where: str, gate: str = "") -> BadInput:
    """Return the error of a circuit with pulses; `gate` tells of which, if that is known."""
    return BadInput(
        "pulse_gates",
        f"{where} has pulses of its own{gate}, and IBM retired pulses in 2025.",
        "Take its calibrations out: then the device's own gates run.",
    )
