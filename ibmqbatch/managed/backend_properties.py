"""What a backend's calibration has measured."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, Self

from qiskit.utils.units import apply_prefix

from ._qiskit import terra_class
from .described import MODELS, Described
from .exceptions import BackendPropertyError
from .local_time import local_time

__all__ = ["BackendProperties", "GateProperties", "Nduv", "read_properties"]


class Nduv(Described):
    """A figure of a calibration: when it was measured (`date`), name, unit and value."""

    date: datetime | None
    name: str
    unit: str
    value: Any

    def __init__(self, date: datetime | None, name: str, unit: str, value: Any) -> None:
        self.date = date
        self.name = name
        self.unit = unit
        self.value = value


class GateProperties(Described):
    """The calibration of a gate on certain qubits; `parameters` are its figures."""

    qubits: list[int]
    gate: str
    parameters: list[Nduv]

    def __init__(self, qubits: list[int], gate: str, parameters: list[Nduv], **told: Any) -> None:
        self.qubits = qubits
        self.gate = gate
        self.parameters = parameters
        self.__dict__.update(told)

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """Return the object that a dictionary tells of, as the service writes it."""
        return cls(**{**data, "parameters": _figures(data.get("parameters"))})


class BackendProperties(Described, terra_class(MODELS, "BackendProperties")):  # type: ignore[misc]
    """A calibration: the figures of each qubit (`qubits`), of each gate (`gates`), and others.

    `gates`, `qubits` and `general` hold figures as the service tells them. The methods give times
    in seconds, frequencies in Hz, and errors as probabilities; what was not measured is a
    BackendPropertyError.
    """

    backend_name: str
    backend_version: str
    last_update_date: datetime | None
    qubits: list[list[Nduv]]
    gates: list[GateProperties]
    general: list[Nduv]

    def __init__(
        self,
        backend_name: str,
        backend_version: str,
        last_update_date: datetime | str | None,
        qubits: list[list[Nduv]],
        gates: list[GateProperties],
        general: list[Nduv],
        **told: Any,
    ) -> None:
        self.backend_name = backend_name
        self.backend_version = backend_version
        self.last_update_date = local_time(last_update_date)
        self.qubits = qubits
        self.gates = gates
        self.general = general
        # Terra's tools read these two.
        self._qubits = {qubit: _by_name(figures) for qubit, figures in enumerate(qubits) if figures}
        self._gates: dict[str, dict[tuple[int, ...], dict[str, Any]]] = {}
        for gate in gates:
            places = self._gates.setdefault(gate.gate, {})
            places[tuple(gate.qubits)] = _by_name(gate.parameters)
        self.__dict__.update(told)

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """Return the calibration that a dictionary tells of, as the service writes it.

        Times may be texts in ISO 8601. Figures without a value, of what could not be measured, are
        left out, and so are gates without name or qubits.
        """
        return cls(
            **{
                "backend_name": "",
                "backend_version": "",
                "last_update_date": None,
                **data,
                "qubits": [_figures(figures) for figures in data.get("qubits") or []],
                "gates": [
                    GateProperties.from_dict(gate)
                    for gate in data.get("gates") or []
                    if isinstance(gate, Mapping) and {"gate", "qubits"} <= gate.keys()
                ],
                "general": _figures(data.get("general")),
            }
        )

    def qubit_property(self, qubit: int, name: str | None = None) -> Any:
        """Return a figure of a qubit, as (value, date); without a name all of them, by name."""
        found = self._qubits.get(qubit, {})
        if not found or (name is not None and name not in found):
            what = "Nothing" if name is None else f"{name!r}"
            raise BackendPropertyError(f"{what} is not known of qubit {qubit}.")
        return found if name is None else found[name]

    def gate_property(
        self, gate: str, qubits: int | Iterable[int] | None = None, name: str | None = None
    ) -> Any:
        """Return a figure of a gate on certain qubits, as (value, date).

        Without a name, all its figures by name; without qubits these for all places of the gate.
        """
        if gate not in self._gates:
            raise BackendPropertyError(f"Nothing is known of the gate {gate!r}.")
        places = self._gates[gate]
        if qubits is None:
            if name is not None:
                raise BackendPropertyError(f"On which qubits? {gate!r} has a {name!r} on each.")
            return places
        place = (qubits,) if isinstance(qubits, int) else tuple(qubits)
        if place not in places or (name is not None and name not in places[place]):
            what = "Nothing" if name is None else f"{name!r}"
            raise BackendPropertyError(f"{what} is not known of the gate {gate!r} on {place}.")
        return places[place] if name is None else places[place][name]

    def t1(self, qubit: int) -> float:
        """Return a qubit's relaxation time, in seconds."""
        return self._of_qubit(qubit, "T1")

    def t2(self, qubit: int) -> float:
        """Return a qubit's dephasing time, in seconds."""
        return self._of_qubit(qubit, "T2")

    def frequency(self, qubit: int) -> float:
        """Return a qubit's frequency, in Hz."""
        return self._of_qubit(qubit, "frequency")

    def readout_error(self, qubit: int) -> float:
        """Return how probable it is that a qubit's measurement is wrong."""
        return self._of_qubit(qubit, "readout_error")

    def readout_length(self, qubit: int) -> float:
        """Return how long a qubit's measurement takes, in seconds."""
        return self._of_qubit(qubit, "readout_length")

    def gate_error(self, gate: str, qubits: int | Iterable[int]) -> float:
        """Return the error of a gate on certain qubits, as a probability."""
        return _number(self.gate_property(gate, qubits, "gate_error"))

    def gate_length(self, gate: str, qubits: int | Iterable[int]) -> float:
        """Return how long a gate on certain qubits takes, in seconds."""
        return _number(self.gate_property(gate, qubits, "gate_length"))

    def is_qubit_operational(self, qubit: int) -> bool:
        """Return whether a qubit works: it does where nothing else is told."""
        return _is_operational(self.qubit_property(qubit))

    def is_gate_operational(self, gate: str, qubits: int | Iterable[int]) -> bool:
        """Return whether a gate works on certain qubits: it does where nothing else is told."""
        return _is_operational(self.gate_property(gate, qubits))

    def faulty_qubits(self) -> list[int]:
        """Return the qubits that do not work."""
        return [qubit for qubit in self._qubits if not self.is_qubit_operational(qubit)]

    def faulty_gates(self) -> list[GateProperties]:
        """Return the gates that do not work, each with its qubits."""
        return [gate for gate in self.gates if not self.is_gate_operational(gate.gate, gate.qubits)]

    def _of_qubit(self, qubit: int, name: str) -> float:
        return _number(self.qubit_property(qubit, name))

    def __repr__(self) -> str:
        return f"<BackendProperties of {self.backend_name!r}, {self.last_update_date}>"


def read_properties(told: Mapping[str, Any] | None) -> BackendProperties | None:
    """Return a calibration, as the service tells it; None for none."""
    return None if told is None else BackendProperties.from_dict(told)


def _figures(told: object) -> list[Nduv]:
    """Read figures; those without a value, of what could not be measured, are left out."""
    if not isinstance(told, list):
        return []
    return [
        Nduv(local_time(entry.get("date")), entry["name"], entry.get("unit", ""), entry["value"])
        for entry in told
        if isinstance(entry, Mapping) and "name" in entry and entry.get("value") is not None
    ]


def _by_name(figures: Iterable[Nduv]) -> dict[str, tuple[Any, datetime | None]]:
    """Return values in SI units, with their dates; those that have none are left out."""
    found = {}
    for figure in figures:
        try:
            found[figure.name] = apply_prefix(figure.value, figure.unit), figure.date
        except (TypeError, ValueError):
            continue
    return found


def _number(figure: tuple[Any, object]) -> float:
    number: float = figure[0]
    return number


def _is_operational(figures: Mapping[str, tuple[Any, object]]) -> bool:
    return "operational" not in figures or bool(figures["operational"][0])
