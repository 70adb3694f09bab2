"""Reading and writing QPY, Qiskit's own binary form."""

from __future__ import annotations

import functools
import io
import itertools
import json
import re
import struct
import traceback
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import MissingPackage
from ._qiskit import blocks_of, free_parameters, import_qiskit, is_panic, is_terra
from .errors import BadInput, first_line
from .expressions import UnsafeFormula, only_formulas

if TYPE_CHECKING:
    from qiskit import QuantumCircuit

__all__ = [
    "MAGIC",
    "CircuitShape",
    "check_pulses",
    "encode_qpy",
    "has_pulses",
    "join_qpy",
    "load_qpy",
    "may_hold_infinity",
    "parameter_names",
    "raw_metadata",
    "read_header",
    "read_shape",
    "split_qpy",
    "with_raw_metadata",
]

MAGIC = b"QISKIT"
_VERSION_BYTE = len(MAGIC)
_PULSES = "schedules"  # Qiskit's module that reads pulses
_LEFT_OUT = "loading pulse gates has been removed"  # of what it says where it does not
# The newest version that IBM's service is sent: `SERVICE_MAX_SUPPORTED_QPY_VERSION` of the module
# `json` of its own client, qiskit-ibm-runtime 0.51. Terra writes version 10 and no other.
_NEWEST_ON_THE_WIRE = 17
# From which Qiskit on each version is read, by Qiskit's own description of the format.
_READ_SINCE = {11: "1.0", 12: "1.1", 13: "1.3", 14: "2.0", 15: "2.1", 16: "2.1.1", 17: "2.3"}
_READ_SINCE |= {18: "2.6"}


def encode_qpy(circuit: QuantumCircuit) -> bytes:
    """Return a circuit as QPY of the newest version that the installed Qiskit and the wire have."""
    from qiskit import qpy

    buffer = io.BytesIO()
    qpy.dump(circuit, buffer, **_version_to_write())
    return buffer.getvalue()


@functools.cache
def _version_to_write() -> dict[str, int]:
    return {} if is_terra() else {"version": min(_newest_read(), _NEWEST_ON_THE_WIRE)}


def _newest_read() -> int:
    """Return the newest version that the installed Qiskit reads."""
    from qiskit.qpy import common

    return int(common.QPY_VERSION)


# A number among an instruction's parameters: its type, its size, and one or two doubles. Those that
# are not finite have an exponent of ones. Doubles are little-endian, parts of complex ones not.
_NOT_FINITE = (
    re.compile(rb"f\0\0\0\0\0\0\0\x08.{6}[\xf0-\xff][\x7f\xff]", re.DOTALL),
    re.compile(rb"c\0\0\0\0\0\0\0\x10(?:.{8})?[\x7f\xff][\xf0-\xff]", re.DOTALL),
)


def may_hold_infinity(data: bytes) -> bool:
    """Return whether a circuit in QPY may have a parameter that is no finite number.

    False is certain; it takes a small part of looking at each instruction.
    """
    return any(number.search(data) for number in _NOT_FINITE)


def load_qpy(data: bytes, where: str) -> list[QuantumCircuit]:
    """Return the circuits in a QPY file, with their names and metadata; raises BadInput."""
    from qiskit import QuantumCircuit, qpy
    from qiskit.exceptions import MissingOptionalLibraryError

    version = data[_VERSION_BYTE] if len(data) > _VERSION_BYTE else None
    if version is not None and version > _newest_read():
        raise _newer(version, where)
    try:
        with only_formulas(), warnings.catch_warnings(record=True) as caught:
            # It warns of files that were written by another Qiskit; the version above decides.
            warnings.simplefilter("always")
            circuits = qpy.load(io.BytesIO(data))
    except UnsafeFormula as error:
        if _reads_pulses(error):
            raise has_pulses(where) from error
        raise BadInput(
            "unsafe_qpy",
            f"A formula of parameters in {where} cannot be trusted: {error}.",
            "Bind its parameters, or write OpenQASM 3, where it was made.",
        ) from error
    except MissingOptionalLibraryError as error:
        # Before 2.6 Qiskit needs sympy for the formulas of old files.
        raise MissingPackage(
            f"Reading {where} needs a package that is not installed: {first_line(error)}.",
            "Install it, or write the file again where it was made.",
        ) from error
    except BaseException as error:
        # Whatever a damaged file makes of the reader.
        if not isinstance(error, Exception) and not is_panic(error):
            raise
        raise BadInput(
            "damaged_qpy",
            f"{where} cannot be read as QPY: it is cut short or damaged.",
            "Write it again where it was made.",
        ) from error
    if not all(isinstance(circuit, QuantumCircuit) for circuit in circuits):
        raise BadInput(
            "unsupported", f"{where} holds a pulse schedule.", "IBM retired pulse jobs in 2025."
        )
    # Which Qiskit 2 leaves out.
    if any(_LEFT_OUT in str(warning.message) for warning in caught):
        raise has_pulses(where)
    for circuit in circuits:
        check_pulses(circuit, where)
    return list(circuits)


