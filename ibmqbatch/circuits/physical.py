"""OpenQASM 3 on a device's own qubits (`$5`), held to the device without Qiskit.

It is sent as it is: whoever names a device's qubits has made the program for it.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from .device import Device
from .durations import longest_chain
from .isa import Step
from .openqasm3 import STANDARD_FILE, SourceFile, parse
from .text import masked

__all__ = ["PhysicalProgram", "read_physical"]

# The gates of the standard file, by which the service knows them, but for `id`, which it does not.
_STANDARD_GATES = frozenset(
    [
        "p",
        "x",
        "y",
        "z",
        "h",
        "s",
        "sdg",
        "t",
        "tdg",
        "sx",
        "rx",
        "ry",
        "rz",
        "cx",
        "cy",
        "cz",
        "cp",
        "crx",
        "cry",
        "crz",
        "ch",
        "swap",
        "ccx",
        "cswap",
        "cu",
        "CX",
        "phase",
        "cphase",
        "u1",
        "u2",
        "u3",
        "U",
    ]
)
_SECONDS = {"s": 1.0, "ms": 1e-3, "us": 1e-6, "µs": 1e-6, "ns": 1e-9}


class _BeyondError(Exception):
    """The program says more than is understood here."""


@dataclass(slots=True)
class PhysicalProgram:
    """What a program does: its instructions with their qubits, and its registers by their sizes.

    `angles` are those of `rzz`; `chain` holds qubits and seconds of every instruction.
    """

    device: Device
    registers: dict[str, int] = field(default_factory=dict)
    steps: list[Step] = field(default_factory=list)
    angles: list[float] = field(default_factory=list)
    chain: list[tuple[tuple[int, ...], float]] = field(default_factory=list)
    defined: set[str] = field(default_factory=set)

    @property
    def duration(self) -> float:
        """The seconds of one shot, as `durations.duration_of` counts them."""
        return longest_chain(self.chain)

    def read(self, statements: Iterable[Any]) -> None:
        """Take in statements; raises _BeyondError at one that is not understood here."""
        for statement in statements:
            reader = _READERS.get(type(statement).__name__)
            if reader is None or getattr(statement, "annotations", None):
                raise _BeyondError
            reader(self, statement)

    def add(self, name: str, qubits: tuple[int, ...], seconds: float | None = None) -> None:
        """Add an instruction, as long as it says or as the device says."""
        if seconds is None:
            facts = self.device.instructions.get(name, {}).get(qubits)
            seconds = (facts.duration if facts else None) or 0.0
        self.steps.append((name, qubits))
        self.chain.append((qubits, seconds))


def read_physical(text: str, where: str, line: int, device: Device) -> PhysicalProgram | None:
    """Read a program; `line` lines stand before it in its file.

    None for one that is not all on physical qubits, or that says more than is understood here: then
    it is Qiskit's business. Raises BadInput for what is no OpenQASM 3.
    """
    if not device.instructions or "$" not in masked(text):
        return None
    program = PhysicalProgram(device)
    try:
        program.read(parse(SourceFile(where, text, line)).statements)
    except _BeyondError:
        return None
    return program


def _include(_program: PhysicalProgram, statement: Any) -> None:
    if statement.filename != STANDARD_FILE:
        raise _BeyondError


def _definition(program: PhysicalProgram, statement: Any) -> None:
    program.defined.add(statement.name.name)


def _declaration(program: PhysicalProgram, statement: Any) -> None:
    kind = statement.type
    if type(kind).__name__ != "BitType" or statement.init_expression is not None:
        raise _BeyondError
    size = 1 if kind.size is None else _number(kind.size)
    program.registers[statement.identifier.name] = int(size)


def _gate(program: PhysicalProgram, statement: Any) -> None:
    name = statement.name.name
    if statement.modifiers or statement.duration is not None:
        raise _BeyondError
    if name not in _STANDARD_GATES and name not in program.defined:
        raise _BeyondError
    angles = [_number(argument) for argument in statement.arguments]
    if name == "rzz":
        program.angles += angles
    program.add(name, _qubits(statement.qubits))


def _measurement(program: PhysicalProgram, statement: Any) -> None:
    if statement.target is None:
        raise _BeyondError
    program.add("measure", _qubits([statement.measure.qubit]))


def _reset(program: PhysicalProgram, statement: Any) -> None:
    program.add("reset", _qubits([statement.qubits]))


def _barrier(program: PhysicalProgram, statement: Any) -> None:
    if statement.qubits:
        program.add("barrier", _qubits(statement.qubits))


def _delay(program: PhysicalProgram, statement: Any) -> None:
    length = statement.duration
    if type(length).__name__ != "DurationLiteral":
        raise _BeyondError
    unit = length.unit.name
    seconds = _SECONDS.get(unit, program.device.dt or 0.0)
    program.add("delay", _qubits(statement.qubits), length.value * seconds)


def _branch(program: PhysicalProgram, statement: Any) -> None:
    program.read(statement.if_block)
    program.read(statement.else_block)
    # What it is on is in its branches; whether the device has it, is asked here.
    program.steps.append(("if_else", ()))


_READERS: dict[str, Any] = {
    "Include": _include,
    "QuantumGateDefinition": _definition,
    "ClassicalDeclaration": _declaration,
    "QuantumGate": _gate,
    "QuantumMeasurementStatement": _measurement,
    "QuantumReset": _reset,
    "QuantumBarrier": _barrier,
    "DelayInstruction": _delay,
    "BranchingStatement": _branch,
}


def _qubits(operands: Iterable[Any]) -> tuple[int, ...]:
    return tuple(_numbers(operands))


def _numbers(operands: Iterable[Any]) -> Iterator[int]:
    for operand in operands:
        name = getattr(operand, "name", "")
        if not isinstance(name, str) or not name.startswith("$"):
            raise _BeyondError
        yield int(name[1:])


_CONSTANTS = {"pi": math.pi, "π": math.pi, "tau": 2 * math.pi, "τ": 2 * math.pi, "euler": math.e}


def _number(expression: Any) -> float:
    """Return the value of a constant expression."""
    kind = type(expression).__name__
    if kind in {"IntegerLiteral", "FloatLiteral"}:
        return float(expression.value)
    if kind == "Identifier" and expression.name in _CONSTANTS:
        return _CONSTANTS[expression.name]
    if kind == "UnaryExpression" and expression.op.name == "-":
        return -_number(expression.expression)
    if kind == "BinaryExpression":
        left, right = _number(expression.lhs), _number(expression.rhs)
        try:
            return {
                "+": lambda: left + right,
                "-": lambda: left - right,
                "*": lambda: left * right,
                "/": lambda: left / right,
            }[expression.op.name]()
        except (KeyError, ArithmeticError) as error:
            raise _BeyondError from error
    raise _BeyondError
