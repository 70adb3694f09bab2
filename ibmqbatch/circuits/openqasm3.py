"""Reading OpenQASM 3."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ._qiskit import condition_of, import_importer
from .errors import BadInput, first_line
from .text import check_sizes, included, masked, read_included, text_of

if TYPE_CHECKING:
    from qiskit import QuantumCircuit

__all__ = ["STANDARD_FILE", "SourceFile", "load_openqasm3", "parse"]

_PHYSICAL = re.compile(r"\$\d")
_POSITION = re.compile(r"^(?P<line>\d+),(?P<column>\d+): (?P<what>.*)$", re.DOTALL)
_STRAY = re.compile(r"L(\d+):C(\d+): (.*)", re.DOTALL)  # of characters that begin no word
STANDARD_FILE = "stdgates.inc"
_LONGEST = 80  # characters of a statement that are quoted
_MOST_FILES = 1000  # that one program may be made of
_STRIDE = 1_000_000_000  # lines between the files that a program is made of


def load_openqasm3(text: str, folder: Path, where: str, line: int) -> tuple[QuantumCircuit, bool]:
    """Read a program; `line` lines stand before it in its file. Raises BadInput.

    Includes are looked for in `folder`. `input` of type `angle` and `float` become parameters.
    Return also whether its qubits are physical: the device's own, by number (`$5`).
    """
    import_importer()
    import qiskit_qasm3_import
    from qiskit_qasm3_import import converter

    # It gives registers names that OpenQASM 2 would have, under which nobody looks for results.
    converter._escape_qasm2 = lambda name: name  # noqa: SLF001
    files = [SourceFile(where, text, line)]
    try:
        program = parse(files[0])
        program.statements = list(_with_includes(program.statements, folder, files, ()))
        _order_parameters(program.statements)
        _compare_with_truths(program)
        circuit = qiskit_qasm3_import.convert(program)
    except qiskit_qasm3_import.ConversionError as error:
        raise _refusal(error.message, files) from error
    except RecursionError as error:
        raise BadInput(
            "syntax", f"{where} is nested too deeply.", "Simplify its expressions."
        ) from error
    except BadInput:
        raise
    except Exception as error:
        # The importer builds a circuit as it goes, and Qiskit complains in its own ways.
        raise BadInput(
            "unsupported", f"{where} cannot be made a circuit: {first_line(error)}.", "Mend it."
        ) from error
    circuit = _with_declared_registers(circuit, program.statements, where)
    physical = any("$" in file.text and _PHYSICAL.search(masked(file.text)) for file in files)
    return circuit, physical


def _order_parameters(statements: Iterable[Any]) -> None:
    """Name the parameters of gates so that their order is that of the alphabet.

    The importer takes them in that order, whatever the definition says.
    """
    from openqasm3 import ast
    from openqasm3.visitor import QASMVisitor

    class Rename(QASMVisitor[dict[str, str]]):
        def visit_Identifier(self, node: ast.Identifier, names: dict[str, str]) -> None:  # noqa: N802
            node.name = names.get(node.name, node.name)

        def visit_QuantumGate(self, node: ast.QuantumGate, names: dict[str, str]) -> None:  # noqa: N802
            # Its own name may be that of a parameter.
            for part in (*node.modifiers, *node.arguments):
                self.visit(part, names)

    for definition in statements:
        if not isinstance(definition, ast.QuantumGateDefinition):
            continue
        given = [argument.name for argument in definition.arguments]
        if given != sorted(given):
            names = {name: f"p{number:05}_{name}" for number, name in enumerate(given)}
            for part in (*definition.arguments, *definition.body):
                Rename().visit(part, names)


def _compare_with_truths(program: Any) -> None:
    """Have single bits compared with `true` and `false` where they are with 1 and 0.

    The importer knows the former alone; people write the latter.
    """
    from openqasm3 import ast
    from openqasm3.visitor import QASMVisitor

    alone = {
        statement.identifier.name
        for statement in program.statements
        if isinstance(statement, ast.ClassicalDeclaration)
        and isinstance(statement.type, ast.BitType)
        and statement.type.size is None
    }

    def is_bit(node: Any) -> bool:
        match node:
            case ast.IndexExpression(index=[ast.IntegerLiteral()]):
                return True
            case ast.Identifier(name=name):
                return name in alone
        return False

    class Compare(QASMVisitor[None]):
        def visit_BinaryExpression(self, node: ast.BinaryExpression, _: None = None) -> None:  # noqa: N802
            match node:
                case ast.BinaryExpression(lhs=lhs, rhs=ast.IntegerLiteral(value=0 | 1 as value)):
                    if node.op.name in {"==", "!="} and is_bit(lhs):
                        truth = ast.BooleanLiteral(bool(value) == (node.op.name == "=="))
                        truth.span = node.rhs.span
                        node.op, node.rhs = ast.BinaryOperator["=="], truth
                case _:
                    self.generic_visit(node)

    Compare().visit(program)


def _check_conditions(circuit: QuantumCircuit, declared: Collection[str], where: str) -> None:
    """Raise BadInput for a condition on a part of a register: nobody could read it in QPY."""
    from qiskit.circuit import ClassicalRegister

    for item in circuit.data:
        condition = condition_of(item.operation)
        on = condition[0] if isinstance(condition, tuple) else None
        if isinstance(on, ClassicalRegister) and on.name not in declared:
            raise BadInput(
                "unsupported",
                f"{where} has a condition on bits that are no register of their own.",
                "Measure them into a register that is declared for them.",
            )
        for block in getattr(item.operation, "blocks", ()):
            _check_conditions(block, declared, where)


def _with_declared_registers(
    circuit: QuantumCircuit, statements: Iterable[Any], where: str
) -> QuantumCircuit:
    """Return the circuit with a register for every `bit`, also for one that is declared alone.

    The importer makes a loose bit of that, and results come by register: so does IBM's service.
    Raises BadInput.
    """
    from openqasm3 import ast
    from qiskit.circuit import ClassicalRegister, QuantumCircuit

    alone: dict[str, bool] = {}  # of each register, in the order of declaration
    for statement in statements:
        if isinstance(statement, ast.ClassicalDeclaration) and isinstance(
            statement.type, ast.BitType
        ):
            alone.setdefault(statement.identifier.name, statement.type.size is None)
    _check_conditions(circuit, alone, where)
    if [register.name for register in circuit.cregs] == [*alone]:
        return circuit
    # Bits that are declared alone get registers of their own: Qiskit 2 writes those of borrowed
    # bits behind all others. What is no more than another name for bits (`let`) gets none.
    found = {register.name: register for register in circuit.cregs}
    registers = [ClassicalRegister(1, name) if alone[name] else found[name] for name in alone]
    whole = QuantumCircuit(circuit.qubits, *circuit.qregs, *registers)
    there = {bit for register in registers for bit in register}
    own = (register[0] for register in registers if alone[register.name])
    bits = [bit if bit in there else next(own) for bit in circuit.clbits]
    return whole.compose(circuit, circuit.qubits, bits)


@dataclass(frozen=True, slots=True)
class SourceFile:
    """The text of a program, or of a file that one includes; `line` lines stand before it."""

    where: str
    text: str
    line: int

    def place(self, line: int, column: int) -> str:
        """Name a place for a person."""
        # Columns are counted from 0; editors count them from 1.
        return f"{self.where}, line {line + self.line}, column {column + 1}"

    def statement(self, line: int) -> str:
        """Quote what stands in a line."""
        lines = self.text.split("\n")
        text = lines[line - 1].strip() if 0 < line <= len(lines) else ""
        return text if len(text) <= _LONGEST else text[:_LONGEST] + "…"


def parse(file: SourceFile) -> Any:
    """Return the syntax tree of a program; raises BadInput. Qiskit is not needed."""
    import openqasm3.parser
    from antlr4.error import ErrorListener  # type: ignore[import-untyped]

    # It would print what is raised all the same.
    ErrorListener.ConsoleErrorListener.INSTANCE = ErrorListener.ErrorListener()
    check_sizes(file.text, file.where)
    try:
        return openqasm3.parser.parse(file.text)
    except openqasm3.parser.QASM3ParsingError as error:
        cause = getattr(error.__cause__, "args", None) or (None,)
        token = getattr(cause[0], "offendingToken", None)
        stray = _STRAY.match(str(error))
        if stray is not None:
            place, what = file.place(int(stray[1]), int(stray[2])), stray[3]
        elif token is None:
            place, what = file.where, first_line(error)
        else:
            place = file.place(token.line, token.column)
            end = token.text == "<EOF>"
            what = "it ends too early" if end else f"'{token.text}' is not expected here"
        raise BadInput("syntax", f"{place}: {what}.", "Mend the file there.") from error
    except AttributeError as error:  # what the parser makes of an empty program
        raise BadInput("empty", f"{file.where} holds no statements.", "Mend it.") from error


def _with_includes(
    statements: Iterable[Any], folder: Path, files: list[SourceFile], above: tuple[Path, ...]
) -> Iterator[Any]:
    """Put the statements of included files, other than the standard one, in their places.

    Their lines are numbered on, `_STRIDE` a file, so that a complaint can be traced to its file:
    the last of `files`, which those `above` include.
    """
    import openqasm3.ast

    where = files[-1].where
    for statement in statements:
        if not isinstance(statement, openqasm3.ast.Include) or statement.filename == STANDARD_FILE:
            yield statement
            continue
        path = included(statement.filename, folder, where, above)
        if len(files) == _MOST_FILES:
            raise BadInput(
                "bad_include",
                f"{files[0].where} includes more than {_MOST_FILES} files.",
                "Take some of the includes out.",
            )
        file = SourceFile(text_of(path), read_included(path, where), 0)
        inner = parse(file)
        _renumber(inner, len(files) * _STRIDE)
        files.append(file)
        yield from _with_includes(inner.statements, folder, files, (*above, path))


def _renumber(program: Any, lines: int) -> None:
    import openqasm3.ast
    from openqasm3.visitor import QASMVisitor

    class Renumber(QASMVisitor[None]):
        def visit(self, node: openqasm3.ast.QASMNode, context: None = None) -> None:
            if node.span is not None:
                node.span.start_line += lines
            super().generic_visit(node, context)

    Renumber().visit(program)


def _refusal(message: str, files: list[SourceFile]) -> BadInput:
    """Name the statement that the importer does not take, and why."""
    found = _POSITION.match(message)
    if found is None:
        return BadInput("unsupported", f"{files[0].where}: {message}.", "Write it otherwise.")
    number, line = divmod(int(found["line"]), _STRIDE)
    file = files[number]
    what = found["what"].rstrip(".")
    text = f"{file.place(line, int(found['column']))}: {what}: {file.statement(line)}"
    if "not defined" in what or "Undefined" in what:
        return BadInput("unknown_name", text, "Define it, or include what defines it.")
    if "Calibration" in what:
        return BadInput("pulse_gates", text, "IBM retired pulses in 2025: leave it out.")
    return BadInput(
        "unsupported",
        text,
        "The importer takes only a part of OpenQASM 3: write it otherwise, or send it as QPY.",
    )