def _reads_pulses(error: BaseException) -> bool:
    """Return whether an error comes of Qiskit's reader of pulses, which have formulas, too."""
    frames = traceback.walk_tb(error.__traceback__)
    return any(Path(frame.f_code.co_filename).stem == _PULSES for frame, _ in frames)


def parameter_names(data: bytes) -> list[str] | None:
    """Return the names of the parameters of the circuit in a QPY file, in their order.

    None where that cannot be read: without a Qiskit, or with one that is too old.
    """
    try:
        import_qiskit()
        circuits = load_qpy(data, "a circuit")
    except (BadInput, MissingPackage):
        return None
    return [parameter.name for parameter in free_parameters(circuits[0])] if circuits else None


# From version 10 on: the file's header, the kind of the program, the circuit's header; see Qiskit's
# own description of the format.
_FILE_HEADER = struct.Struct("!6sBBBBQc")
_KIND = struct.Struct("!c")
_CIRCUIT_HEADER = struct.Struct("!H1cHIIQIQ")
_SIZE, _METADATA_SIZE = struct.Struct("!Q"), 13  # where in the header it is
_VARIABLES = struct.Struct("!I")  # how many there are, at the end of the header
_OFFSET = struct.Struct("!Q")  # where the circuit begins
_HEADERS, _WITH_VARIABLES, _WITH_OFFSETS = 10, 12, 16


_REGISTER = struct.Struct("!c?IH?")  # its kind, whether its bits are its own, size, name, ...
_BIT_BYTES = 8  # of the number of each of its bits


@dataclass(frozen=True, slots=True)
class CircuitShape:
    """How many qubits a circuit has, and its registers: names and sizes, in their order."""

    num_qubits: int
    qregs: tuple[tuple[str, int], ...]
    cregs: tuple[tuple[str, int], ...] = ()


@dataclass(frozen=True, slots=True)
class _Head:
    """What stands before the registers of a circuit.

    `begin` is where its header is in the file, `start` to `end` where its metadata are, as JSON.
    """

    name: str
    metadata: object
    num_qubits: int
    num_registers: int
    begin: int
    start: int
    end: int


def read_header(data: bytes) -> tuple[str | None, Mapping[str, object]]:
    """Return the name and metadata of the circuit in a QPY file, without Qiskit.

    Where they cannot be read, of versions before 10 or after 18, None and nothing.
    """
    head = _read_head(data)
    if head is None:
        return None, {}
    return head.name, head.metadata if isinstance(head.metadata, dict) else {}


def raw_metadata(data: bytes) -> bytes | None:
    """Return the metadata of the circuit in a QPY file as they stand there; None as above."""
    head = _read_head(data)
    return None if head is None else data[head.start : head.end]


def with_raw_metadata(data: bytes, raw: bytes) -> bytes:
    """Return the file with other metadata in it; there must be those that `raw_metadata` gives."""
    head = _read_head(data)
    assert head is not None
    changed = bytearray(data)
    changed[head.start : head.end] = raw
    _SIZE.pack_into(changed, head.begin + _METADATA_SIZE, len(raw))
    return bytes(changed)


def join_qpy(files: Sequence[bytes]) -> bytes:
    """Return one QPY file with the circuits of several, each of one circuit, without Qiskit.

    Raises ValueError where they are not of one version, or write formulas in different ways.
    """
    heads = [_FILE_HEADER.unpack_from(data) for data in files]
    if len({(version, formulas) for _, version, *_, formulas in heads}) != 1:
        raise ValueError("QPY files of different kinds")
    magic, version, *made_by, _, formulas = heads[0]
    start = _FILE_HEADER.size + _KIND.size
    table = _OFFSET.size if version >= _WITH_OFFSETS else 0
    circuits = [data[start + table :] for data in files]
    head = _FILE_HEADER.pack(magic, version, *made_by, len(files), formulas)
    head += files[0][_FILE_HEADER.size : start]
    offsets = b""
    if table:
        sizes = map(len, circuits[:-1])
        begins = itertools.accumulate(sizes, initial=start + table * len(circuits))
        offsets = b"".join(map(_OFFSET.pack, begins))
    return b"".join([head, offsets, *circuits])


