"""Delays in the device's own time steps: QPY keeps the number of a duration and loses its unit."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ._qiskit import blocks_of, condition_of, names_in, with_condition
from .errors import BadInput

if TYPE_CHECKING:
    from qiskit import QuantumCircuit

__all__ = ["SECONDS", "in_steps"]

SECONDS = {"s": 1.0, "ms": 1e-3, "us": 1e-6, "ns": 1e-9, "ps": 1e-12}
_STEP = 1e-9  # seconds; of a simulator without a clock, for which no delay does anything


def in_steps(circuit: QuantumCircuit, dt: float | None, where: str) -> QuantumCircuit:
    """Return the circuit with every delay, those in its blocks included, in steps of `dt` seconds.

    Raises BadInput for one whose length is a parameter.
    """
    if "delay" not in names_in(circuit):
        return circuit
    counted = circuit.copy_empty_like()
    for item in circuit.data:
        operation = item.operation
        if blocks := blocks_of(item):
            operation = operation.replace_blocks([in_steps(block, dt, where) for block in blocks])
        elif operation.name == "delay" and operation.unit != "dt":
            operation = with_condition(_steps(operation, dt, where), condition_of(operation))
        counted.append(item.replace(operation=operation))
    return counted


def _steps(delay: Any, dt: float | None, where: str) -> Any:
    """Return a delay that is as long, in steps."""
    from qiskit.circuit import Delay

    try:
        seconds = float(delay.duration) * SECONDS[delay.unit]
    except (TypeError, KeyError) as error:
        raise BadInput(
            "unsupported",
            f"{where} has a delay whose length is no number.",
            "Give each delay its length, in a circuit of its own.",
        ) from error
    return Delay(round(seconds / (dt or _STEP)), unit="dt")
