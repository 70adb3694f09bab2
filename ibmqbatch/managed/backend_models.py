"""What the service tells of backends, as Qiskit's own classes of old."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from qiskit.providers.models import (
        BackendProperties,
        BackendStatus,
        QasmBackendConfiguration,
    )

__all__ = ["backend_properties", "backend_status", "configuration_of", "local_time"]

# What Qiskit's class insists on, for services that leave it out.
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


def configuration_of(told: Mapping[str, Any]) -> QasmBackendConfiguration:
    """Return a configuration; Qiskit turns its times into seconds."""
    from qiskit.providers.models import QasmBackendConfiguration

    values = {**_EXPECTED, **told}
    values["gates"] = [
        {"parameters": [], "qasm_def": "", **gate}
        for gate in values["gates"]
        if isinstance(gate, dict) and "name" in gate
    ]
    values["online_date"] = local_time(told.get("online_date"))
    return QasmBackendConfiguration.from_dict(values)


def backend_properties(told: Mapping[str, Any] | None) -> BackendProperties | None:
    """Return a calibration, its times in local time; None for none.

    Figures without a value, of what could not be measured, are left out.
    """
    from qiskit.providers.models import BackendProperties

    if told is None:
        return None
    return BackendProperties.from_dict(
        {
            **told,
            "backend_version": told.get("backend_version", ""),
            "last_update_date": local_time(told.get("last_update_date")),
            "qubits": [_figures(figures) for figures in told.get("qubits") or []],
            "gates": [
                {**gate, "parameters": _figures(gate.get("parameters"))}
                for gate in told.get("gates") or []
                if isinstance(gate, dict) and {"gate", "qubits"} <= gate.keys()
            ],
            "general": _figures(told.get("general")),
        }
    )


def backend_status(name: str, told: Mapping[str, Any]) -> BackendStatus:
    """Return whether a backend takes jobs, and how many wait there."""
    from qiskit.providers.models import BackendStatus

    waiting = told.get("length_queue")
    return BackendStatus(
        backend_name=name,
        backend_version=str(told.get("backend_version") or ""),
        operational=told.get("state") is True,
        pending_jobs=waiting if isinstance(waiting, int) and waiting >= 0 else 0,
        status_msg=str(told.get("status") or ""),
    )


def local_time(text: object) -> datetime | None:
    """Read a time in ISO 8601, in UTC where it says nothing, as local time; None where it is none.

    A time that is read already stays.
    """
    if isinstance(text, datetime):
        moment = text
    else:
        try:
            moment = datetime.fromisoformat(str(text))
        except ValueError:
            return None
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone()


def _figures(told: object) -> list[dict[str, Any]]:
    if not isinstance(told, list):
        return []
    return [
        {
            "date": local_time(figure.get("date")),
            "name": figure["name"],
            "unit": figure.get("unit", ""),
            "value": figure["value"],
        }
        for figure in told
        if isinstance(figure, dict) and "name" in figure and figure.get("value") is not None
    ]
