"""What a backend is, as data: its configuration, calibration, status and limits.

Before Qiskit 2 these were classes of `qiskit.providers.models`. They keep the names, arguments,
attributes and dictionaries that they had there.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Self

from qiskit.utils.units import apply_prefix

from ._qiskit import terra_class
from .exceptions import BackendPropertyError, IBMQBackendValueError
from .times import local_time

__all__ = [
    "BackendJobLimit",
    "BackendProperties",
    "BackendStatus",
    "GateConfig",
    "GateProperties",
    "Nduv",
    "NoPulseDefaults",
    "QasmBackendConfiguration",
    "read_properties",
    "read_status",
]

_TERRA = "qiskit.providers.models"


class Model:
    """Data of the service as attributes: one that it left out raises AttributeError."""

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """Return the object of a dictionary that `to_dict` wrote."""
        return cls(**data)

    def to_dict(self) -> dict[str, Any]:
        """Return all values by the names of the constructor's arguments."""
        return {name: _plain(value) for name, value in vars(self).items() if name[0] != "_"}

    def __getattr__(self, name: str) -> Any:
        # Python calls this for missing attributes only.
        raise AttributeError(
            f"{type(self).__name__} has no attribute {name!r}: the service did not send it."
        )

    def __eq__(self, other: object) -> bool:
        if type(other) is not type(self):
            return NotImplemented
        return self.to_dict() == other.to_dict()

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        values = ", ".join(f"{name}={value!r}" for name, value in self.to_dict().items())
        return f"{type(self).__name__}({values})"


def _plain(value: Any) -> Any:
    if isinstance(value, Model):
        return value.to_dict()
    return [_plain(item) for item in value] if isinstance(value, list) else value


# The service's units of these fields; as attributes they are in seconds and Hz.
_NANO, _MICRO, _GIGA = 1e-9, 1e-6, 1e9
_UNITS = {
    "dt": _NANO,
    "dtm": _NANO,
    "rep_delay_range": _MICRO,
    "default_rep_delay": _MICRO,
    "rep_times": _MICRO,
    "qubit_lo_range": _GIGA,
    "meas_lo_range": _GIGA,
}
# Fields that are no attributes where the service has None for them, or nothing.
_NEVER_NONE = frozenset(
    {
        "conditional",
        "configurable",
        "credits_required",
        "default_rep_delay",
        "description",
        "display_name",
        "dt",
        "dtm",
        "online_date",
        "parametric_pulses",
        "processor_type",
        "sample_name",
        "tags",
    }
)
_NEVER_EMPTY = frozenset(
    {
        "coupling_map",
        "latency_map",
        "max_experiments",
        "n_registers",
        "register_map",
        "rep_delay_range",
        "supported_instructions",
    }
)
# The constructor's arguments that a service may leave out.
_DEFAULTS: Mapping[str, Any] = {
    "backend_version": "",
    "basis_gates": [],
    "gates": [],
    "local": False,
    "simulator": False,
    "conditional": False,
    "open_pulse": False,
    "memory": True,
    "max_shots": None,
    "coupling_map": None,
}


class GateConfig(Model):
    """A gate of a backend: its name, its parameters' names, and what it is in OpenQASM 2.

    `coupling_map` lists the qubits that it can be on.
    """

    name: str
    parameters: list[str]
    qasm_def: str
    coupling_map: list[list[int]]

    def __init__(self, name: str, parameters: list[str], qasm_def: str, **kwargs: Any) -> None:
        self.name = name
        self.parameters = parameters
        self.qasm_def = qasm_def
        self.__dict__.update(_present(kwargs))


