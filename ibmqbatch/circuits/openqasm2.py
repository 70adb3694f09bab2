"""Reading OpenQASM 2."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import Problem

if TYPE_CHECKING:
    from qiskit import QuantumCircuit

__all__ = ["BadFile", "load_file"]

_POSITION = re.compile(
    r"^\"?(?P<file>.*?):(?P<line>\d+),(?P<column>\d+): (?P<what>.*?)\"?$", re.DOTALL
)
_HEADER = re.compile(r"^(?:\s|//[^\n]*(?:\n|$))*OPENQASM\s+(?P<version>[0-9.]+)")


class BadFile(Exception):
    """A file that cannot be used, and why."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.message)
        self.problem = problem


def load_file(path: Path) -> QuantumCircuit:
    """Read the circuit in an OpenQASM 2 file; raises BadFile.

    Old exporters use gates that their `qelib1.inc` never declared; Qiskit's legacy set covers them.
    """
    from qiskit import qasm2

    text = _read_text(path)
    header = _HEADER.match(text)
    if header is not None and not header["version"].startswith("2"):
        raise BadFile(
            Problem(
                "unsupported",
                f"{path} is OpenQASM {header['version']}; only OpenQASM 2 can be read.",
                "Export it as OpenQASM 2.",
            )
        )
    try:
        circuit = qasm2.loads(
            text, include_path=(), custom_instructions=qasm2.LEGACY_CUSTOM_INSTRUCTIONS
        )
    except qasm2.QASM2ParseError as error:
        problem = _parse_problem(path, error.message)
        if header is None:
            hint = "It does not begin with 'OPENQASM 2.0;': is it OpenQASM 2 at all?"
            problem = replace(problem, hint=hint)
        raise BadFile(problem) from error
    except RecursionError as error:
        raise BadFile(
            Problem("syntax", f"{path} is nested too deeply.", "Simplify its expressions.")
        ) from error
    if circuit.num_qubits == 0:
        raise BadFile(
            Problem("no_circuits", f"{path} holds no circuit.", "It declares no qubits (qreg).")
        )
    return circuit


def _read_text(path: Path) -> str:
    try:
        data = path.read_bytes()
    except OSError as error:
        raise BadFile(
            Problem(
                "unreadable",
                f"{path} cannot be read: {error.strerror or error}.",
                "Check the name and the permissions.",
            )
        ) from error
    if not data.strip():
        raise BadFile(Problem("empty", f"{path} is empty.", "Was it written to the end?"))
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = "\0"
    if "\0" in text:
        raise BadFile(
            Problem("binary", f"{path} is not a text file.", "OpenQASM is text in UTF-8.")
        )
    return text


def _parse_problem(path: Path, message: str) -> Problem:
    """Put the parser's message, which begins with a position, into a sentence about the file."""
    found = _POSITION.match(message)
    if found is None:
        return Problem("syntax", f"{path}: {message}.", "Only OpenQASM 2 can be read.")
    what = found["what"]
    # The parser counts columns from 0; editors from 1.
    where = f"{path}, line {found['line']}, column {int(found['column']) + 1}"
    if "not defined" in what:
        return Problem(
            "unknown_name", f"{where}: {what}.", "Define it, or include what defines it."
        )
    return Problem("syntax", f"{where}: {what}.", "Mend the file there.")
