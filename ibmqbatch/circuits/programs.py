"""Programs: what the files hold, one by one, and the circuits that they describe."""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..kinds import OPENQASM, kind_of
from ._qiskit import import_qiskit
from .errors import BadInput
from .normalize import inline_definitions, put_in_registers
from .qasm2 import load_openqasm2
from .qasm3 import load_openqasm3
from .qasm_text import includes_others, split_programs, text_of, version
from .qpy import MAGIC, encode_qpy, load_qpy
from .sources import STDIN, Source, read_bytes

if TYPE_CHECKING:
    from qiskit import QuantumCircuit

    from .measured import Measured

__all__ = [
    "Program",
    "checked_name",
    "kept_metadata",
    "load_circuit",
    "programs_in_text",
    "read_programs",
]

_OPENQASM = {2: "openqasm2", 3: "openqasm3"}
_LIKELIEST = 2  # version of a program that does not say
_MADE_UP = re.compile(r"circuit-\d+(-\d+)?")  # how Qiskit names what nobody has named
_DEEPEST = 50  # parts of metadata within one another
_UNFIT = frozenset({"Cc", "Cs", "Zl", "Zp"})  # of characters: controls, halves, ends of lines


@dataclass(frozen=True, slots=True)
class Program:
    """One program of a file: `kind` is openqasm2, openqasm3 or qpy.

    `source` is its file, `where` names it for a person; `line` lines stand before it in its file,
    and it is number `position` there, from 0. One of Qiskit's circuits that was in memory is QPY.
    `note` is what its owner should know, without its name before it; empty for nothing. It may
    stand for one of the measured circuits that its observables need, `measured`.
    """

    kind: str
    content: bytes = field(repr=False)
    source: str
    where: str
    folder: Path
    name: str
    position: int = 0
    line: int = 0
    shots: int | None = None
    metadata: Mapping[str, object] = field(default_factory=dict)
    from_memory: bool = False
    note: str = ""
    measured: Measured | None = None

    @property
    def includes_others(self) -> bool:
        """Whether it is read together with other files, as they lie in its folder."""
        return self.kind != "qpy" and includes_others(self.content.decode())


def read_programs(source: Source, stdin: bytes | None = None) -> list[Program]:
    """Return the programs of a file, whose kind its first bytes tell; raises BadInput.

    A program's name is the source's, or the circuit's own in QPY, or the file's; several of one
    file are numbered behind a point.
    """
    path = source.path
    if path == STDIN:
        data, where, own_name = stdin or b"", "Standard input", "stdin"
    else:
        data, where, own_name = _read(path), text_of(path), text_of(path.stem)
    if not data.strip():
        raise BadInput("empty", f"{where} is empty.", "Was it written to the end?")
    found = _from_qpy(data, where) if data.startswith(MAGIC) else _from_text(data, where)
    return _programs(found, source, where, own_name, path.parent)


def programs_in_text(text: str, where: str, name: str) -> list[Program]:
    """Return the programs of a text; raises BadInput. Includes are looked for where one stands."""
    found = _from_text(text.encode(errors="replace"), where)
    return _programs(found, Source(Path()), where, name, Path())


def _programs(
    found: list[_Found], source: Source, where: str, own_name: str, folder: Path
) -> list[Program]:
    several = len(found) > 1
    base = source.name or own_name
    names = [f"{base}.{number}" for number in range(len(found))] if several else [base]
    return [
        Program(
            kind=kind,
            content=content,
            source=where,
            where=f"{where}, program {position}" if several and kind == "qpy" else where,
            folder=folder,
            name=checked_name(names[position] if name is None or source.name else name, where),
            position=position,
            line=line,
            shots=source.shots,
            metadata={**metadata, **source.metadata} if metadata else source.metadata,
        )
        for position, (kind, content, line, name, metadata) in enumerate(found)
    ]