class QasmBackendConfiguration(Model, terra_class(_TERRA, "QasmBackendConfiguration")):  # type: ignore[misc]
    """What a backend is: its qubits, gates, limits and abilities.

    Attributes are in seconds and Hz; the constructor and the dictionaries have the service's units:
    nanoseconds (dt, dtm), microseconds (rep_times, rep_delay_range, default_rep_delay) and GHz.
    Further fields of the service are attributes, too; `"dt" in configuration` tells whether there
    is one.
    """

    backend_name: str
    backend_version: str
    n_qubits: int
    basis_gates: list[str]
    gates: list[GateConfig]
    local: bool
    simulator: bool
    conditional: bool
    open_pulse: bool
    memory: bool
    max_shots: int | None
    coupling_map: list[list[int]] | None
    dynamic_reprate_enabled: bool

    def __init__(
        self,
        backend_name: str,
        backend_version: str,
        n_qubits: int,
        basis_gates: list[str],
        gates: list[GateConfig],
        local: bool,
        simulator: bool,
        conditional: bool,
        open_pulse: bool,
        memory: bool,
        max_shots: int | None,
        coupling_map: list[list[int]] | None,
        *,
        dynamic_reprate_enabled: bool = False,
        **kwargs: Any,
    ) -> None:
        self.backend_name = backend_name
        self.backend_version = backend_version
        self.n_qubits = n_qubits
        self.basis_gates = basis_gates
        self.gates = gates
        self.local = local
        self.simulator = simulator
        self.conditional = conditional
        self.open_pulse = open_pulse
        self.memory = memory
        self.max_shots = max_shots
        self.coupling_map = coupling_map
        self.dynamic_reprate_enabled = dynamic_reprate_enabled
        self.__dict__.update(
            (key, _multiplied(value, _UNITS[key]) if key in _UNITS else value)
            for key, value in _present(kwargs).items()
        )

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """Return the configuration of a dictionary, as the service writes it.

        Gates without a name are left out; `online_date` may be a text in ISO 8601.
        """
        values = {**_DEFAULTS, **data}
        values["gates"] = [
            GateConfig.from_dict({"parameters": [], "qasm_def": "", **gate})
            for gate in values["gates"]
            if isinstance(gate, Mapping) and "name" in gate
        ]
        values["online_date"] = local_time(values.get("online_date"))
        return cls(**values)

    def to_dict(self) -> dict[str, Any]:
        """Return all values by the names of the constructor's arguments, and in their units."""
        return {
            name: _divided(value, _UNITS[name]) if name in _UNITS else value
            for name, value in super().to_dict().items()
        }

    @property
    def num_qubits(self) -> int:
        """How many qubits there are: the same as `n_qubits`."""
        return self.n_qubits

    def __contains__(self, name: object) -> bool:
        return name in vars(self)

    def __repr__(self) -> str:
        return f"<QasmBackendConfiguration of {self.backend_name!r}, {self.n_qubits} qubits>"