def split_qpy(data: bytes) -> list[bytes]:
    """Return the circuits of a QPY file, each as a file of its own; without Qiskit from version 16.

    Raises ValueError for what is no such file, BadInput for what Qiskit cannot read, and
    MissingPackage where it is needed and not installed.
    """
    if len(data) <= _FILE_HEADER.size or not data.startswith(MAGIC):
        raise ValueError("not a QPY file")
    magic, version, *made_by, number, formulas = _FILE_HEADER.unpack_from(data)
    if version < _WITH_OFFSETS:
        if number == 1:
            return [data]
        import_qiskit()
        return [encode_qpy(circuit) for circuit in load_qpy(data, "a job's file")]
    start = _FILE_HEADER.size + _KIND.size
    first = start + _OFFSET.size * number
    if first > len(data):
        raise ValueError("a QPY file that is cut short")
    begins = [*struct.unpack_from(f"!{number}Q", data, start), len(data)]
    if begins != sorted(begins) or begins[0] != first:
        raise ValueError("a QPY file whose circuits overlap")
    head = _FILE_HEADER.pack(magic, version, *made_by, 1, formulas)
    head += data[_FILE_HEADER.size : start] + _OFFSET.pack(start + _OFFSET.size)
    return [head + data[begin:end] for begin, end in itertools.pairwise(begins)]


def read_shape(data: bytes) -> CircuitShape | None:
    """Return the shape of the circuit in a QPY file, without Qiskit; None where that fails.

    Its first bytes will do, as long as the metadata and the registers are among them.
    """
    head = _read_head(data)
    if head is None:
        return None
    registers: dict[bytes, list[tuple[str, int]]] = {b"q": [], b"c": []}
    start = head.end
    try:
        for _ in range(head.num_registers):
            kind, _, size, name_size, in_circuit = _REGISTER.unpack_from(data, start)
            start += _REGISTER.size
            name = data[start : start + name_size].decode()
            start += name_size + _BIT_BYTES * size
            if start > len(data):
                return None
            if in_circuit:
                registers[kind].append((name, size))
    except (struct.error, ValueError, KeyError):
        return None
    return CircuitShape(head.num_qubits, tuple(registers[b"q"]), tuple(registers[b"c"]))


def _read_head(data: bytes) -> _Head | None:
    version = data[_VERSION_BYTE] if len(data) > _VERSION_BYTE else 0
    if data[:_VERSION_BYTE] != MAGIC or not _HEADERS <= version <= max(_READ_SINCE):
        return None
    begin = _FILE_HEADER.size + _KIND.size
    try:
        if version >= _WITH_OFFSETS:
            (begin,) = _OFFSET.unpack_from(data, begin)
        name_size, _, phase_size, qubits, _, metadata_size, registers, _ = (
            _CIRCUIT_HEADER.unpack_from(data, begin)
        )
        start = (
            begin + _CIRCUIT_HEADER.size + (_VARIABLES.size if version >= _WITH_VARIABLES else 0)
        )
        name = data[start : start + name_size].decode()
        start += name_size + phase_size
        metadata = json.loads(data[start : start + metadata_size])
    except (struct.error, ValueError, RecursionError):
        return None
    return _Head(name, metadata, qubits, registers, begin, start, start + metadata_size)


def _newer(version: int, where: str) -> BadInput:
    """Say which Qiskit reads a version that the installed one does not."""
    since = _READ_SINCE.get(version)
    return BadInput(
        "newer_qpy",
        f"{where} is QPY version {version}, and the Qiskit that is installed reads up to "
        f"{_newest_read()}.",
        f"Qiskit {since} and newer read it; or write OpenQASM 3 where it was made, with "
        "qiskit.qasm3.dump."
        if since
        else "Install the newest Qiskit; or write OpenQASM 3 where it was made, with "
        "qiskit.qasm3.dump.",
    )


def check_pulses(circuit: QuantumCircuit, where: str) -> None:
    """Raise BadInput for a circuit that defines pulses for gates, in whichever block."""
    if not is_terra():
        return  # there are none in Qiskit 2
    gates = sorted(circuit.calibrations)
    if gates:
        raise has_pulses(where, f" for the gate '{gates[0]}'")
    for item in circuit.data:
        for block in blocks_of(item):
            check_pulses(block, where)


def has_pulses(where: str, gate: str = "") -> BadInput:
    """Return the error of a circuit with pulses; `gate` tells of which, if that is known."""
    return BadInput(
        "pulse_gates",
        f"{where} has pulses of its own{gate}, and IBM retired pulses in 2025.",
        "Take its calibrations out: then the device's own gates run.",
    )
