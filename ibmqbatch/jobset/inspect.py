"""Looking at the circuits of a set: as they were given, and as they were sent."""

from __future__ import annotations

import zlib
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import Argument, InputError, Words
from ..manifest.manifest import Manifest
from ..manifest.records import CircuitRecord, JobRecord, ProgramRecord

if TYPE_CHECKING:
    from ..circuits.qpy import CircuitShape

__all__ = ["CircuitView", "load_circuit_of", "shapes_of", "view_circuit"]

_HEAD_BYTES = 1_000_000  # unpacked: name, metadata and registers, unless these are very large


@dataclass(frozen=True, slots=True)
class CircuitView:
    """A circuit with what it was made of, as `text`: a program, or a drawing.

    `language` is openqasm2, openqasm3 or drawing.
    """

    circuit: CircuitRecord
    program: ProgramRecord
    language: str
    text: str = field(repr=False)


def view_circuit(
    manifest: Manifest, circuit: CircuitRecord, *, compiled: bool, width: int | None
) -> CircuitView:
    """Return a circuit as it was given, or as it was sent (`compiled`).

    It is drawn in `width` columns; None writes it as text. Raises InputError where that cannot be
    done.
    """
    program = manifest.program(circuit.index)
    assert program is not None
    as_given = not compiled and bool(program.given)
    if as_given and width is None and program.kind != "qpy":
        return CircuitView(circuit, program, program.kind, program.given.decode())
    if not as_given and width is None and program.body_kind != "qpy":
        sent = zlib.decompress(program.body).decode()
        return CircuitView(circuit, program, program.body_kind, sent)
    # Brings in Qiskit, which takes a second.
    from ..circuits.draw import as_openqasm3, draw
    from ..circuits.errors import BadInput

    try:
        loaded = _loaded(circuit, program, as_given=as_given)
        if width is None:
            return CircuitView(circuit, program, "openqasm3", as_openqasm3(loaded))
        return CircuitView(circuit, program, "drawing", draw(loaded, width))
    except BadInput as error:
        raise InputError([error.problem]) from error


def shapes_of(manifest: Manifest, job: JobRecord) -> list[CircuitShape | None]:
    """Return the qubits and registers of a job's circuits, as they are sent.

    A text names the device's own qubits, which then are one register. None for a circuit of which
    they cannot be told, be it damaged: whoever reads results can do without. No Qiskit is needed.
    """
    from ..circuits.qpy import CircuitShape

    heads = manifest.heads(job)
    device = manifest.device() if any(kind == "openqasm3" for kind, _ in heads) else None
    qubits = None if device is None else device[0].get("n_qubits")
    whole = CircuitShape(qubits, (("q", qubits),)) if isinstance(qubits, int) else None
    # Runs of a sweep share one.
    shapes = {head: _shape(head) for kind, head in set(heads) if kind != "openqasm3"}
    return [whole if kind == "openqasm3" else shapes[head] for kind, head in heads]


def _shape(head: bytes) -> CircuitShape | None:
    from ..circuits.qpy import read_shape

    try:
        return read_shape(zlib.decompressobj().decompress(head, _HEAD_BYTES))
    except zlib.error:
        return None


def load_circuit_of(manifest: Manifest, circuit: CircuitRecord, *, compiled: bool) -> Any:
    """Return a circuit as it was given, or as it was sent (`compiled`), as a `QuantumCircuit`.

    One of a sweep has its parameters yet. Raises InputError where it cannot be read.
    """
    from ..circuits.errors import BadInput

    program = manifest.program(circuit.index)
    assert program is not None
    try:
        return _loaded(circuit, program, as_given=not compiled and bool(program.given))
    except BadInput as error:
        raise InputError([error.problem]) from error


def _loaded(circuit: CircuitRecord, program: ProgramRecord, *, as_given: bool) -> Any:
    from ..circuits.draw import sent_circuit
    from ..circuits.errors import BadInput
    from ..circuits.programs import Program, load_circuit
    from ..circuits.qasm_text import includes_others

    if not as_given:
        return sent_circuit(program.body_kind, program.body)
    if program.kind != "qpy" and includes_others(program.given.decode()):
        raise BadInput(
            "bad_include",
            f"Circuit {circuit.index} includes other files, which may have changed since.",
            Words("What was sent can be drawn: add {}.", Argument("compiled", value=True)),
        )
    loaded, _ = load_circuit(
        Program(
            kind=program.kind,
            content=program.given,
            source=circuit.source,
            where=circuit.source,
            folder=Path(circuit.source).parent,
            name=circuit.name,
        )
    )
    return loaded
