"""A device: which instructions it takes, on which qubits, and how well. Qiskit is not needed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

__all__ = [
    "FLOW",
    "FRACTIONAL",
    "JUMPS",
    "LOOPS",
    "MEASUREMENTS",
    "PLAIN",
    "QUICKER",
    "SECONDS",
    "STATEMENTS",
    "Device",
    "Facts",
    "Qubits",
    "largest_region",
]

# Instructions that every working qubit takes where the device has them, whatever their entries say.
PLAIN = ("measure", "reset", "delay")
# Quicker ways to do the same in the middle of a circuit, which newer devices have besides.
QUICKER = {"measure_2": "measure", "reset_2": "reset"}
MEASUREMENTS = frozenset({"measure", "measure_2"})
LOOPS = frozenset({"for_loop", "while_loop"})
JUMPS = frozenset({"break_loop", "continue_loop"})
FLOW = LOOPS | JUMPS | {"if_else", "switch_case"}
# What is on no qubits of its own, and what a service has to say that it takes.
STATEMENTS = FLOW | {"box", "store"}
# Gates of any angle that newer devices have beside their usual ones.
FRACTIONAL = frozenset({"rx", "rzz"})

# Of the units that lengths are written in; `dt` is the device's own.
SECONDS = {"s": 1.0, "ms": 1e-3, "us": 1e-6, "ns": 1e-9, "ps": 1e-12}

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
    where there is no instruction set to keep to: a simulator, that takes any gates anywhere. `flow`
    are those of `STATEMENTS` that it takes. `region` holds the working qubits that are connected to
    one another, the most there are. `t1` and `t2` are in seconds; `dt` is the length of a time step
    in seconds. `max_active_qubits` is set where fewer qubits can be used at a time than there are.
    `fractional` are those of its gates that circuits are compiled to on request alone; `rep_delay`
    is the time from one shot to the next, in seconds.
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
    fractional: frozenset[str] = frozenset()
    rep_delay: float | None = None

    def takes(self, instruction: str, qubits: Qubits) -> bool:
        """Return whether the device takes an instruction on these qubits, in this order."""
        if instruction == "barrier" or instruction in self.flow:
            return True
        return qubits in self.instructions.get(instruction, {})


def largest_region(
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
    seen: set[int] = set()
    for start in near:
        if start in seen:
            continue
        region, edge = {start}, [start]
        while edge:
            fresh = near[edge.pop()] - region
            region |= fresh
            edge += fresh
        seen |= region
        if len(region) > len(largest):
            largest = sorted(region)
    return tuple(largest)
