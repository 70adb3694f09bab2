"""From files to circuits that are ready for the wire, one at a time."""

from __future__ import annotations

import hashlib
import io
import warnings
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import InputError, Problem

with warnings.catch_warnings():
    # Terra 0.46 announces its own end at each import.
    warnings.simplefilter("ignore", DeprecationWarning)
    from qiskit import qpy
    from qiskit.transpiler import CouplingMap
    from qiskit.transpiler.preset_passmanagers import generate_preset_pass_manager

from .openqasm2 import BadFile, load_file
from .sources import find_files

if TYPE_CHECKING:
    from qiskit import QuantumCircuit
    from qiskit.transpiler import PassManager

__all__ = ["Device", "Preparation", "ReadyCircuit", "prepare"]

_QPY_VERSION = 10
_QPY_VERSION_BYTE = 6


@dataclass(frozen=True, slots=True)
class Device:
    """What circuits are made ready for. `coupling_map` None: every pair of qubits is coupled."""

    name: str
    num_qubits: int
    basis_gates: tuple[str, ...]
    coupling_map: tuple[tuple[int, int], ...] | None


@dataclass(frozen=True, slots=True)
class Preparation:
    """How circuits are made ready: `level` None leaves them as they are, 0 to 3 compiles them."""

    level: int | None = None
    seed: int | None = None
    measure_all: bool = False


@dataclass(frozen=True, slots=True)
class ReadyCircuit:
    """A circuit for the wire: `body` is zlib of QPY 10, `sha256` that of the QPY itself."""

    name: str
    source: str
    position: int
    num_qubits: int
    sha256: str
    body: bytes
    metadata: Mapping[str, object] = field(default_factory=dict)


def prepare(
    paths: Sequence[Path],
    device: Device,
    preparation: Preparation,
    progress: Callable[[int, int], None],
) -> Iterator[ReadyCircuit]:
    """Yield the circuits of `paths` in input order, ready for `device`.

    `progress` is told how many files of how many have been read. Raises InputError in the end if
    anything could not be used, with all that was found: what was yielded until then is then void.
    """
    problems: list[Problem] = []
    files = find_files(paths, problems)
    compiler = _compiler(device, preparation)
    for done, path in enumerate(files):
        progress(done, len(files))
        try:
            circuit = load_file(path)
            _check(circuit, path, device, preparation)
        except BadFile as error:
            problems.append(error.problem)
            continue
        if problems:
            continue
        if compiler is not None:
            circuit = compiler.run(circuit)
        # Last, because compiling gives it another.
        circuit.name = _text(path.stem)
        yield _encode(circuit, path)
    progress(len(files), len(files))
    if problems:
        raise InputError(problems)


def _check(circuit: QuantumCircuit, path: Path, device: Device, preparation: Preparation) -> None:
    if circuit.num_qubits > device.num_qubits:
        raise BadFile(
            Problem(
                "too_many_qubits",
                f"{path} needs {circuit.num_qubits} qubits; {device.name} has {device.num_qubits}.",
                "Use a larger backend, or a smaller circuit.",
            )
        )
    # Most circuits measure at their end.
    if not any(step.operation.name == "measure" for step in reversed(circuit.data)):
        if not preparation.measure_all:
            raise BadFile(
                Problem(
                    "no_measurements",
                    f"{path} measures nothing.",
                    "Add measurements, or have all qubits measured with --measure-all.",
                )
            )
        circuit.measure_all()


def _compiler(device: Device, preparation: Preparation) -> PassManager | None:
    if preparation.level is None:
        return None
    return generate_preset_pass_manager(
        preparation.level,
        basis_gates=list(device.basis_gates),
        coupling_map=None
        if device.coupling_map is None
        else CouplingMap([list(p) for p in device.coupling_map]),
        seed_transpiler=preparation.seed,
    )


def _text(name: str) -> str:
    """Write a file's name, which on disk may be any bytes, as a text that can be stored."""
    return name.encode(errors="backslashreplace").decode()


def _encode(circuit: QuantumCircuit, path: Path) -> ReadyCircuit:
    buffer = io.BytesIO()
    qpy.dump(circuit, buffer)
    data = buffer.getvalue()
    # IBM's client reads version 10; a newer Qiskit would write one that Terra does not.
    assert data[_QPY_VERSION_BYTE] == _QPY_VERSION
    return ReadyCircuit(
        name=circuit.name,
        source=_text(str(path)),
        position=0,
        num_qubits=circuit.num_qubits,
        sha256=hashlib.sha256(data).hexdigest(),
        body=zlib.compress(data),
    )
