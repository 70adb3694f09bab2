"""Reading QPY, Qiskit's own binary form."""

from __future__ import annotations

import io
import warnings
from typing import TYPE_CHECKING

from .errors import BadInput

if TYPE_CHECKING:
    from qiskit import QuantumCircuit

__all__ = ["MAGIC", "VERSION", "load_qpy"]

MAGIC = b"QISKIT"
VERSION = 10  # the newest that Qiskit Terra 0.46 reads and writes, and IBM's service reads it, too
_VERSION_BYTE = len(MAGIC)


def load_qpy(data: bytes, where: str) -> list[QuantumCircuit]:
    """Return the circuits in a QPY file, with their names and metadata; raises BadInput."""
    from qiskit import QuantumCircuit, qpy

    version = data[_VERSION_BYTE] if len(data) > _VERSION_BYTE else None
    if version is not None and version > VERSION:
        raise BadInput(
            "newer_qpy",
            f"{where} is QPY version {version}; versions up to {VERSION} can be read.",
            "Write OpenQASM 3 instead, with qiskit.qasm3.dump, where it was made.",
        )
    try:
        with warnings.catch_warnings():
            # It warns of files that were written by another Qiskit; the version above decides.
            warnings.simplefilter("ignore")
            circuits = qpy.load(io.BytesIO(data))
    except Exception as error:
        # Whatever a damaged file makes of the reader.
        raise BadInput(
            "damaged_qpy",
            f"{where} cannot be read as QPY: it is cut short or damaged.",
            "Write it again where it was made.",
        ) from error
    if not all(isinstance(circuit, QuantumCircuit) for circuit in circuits):
        raise BadInput(
            "unsupported", f"{where} holds a pulse schedule.", "IBM retired pulse jobs in 2025."
        )
    return list(circuits)
