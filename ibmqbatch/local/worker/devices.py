"""A device as its configuration and properties describe it, and its instruction set."""

from __future__ import annotations

import math
from functools import cached_property
from typing import Any

from .errors import JobError
from .traversal import FAST_VARIANTS, walk_with_qubits

__all__ = ["Device"]

_ON_EVERY_QUBIT = {"measure", "reset", "delay", *FAST_VARIANTS}
_JUMPS = {"break_loop": {"for_loop", "while_loop"}, "continue_loop": {"for_loop", "while_loop"}}
_FRACTIONAL = {"rx", "rzz"}
_ROUNDING = 1e-10
_STATEMENTS = {"if_else", "for_loop", "while_loop", "switch_case", "box", "store"}

_SECONDS = {"s": 1.0, "ms": 1e-3, "us": 1e-6, "µs": 1e-6, "ns": 1e-9, "ps": 1e-12}


class Device:
    """A device. All times are in seconds; None stands for missing properties."""

    def __init__(self, configuration: dict[str, Any], properties: dict[str, Any]) -> None:
        self.name: str = configuration["backend_name"]
        self.num_qubits: int = configuration["n_qubits"]
        self._configuration = configuration
        self._qubits = [_values(entries) for entries in properties["qubits"]]
        self._gates = {
            (gate["gate"], tuple(gate["qubits"])): _values(gate["parameters"])
            for gate in properties["gates"]
        }

    def qubit(self, qubit: int, name: str) -> float | None:
        """Return a property of a qubit."""
        return self._qubits[qubit].get(name)

    def gate(self, name: str, qubits: tuple[int, ...], value: str) -> float | None:
        """Return a property of a gate on some qubits."""
        return self._gates.get((name, qubits), {}).get(value)

    def seconds(self, duration: float, unit: str) -> float:
        """Return a duration in seconds. Raises JobError (1517) for an unknown unit."""
        if unit == "dt":
            return duration * float(self._configuration["dt"]) * 1e-9
        if unit not in _SECONDS:
            raise JobError(1517, f"a delay has the unit {unit!r}, which is no time.")
        return duration * _SECONDS[unit]

    @cached_property
    def _places(self) -> dict[str, set[tuple[int, ...]]]:
        """The qubits of each gate, faulty ones included."""
        return {
            gate["name"]: {tuple(place) for place in gate["coupling_map"]}
            for gate in self._configuration["gates"]
        }

    @cached_property
    def _supported(self) -> set[str]:
        supported = set(self._configuration["supported_instructions"])
        for jump, loops in _JUMPS.items():
            if supported & loops:
                supported.add(jump)
        return supported

    @cached_property
    def _faulty_qubits(self) -> set[int]:
        return {q for q, values in enumerate(self._qubits) if values.get("operational") == 0}

    def check(self, circuit: Any) -> None:
        """Raise JobError (1517) for the first operation outside of the instruction set.

        The circuit's qubit of index i is the qubit i of the device.
        """
        if circuit.num_qubits > self.num_qubits:
            raise JobError(
                1517,
                f"the circuit has {circuit.num_qubits} qubits, more than the {self.num_qubits} of "
                f"{self.name}.",
                "Use fewer qubits, or a larger backend.",
            )
        for operation, qubits in walk_with_qubits(circuit):
            fault = self._fault(operation, qubits)
            if fault:
                listed = ", ".join(map(str, qubits))
                noun = "qubit" if len(qubits) == 1 else "qubits"
                raise JobError(
                    1517,
                    f"{operation.name} on {noun} {listed} is not in the instruction set of "
                    f"{self.name}: {fault}.",
                    f"Compile the circuit for {self.name} before it is submitted.",
                )
            if operation.name == "delay" and operation.unit == "expr":
                raise JobError(
                    7001,
                    f"the delay on qubit {qubits[0]} is as long as a stretch, or another "
                    "expression: a rehearsal does not decide how long that is.",
                    "Give it a length, or run it on the device itself.",
                )
        self.check_angles(circuit)

    def check_angles(self, circuit: Any) -> None:
        """Raise JobError (1517) for an rzz by an angle outside of the device's range.

        Unbound parameters pass.
        """
        for operation, qubits in walk_with_qubits(circuit):
            if operation.name != "rzz" or getattr(operation.params[0], "parameters", None):
                continue
            angle = float(operation.params[0])
            if not 0.0 <= angle <= math.pi / 2 + _ROUNDING:
                raise JobError(
                    1517,
                    f"rzz on qubits {', '.join(map(str, qubits))} is not in the instruction set of "
                    f"{self.name}: the angle {angle:g} is not from 0 to π/2.",
                    f"Compile the circuit for {self.name} with its parameters bound.",
                )

    def check_twirling(self, circuit: Any) -> None:
        """Raise JobError (1519) for a gate that cannot be twirled."""
        for operation, _ in walk_with_qubits(circuit):
            if operation.name in _FRACTIONAL:
                raise JobError(
                    1519,
                    f"{operation.name} is a fractional gate, which cannot be twirled.",
                    "Leave twirling out, or compile without fractional gates.",
                )

    def _fault(self, operation: Any, qubits: tuple[int, ...]) -> str:
        """Return what is wrong with an operation; empty for nothing."""
        name = operation.name
        if name == "barrier":
            return ""
        if name not in self._supported:
            return "there is no such instruction"
        if name in _STATEMENTS or name in _JUMPS:
            return ""
        if name not in _ON_EVERY_QUBIT and qubits not in self._places[name]:
            size = len(next(iter(self._places[name])))
            if len(qubits) != size:
                return f"the gate acts on {size} qubits" if size > 1 else "the gate acts on one"
            if size == 1:
                return "the qubit has no such gate"
            if any(set(qubits) == set(place) for place in self._places[name]):
                return "the gate exists in the other direction only"
            return "those qubits are not coupled"
        for qubit in qubits:
            if qubit in self._faulty_qubits:
                return f"qubit {qubit} is not operational"
        if self.gate(name, qubits, "operational") == 0:
            return "the gate is not operational there"
        return ""


def _values(entries: list[dict[str, Any]]) -> dict[str, float]:
    """Return the finite properties by name, times in seconds."""
    return {
        entry["name"]: entry["value"] * _SECONDS.get(entry.get("unit", ""), 1.0)
        for entry in entries
        if isinstance(entry.get("value"), (int, float)) and math.isfinite(entry["value"])
    }
