"""Reading OpenQASM 2."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .errors import BadInput
from .qasm_text import check_sizes, masked, read_includes, version

if TYPE_CHECKING:
    from qiskit import QuantumCircuit

__all__ = ["load_openqasm2"]

_POSITION = re.compile(
    r"^\"?(?P<file>.*?):(?P<line>\d+),(?P<column>\d+): (?P<what>.*?)\"?$", re.DOTALL
)
_DEFINITION = re.compile(r"\b(?:gate|opaque)\s+(\w+)")
_INPUT = "<input>"  # what the parser calls the text itself


def load_openqasm2(text: str, folder: Path, where: str, line: int) -> tuple[QuantumCircuit, bool]:
    """Read a program; `line` lines stand before it in its file. Raises BadInput.

    Return also whether it may define gates of its own.

    Includes are looked for in `folder`. Old exporters use gates that their `qelib1.inc` never
    declared; Qiskit's legacy set covers them, but for those that a file defines itself.
    """
    from qiskit import qasm2

    if "/*" in text:
        text = masked(text, strings=False)  # the parser does not know this kind of comment
    check_sizes(text, where, of_openqasm2=True)
    includes = read_includes(text, folder, where)
    defining = [part for part in (text, *includes) if "gate" in part or "opaque" in part]
    own = {name for part in defining for name in _DEFINITION.findall(part)}
    known = _legacy_gates()
    try:
        circuit = qasm2.loads(
            text,
            include_path=(folder,) if includes else (),
            custom_instructions=[gate for gate in known if gate.name not in own] if own else known,
        )
    except qasm2.QASM2ParseError as error:
        raise _explain(error.message, text, where, line) from error
    except RecursionError as error:
        raise BadInput(
            "syntax", f"{where} is nested too deeply.", "Simplify its expressions."
        ) from error
    return circuit, bool(defining)


@cache
def _legacy_gates() -> tuple[Any, ...]:
    """Return the gates that a program may use without declaring them."""
    from qiskit import qasm2
    from qiskit.circuit.library import C3SXGate

    # Qiskit's set has it by its older name alone, `c3sqrtx`.
    c3sx = qasm2.CustomInstruction("c3sx", 0, 4, C3SXGate, builtin=True)
    return (*qasm2.LEGACY_CUSTOM_INSTRUCTIONS, c3sx)


def _explain(message: str, text: str, where: str, line: int) -> BadInput:
    """Put the parser's message, which begins with a position, into a sentence about the file."""
    headless = version(text) is None
    found = _POSITION.match(message)
    if found is None:
        return BadInput("syntax", f"{where}: {message}.", "Mend the file.")
    what = found["what"]
    own = found["file"] == _INPUT
    # The parser counts columns from 0; editors from 1.
    at = f"line {int(found['line']) + (line if own else 0)}, column {int(found['column']) + 1}"
    place = f"{where}, {at}" if own else f"{where}, in {found['file']}, {at}"
    if headless:
        hint = "It does not begin with 'OPENQASM 2.0;': is it OpenQASM at all?"
        return BadInput("syntax", f"{place}: {what}.", hint)
    if "not defined" in what:
        return BadInput(
            "unknown_name", f"{place}: {what}.", "Define it, or include what defines it."
        )
    return BadInput("syntax", f"{place}: {what}.", "Mend the file there.")
