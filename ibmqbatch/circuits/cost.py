"""What a circuit costs: the time that it takes, and the numbers that limit a job."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ._qiskit import blocks_of, name_of
from .checks import Step
from .device import QUICKER, SECONDS, STATEMENTS, Device, Facts, Qubits

if TYPE_CHECKING:
    from qiskit import QuantumCircuit

__all__ = ["Cost", "cost_of", "duration_of", "longest_chain"]

# Instructions of the control system that each one takes on its qubits, as IBM documents them.
_WEIGHTS = {"rz": 1, "delay": 1, "sx": 2, "x": 2, "measure": 10, "reset": 17}
_WEIGHTS |= {quicker: _WEIGHTS[name] for quicker, name in QUICKER.items()}
_OF_ONE_QUBIT, _OF_TWO_QUBITS = 2, 5
_AT_THE_START = 50  # of every qubit
_FREE = STATEMENTS | {"barrier"}
_BITS_PER_BYTE = 8
_NOWHERE: Mapping[Qubits, Facts] = {}


@dataclass(frozen=True, slots=True)
class Cost:
    """What one run of a circuit costs.

    `duration` is that of a shot in seconds, None where there is no device. `result_bytes` are those
    of a shot's outcome. `instructions` are those of the control system, on the busiest qubit.
    """

    duration: float | None
    result_bytes: int
    instructions: int


def cost_of(
    instructions: Iterable[Step], register_sizes: Iterable[int], duration: float | None
) -> Cost:
    """Return the cost of a circuit from its instructions and the bits of its registers."""
    busy: dict[int, int] = {}
    for name, qubits in instructions:
        if name in _FREE:
            continue
        weight = _WEIGHTS.get(name, _OF_ONE_QUBIT if len(qubits) == 1 else _OF_TWO_QUBITS)
        for qubit in qubits:
            busy[qubit] = busy.get(qubit, 0) + weight
    return Cost(
        duration=duration,
        # The wire has whole bytes for each register.
        result_bytes=sum(-(-size // _BITS_PER_BYTE) for size in register_sizes),
        instructions=_AT_THE_START + max(busy.values(), default=0),
    )


def duration_of(circuit: QuantumCircuit, device: Device) -> float:
    """Return the seconds of one shot, from the first gate to the last measurement.

    It is the longest chain of instructions, each as long as the device's calibration says; one that
    says nothing takes no time. Of control flow the longest branch counts, of loops one round; a box
    may say itself how long it takes.
    """
    return longest_chain(_lengths(circuit, device, range(circuit.num_qubits)))


def longest_chain(lengths: Iterable[tuple[tuple[int, ...], float]]) -> float:
    """Return when the last of a row of instructions ends, given as their qubits and seconds.

    Each begins when all of its qubits are free.
    """
    ends: dict[int, float] = {}
    for qubits, seconds in lengths:
        if len(qubits) == 1:  # as most of them
            ends[qubits[0]] = ends.get(qubits[0], 0.0) + seconds
            continue
        end = max([ends.get(qubit, 0.0) for qubit in qubits], default=0.0) + seconds
        for qubit in qubits:
            ends[qubit] = end
    return max(ends.values(), default=0.0)


def _lengths(
    circuit: QuantumCircuit, device: Device, places: Sequence[int]
) -> Iterator[tuple[tuple[int, ...], float]]:
    """Yield the device's qubits and the seconds of each instruction."""
    place = dict(zip(circuit.qubits, places, strict=True))
    for item in circuit.data:
        name = name_of(item)
        qubits = tuple([place[bit] for bit in item.qubits])
        if blocks := blocks_of(item):
            inside = max(longest_chain(_lengths(b, device, qubits)) for b in blocks)
            yield qubits, max(inside, _own_length(item.operation, device))
        elif name == "delay":
            yield qubits, float(item.operation.duration) * (device.dt or 0.0)
        else:
            facts = device.instructions.get(name, _NOWHERE).get(qubits)
            yield qubits, (facts.duration if facts else None) or 0.0


def _own_length(operation: Any, device: Device) -> float:
    """Return the seconds that a box says it takes; 0 where it says none, or a formula."""
    length = operation.duration if operation.name == "box" else None
    if not isinstance(length, int | float):
        return 0.0
    return length * ((device.dt or 0.0) if operation.unit == "dt" else SECONDS[operation.unit])
