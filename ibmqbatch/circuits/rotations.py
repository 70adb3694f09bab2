"""Measuring qubits of a circuit in the bases of Pauli operators."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from ._qiskit import name_of
from .device import MEASUREMENTS, Device
from .errors import BadInput
from .paulis import Pauli

if TYPE_CHECKING:
    from qiskit import QuantumCircuit

__all__ = ["measure"]

_RIGHT = math.pi / 2
_Steps = Sequence[tuple[str, tuple[float, ...]]]
# Gates, with their angles, that turn what is to be measured into Z; the first for circuits that are
# compiled, or simulated, the others for those that keep to a device's instruction set.
_TURNS: Mapping[str, Sequence[_Steps]] = {
    "X": (
        [("h", ())],
        [("rz", (_RIGHT,)), ("sx", ())],
        [("u2", (0.0, math.pi))],
        [("u3", (_RIGHT, 0.0, math.pi))],
        [("u", (_RIGHT, 0.0, math.pi))],
    ),
    "Y": (
        [("sdg", ()), ("h", ())],
        [("sx", ())],
        [("rx", (_RIGHT,))],
        [("u2", (0.0, _RIGHT))],
        [("u3", (_RIGHT, 0.0, _RIGHT))],
        [("u", (_RIGHT, 0.0, _RIGHT))],
    ),
    "Z": ([],),
}
_GATES = {"h": "HGate", "sdg": "SdgGate", "sx": "SXGate", "rx": "RXGate", "rz": "RZGate"}
_GATES |= {"u": "UGate", "u2": "U2Gate", "u3": "U3Gate"}
_PASSED_OVER = frozenset({"barrier", "delay"})


def measure(
    circuit: QuantumCircuit,
    basis: Pauli,
    register: str,
    where: str,
    *,
    places: Sequence[int] | None = None,
    device: Device | None = None,
) -> None:
    """Append measurements of the qubits of `basis` into a new register, the lowest first.

    `places` tells which of the circuit's qubits each qubit of the basis is; without it they are the
    same. With a `device` its own gates are used, on its own qubits. Raises BadInput for a circuit
    that measures one of these at its end, that has such a register, or where the device has no
    gates for it.
    """
    from qiskit.circuit import ClassicalRegister, library

    taken = {each.name for each in (*circuit.qregs, *circuit.cregs)}
    if register in taken:
        raise BadInput(
            "bad_register",
            f"{where}: its register '{register}' has the name of the one that observables are "
            "measured into.",
            "Give it another.",
        )
    at = {qubit: qubit if places is None else places[qubit] for qubit in basis.qubits}
    _check_ends(circuit, set(at.values()), where)
    bits = ClassicalRegister(len(at), register)
    circuit.add_register(bits)
    for bit, (qubit, place) in zip(bits, at.items(), strict=True):
        for name, angles in _turn(basis.letter(qubit), place, device, where):
            circuit.append(getattr(library, _GATES[name])(*angles), [place])
        circuit.measure(place, bit)


def _turn(letter: str, place: int, device: Device | None, where: str) -> _Steps:
    """Return the gates that turn what is to be measured of a qubit into Z."""
    ways = _TURNS[letter]
    if device is None:
        return ways[0]
    for way in ways:
        if all(device.takes(name, (place,)) for name, _ in way):
            return way
    raise BadInput(
        "not_in_instruction_set",
        f"{where}: {device.name} has no gates to measure {letter} with on qubit {place}.",
        "Have the circuit compiled.",
    )


def _check_ends(circuit: QuantumCircuit, observed: set[int], where: str) -> None:
    """Raise BadInput where one of these qubits is measured last, and its state is gone by then.

    Measurements in the middle of a circuit are a part of it, as any other instruction.
    """
    place = {bit: index for index, bit in enumerate(circuit.qubits)}
    open_ends = set(observed)
    for item in reversed(circuit.data):
        if name_of(item) in _PASSED_OVER:
            continue
        here = {place[bit] for bit in item.qubits} & open_ends
        if here and name_of(item) in MEASUREMENTS:
            raise BadInput(
                "measured_already",
                f"{where} ends with a measurement of qubit {min(here)}, which an observable is to "
                "be measured on.",
                "Leave the measurement out: those that observables need are added.",
            )
        open_ends -= here
        if not open_ends:
            return
