"""Delays in the device's own time steps: QPY keeps the number of a duration and loses its unit."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ._qiskit import blocks_of, condition_of, name_of, with_condition
from .errors import BadInput

if TYPE_CHECKING:
    from qiskit import QuantumCircuit

__all__ = ["count_in_steps"]

_SECONDS = {"s": 1.0, "ms": 1e-3, "us": 1e-6, "ns": 1e-9, "ps": 1e-12}
_STEP = 1e-9  # seconds; of a simulator without a clock, for which no delay does anything


def count_in_steps(circuit: QuantumCircuit, dt: float | None, where: str) -> None:
    """Write every delay of a circuit, those in its blocks included, in steps of `dt` seconds.

    Raises BadInput for one whose length is a parameter.
    """
    from qiskit.circuit import Delay

    for index, item in enumerate(circuit.data):
        if name_of(item) != "delay" and not blocks_of(item):
            continue
        operation = item.operation
        if blocks := getattr(operation, "blocks", ()):
            for block in blocks:  # which Qiskit 2 gives as copies
                count_in_steps(block, dt, where)
            circuit.data[index] = item.replace(operation=operation.replace_blocks(blocks))
        if operation.name != "delay" or operation.unit == "dt":
            continue
        try:
            seconds = float(operation.duration) * _SECONDS[operation.unit]
        except (TypeError, KeyError) as error:
            raise BadInput(
                "unsupported",
                f"{where} has a delay whose length is no number.",
                "Give each delay its length, in a circuit of its own.",
            ) from error
        steps = Delay(round(seconds / (dt or _STEP)), unit="dt")
        steps = with_condition(steps, condition_of(operation))
        circuit.data[index] = item.replace(operation=steps)
