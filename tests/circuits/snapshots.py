"""Real devices as their services once described them: the data of Qiskit's fakes."""

from __future__ import annotations

import json
from collections.abc import Collection
from functools import cache
from typing import Any

from ibmqbatch.circuits.device import Device
from ibmqbatch.jobset.device import device_from_wire
from tests.support.qiskits import FAKES

__all__ = ["snapshot"]


@cache
def _told(name: str, kind: str) -> bytes:
    return (FAKES / name / f"{kind}_{name}.json").read_bytes()


def snapshot(name: str, *, faulty: Collection[int] = (), flow: Collection[str] = ()) -> Device:
    """Return a device, some of whose qubits do not work, and that may have control flow."""
    configuration: dict[str, Any] = json.loads(_told(name, "conf"))
    properties: dict[str, Any] = json.loads(_told(name, "props"))
    configuration.setdefault("supported_instructions", [])
    configuration["supported_instructions"] += ["measure", "reset", "delay", *flow]
    for qubit in faulty:
        properties["qubits"][qubit].append({"name": "operational", "unit": "", "value": 0})
    return device_from_wire(name, configuration, properties)