def load_circuit(program: Program) -> tuple[QuantumCircuit, bool]:
    """Build the circuit of a program, in gates that Qiskit knows; raises BadInput.

    Return also whether its qubits are physical: the device's own, by number (`$5`).
    """
    import_qiskit()
    where = program.where
    physical, defines_gates = False, True
    if program.kind == "qpy":
        (circuit,) = load_qpy(program.content, where)
    elif program.kind == _OPENQASM[2]:
        text = program.content.decode()
        circuit, defines_gates = load_openqasm2(text, program.folder, where, program.line)
    else:
        text = program.content.decode()
        circuit, physical = load_openqasm3(text, program.folder, where, program.line)
    if circuit.num_qubits == 0:
        raise BadInput("no_circuits", f"{where} holds no circuit.", "It declares no qubits.")
    if program.kind == _OPENQASM[2]:  # all of its bits are in registers
        return inline_definitions(circuit, where) if defines_gates else circuit, False
    return put_in_registers(inline_definitions(circuit, where)), physical


_Found = tuple[str, bytes, int, str | None, Mapping[str, object]]


def _from_text(data: bytes, where: str) -> list[_Found]:
    kind = OPENQASM if data.startswith(b"OPENQASM") else kind_of(data, where)
    if kind is not None and kind is not OPENQASM:
        raise BadInput("not_a_circuit", f"{where} is {kind.what}, and no circuit.", kind.advice)
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = "\0"
    if "\0" in text:
        raise BadInput("binary", f"{where} is neither text nor QPY.", "OpenQASM is text in UTF-8.")
    found: list[_Found] = []
    for program, line in split_programs(text):
        declared = version(program) or _LIKELIEST
        if declared not in _OPENQASM:
            raise BadInput(
                "unsupported",
                f"{where} is OpenQASM {declared}; versions 2 and 3 can be read.",
                "Export it as OpenQASM 3.",
            )
        found.append((_OPENQASM[declared], program.encode(), line, None, {}))
    return found


def _from_qpy(data: bytes, where: str) -> list[_Found]:
    import_qiskit()
    circuits = load_qpy(data, where)
    if not circuits:
        raise BadInput("no_circuits", f"{where} holds no circuits.", "Name another file.")
    return [
        (
            "qpy",
            encode_qpy(circuit),
            0,
            None if _MADE_UP.fullmatch(circuit.name) else circuit.name,
            kept_metadata(circuit.metadata)[0],
        )
        for circuit in circuits
    ]


def kept_metadata(given: object) -> tuple[Mapping[str, object], list[str]]:
    """Return a circuit's metadata as JSON can hold it: what it has no form for becomes a text.

    Arrays become lists, complex numbers pairs of their parts, bytes hexadecimal. Return also the
    names of the types that JSON has no form for, of those that were met.
    """
    changed: dict[str, None] = {}
    kept = _kept(given, 0, changed)
    return kept if isinstance(kept, dict) else {}, list(changed)


def _kept(value: Any, depth: int, changed: dict[str, None]) -> Any:
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, str):
        return str(value).encode(errors="backslashreplace").decode()
    if isinstance(value, int):
        return int(value)
    if isinstance(value, float) and math.isfinite(value):
        return float(value)
    if depth < _DEEPEST:  # beyond it something may hold itself
        if isinstance(value, Mapping):
            pairs = [
                (_kept(str(key), depth, changed), _kept(part, depth + 1, changed))
                for key, part in value.items()
            ]
            return dict(pairs)
        if isinstance(value, list | tuple | range | AbstractSet):
            return [_kept(part, depth + 1, changed) for part in value]
        if callable(getattr(value, "tolist", None)):  # NumPy's scalars and arrays
            return _kept(value.tolist(), depth + 1, changed)
    changed[type(value).__name__] = None
    if isinstance(value, complex):
        return [_kept(value.real, depth, changed), _kept(value.imag, depth, changed)]
    if isinstance(value, bytes | bytearray):
        return value.hex()
    return _kept(str(float(value) if isinstance(value, float) else value), depth, changed)


def checked_name(name: str, where: str) -> str:
    """Return the name of a circuit; raises BadInput for one that cannot be shown."""
    if not name.strip() or any(unicodedata.category(character) in _UNFIT for character in name):
        raise BadInput(
            "bad_name",
            f"The circuit's name {name!r} ({where!r}) holds control characters or nothing at all.",
            "Give the circuit, or its file, another.",
        )
    return name


def _read(path: Path) -> bytes:
    try:
        return read_bytes(path)
    except (OSError, ValueError) as error:  # a name that no file can have is the latter
        raise BadInput(
            "unreadable",
            f"{text_of(path)} cannot be read: {getattr(error, 'strerror', None) or error}.",
            "Check the name and the permissions.",
        ) from error
