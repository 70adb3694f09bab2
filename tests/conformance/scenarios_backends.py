"""Backends and their targets."""

from __future__ import annotations

import math
from datetime import UTC, datetime
from typing import Any

from common import service_of
from qiskit_ibm_runtime import QiskitRuntimeService


def backends(instance: str, **filters: Any) -> list[str]:
    return [backend.name for backend in service_of(instance).backends(**filters)]


def backends_with_coupling(instance: str, gate: str) -> list[str]:
    def wanted(backend: Any) -> bool:
        return gate in backend.configuration().basis_gates and backend.status().operational

    return [backend.name for backend in service_of(instance).backends(filters=wanted)]


def backend(instance: str, name: str, **options: Any) -> dict[str, Any]:
    found = service_of(instance).backend(name, **options)
    status = found.status()
    return {
        "name": found.name,
        "version": found.backend_version,
        "simulator": found.configuration().simulator,
        "max_shots": found.configuration().max_shots,
        "online": found.online_date.isoformat(),
        "status": [status.operational, status.status_msg, status.pending_jobs],
        "dt": getattr(found, "dt", None),
        "max_circuits": found.max_circuits,
    }


def target(instance: str, name: str, **options: Any) -> dict[str, Any]:
    found = service_of(instance).backend(name, **options)
    two_qubit = sorted(
        {
            gate
            for gate, places in found.target.items()
            if places and any(len(p or ()) == 2 for p in places)
        }
    )
    return {
        "qubits": found.target.num_qubits,
        "operations": sorted(found.target.operation_names),
        "two_qubit": two_qubit,
        "coupling": sorted(map(list, found.target.build_coupling_map().get_edges())),
        "t1": [found.target.qubit_properties[q].t1 for q in range(found.target.num_qubits)],
        "errors": [
            properties.error
            for gate in two_qubit
            for properties in found.target[gate].values()
            if properties is not None
        ],
        "readout": [found.target["measure"][q,].error for q in range(found.target.num_qubits)],
        "same_again": found.target_history(datetime.now(tz=UTC)).operation_names
        == found.target.operation_names,
    }


def ideal_target(instance: str) -> dict[str, Any]:
    found = service_of(instance).backend("ideal_simulator", use_fractional_gates=None)
    return {
        "operations": sorted(found.target.operation_names),
        "coupled": found.target.build_coupling_map() is not None,
        "properties": found.properties(),
    }


def properties(instance: str, name: str) -> dict[str, Any]:
    found = service_of(instance).backend(name)
    now, then = found.properties(), found.properties(datetime=datetime(2026, 1, 2, tzinfo=UTC))
    again = found.properties(refresh=True)
    return {
        "t1": now.t1(0),
        "t2": now.t2(0),
        "readout_error": now.readout_error(0),
        "faulty": [now.faulty_qubits(), len(now.faulty_gates())],
        "same": now.to_dict() == then.to_dict() == again.to_dict(),
        "updated": now.last_update_date.isoformat(),
    }


def refreshed(instance: str, name: str) -> bool:
    found = service_of(instance).backend(name)
    before = found.target.operation_names
    found.refresh()
    return found.target.operation_names == before


def least_busy(instance: str, **filters: Any) -> str:
    service: QiskitRuntimeService = service_of(instance)
    return service.least_busy(**filters).name


def gate_length(instance: str, name: str, gate: str, qubits: list[int]) -> float:
    found = service_of(instance).backend(name).properties()
    length = found.gate_length(gate, qubits)
    assert math.isfinite(found.gate_error(gate, qubits))
    return length
