"""Small devices, described as a service does."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from ibmqbatch.circuits.device import Device
from ibmqbatch.jobset.device import device_from_wire

__all__ = [
    "heron",
    "heron_configuration",
    "heron_properties",
    "line",
    "line_configuration",
    "line_properties",
]

_GATES = ("rz", "sx", "x")


def line_configuration(num_qubits: int, **changes: Any) -> dict[str, Any]:
    """Describe a device whose qubits stand in a line, coupled by `cx` from each to the next."""
    pairs = [[q, q + 1] for q in range(num_qubits - 1)]
    one_qubit = [{"name": g, "coupling_map": [[q] for q in range(num_qubits)]} for g in _GATES]
    return {
        "backend_name": "line",
        "n_qubits": num_qubits,
        "basis_gates": ["cx", *_GATES],
        "gates": [*one_qubit, {"name": "cx", "coupling_map": pairs}],
        "coupling_map": pairs,
        "supported_instructions": ["cx", *_GATES, "measure", "reset", "delay", "if_else"],
        "simulator": False,
        "max_shots": 100_000,
        "dt": 0.25,
        **changes,
    }


def line_properties(
    num_qubits: int, *, faulty: Collection[int] = (), broken: Collection[tuple[int, int]] = ()
) -> dict[str, Any]:
    """Return a calibration in which some qubits do not work, and some couplings are broken."""
    qubits = [
        [
            {"name": "T1", "unit": "us", "value": 100.0 + q},
            {"name": "T2", "unit": "us", "value": 50.0},
            {"name": "readout_error", "unit": "", "value": 0.01 * (q + 1)},
            {"name": "readout_length", "unit": "ns", "value": 1000.0},
            {"name": "operational", "unit": "", "value": 0 if q in faulty else 1},
        ]
        for q in range(num_qubits)
    ]
    gates = [
        {
            "gate": "cx",
            "qubits": [q, q + 1],
            "parameters": [
                {"name": "gate_error", "unit": "", "value": 1.0 if (q, q + 1) in broken else 0.01},
                {"name": "gate_length", "unit": "ns", "value": 300.0},
            ],
        }
        for q in range(num_qubits - 1)
    ]
    return {"last_update_date": "2026-11-01T00:00:00Z", "qubits": qubits, "gates": gates}


def line(
    num_qubits: int, *, faulty: Collection[int] = (), broken: Collection[tuple[int, int]] = ()
) -> Device:
    """Return such a device."""
    return device_from_wire(
        "line",
        line_configuration(num_qubits),
        line_properties(num_qubits, faulty=faulty, broken=broken),
    )


def heron_configuration(num_qubits: int, **changes: Any) -> dict[str, Any]:
    """Describe a device with the gates of a Heron: `cz` along a line, and fractional gates."""
    told = line_configuration(num_qubits)
    pairs, ones = told["coupling_map"], [[q] for q in range(num_qubits)]
    basis = {"cz": pairs, "rzz": pairs, **dict.fromkeys(("rx", *_GATES), ones)}
    return {
        **told,
        "backend_name": "heron",
        "basis_gates": list(basis),
        "gates": [{"name": name, "coupling_map": places} for name, places in basis.items()],
        "supported_instructions": [*basis, "measure", "reset", "delay", "if_else", "for_loop"],
        "default_rep_delay": 250.0,
        **changes,
    }


def heron_properties(num_qubits: int, *, faulty: Collection[int] = ()) -> dict[str, Any]:
    """Return a calibration of it: `x`, `sx` and `rx` take 32 ns, `cz` 68, `rzz` 100."""
    told = line_properties(num_qubits, faulty=faulty)
    lengths = {"cz": 68.0, "rzz": 100.0, "x": 32.0, "sx": 32.0, "rx": 32.0, "rz": 0.0}
    told["gates"] = [
        {
            "gate": gate["name"],
            "qubits": qubits,
            "parameters": [
                {"name": "gate_error", "unit": "", "value": 0.001},
                {"name": "gate_length", "unit": "ns", "value": lengths[gate["name"]]},
            ],
        }
        for gate in heron_configuration(num_qubits)["gates"]
        for qubits in gate["coupling_map"]
    ]
    return told


def heron(num_qubits: int, *, faulty: Collection[int] = ()) -> Device:
    """Return such a device."""
    return device_from_wire(
        "heron", heron_configuration(num_qubits), heron_properties(num_qubits, faulty=faulty)
    )
