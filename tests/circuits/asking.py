"""What tests ask of `prepare`, and how they look at its answers."""

from __future__ import annotations

import io
import zlib
from collections.abc import Sequence
from pathlib import Path

import pytest
from qiskit import QuantumCircuit, qpy

from ibmqbatch.circuits.device import Device
from ibmqbatch.circuits.pipeline import Inputs, prepare
from ibmqbatch.circuits.preparer import Preparation, ReadyProgram
from ibmqbatch.errors import InputError, Problem

__all__ = ["IDEAL", "dump", "loaded", "names", "problem", "ready", "write"]

IDEAL = Device("ideal", 30, ())


def ready(
    *paths: Path,
    device: Device = IDEAL,
    preparation: Preparation | None = None,
    **inputs: object,
) -> list[ReadyProgram]:
    """Make what is in files ready."""
    asked = Inputs(paths, **inputs)  # type: ignore[arg-type]
    return list(prepare(asked, device, preparation or Preparation(), lambda *_: None))


def problem(*paths: Path, **options: object) -> Problem:
    """Return the one thing that is wrong."""
    with pytest.raises(InputError) as caught:
        ready(*paths, **options)  # type: ignore[arg-type]
    (only,) = caught.value.problems
    assert only.hint
    assert "\n" not in only.message
    return only


def write(folder: Path, content: str | bytes, name: str = "c.qasm") -> Path:
    """Write a file, and the folders that it is in."""
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def dump(*circuits: QuantumCircuit) -> bytes:
    """Return circuits as a QPY file."""
    buffer = io.BytesIO()
    qpy.dump(list(circuits), buffer)
    return buffer.getvalue()


def loaded(program: ReadyProgram) -> QuantumCircuit:
    """Return the circuit that goes out."""
    assert program.body_kind == "qpy"
    (inside,) = qpy.load(io.BytesIO(zlib.decompress(program.body)))
    return inside


def names(programs: Sequence[ReadyProgram]) -> list[str]:
    """Return the names of all runs."""
    return [circuit.name for program in programs for circuit in program.circuits]
