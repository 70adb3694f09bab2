"""Reading OpenQASM 3."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import Argument, Words
from ._qiskit import condition_of, import_importer
from .errors import BadInput, first_line
from .qasm_text import check_sizes, included, masked, read_included, text_of

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

# What to write instead of what the importer names in its complaint, and what of that services take
# in programs on physical qubits.
_PASSED = {
    r"operator '&&'": "Put one 'if' into the other.",
    r"operator '\|\|'": "Put the second 'if' into the 'else' of the first.",
    r"operator '[<>]=?'": "Compare with '==', in an 'if' for each value that is meant.",
    r"only '==' is supported": "Compare with '==', and put the block into the 'else'.",
    r"binary operat(?:or|ion) ": "Compare bit by bit, one 'if' within the other.",
    r"SwitchStatement": "Write 'if (c == 1) { } else if (c == 2) { }', a comparison for each case.",
    r"of type '(?:int|uint|bool)'": "Write numbers where they are used, and measure into bits.",
    r"ClassicalAssignment": "Measure into the bit, or write where it is used what is assigned.",
    r"'Cast'": "Compare the register itself, as in 'if (c == 1) { }'.",
}
_INSTEAD = {
    **_PASSED,
    r"of type '(?:float|angle)'": Words(
        "Write its value where it is used, or declare it as 'input' and give values with {}.",
        Argument("parameters"),
    ),
    r"inputs are supported": "Declare it as 'input float' or 'input angle'.",
    r"ConstantDeclaration": "Write its value where it is used.",
    r"of type 'duration'": "Write the length where it is used, as in 'delay[100ns]'.",
    r"of type 'stretch'": "Write lengths, as in 'delay[100ns]'.",
    r"of type 'array'": "Declare registers, as in 'bit[8] a'.",
    r"SubroutineDefinition": "Define a 'gate', or write it out where it is called.",
    r"EndStatement": "Leave it out, and put what would follow into an 'else'.",
    r"variable of a loop": "Write the loop out, a statement for each value.",
    r"ranges and discrete": "Loop over a range, as in '[0:3]', or numbers, as in '{0, 2}'.",
    r"Pragma|'output'": "Leave it out: all registers are results.",
}


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
        _check_indexes(program)
        alone = _single_bits(program)
        _compare_with_truths(program, alone)
        _declare_as_registers(program, alone)
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


def _check_indexes(program: Any) -> None:
    """Raise ConversionError where the variable of a loop is an index, which Qiskit has not."""
    from openqasm3 import ast
    from openqasm3.visitor import QASMVisitor
    from qiskit_qasm3_import import ConversionError

    class Check(QASMVisitor[None]):
        loops: tuple[str, ...] = ()
        in_index = False

        def visit_ForInLoop(self, node: ast.ForInLoop) -> None:  # noqa: N802
            outside, self.loops = self.loops, (*self.loops, node.identifier.name)
            self.generic_visit(node)
            self.loops = outside

        def visit_IndexedIdentifier(self, node: ast.IndexedIdentifier) -> None:  # noqa: N802
            self._visit_indexes(node.indices)

        def visit_IndexExpression(self, node: ast.IndexExpression) -> None:  # noqa: N802
            self._visit_indexes([node.index])

        def _visit_indexes(self, indexes: list[Any]) -> None:
            self.in_index = True
            for index in indexes:
                for each in [index] if isinstance(index, ast.DiscreteSet) else index:
                    self.visit(each)
            self.in_index = False

        def visit_Identifier(self, node: ast.Identifier) -> None:  # noqa: N802
            if self.in_index and node.name in self.loops:
                raise ConversionError(f"'{node.name}', the variable of a loop, is an index", node)

    Check().visit(program)


def _single_bits(program: Any) -> frozenset[str]:
    """Return the names of the bits that are declared alone."""
    from openqasm3 import ast

    return frozenset(
        statement.identifier.name
        for statement in program.statements
        if isinstance(statement, ast.ClassicalDeclaration)
        and isinstance(statement.type, ast.BitType)
        and statement.type.size is None
    )


def _compare_with_truths(program: Any, alone: frozenset[str]) -> None:
    """Compare single bits with `true` and `false` instead of 1 and 0.

    The importer knows the former alone; people write the latter.
    """
    from openqasm3 import ast
    from openqasm3.visitor import QASMVisitor

    def is_bit(node: Any) -> bool:
        match node:
            case ast.IndexExpression(index=[index]):
                return not isinstance(index, ast.RangeDefinition)
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


def _declare_as_registers(program: Any, alone: frozenset[str]) -> None:
    """Declare a register of one bit for every bit that is declared alone.

    The importer makes loose bits of them, and results come by register: so does IBM's service.
    """
    from openqasm3 import ast
    from openqasm3.visitor import QASMTransformer
    from qiskit_qasm3_import import ConversionError

    class Declare(QASMTransformer[frozenset[str]]):
        def visit_ClassicalDeclaration(  # noqa: N802
            self, node: Any, names: frozenset[str]
        ) -> Any:
            if node.identifier.name in names:
                node.type.size = _at(ast.IntegerLiteral(1), node)
            if node.init_expression is not None:
                node.init_expression = self.visit(node.init_expression, names)
            return node

        def visit_Identifier(self, node: ast.Identifier, names: frozenset[str]) -> Any:  # noqa: N802
            if node.name not in names:
                return node
            return _at(ast.IndexExpression(node, [_at(ast.IntegerLiteral(0), node)]), node)

        def visit_QuantumMeasurementStatement(  # noqa: N802
            self, node: ast.QuantumMeasurementStatement, names: frozenset[str]
        ) -> Any:
            target = node.target
            if isinstance(target, ast.Identifier) and target.name in names:
                node.target = _at(
                    ast.IndexedIdentifier(target, [[_at(ast.IntegerLiteral(0), target)]]), target
                )
            elif isinstance(target, ast.IndexedIdentifier):
                self.visit(target, names)
            return node

        def visit_IndexedIdentifier(  # noqa: N802
            self, node: ast.IndexedIdentifier, names: frozenset[str]
        ) -> Any:
            return self._whole(node, node.name, names)

        def visit_IndexExpression(  # noqa: N802
            self, node: ast.IndexExpression, names: frozenset[str]
        ) -> Any:
            return self._whole(node, node.collection, names)

        def _whole(self, node: Any, of: Any, names: frozenset[str]) -> Any:
            if getattr(of, "name", None) in names:
                raise ConversionError(f"'{of.name}' is a single bit", node)
            return node

        def visit_ForInLoop(self, node: ast.ForInLoop, names: frozenset[str]) -> Any:  # noqa: N802
            return self.generic_visit(node, names - {node.identifier.name})

        def visit_QuantumGateDefinition(  # noqa: N802
            self, node: ast.QuantumGateDefinition, _: frozenset[str]
        ) -> Any:
            return node  # whose parameters may have the same names

        def visit_AliasStatement(  # noqa: N802
            self, node: ast.AliasStatement, _: frozenset[str]
        ) -> Any:
            return node

    if alone:
        Declare().visit(program, alone)


def _at(node: Any, place: Any) -> Any:
    """Return a node that stands where another does."""
    node.span = place.span
    return node


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
    """Return the circuit with the registers that are declared, in their order.

    What is no more than another name for bits (`let`) is none. Raises BadInput.
    """
    from openqasm3 import ast
    from qiskit.circuit import QuantumCircuit

    declared = [
        statement.identifier.name
        for statement in statements
        if isinstance(statement, ast.ClassicalDeclaration)
        and isinstance(statement.type, ast.BitType)
    ]
    _check_conditions(circuit, declared, where)
    if [register.name for register in circuit.cregs] == declared:
        return circuit
    found = {register.name: register for register in circuit.cregs}
    registers = [found[name] for name in declared]
    whole = QuantumCircuit(circuit.qubits, *circuit.qregs, *registers)
    return whole.compose(circuit, circuit.qubits, circuit.clbits)


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
    hint = next(
        (instead for complaint, instead in _INSTEAD.items() if re.search(complaint, what)),
        "The importer takes only a part of OpenQASM 3: write it otherwise, or send it as QPY.",
    )
    passed = any(re.search(complaint, what) for complaint in _PASSED)
    if passed and not any("$" in file.text for file in files):
        hint = Words("{} On a device's own qubits ($0) it is sent as it is.", hint)
    return BadInput("unsupported", text, hint)
