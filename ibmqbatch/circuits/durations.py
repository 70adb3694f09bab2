"""How long a circuit takes on a device."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from ._qiskit import blocks_of, name_of
from .delays import SECONDS
from .device import Device, Facts, Qubits

if TYPE_CHECKING:
    from qiskit import QuantumCircuit

__all__ = ["duration_of", "longest_chain"]


_NOWHERE: Mapping[Qubits, Facts] = {}


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
