"""Circuits as text, of which everybody knows what comes out."""

from __future__ import annotations

__all__ = ["BELL", "basis_state"]

BELL = """OPENQASM 2.0;
include "qelib1.inc";
qreg q[2];
creg c[2];
h q[0];
cx q[0], q[1];
measure q -> c;
"""


def basis_state(bits: str) -> str:
    """Return a circuit whose only outcome is `bits`, written as Qiskit writes it."""
    width = len(bits)
    flips = "\n".join(f"x q[{i}];" for i, bit in enumerate(reversed(bits)) if bit == "1")
    return (
        f'OPENQASM 2.0;\ninclude "qelib1.inc";\nqreg q[{width}];\ncreg c[{width}];\n'
        f"{flips}\nmeasure q -> c;\n"
    )
