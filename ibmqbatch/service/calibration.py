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
    readout_seconds: float | None
    operational: bool


@dataclass(frozen=True, slots=True)
class GateFigures:
    """A gate on certain qubits. An error of 1 is how the service marks one that does not work."""

    name: str
    qubits: tuple[int, ...]
    error: float | None
    seconds: float | None
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
        _share(figures.get("readout_error")),
        _seconds(figures.get("readout_length")),
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
        error = _share(figures.get("gate_error"))
        operational = _number(figures.get("operational")) != 0 and (error is None or error < 1)
        length = _seconds(figures.get("gate_length"))
        yield GateFigures(name, tuple(qubits), error, length, operational)


def _figures(entry: object) -> dict[str, Mapping[str, Any]]:
    """Return a list of figures by their names."""
    return {
        figure["name"]: figure
        for figure in _list(entry)
        if isinstance(figure, dict) and isinstance(figure.get("name"), str)
    }


def _number(figure: Mapping[str, Any] | None) -> float | None:
    value = (figure or {}).get("value")
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        number = float(value)
    except OverflowError:
        return None
    return number if math.isfinite(number) else None


def _share(figure: Mapping[str, Any] | None) -> float | None:
    """Return an error, as a share of 1."""
    value = _number(figure)
    return value if value is not None and 0 <= value <= 1 else None


def _seconds(figure: Mapping[str, Any] | None) -> float | None:
    """Return a duration in seconds; some gates take none."""
    value = _number(figure)
    factor = _MICROSECONDS.get(str((figure or {}).get("unit")))
    if value is None or factor is None or not 0 <= value * factor < math.inf:
        return None
    return value * factor * 1e-6


def _microseconds(figure: Mapping[str, Any] | None) -> float | None:
    value = _number(figure)
    factor = _MICROSECONDS.get(str((figure or {}).get("unit")))
    # Nothing decays in no time, or in the past: that is how a failed measurement comes out.
    if value is None or factor is None or not 0 < value * factor < math.inf:
        return None
    return value * factor


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []
