"""Circuits for people to look at: as OpenQASM 3, and drawn."""

from __future__ import annotations

import io
import warnings
import zlib
from typing import TYPE_CHECKING

with warnings.catch_warnings():
    # Terra 0.46 announces its own end at each import.
    warnings.simplefilter("ignore", DeprecationWarning)
    import qiskit  # noqa: F401 - here, before any other module of this room imports parts of it

from .errors import BadInput
from .isa import steps

if TYPE_CHECKING:
    from qiskit import QuantumCircuit

__all__ = ["as_openqasm3", "draw", "sent_circuit"]


_INCLUDE = 'include "stdgates.inc";\n'
# Devices' own gates that the standard file lacks. Terra would make up a definition for each use.
_DEFINITIONS = {
    "rzx": "gate rzx(theta) a, b { h b; cx a, b; rz(theta) b; cx a, b; h b; }\n",
    "ecr": "gate ecr a, b { rzx(pi/4) a, b; x a; rzx(-pi/4) a, b; }\n",
    "rzz": "gate rzz(theta) a, b { cx a, b; rz(theta) b; cx a, b; }\n",
}
_USES = {"rzx": ("ecr",), "ecr": (), "rzz": ()}  # by what else each is needed


def sent_circuit(body: bytes) -> QuantumCircuit:
    """Return the circuit in a body as it goes over the wire."""
    from qiskit import qpy

    (circuit,) = qpy.load(io.BytesIO(zlib.decompress(body)))
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
            f"The circuit cannot be written as OpenQASM 3: {error}.",
            "Have it drawn with --draw.",
        ) from error
    head, include, rest = text.partition(_INCLUDE)
    return head + include + "".join(_DEFINITIONS[name] for name in defined) + rest


def draw(circuit: QuantumCircuit, width: int) -> str:
    """Draw a circuit in text, folded at `width` columns, without the wires that it does not use."""
    return str(circuit.draw("text", fold=max(20, width), idle_wires=False))
