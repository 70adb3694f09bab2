"""A device as its service describes it: which instructions it takes, on which qubits, how well.

Everything is read from the JSON of a backend's configuration and properties; Qiskit is not needed.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

__all__ = ["FLOW", "Device", "Facts"]

# Instructions that every working qubit takes where the device has them, whatever their entries say.
_PLAIN = ("measure", "reset", "delay")
FLOW = frozenset(
    {"if_else", "for_loop", "while_loop", "switch_case", "break_loop", "continue_loop"}
)
_SECONDS = {"s": 1.0, "ms": 1e-3, "us": 1e-6, "µs": 1e-6, "ns": 1e-9, "ps": 1e-12}
_BROKEN = 1.0  # the error of a gate that does not work

Qubits = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Facts:
    """How well an instruction works on certain qubits: its error, and its duration in seconds."""

    error: float | None = None
    duration: float | None = None


@dataclass(frozen=True, slots=True)
class Device:
    """What circuits are made ready for.

    `instructions` tells for each instruction the qubits, in order, that it works on. It is empty
    where there is no instruction set to keep to: a simulator, that takes any gates anywhere.
    `region` holds the working qubits that are connected to one another, the most there are. `t1`
    and `t2` are in seconds; `dt` is the length of a time step in seconds. `max_active_qubits` is
    set where fewer qubits can be used at a time than there are.
    """

    name: str
    num_qubits: int
    basis_gates: tuple[str, ...]
    max_active_qubits: int | None = None
    instructions: Mapping[str, Mapping[Qubits, Facts]] = field(default_factory=dict, repr=False)
    flow: frozenset[str] = frozenset()
    region: Qubits = ()
    t1: tuple[float | None, ...] = ()
    t2: tuple[float | None, ...] = ()
    dt: float | None = None

    @classmethod
    def from_wire(
        cls,
        name: str,
        configuration: Mapping[str, Any],
        properties: Mapping[str, Any] | None,
        max_active_qubits: int | None = None,
    ) -> Device:
        """Read a backend's configuration and its properties, None where it has none."""
        num_qubits = int(configuration["n_qubits"])
        basis = tuple(map(str, configuration.get("basis_gates") or ()))
        supported = set(map(str, configuration.get("supported_instructions") or _PLAIN))
        flow = frozenset(supported & FLOW)
        if not isinstance(configuration.get("coupling_map"), list):
            return cls(name, num_qubits, basis, max_active_qubits, flow=flow)
        measured = _Properties(properties or {})
        working = [q for q in range(num_qubits) if measured.works(q)]
        instructions = {
            gate["name"]: measured.gate(gate, set(working))
            for gate in configuration.get("gates") or ()
        }
        for plain in _PLAIN:
            if plain in supported or plain == "measure":
                instructions[plain] = {(q,): measured.plain(plain, q) for q in working}
        nanoseconds = configuration.get("dt")
        return cls(
            name=name,
            num_qubits=num_qubits,
            basis_gates=basis,
            max_active_qubits=max_active_qubits,
            instructions=instructions,
            flow=flow,
            region=_largest_region(working, instructions),
            t1=tuple(measured.seconds(q, "T1") for q in range(num_qubits)),
            t2=tuple(measured.seconds(q, "T2") for q in range(num_qubits)),
            dt=nanoseconds * 1e-9 if isinstance(nanoseconds, int | float) else None,
        )

    def takes(self, instruction: str, qubits: Qubits) -> bool:
        """Tell whether the device takes an instruction on these qubits, in this order."""
        if instruction == "barrier" or instruction in self.flow:
            return True
        return qubits in self.instructions.get(instruction, {})


class _Properties:
    """A backend's calibration, by qubit and by gate."""

    def __init__(self, properties: Mapping[str, Any]) -> None:
        self._qubits = [_parameters(entries) for entries in properties.get("qubits") or ()]
        self._gates = {
            (gate["gate"], tuple(gate["qubits"])): _parameters(gate.get("parameters") or ())
            for gate in properties.get("gates") or ()
        }

    def works(self, qubit: int) -> bool:
        return self._qubit(qubit).get("operational", (1.0, ""))[0] != 0

    def plain(self, instruction: str, qubit: int) -> Facts:
        if instruction == "measure":
            return _facts(self._qubit(qubit), "readout_error", "readout_length")
        return _facts(self._gates.get((instruction, (qubit,)), {}), "gate_error", "gate_length")

    def seconds(self, qubit: int, name: str) -> float | None:
        return _seconds(self._qubit(qubit).get(name))

    def gate(self, gate: Mapping[str, Any], working: set[int]) -> dict[Qubits, Facts]:
        """Return where a gate of the configuration works, and how well."""
        found = {}
        for entry in gate.get("coupling_map") or ():
            qubits = tuple(map(int, entry))
            told = self._gates.get((gate["name"], qubits), {})
            facts = _facts(told, "gate_error", "gate_length")
            broken = len(qubits) > 1 and facts.error is not None and facts.error >= _BROKEN
            stopped = told.get("operational", (1.0, ""))[0] == 0
            if working.issuperset(qubits) and not broken and not stopped:
                found[qubits] = facts
        return found

    def _qubit(self, qubit: int) -> Mapping[str, tuple[float, str]]:
        return self._qubits[qubit] if qubit < len(self._qubits) else {}


def _parameters(entries: Iterable[Mapping[str, Any]]) -> dict[str, tuple[float, str]]:
    """Return values with their units, by name; what has no finite value is left out."""
    found = {}
    for entry in entries:
        value = entry.get("value")
        if isinstance(value, int | float) and math.isfinite(value):
            found[str(entry["name"])] = (float(value), str(entry.get("unit") or ""))
    return found


def _facts(told: Mapping[str, tuple[float, str]], error: str, length: str) -> Facts:
    value = told.get(error)
    return Facts(None if value is None else value[0], _seconds(told.get(length)))


def _seconds(value: tuple[float, str] | None) -> float | None:
    return None if value is None else value[0] * _SECONDS.get(value[1], 1.0)


def _largest_region(
    working: Iterable[int], instructions: Mapping[str, Mapping[Qubits, Facts]]
) -> Qubits:
    """Return the most qubits that gates on two of them connect; the first of regions as large."""
    near: dict[int, set[int]] = {qubit: set() for qubit in working}
    pairs = {qubits for places in instructions.values() for qubits in places if len(qubits) == 2}
    for a, b in pairs:
        near[a].add(b)
        near[b].add(a)
    if not pairs:
        return tuple(near)
    largest: list[int] = []
    unseen = dict.fromkeys(near)
    while unseen:
        start = next(iter(unseen))
        region, edge = {start}, [start]
        while edge:
            fresh = near[edge.pop()] - region
            region |= fresh
            edge += fresh
        for qubit in region:
            del unseen[qubit]
        if len(region) > len(largest):
            largest = sorted(region)
    return tuple(largest)
