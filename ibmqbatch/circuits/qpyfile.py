"""Reading QPY, Qiskit's own binary form."""

from __future__ import annotations

import io
import json
import struct
import warnings
from collections.abc import Mapping
from typing import TYPE_CHECKING

from .errors import BadInput
from .expressions import UnsafeFormula, only_formulas
from .quietly import import_qiskit

if TYPE_CHECKING:
    from qiskit import QuantumCircuit

__all__ = ["MAGIC", "VERSION", "load_qpy", "parameter_names", "read_header"]

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
        with only_formulas(), warnings.catch_warnings():
            # It warns of files that were written by another Qiskit; the version above decides.
            warnings.simplefilter("ignore")
            circuits = qpy.load(io.BytesIO(data))
    except UnsafeFormula as error:
        raise BadInput(
            "unsafe_qpy",
            f"A formula of parameters in {where} cannot be trusted: {error}.",
            "Bind its parameters, or write OpenQASM 3, where it was made.",
        ) from error
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


def parameter_names(data: bytes) -> list[str] | None:
    """Return the names of the parameters of the circuit in a QPY file, in their order.

    None where that cannot be read.
    """
    import_qiskit()
    try:
        circuits = load_qpy(data, "a circuit")
    except BadInput:
        return None
    return [parameter.name for parameter in circuits[0].parameters] if circuits else None


# Of version 10: the file's header, the kind of the program, the circuit's header; see Qiskit's own
# description of the format.
_FILE_HEADER = struct.Struct("!6sBBBBQc")
_KIND = struct.Struct("!c")
_CIRCUIT_HEADER = struct.Struct("!H1cHIIQIQ")


def read_header(data: bytes) -> tuple[str | None, Mapping[str, object]]:
    """Return the name and metadata of the circuit in a QPY file of version 10, without Qiskit.

    Of another version, or where they cannot be read: None, and nothing.
    """
    if data[:_VERSION_BYTE] != MAGIC or data[_VERSION_BYTE : _VERSION_BYTE + 1] != bytes([VERSION]):
        return None, {}
    start = _FILE_HEADER.size + _KIND.size
    try:
        name_size, _, phase_size, _, _, metadata_size, _, _ = _CIRCUIT_HEADER.unpack_from(
            data, start
        )
        start += _CIRCUIT_HEADER.size
        name = data[start : start + name_size].decode()
        start += name_size + phase_size
        metadata = json.loads(data[start : start + metadata_size])
    except (struct.error, ValueError, RecursionError):
        return None, {}
    return name, metadata if isinstance(metadata, dict) else {}
