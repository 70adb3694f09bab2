"""What a backend is."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, Self

from ._qiskit import terra_class
from .described import MODELS, Described
from .local_time import local_time

__all__ = ["GateConfig", "QasmBackendConfiguration"]

# What a configuration tells in these units is in seconds and Hz as an attribute.
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
# Which attributes are not there where they are told to be None, or empty.
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
# What a service may leave out.
_EXPECTED: Mapping[str, Any] = {
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


class GateConfig(Described):
    """A gate of a backend: its name, its parameters' names, and what it is in OpenQASM 2.

    `coupling_map` lists the qubits that it can be on.
    """

    name: str
    parameters: list[str]
    qasm_def: str
    coupling_map: list[list[int]]

    def __init__(self, name: str, parameters: list[str], qasm_def: str, **told: Any) -> None:
        self.name = name
        self.parameters = parameters
        self.qasm_def = qasm_def
        self.__dict__.update(_known(told))


class QasmBackendConfiguration(Described, terra_class(MODELS, "QasmBackendConfiguration")):  # type: ignore[misc]
    """What a backend is, by what the service's configuration of it tells.

    Times are in seconds, and frequencies in Hz; the constructor and the dictionaries have
    nanoseconds (dt, dtm), microseconds (rep_times, rep_delay_range, default_rep_delay) and GHz, as
    the service does. More that it tells are more attributes; `"dt" in configuration` tells whether
    there is one.
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
        **told: Any,
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
            (key, _times(value, _UNITS[key]) if key in _UNITS else value)
            for key, value in _known(told).items()
        )

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """Return the configuration that a dictionary tells of, as the service writes it.

        Gates without a name are left out; `online_date` may be a text in ISO 8601.
        """
        told = {**_EXPECTED, **data}
        told["gates"] = [
            GateConfig.from_dict({"parameters": [], "qasm_def": "", **gate})
            for gate in told["gates"]
            if isinstance(gate, Mapping) and "name" in gate
        ]
        told["online_date"] = local_time(told.get("online_date"))
        return cls(**told)

    def to_dict(self) -> dict[str, Any]:
        """Return all of it by the names of the constructor's arguments, and in their units."""
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


def _known(told: Mapping[str, Any]) -> dict[str, Any]:
    """Return those attributes that are there."""
    return {
        key: value
        for key, value in told.items()
        if (value is not None or key not in _NEVER_NONE) and (value or key not in _NEVER_EMPTY)
    }


def _times(value: Any, unit: float) -> Any:
    """Multiply a number, or all that are in lists, by a unit."""
    if isinstance(value, list | tuple):
        return [_times(item, unit) for item in value]
    return value * unit if isinstance(value, int | float) else value


def _divided(value: Any, unit: float) -> Any:
    """Return what `_times` has made this of, in as few digits as give it again."""
    if isinstance(value, list):
        return [_divided(item, unit) for item in value]
    if not isinstance(value, int | float):
        return value
    near = value / unit
    short = [float(f"{near:.{digits}g}") for digits in (15, 16, 17)]
    tried = [*short, math.nextafter(near, math.inf), math.nextafter(near, -math.inf)]
    return next((number for number in tried if number * unit == value), near)
