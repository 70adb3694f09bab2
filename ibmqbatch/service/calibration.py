"""What a device's properties tell of its qubits and gates, read from lists of figures."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

__all__ = ["Calibration", "GateFigures", "QubitFigures"]

_MICROSECONDS = {"s": 1e6, "ms": 1e3, "us": 1.0, "µs": 1.0, "μs": 1.0, "ns": 1e-3}


@dataclass(frozen=True, slots=True)
class QubitFigures:
    """A qubit; times in microseconds. What was not measured, or makes no sense, is None."""

    index: int
    t1: float | None
    t2: float | None
    readout_error: float | None
    operational: bool


@dataclass(frozen=True, slots=True)
class GateFigures:
    """A gate on certain qubits. An error of 1 is how the service marks one that does not work."""

    name: str
    qubits: tuple[int, ...]
    error: float | None
    operational: bool


@dataclass(frozen=True, slots=True)
class Calibration:
    """All qubits in order, and all gates."""

    qubits: tuple[QubitFigures, ...]
    gates: tuple[GateFigures, ...]

    @classmethod
    def from_wire(cls, properties: Mapping[str, Any]) -> Calibration:
        """Read properties; entries that cannot be read are passed over."""
        qubits = properties.get("qubits")
        gates = properties.get("gates")
        return cls(
            tuple(_qubit(i, entry) for i, entry in enumerate(_list(qubits))),
            tuple(_gates(_list(gates))),
        )


def _qubit(index: int, entry: object) -> QubitFigures:
    figures = _figures(entry)
    return QubitFigures(
        index,
        _microseconds(figures.get("T1")),
        _microseconds(figures.get("T2")),
        _number(figures.get("readout_error")),
        _number(figures.get("operational")) != 0,
    )


def _gates(entries: list[Any]) -> Iterator[GateFigures]:
    for entry in entries:
        if not isinstance(entry, dict):
            continue
        name, qubits = entry.get("gate"), entry.get("qubits")
        if not isinstance(name, str) or not isinstance(qubits, list):
            continue
        if not all(isinstance(qubit, int) for qubit in qubits):
            continue
        figures = _figures(entry.get("parameters"))
        error = _number(figures.get("gate_error"))
        operational = _number(figures.get("operational")) != 0 and (error is None or error < 1)
        yield GateFigures(name, tuple(qubits), error, operational)


def _figures(entry: object) -> dict[str, Mapping[str, Any]]:
    """Return a list of figures by their names."""
    return {
        figure["name"]: figure
        for figure in _list(entry)
        if isinstance(figure, dict) and isinstance(figure.get("name"), str)
    }


def _number(figure: Mapping[str, Any] | None) -> float | None:
    value = (figure or {}).get("value")
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        return None
    return float(value)


def _microseconds(figure: Mapping[str, Any] | None) -> float | None:
    value = _number(figure)
    factor = _MICROSECONDS.get(str((figure or {}).get("unit")))
    # Nothing decays in no time, or in the past: that is how a failed measurement comes out.
    return value * factor if value is not None and factor is not None and value > 0 else None


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []
