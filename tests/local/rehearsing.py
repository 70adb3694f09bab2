"""The devices that are rehearsed, their noise as Aer has it, and circuits run on either."""

from __future__ import annotations

import copy
import json
import warnings
from collections import Counter
from functools import cache
from typing import TYPE_CHECKING, Any

import pytest

from ibmqbatch.local.backends import BackendTable
from tests.support.qiskits import RUNTIME, TERRA, models
from tests.support.service import Client

from .support import joined_counts, seeded

if TYPE_CHECKING:
    from qiskit import QuantumCircuit

OLDER = {
    "fake_manila": 5,
    "fake_nairobi": 7,
    "fake_guadalupe": 16,
    "fake_hanoi": 27,
    "fake_kolkata": 27,
    "fake_prague": 33,
    "fake_brooklyn": 65,
    "fake_washington": 127,
    "fake_sherbrooke": 127,
}
TODAYS = {
    "fake_nighthawk": 120,
    "fake_torino": 133,
    "fake_fez": 156,
    "fake_marrakesh": 156,
}
SINCE_0_47 = {"fake_miami": 120, "fake_kingston": 156, "fake_boston": 156}
QUBITS = OLDER | ({} if TERRA else TODAYS) | (SINCE_0_47 if RUNTIME >= (0, 47) else {})
CONTROL_FLOW = {"if_else", "for_loop", "while_loop", "switch_case"}
SHOTS = 10_000


def need(name: str) -> None:
    """Skip a test of a device that the snapshots at hand do not have yet."""
    if name not in QUBITS:
        pytest.skip(f"qiskit-ibm-runtime has {name} since 0.47")


@cache
def device(name: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the configuration and the properties of a rehearsal."""
    told = BackendTable(2**30)[name].device
    assert told is not None
    found = json.loads(told)
    return found["configuration"], found["properties"]


def noise_of(name: str, *only: int) -> Any:
    """Return the noise that Aer itself derives from a device's calibration.

    Of the gates on some qubits `only`, where there are more than one would wait for.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Terra and Aer warn about each other
        from qiskit_aer.noise import NoiseModel

        configuration, properties = copy.deepcopy(device(name))
        if only:
            properties["gates"] = [g for g in properties["gates"] if {*g["qubits"]} <= {*only}]
        # Aer wants what today's devices do not tell. The frequency does not matter in the cold.
        for entries in properties["qubits"]:
            told = {entry["name"] for entry in entries}
            for missing, unit in {"frequency": "GHz", "T1": "us", "T2": "us"}.items():
                if missing not in told:
                    date = properties["last_update_date"]
                    entries.append({"name": missing, "unit": unit, "value": 5, "date": date})
        return NoiseModel.from_backend_properties(
            models().BackendProperties.from_dict(properties), dt=configuration["dt"] * 1e-9
        )


def counts(client: Client, source: Any, backend: str = "fake_manila", shots: int = SHOTS) -> Any:
    """Run a circuit, seeded."""
    return joined_counts(client.run([source, None, shots], params=seeded(5), backend=backend))


def direct(circuit: QuantumCircuit, simulator: Any, shots: int = SHOTS) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        result = simulator.run(circuit, shots=shots, seed_simulator=11).result()
    return Counter(result.get_counts())


def distance(one: Any, other: Any) -> float:
    """Return the total variation distance of two sets of counts of equally many shots."""
    return sum(abs(one[key] - other[key]) for key in set(one) | set(other)) / 2 / one.total()