def _present(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields that become attributes."""
    return {
        key: value
        for key, value in fields.items()
        if (value is not None or key not in _NEVER_NONE) and (value or key not in _NEVER_EMPTY)
    }


def _multiplied(value: Any, unit: float) -> Any:
    """Multiply a number, or all that are in lists, by a unit."""
    if isinstance(value, list | tuple):
        return [_multiplied(item, unit) for item in value]
    return value * unit if isinstance(value, int | float) else value


def _divided(value: Any, unit: float) -> Any:
    """Undo `_multiplied`, with as few digits as give the same product."""
    if isinstance(value, list):
        return [_divided(item, unit) for item in value]
    if not isinstance(value, int | float):
        return value
    near = value / unit
    short = [float(f"{near:.{digits}g}") for digits in (15, 16, 17)]
    tried = [*short, math.nextafter(near, math.inf), math.nextafter(near, -math.inf)]
    return next((number for number in tried if number * unit == value), near)


class Nduv(Model):
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


class GateProperties(Model):
    """The calibration of a gate on certain qubits; `parameters` are its figures."""

    qubits: list[int]
    gate: str
    parameters: list[Nduv]

    def __init__(self, qubits: list[int], gate: str, parameters: list[Nduv], **kwargs: Any) -> None:
        self.qubits = qubits
        self.gate = gate
        self.parameters = parameters
        self.__dict__.update(kwargs)

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """Return the object of a dictionary, as the service writes it."""
        return cls(**{**data, "parameters": _figures(data.get("parameters"))})


class BackendProperties(Model, terra_class(_TERRA, "BackendProperties")):  # type: ignore[misc]
    """A calibration: the figures of each qubit (`qubits`), of each gate (`gates`), and others.

    `gates`, `qubits` and `general` hold figures in the service's units. The methods return times in
    seconds, frequencies in Hz, and errors as probabilities; they raise BackendPropertyError for
    what was not measured.
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
        **kwargs: Any,
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
        self.__dict__.update(kwargs)

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """Return the calibration of a dictionary, as the service writes it.

        Times may be texts in ISO 8601. Figures without a value, which could not be measured, are
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
        """Return whether a qubit works: it does unless the calibration says otherwise."""
        return _is_operational(self.qubit_property(qubit))

    def is_gate_operational(self, gate: str, qubits: int | Iterable[int]) -> bool:
        """Return whether a gate works there: it does unless the calibration says otherwise."""
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


def read_properties(answer: Mapping[str, Any] | None) -> BackendProperties | None:
    """Read the service's answer about a calibration; None where it has none."""
    return None if answer is None else BackendProperties.from_dict(answer)


def _figures(entries: object) -> list[Nduv]:
    """Read figures; those without a value, which could not be measured, are left out."""
    if not isinstance(entries, list):
        return []
    return [
        Nduv(local_time(entry.get("date")), entry["name"], entry.get("unit", ""), entry["value"])
        for entry in entries
        if isinstance(entry, Mapping) and "name" in entry and entry.get("value") is not None
    ]


def _by_name(figures: Iterable[Nduv]) -> dict[str, tuple[Any, datetime | None]]:
    """Return values in SI units with their dates; those without a known unit are left out."""
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


class BackendStatus(Model, terra_class(_TERRA, "BackendStatus")):  # type: ignore[misc]
    """Whether a backend takes jobs (`operational`, `status_msg`), and how many wait for it."""

    backend_name: str
    backend_version: str
    operational: bool
    pending_jobs: int
    status_msg: str

    def __init__(
        self,
        backend_name: str,
        backend_version: str,
        operational: bool,
        pending_jobs: int,
        status_msg: str,
    ) -> None:
        if pending_jobs < 0:
            raise IBMQBackendValueError(f"{pending_jobs} jobs cannot wait. Give 0 or more.")
        self.backend_name = backend_name
        self.backend_version = backend_version
        self.operational = operational
        self.pending_jobs = pending_jobs
        self.status_msg = status_msg


def read_status(name: str, answer: Mapping[str, Any]) -> BackendStatus:
    """Read the service's answer to how a backend stands."""
    waiting = answer.get("length_queue")
    return BackendStatus(
        backend_name=name,
        backend_version=str(answer.get("backend_version") or ""),
        operational=answer.get("state") is True,
        pending_jobs=waiting if isinstance(waiting, int) and waiting >= 0 else 0,
        status_msg=str(answer.get("status") or ""),
    )


_RETIRED = "IBM retired pulses in 2025"
_INSTEAD = {
    "qubit_freq_est": "backend.properties().frequency(qubit) has the calibrated one, in Hz",
    "meas_freq_est": "the service does not publish readout frequencies any more",
    "instruction_schedule_map": "backend.target has the durations and errors of all gates",
}


class NoPulseDefaults:
    """The defaults of pulses, which IBM retired: false, and every attribute says what came instead.

    It is false as the None that programs check for.
    """

    def __bool__(self) -> bool:
        return False

    def __getattr__(self, name: str) -> Any:
        # Python calls this for missing attributes only.
        if name.startswith("__"):  # probed by Python itself
            raise AttributeError(name)
        instead = _INSTEAD.get(name, "see backend.configuration() and backend.properties()")
        raise AttributeError(f"A backend has no '{name}' any more: {_RETIRED}; {instead}.")

    def __repr__(self) -> str:
        return f"<no pulse defaults: {_RETIRED}>"


@dataclass(frozen=True, slots=True)
class BackendJobLimit:
    """How many jobs of an account wait or run (`active_jobs`), and how many may (`maximum_jobs`).

    The active ones are on all backends together. The maximum is the user's setting, or else learnt
    from the service's refusals; None where there is no limit.
    """

    maximum_jobs: int | None
    active_jobs: int

    @property
    def running_jobs(self) -> int:
        """The same as `active_jobs`: an older name."""
        return self.active_jobs

    @property
    def remaining(self) -> int | None:
        """How many more may be submitted; None where there is no limit."""
        return None if self.maximum_jobs is None else max(0, self.maximum_jobs - self.active_jobs)
