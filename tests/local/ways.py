"""The ways on which a program comes to its counts, from files and objects to a worker's simulator.

All in this process: the tool makes it ready, and what it would send is read as a worker reads it.
"""

from __future__ import annotations

import base64
import contextlib
import resource
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

from ibmqbatch.circuits.device import Device
from ibmqbatch.circuits.pipeline import Inputs, prepare
from ibmqbatch.circuits.preparer import Preparation
from ibmqbatch.jobset.device import device_from_wire
from ibmqbatch.local.backends import BackendTable
from ibmqbatch.local.worker.backends import Backend, Backends
from ibmqbatch.local.worker.decoding import decode_circuit
from ibmqbatch.local.worker.simulation import run_circuits
from tests.circuits.asking import dump
from tests.circuits.devices import line_configuration, line_properties
from tests.support.qiskits import TERRA

from .interpreter import Program, as_circuit, as_openqasm2, as_openqasm3

__all__ = ["SHOTS", "counts", "sent"]

SHOTS = 300
_PATIENCE = 120  # seconds of processor time that one run may take, where it takes parts of one
_IDEAL = BackendTable(2**30)["ideal_simulator"].worker
_QUIET = {
    "name": "line",
    "kind": "rehearsal",
    "max_shots": 1000,
    "max_active_qubits": 4,
    "density_matrix_bytes": 2**20,
}
_LINE = 4  # qubits
_FLOW = ["if_else", "for_loop", "while_loop", "switch_case", *([] if TERRA else ["store"])]


def sent(program: Program, form: str, folder: Path, *, level: int | None, rehearsed: bool) -> Any:
    """Return the circuit that a worker gets of a program in this form, compiled at this level."""
    given: object
    match form:
        case "OpenQASM 2":
            given = as_openqasm2(program)
        case "OpenQASM 3":
            given = as_openqasm3(program)
        case "QPY":
            given = folder / "program.qpy"
            given.write_bytes(dump(as_circuit(program)))
        case _:
            given = as_circuit(program)
    device = _quiet_device() if rehearsed else _ideal_device()
    asked = Preparation(level=level, seed=1)
    (ready,) = prepare(Inputs(given=[given]), device, asked, lambda *_: None)
    assert ready.body_kind == "qpy"
    return decode_circuit({"__value__": base64.b64encode(ready.body).decode()})


def counts(circuit: Any, bits: int, *, rehearsed: bool = False) -> dict[str, float]:
    """Return the shares of outcomes that a worker gives."""
    plan = _backend(rehearsed=rehearsed).plan(circuit, SHOTS)
    noisy, model = plan.with_noise(plan.circuit)
    assert plan.simulation is not None
    with _bounded():
        (found,) = run_circuits([noisy], model, plan.simulation, SHOTS, [7])
    shares: dict[str, float] = {}
    for row in found[:, :bits].tolist():
        outcome = "".join(str(bit) for bit in reversed(row))
        shares[outcome] = shares.get(outcome, 0.0) + 1 / SHOTS
    return shares


@contextlib.contextmanager
def _bounded() -> Iterator[None]:
    """End this process when the simulator takes too much processor time: it listens to nobody."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    before = resource.getrlimit(resource.RLIMIT_CPU)
    until = int(used.ru_utime + used.ru_stime) + _PATIENCE
    resource.setrlimit(resource.RLIMIT_CPU, (until, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_CPU, before)


@cache
def _described() -> tuple[dict[str, Any], dict[str, Any]]:
    """Return a line of qubits with all control flow, whose calibration tells of no noise."""
    told = line_configuration(_LINE)
    told["supported_instructions"] += _FLOW
    properties = line_properties(_LINE)
    for entries in (*properties["qubits"], *(g["parameters"] for g in properties["gates"])):
        entries[:] = [entry for entry in entries if entry["name"] == "operational"]
    return told, properties


@cache
def _quiet_device() -> Device:
    return device_from_wire("line", *_described())


@cache
def _ideal_device() -> Device:
    told = BackendTable(2**30)["ideal_simulator"].configuration
    return device_from_wire("ideal_simulator", told, None)


@cache
def _backend(*, rehearsed: bool) -> Backend:
    if not rehearsed:
        return Backends().get(_IDEAL, None)
    configuration, properties = _described()
    return Backends().get(_QUIET, {"configuration": configuration, "properties": properties})
