"""Circuits for people to look at: as OpenQASM 3, and drawn."""

from __future__ import annotations

import zlib
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import Argument, Words
from ._qiskit import import_qiskit
from .checks import steps
from .errors import BadInput, first_line
from .qasm3 import load_openqasm3
from .qpy import load_qpy
from .standard_gates import DEFINITIONS

if TYPE_CHECKING:
    from qiskit import QuantumCircuit

__all__ = ["as_openqasm3", "draw", "sent_circuit"]


_INCLUDE = 'include "stdgates.inc";\n'
# What the standard file lacks: Terra would make up a definition for each use.
_USES = {"rzx": ("ecr",), "ecr": (), "rzz": ()}  # by what else each is needed


def sent_circuit(kind: str, body: bytes) -> QuantumCircuit:
    """Return the circuit in a body of `kind` qpy or openqasm3 as it goes over the wire."""
    import_qiskit()
    if kind == "openqasm3":
        text = zlib.decompress(body).decode()
        return load_openqasm3(text, Path(), "what was sent", 0)[0]
    (circuit,) = load_qpy(zlib.decompress(body), "What was sent")
    return circuit


def as_openqasm3(circuit: QuantumCircuit) -> str:
    """Write a circuit as OpenQASM 3; raises BadInput where that has no words for it."""
    from qiskit import qasm3

    used = {name for name, _ in steps(circuit)}
    defined = [name for name, uses in _USES.items() if used & {name, *uses}]
    try:
        text = str(qasm3.Exporter(basis_gates=("U", *defined)).dumps(circuit))
    except Exception as error:
        # The exporter has many kinds of complaint.
        raise BadInput(
            "unsupported",
            f"The circuit cannot be written as OpenQASM 3: {first_line(error)}.",
            Words("Draw it with {}.", Argument("draw", value=True)),
        ) from error
    head, include, rest = text.partition(_INCLUDE)
    return head + include + "".join(DEFINITIONS[name] for name in defined) + rest


def draw(circuit: QuantumCircuit, width: int) -> str:
    """Draw a circuit in text, folded at `width` columns, without the wires that it does not use."""
    return str(circuit.draw("text", fold=max(20, width), idle_wires=False))
