"""OpenQASM 3 on a device's own qubits (`$5`), held to the device without Qiskit.

It is sent as it is: whoever names a device's qubits has made the program for it. That it says more
than Qiskit's importer reads is no reason against it, as long as it is seen what happens to qubits.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from .checks import Step
from .cost import longest_chain
from .device import Device
from .qasm3 import STANDARD_FILE, SourceFile, parse
from .qasm_text import masked
from .standard_gates import is_known_definition

__all__ = ["PhysicalProgram", "read_physical"]

# The gates of the standard file, by how many angles and how many qubits they take; None for those
# that the services that read it call otherwise.
_STANDARD_GATES: Mapping[str, tuple[int, int] | None] = {
    **dict.fromkeys(("x", "y", "z", "h", "s", "sdg", "t", "tdg", "sx"), (0, 1)),
    **dict.fromkeys(("p", "rx", "ry", "rz", "u1"), (1, 1)),
    **dict.fromkeys(("u2",), (2, 1)),
    **dict.fromkeys(("u3",), (3, 1)),
    **dict.fromkeys(("cx", "cy", "cz", "ch", "swap"), (0, 2)),
    **dict.fromkeys(("cp", "crx", "cry", "crz"), (1, 2)),
    **dict.fromkeys(("cu",), (4, 2)),
    **dict.fromkeys(("ccx", "cswap"), (0, 3)),
    **dict.fromkeys(("id", "phase", "cphase", "CX")),
}
_CONSTANTS = {
    **dict.fromkeys(("pi", "π"), math.pi),
    **dict.fromkeys(("tau", "τ"), math.tau),
    **dict.fromkeys(("euler", "ℇ"), math.e),
}
# Others are called otherwise by services that read them with Qiskit.
_REGISTER = re.compile(r"[a-z]\w*", re.ASCII)
_SECONDS = {"s": 1.0, "ms": 1e-3, "us": 1e-6, "ns": 1e-9}


class _BeyondError(Exception):
    """The program says more than is understood here."""


@dataclass(slots=True)
class PhysicalProgram:
    """What a program does: its instructions with their qubits, and its registers by their sizes.

    `angles` are those of `rzz`; `chain` holds qubits and seconds of every instruction. `bits` are
    the registers that were declared without a size, `variables` the classical ones, `gates` what
    takes how many angles and qubits; `width` is more than the number of any qubit. `is_beyond`
    tells that it says something that Qiskit's importer does not read.
    """

    device: Device
    registers: dict[str, int] = field(default_factory=dict)
    steps: list[Step] = field(default_factory=list)
    angles: list[float] = field(default_factory=list)
    chain: list[tuple[tuple[int, ...], float]] = field(default_factory=list)
    bits: set[str] = field(default_factory=set)
    variables: set[str] = field(default_factory=set)
    gates: dict[str, tuple[int, int] | None] = field(default_factory=lambda: {"U": None})
    width: int = 0
    is_beyond: bool = False

    @property
    def duration(self) -> float:
        """The seconds of one shot, as `cost.duration_of` counts them."""
        return longest_chain(self.chain)

    def read(self, statements: Iterable[Any], readers: Mapping[str, Any]) -> None:
        """Take in statements; raises _BeyondError at one that is not understood here."""
        for statement in statements:
            reader = readers.get(type(statement).__name__)
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

    def qubits(self, operands: Iterable[Any]) -> tuple[int, ...]:
        """Return the numbers of physical qubits, each of which the device has, and once."""
        found = tuple(_numbers(operands))
        if len(set(found)) < len(found) or max(found, default=0) >= self.device.num_qubits:
            raise _BeyondError
        self.width = max([self.width, *(qubit + 1 for qubit in found)])
        return found

    def is_bit(self, operand: Any) -> bool:
        """Return whether this is a single bit that there is."""
        match type(operand).__name__:
            case "Identifier":
                return operand.name in self.bits
            case "IndexExpression":
                name, indices = str(getattr(operand.collection, "name", "")), [operand.index]
            case "IndexedIdentifier":
                name, indices = operand.name.name, operand.indices
            case _:
                return False
        size = self.registers.get(name, 0) if name not in self.bits else 0
        match indices:
            case [[index]]:
                return _whole(index) < size
        return False

    def claim(self, name: str) -> None:
        """Make sure that a name is not taken."""
        taken = (_CONSTANTS, self.registers, self.gates, self.variables)
        if any(name in names for names in taken):
            raise _BeyondError


def read_physical(text: str, where: str, line: int, device: Device) -> PhysicalProgram | None:
    """Read a program; `line` lines stand before it in its file.

    None for one that is not all on physical qubits, or that says more than is understood here: then
    it is Qiskit's business. Raises BadInput for what is no OpenQASM 3.
    """
    if not device.instructions or "$" not in masked(text) or "OPENQASM" not in masked(text):
        return None  # services need the version
    try:
        statements = parse(SourceFile(where, text, line)).statements
    except RecursionError:
        return None
    program = _read(statements, device, _GLOBAL_READERS)
    if program is None:
        program = _read(statements, device, _WIDER_GLOBAL_READERS)
        # A rehearsal reads with the importer, which then tells at once what it does not take.
        if program is not None and not (program.is_beyond and device.max_active_qubits is None):
            return None
    return program


def _read(
    statements: Iterable[Any], device: Device, readers: Mapping[str, Any]
) -> PhysicalProgram | None:
    program = PhysicalProgram(device)
    try:
        program.read(statements, readers)
    except (_BeyondError, RecursionError):
        return None
    return program


def _include(program: PhysicalProgram, statement: Any) -> None:
    if statement.filename != STANDARD_FILE:
        raise _BeyondError
    for name in _STANDARD_GATES:
        program.claim(name)
    program.gates.update(_STANDARD_GATES)


def _definition(program: PhysicalProgram, statement: Any) -> None:
    """Take in a gate of the device, defined as it is usually; any other has to be written out."""
    name = statement.name.name
    program.claim(name)
    if not is_known_definition(statement) or not all(
        s.name.name in program.gates for s in statement.body
    ):
        raise _BeyondError
    program.gates[name] = len(statement.arguments), len(statement.qubits)


def _declaration(program: PhysicalProgram, statement: Any) -> None:
    kind, name = statement.type, statement.identifier.name
    if type(kind).__name__ != "BitType" or statement.init_expression is not None:
        raise _BeyondError
    if not _REGISTER.fullmatch(name):
        raise _BeyondError
    program.claim(name)
    if kind.size is None:
        program.bits.add(name)
    program.registers[name] = 1 if kind.size is None else _whole(kind.size)


def _gate(program: PhysicalProgram, statement: Any) -> None:
    name = statement.name.name
    if statement.modifiers or statement.duration is not None:
        raise _BeyondError
    angles = [_number(argument) for argument in statement.arguments]
    qubits = program.qubits(statement.qubits)
    if program.gates.get(name) != (len(angles), len(qubits)):
        raise _BeyondError
    if name == "rzz":
        program.angles += angles
    program.add(name, qubits)


def _measurement(program: PhysicalProgram, statement: Any) -> None:
    target = statement.target
    whole = type(target).__name__ == "Identifier" and program.registers.get(target.name) == 1
    if not whole and not program.is_bit(target):
        raise _BeyondError
    program.add("measure", program.qubits([statement.measure.qubit]))


def _reset(program: PhysicalProgram, statement: Any) -> None:
    program.add("reset", program.qubits([statement.qubits]))


def _barrier(program: PhysicalProgram, statement: Any) -> None:
    if not statement.qubits:
        raise _BeyondError
    program.add("barrier", program.qubits(statement.qubits))


def _global_barrier(program: PhysicalProgram, statement: Any) -> None:
    if statement.qubits:
        _barrier(program, statement)
    else:
        program.add("barrier", tuple(range(program.width)))


def _delay(program: PhysicalProgram, statement: Any) -> None:
    length = statement.duration
    if type(length).__name__ != "DurationLiteral" or not statement.qubits:
        raise _BeyondError
    unit = length.unit.name
    if not math.isfinite(length.value) or (unit == "dt" and length.value % 1):
        raise _BeyondError
    seconds = length.value * _SECONDS.get(unit, program.device.dt or 0.0)
    for qubit in program.qubits(statement.qubits):
        program.add("delay", (qubit,), seconds)


def _branch(program: PhysicalProgram, statement: Any) -> None:
    if not _is_condition(program, statement.condition):
        raise _BeyondError
    _blocks(program, "if_else", (statement.if_block, statement.else_block), _READERS)


def _blocks(
    program: PhysicalProgram, name: str, blocks: Iterable[Any], readers: Mapping[str, Any]
) -> None:
    """Take in blocks; the longest one counts, for all qubits that any is on."""
    chain, before = program.chain, len(program.steps)
    lengths = []
    for block in blocks:
        program.chain = []
        program.read(block, readers)
        lengths.append(program.duration)
    qubits = tuple(sorted({qubit for _, on in program.steps[before:] for qubit in on}))
    program.steps.insert(before, (name, qubits))
    program.chain = [*chain, (qubits, max(lengths))]


def _is_condition(program: PhysicalProgram, node: Any) -> bool:
    """Return whether this is what Qiskit has as a condition: a bit, or a register and a number."""
    kind = type(node).__name__
    if kind == "UnaryExpression":
        return node.op.name in {"!", "~"} and program.is_bit(node.expression)
    if kind != "BinaryExpression":
        return program.is_bit(node)
    if program.is_bit(node.lhs):
        return node.op.name in {"==", "!="} and type(node.rhs).__name__ == "BooleanLiteral"
    sized = program.registers.keys() - program.bits
    named = type(node.lhs).__name__ == "Identifier" and node.lhs.name in sized
    return named and node.op.name == "==" and type(node.rhs).__name__ == "IntegerLiteral"


# What may stand anywhere, and what outside of blocks alone.
_READERS: Mapping[str, Any] = {
    "QuantumGate": _gate,
    "QuantumMeasurementStatement": _measurement,
    "QuantumReset": _reset,
    "QuantumBarrier": _barrier,
    "DelayInstruction": _delay,
    "BranchingStatement": _branch,
}
_GLOBAL_READERS: Mapping[str, Any] = {
    **_READERS,
    "Include": _include,
    "QuantumGateDefinition": _definition,
    "ClassicalDeclaration": _declaration,
    "QuantumBarrier": _global_barrier,
}


# What Qiskit's importer does not read, and services do: numbers and truths as variables, what is
# assigned to them and to bits, comparisons and operations of all kinds, and choices by a value.


def _variable(program: PhysicalProgram, statement: Any) -> None:
    if type(statement.type).__name__ == "BitType" and statement.init_expression is None:
        _declaration(program, statement)
        return
    if type(statement.type).__name__ not in {"BoolType", "IntType", "UintType"}:
        raise _BeyondError
    if statement.init_expression is not None:
        _expression(program, statement.init_expression)
    program.claim(statement.identifier.name)
    program.variables.add(statement.identifier.name)
    program.is_beyond = True


def _assignment(program: PhysicalProgram, statement: Any) -> None:
    _expression(program, statement.lvalue)
    _expression(program, statement.rvalue)
    program.is_beyond = True


def _wider_branch(program: PhysicalProgram, statement: Any) -> None:
    _expression(program, statement.condition)
    _blocks(program, "if_else", (statement.if_block, statement.else_block), _WIDER_READERS)


def _switch(program: PhysicalProgram, statement: Any) -> None:
    _expression(program, statement.target)
    for values, _ in statement.cases:
        for value in values:
            _expression(program, value)
    blocks = [block.statements for _, block in statement.cases]
    if statement.default is not None:
        blocks.append(statement.default.statements)
    _blocks(program, "switch_case", blocks, _WIDER_READERS)
    program.is_beyond = True


def _while(program: PhysicalProgram, statement: Any) -> None:
    _expression(program, statement.while_condition)
    _blocks(program, "while_loop", [statement.block], _WIDER_READERS)


def _for(program: PhysicalProgram, statement: Any) -> None:
    node = statement.set_declaration
    match type(node).__name__:
        case "RangeDefinition":
            values = [node.start, node.end, *([] if node.step is None else [node.step])]
        case "DiscreteSet":
            values = node.values
        case _:
            raise _BeyondError
    for value in values:
        _number(value)
    name = statement.identifier.name
    program.claim(name)
    program.variables.add(name)
    _blocks(program, "for_loop", [statement.block], _WIDER_READERS)
    program.variables.remove(name)


def _jump(program: PhysicalProgram, statement: Any) -> None:
    kind = type(statement).__name__
    program.add("break_loop" if kind == "BreakStatement" else "continue_loop", ())


def _expression(program: PhysicalProgram, node: Any) -> None:
    """Take in a classical expression; raises _BeyondError for what there is not."""
    match type(node).__name__:
        case "IntegerLiteral" | "BooleanLiteral" | "BitstringLiteral":
            return
        case "Identifier":
            program.is_beyond |= node.name in program.variables
            known = node.name in program.registers or node.name in program.variables
        case "IndexExpression" | "IndexedIdentifier":
            known = program.is_bit(node)
        case "UnaryExpression":
            _expression(program, node.expression)
            known = node.op.name in {"!", "~", "-"}
        case "BinaryExpression":
            _expression(program, node.lhs)
            _expression(program, node.rhs)
            known = True
            alike = {"==", "!="} if program.is_bit(node.lhs) else {"=="}
            program.is_beyond |= node.op.name not in alike
        case "Cast" if type(node.type).__name__ in {"BitType", "BoolType", "IntType", "UintType"}:
            _expression(program, node.argument)
            known = program.is_beyond = True
        case _:
            known = False
    if not known:
        raise _BeyondError


_WIDER_READERS: Mapping[str, Any] = {
    **_READERS,
    "BranchingStatement": _wider_branch,
    "BreakStatement": _jump,
    "ClassicalAssignment": _assignment,
    "ContinueStatement": _jump,
    "ForInLoop": _for,
    "SwitchStatement": _switch,
    "WhileLoop": _while,
}
_WIDER_GLOBAL_READERS: Mapping[str, Any] = {
    **_GLOBAL_READERS,
    **_WIDER_READERS,
    "ClassicalDeclaration": _variable,
    "QuantumBarrier": _global_barrier,
}


def _numbers(operands: Iterable[Any]) -> Iterator[int]:
    for operand in operands:
        name = getattr(operand, "name", None)
        if not isinstance(name, str) or not name.startswith("$"):
            raise _BeyondError
        yield int(name[1:])


def _whole(expression: Any) -> int:
    """Return the value of a constant expression that is a whole number, 0 or more."""
    value = _number(expression)
    if not isinstance(value, int) or value < 0:
        raise _BeyondError
    return value


def _number(expression: Any) -> int | float:
    """Return the value of a constant expression; that of whole numbers is one, as it should be."""
    value = _evaluated(expression)
    if not math.isfinite(value):
        raise _BeyondError
    return value


def _evaluated(expression: Any) -> int | float:
    kind = type(expression).__name__
    if kind in {"IntegerLiteral", "FloatLiteral"}:
        value: int | float = expression.value
        return value
    if kind == "Identifier" and expression.name in _CONSTANTS:
        return _CONSTANTS[expression.name]
    if kind == "UnaryExpression" and expression.op.name == "-":
        return -_evaluated(expression.expression)
    if kind == "BinaryExpression":
        left, right = _evaluated(expression.lhs), _evaluated(expression.rhs)
        whole = isinstance(left, int) and isinstance(right, int)
        try:
            match expression.op.name:
                case "+":
                    return left + right
                case "-":
                    return left - right
                case "*":
                    return left * right
                case "/":
                    return left // right if whole else left / right
        except ArithmeticError as error:
            raise _BeyondError from error
    raise _BeyondError
