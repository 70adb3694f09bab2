"""Devices whose description lies in a package of Qiskit's, as the API describes devices.

The fakes of qiskit-ibm-runtime and of Terra are snapshots of real devices: JSON files that are
found and read here without importing either package, which the process that serves must not.
"""

from __future__ import annotations

import importlib
import importlib.util
import json
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

__all__ = ["MAX_SHOTS", "REHEARSALS", "Snapshot", "find_snapshots"]

# The names here; those of the files are without "fake_". First those of earlier years, from 5 to
# 127 qubits, one of each size and native two-qubit gate, the latest where there are several; then
# the devices that IBM runs today.
REHEARSALS = (
    "fake_manila",  # 5 qubits, Falcon
    "fake_nairobi",  # 7
    "fake_guadalupe",  # 16
    "fake_hanoi",  # 27
    "fake_kolkata",  # 27
    "fake_prague",  # 33, Egret, cz
    "fake_brooklyn",  # 65, Hummingbird
    "fake_washington",  # 127, Eagle
    "fake_sherbrooke",  # 127, Eagle, ecr
    "fake_nighthawk",  # 120, Nighthawk as it was announced
    "fake_miami",  # 120, Nighthawk
    "fake_torino",  # 133, Heron
    "fake_fez",  # 156, Heron r2
    "fake_marrakesh",  # 156
    "fake_kingston",  # 156
    "fake_boston",  # 156, Heron r3
)

# Where packages keep them. The first has later snapshots, and is preferred.
_FOLDERS = (
    ("qiskit_ibm_runtime", "fake_provider/backends"),
    ("qiskit", "providers/fake_provider/backends"),
)
# Not a real device: its files have a real coupling map and invented errors.
_INVENTED = {"fake_nighthawk": "the Nighthawk processor"}

MAX_SHOTS = 100_000
_MAX_EXPERIMENTS = 300
_CONTROL_FLOW = ("if_else", "for_loop", "while_loop", "switch_case")
_WITHOUT_MATRIX = ("measure", "reset", "delay")
# Fast variants, simulated as the standard instructions.
_QUICKER = ("measure_2", "reset_2")

