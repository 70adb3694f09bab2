"""What a circuit asks of a device and of the service, in the numbers that limit a job."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from .checks import Step
from .device import QUICKER, STATEMENTS

__all__ = ["Load", "load_of"]

# Instructions of the control system that each one takes on its qubits, as IBM documents them.
_WEIGHTS = {"rz": 1, "delay": 1, "sx": 2, "x": 2, "measure": 10, "reset": 17}
_WEIGHTS |= {quicker: _WEIGHTS[name] for quicker, name in QUICKER.items()}
_OF_ONE_QUBIT, _OF_TWO_QUBITS = 2, 5
_AT_THE_START = 50  # of every qubit
_FREE = STATEMENTS | {"barrier"}
_BITS_PER_BYTE = 8


@dataclass(frozen=True, slots=True)
class Load:
    """The load that one run of a circuit is.

    `duration` is that of a shot in seconds, None where there is no device. `result_bytes` are those
    of a shot's outcome. `instructions` are those of the control system, on the busiest qubit.
    """

    duration: float | None
    result_bytes: int
    instructions: int


def load_of(
    instructions: Iterable[Step], register_sizes: Iterable[int], duration: float | None
) -> Load:
    """Return the load of a circuit, given its instructions and the bits of its registers."""
    busy: dict[int, int] = {}
    for name, qubits in instructions:
        if name in _FREE:
            continue
        weight = _WEIGHTS.get(name, _OF_ONE_QUBIT if len(qubits) == 1 else _OF_TWO_QUBITS)
        for qubit in qubits:
            busy[qubit] = busy.get(qubit, 0) + weight
    return Load(
        duration=duration,
        # The wire has whole bytes for each register.
        result_bytes=sum(-(-size // _BITS_PER_BYTE) for size in register_sizes),
        instructions=_AT_THE_START + max(busy.values(), default=0),
    )
