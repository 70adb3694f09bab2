"""Devices whose description lies in Qiskit's package, as the API describes devices.

Terra's fakes are snapshots of real devices: JSON files that are found and read here without
importing Qiskit, which the process that serves must not.
"""

from __future__ import annotations

import importlib.util
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

__all__ = ["MAX_SHOTS", "REHEARSALS", "Snapshot", "find_snapshot"]

# From 5 to 127 qubits, one of each size and native two-qubit gate, the latest where there are
# several: the name here, and that of the files.
REHEARSALS = {
    f"fake_{name}": name
    for name in (
        "manila",  # 5 qubits, Falcon
        "nairobi",  # 7
        "guadalupe",  # 16
        "hanoi",  # 27
        "kolkata",  # 27
        "prague",  # 33, Egret, cz
        "brooklyn",  # 65, Hummingbird
        "washington",  # 127, Eagle
        "sherbrooke",  # 127, Eagle, ecr
    )
}

MAX_SHOTS = 100_000
_MAX_EXPERIMENTS = 300
_CONTROL_FLOW = ["if_else", "for_loop", "while_loop", "switch_case"]
_WITHOUT_MATRIX = ["measure", "reset", "delay", "barrier"]

# What is passed on as it stands in the files; the rest is about pulses.
_KEPT = (
    "backend_version",
    "clops",
    "coupling_map",
    "default_rep_delay",
    "dt",
    "dtm",
    "dynamic_reprate_enabled",
    "meas_map",
    "n_qubits",
    "online_date",
    "parallel_compilation",
    "quantum_volume",
    "rep_delay_range",
    "sample_name",
    "timing_constraints",
)


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The files of one device."""

    name: str
    configuration_file: Path
    properties_file: Path

    def configuration(self, max_active_qubits: int) -> dict[str, Any]:
        """Return the configuration of the device's rehearsal.

        `max_active_qubits` is how many qubits of a circuit may be acted upon here. Raises OSError
        or ValueError when the file cannot be read.
        """
        found = json.loads(self.configuration_file.read_bytes())
        # Reset is listed among the gates of older devices, without qubits.
        gates = [gate for gate in found["gates"] if gate.get("coupling_map")]
        basis = [gate["name"] for gate in gates]
        processor = found.get("processor_type") or {}
        return {
            "backend_name": self.name,
            "description": f"A rehearsal of {found['backend_name']}: its instruction set, "
            "coupling and noise as they once were, simulated.",
            **{key: _clean(found[key]) for key in _KEPT if found.get(key) is not None},
            "processor_type": {key: str(value) for key, value in processor.items()},
            "basis_gates": basis,
            "gates": [
                {
                    "name": gate["name"],
                    "parameters": gate["parameters"],
                    "qasm_def": gate["qasm_def"],
                    "coupling_map": gate["coupling_map"],
                }
                for gate in gates
            ],
            "supported_instructions": [*basis, *_WITHOUT_MATRIX, *_CONTROL_FLOW],
            "supported_features": ["qasm3"],
            "local": False,
            "simulator": False,
            "conditional": True,
            "open_pulse": False,
            "memory": True,
            "max_shots": MAX_SHOTS,
            "max_experiments": _MAX_EXPERIMENTS,
            "rehearsal": {"max_active_qubits": min(max_active_qubits, found["n_qubits"])},
        }

    def properties(self) -> dict[str, Any]:
        """Return the calibration of the device, which stands still.

        Raises OSError or ValueError when the file cannot be read.
        """
        found = json.loads(self.properties_file.read_bytes())
        return {
            "backend_name": self.name,
            "backend_version": found["backend_version"],
            "last_update_date": found["last_update_date"],
            "qubits": [_finite(entries) for entries in found["qubits"]],
            "gates": [
                {**gate, "parameters": _finite(gate["parameters"])} for gate in found["gates"]
            ],
            "general": _finite(found["general"]),
        }


def _clean(value: Any) -> Any:
    """Return a value of a configuration with null where a number is none of JSON's."""
    if isinstance(value, list):
        return [_clean(part) for part in value]
    if isinstance(value, dict):
        return {key: _clean(part) for key, part in value.items()}
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _finite(entries: list[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return the entries of a calibration, without the values of those that were not measured."""
    return [
        {key: part for key, part in entry.items() if _clean(part) is not None} for entry in entries
    ]


@cache
def _folder() -> Path | None:
    """Return the folder of Terra's fakes; None where Qiskit is not installed or has none."""
    spec = importlib.util.find_spec("qiskit")
    if spec is None or not spec.submodule_search_locations:
        return None
    return Path(next(iter(spec.submodule_search_locations))) / "providers/fake_provider/backends"


def find_snapshot(name: str) -> Snapshot | None:
    """Return where the files of a rehearsal are; None when they are not there."""
    folder, short = _folder(), REHEARSALS[name]
    if folder is None:
        return None
    files = [folder / short / f"{kind}_{short}.json" for kind in ("conf", "props")]
    return Snapshot(name, *files) if all(file.is_file() for file in files) else None