# Passed on unchanged from the files; the rest is about pulses.
_KEPT = (
    "backend_version",
    "clops",
    "clops_h",
    "coords",
    "coupling_map",
    "default_rep_delay",
    "dt",
    "dtm",
    "dynamic_reprate_enabled",
    "meas_map",
    "online_date",
    "parallel_compilation",
    "quantum_volume",
    "rep_delay_range",
    "sample_name",
    "timing_constraints",
)
_FRACTIONAL = {
    "rx": "gate rx(theta) q { U(theta, -pi/2, pi/2) q; }",
    "rzz": "gate rzz(theta) a, b { cx a, b; U(0, 0, theta) b; cx a, b; }",
}


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The files of one device."""

    name: str
    configuration_file: Path
    properties_file: Path

    def outline(self) -> dict[str, Any]:
        """Return the device's part in a list of all; reads the smaller file only.

        Raises OSError or ValueError when the file cannot be read.
        """
        return _outline(json.loads(self.configuration_file.read_bytes()))

    def configuration(self, max_active_qubits: int) -> dict[str, Any]:
        """Return the configuration of the device's rehearsal.

        `max_active_qubits` limits the qubits that a circuit may act on. Raises OSError or
        ValueError when a file cannot be read.
        """
        found = json.loads(self.configuration_file.read_bytes())
        # Measurements and resets may be listed among the gates, without qubits.
        gates = [
            {key: gate[key] for key in ("name", "parameters", "qasm_def", "coupling_map")}
            for gate in found["gates"]
            if gate.get("coupling_map")
        ]
        gates += self._fractional_gates({gate["name"] for gate in gates})
        basis = [gate["name"] for gate in gates]
        signatures = [
            signature
            for signature in found.get("instruction_signatures") or ()
            if signature.get("name") in _QUICKER
        ]
        others = _supported(found)
        return {
            "backend_name": self.name,
            "description": self._description(found["backend_name"]),
            **{key: _clean(found[key]) for key in _KEPT if found.get(key) not in (None, "None")},
            **_outline(found),
            "basis_gates": basis,
            "gates": gates,
            "instruction_signatures": signatures,
            "supported_instructions": [
                *basis,
                *(signature["name"] for signature in signatures),
                *others,
            ],
            "supported_features": ["qasm3"],
            "local": False,
            "conditional": "if_else" in others,
            "open_pulse": False,
            "memory": True,
            "max_shots": MAX_SHOTS,
            "max_experiments": _MAX_EXPERIMENTS,
            "rehearsal": {"max_active_qubits": min(max_active_qubits, found["n_qubits"])},
        }

    def _description(self, rehearsed: str) -> str:
        if self.name in _INVENTED:
            return (
                f"A rehearsal of {_INVENTED[self.name]}: its instruction set and coupling, "
                "simulated, with errors that are those of no device."
            )
        return (
            f"A rehearsal of {rehearsed}: its instruction set, coupling and noise as they once "
            "were, simulated."
        )

    def _fractional_gates(self, known: set[str]) -> list[dict[str, Any]]:
        """Return the fractional gates that the device was calibrated for.

        The client that wrote the files hid them from configurations, not from calibrations. A gate
        that works nowhere was never calibrated.
        """
        data = self.properties_file.read_bytes()
        if not any(f'"{name}"'.encode() in data for name in _FRACTIONAL):
            return []
        places: dict[str, list[list[int]]] = {}
        working = set()
        for gate in json.loads(data)["gates"]:
            name = gate["gate"]
            if name in _FRACTIONAL and name not in known:
                places.setdefault(name, []).append(gate["qubits"])
                if not any(
                    entry["name"] == "gate_error" and entry.get("value") == 1
                    for entry in gate["parameters"]
                ):
                    working.add(name)
        return [
            {
                "name": name,
                "parameters": ["theta"],
                "qasm_def": _FRACTIONAL[name],
                "coupling_map": sorted(qubits),
            }
            for name, qubits in sorted(places.items())
            if name in working
        ]

    def properties(self) -> dict[str, Any]:
        """Return the calibration of the device, which never changes.

        Raises OSError or ValueError when the file cannot be read.
        """
        found = json.loads(self.properties_file.read_bytes())
        lists = {key: found[key] for key in ("general_qlists",) if key in found}
        return {
            "backend_name": self.name,
            "backend_version": found["backend_version"],
            "last_update_date": found["last_update_date"],
            "qubits": [_finite(entries) for entries in found["qubits"]],
            "gates": [
                {**gate, "parameters": _finite(gate["parameters"])} for gate in found["gates"]
            ],
            "general": _finite(found["general"]),
            **lists,
        }


def _outline(found: Mapping[str, Any]) -> dict[str, Any]:
    processor = found.get("processor_type") or {}
    return {
        "n_qubits": found["n_qubits"],
        "processor_type": {key: str(value) for key, value in processor.items()},
        "simulator": False,
    }


def _supported(found: Mapping[str, Any]) -> list[str]:
    """Return what a device supports beside gates.

    Files from before control flow list pulse instructions instead: such devices are rehearsed with
    all control flow. Later files are taken at their word.
    """
    listed = found.get("supported_instructions") or ()
    telling = "instruction_signatures" in found or any(flow in listed for flow in _CONTROL_FLOW)
    names = (*_WITHOUT_MATRIX, *_CONTROL_FLOW)
    return [*(name for name in names if name in listed or not telling), "barrier"]


def _clean(value: Any) -> Any:
    """Return a value of a configuration with null for numbers that are not JSON."""
    if isinstance(value, list):
        return [_clean(part) for part in value]
    if isinstance(value, dict):
        return {key: _clean(part) for key, part in value.items()}
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _finite(entries: list[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return the entries of a calibration without values that were not measured."""
    return [
        {key: part for key, part in entry.items() if _clean(part) is not None} for entry in entries
    ]


def _folders() -> Iterator[Path]:
    """Yield the folders of snapshots in the installed packages.

    Only the top package is looked up: finding an inner one would import those around it.
    """
    importlib.invalidate_caches()  # it may have been installed while this process runs
    for package, inside in _FOLDERS:
        spec = importlib.util.find_spec(package)
        for location in (spec and spec.submodule_search_locations) or ():
            yield Path(location) / inside


def find_snapshots() -> dict[str, Snapshot]:
    """Return the devices whose files are installed, by the names of their rehearsals."""
    folders = [folder for folder in _folders() if folder.is_dir()]
    found = {}
    for name in REHEARSALS:
        short = name.removeprefix("fake_")
        for folder in folders:
            files = [folder / short / f"{kind}_{short}.json" for kind in ("conf", "props")]
            if all(file.is_file() for file in files):
                found[name] = Snapshot(name, *files)
                break
    return found
