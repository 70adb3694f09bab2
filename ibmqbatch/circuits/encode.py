"""Circuits as bytes."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

from .qpyfile import VERSION

if TYPE_CHECKING:
    from qiskit import QuantumCircuit

__all__ = ["qpy_of"]

_VERSION_BYTE = 6


def qpy_of(circuit: QuantumCircuit) -> bytes:
    """Return a circuit as QPY of the version that IBM's service, and its client, can read."""
    from qiskit import qpy

    buffer = io.BytesIO()
    qpy.dump(circuit, buffer)
    data = buffer.getvalue()
    assert data[_VERSION_BYTE] == VERSION  # a newer Qiskit would write one that Terra does not read
    return data
