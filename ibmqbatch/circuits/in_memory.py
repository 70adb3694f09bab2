"""Circuits from a program's memory: objects of Qiskit, OpenQASM as text, paths of files."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ._qiskit import import_qiskit
from .errors import BadInput, first_line
from .normalize import convert_delays
from .programs import Program, checked_name, kept_metadata, programs_in_text
from .qpy import check_pulses, encode_qpy
from .sources import Source

if TYPE_CHECKING:
    from qiskit import QuantumCircuit

__all__ = ["as_programs", "in_a_list"]

_MEMORY = "memory"
_KEPT = "they are kept as lists of numbers, or as texts."


def in_a_list(given: object) -> list[Any]:
    """Return circuits as a list: one circuit, text or path is a list of one.

    Raises BadInput for what can be neither.
    """
    if isinstance(given, str | PathLike) or hasattr(given, "num_qubits") or _is_pulse(given):
        return [given]
    if not isinstance(given, Iterable):
        raise BadInput(
            "no_circuit",
            f"{type(given).__name__} is not a circuit, nor several.",
            "Give circuits.",
        )
    return list(given)


def as_programs(given: Iterable[object], dt: float | None) -> Iterator[Program | Source | BadInput]:
    """Yield a program for each circuit or text, and a source for each path.

    `dt` is the device's time step in seconds, if it has one. What cannot be used is an error in
    its place.
    """
    for number, item in enumerate(given):
        try:
            yield from _programs(item, number, dt)
        except BadInput as error:
            yield error


def _programs(item: Any, number: int, dt: float | None) -> Iterator[Program | Source]:
    if _is_pulse(item):
        raise BadInput(
            "pulse_schedule",
            f"Experiment {number} is a pulse schedule, and IBM retired pulse jobs in 2025.",
            "Give circuits.",
        )
    if isinstance(item, str) and ("OPENQASM" in item or "\n" in item):
        yield from programs_in_text(item, f"experiment {number}", f"experiment{number}")
    elif isinstance(item, str | PathLike):
        yield Source(Path(item))
    elif hasattr(item, "num_qubits") and hasattr(item, "data"):
        yield _from_circuit(item, number, dt)
    else:
        raise BadInput(
            "no_circuit",
            f"Experiment {number} is of type {type(item).__name__}: no circuit.",
            "Give QuantumCircuits, OpenQASM as text, or paths of files.",
        )


def _from_circuit(circuit: QuantumCircuit, number: int, dt: float | None) -> Program:
    where = f"experiment {number}, {circuit.name!r}"
    check_pulses(circuit, where)
    metadata, changed = kept_metadata(circuit.metadata)
    note = f"has metadata that JSON has no form for ({', '.join(changed)}): {_KEPT}"
    whole = circuit.copy()  # which also builds those that are built when they are looked at
    whole.metadata = dict(metadata)
    whole = convert_delays(whole, dt, where)
    return Program(
        kind="qpy",
        content=_encoded(whole, where),
        source=_MEMORY,
        where=where,
        folder=Path(),
        name=checked_name(circuit.name or f"experiment{number}", where),
        position=number,
        metadata=metadata,
        from_memory=True,
        note=note if changed else "",
    )


def _encoded(circuit: QuantumCircuit, where: str) -> bytes:
    import_qiskit()
    try:
        return encode_qpy(circuit)
    except Exception as error:
        # The writer has many kinds of complaint.
        raise BadInput(
            "unsupported",
            f"{where} cannot be written as QPY: {first_line(error)}.",
            "Leave that out.",
        ) from error


def _is_pulse(item: object) -> bool:
    return any(part.__module__.startswith("qiskit.pulse.schedule") for part in type(item).__mro__)
