"""Jobs that cannot run fail, with a sentence and a code."""

from __future__ import annotations

import base64
import warnings
import zlib
from typing import Any

import pytest

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # Terra and Aer warn about each other
    from qiskit import QuantumCircuit, qasm3

from tests.circuits.pulses import SAMPLES
from tests.support.service import Client

from .support import bell, encode


def failing(name: str) -> Any:
    circuit = QuantumCircuit(2, 2)
    if name == "measures nothing":
        circuit.h(0)
        return encode(circuit)
    if name == "no classical register":
        return encode(QuantumCircuit(2))
    newer = bytearray(zlib.decompress(base64.b64decode(bell()["__value__"])))
    newer[6] = 99
    blob = {
        "QPY version 99": bytes(newer),
        "is not QPY": b"something else",
        "pulses of its own": SAMPLES,
        "QPY cannot be read": bytes(newer[:6]) + b"\x0a" + bytes(newer[7:60]),
    }[name]
    text = base64.b64encode(zlib.compress(blob)).decode()
    return {"__type__": "QuantumCircuit", "__value__": text}


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("measures nothing", 3211),
        ("no classical register", 3211),
        ("QPY version 99", 1603),
        ("is not QPY", 1603),
        ("QPY cannot be read", 1603),
        ("pulses of its own", 1517),
    ],
)
def test_a_circuit_that_cannot_run_fails_with_a_sentence(
    client: Client, name: str, code: int
) -> None:
    job_id = client.submit([bell(), None, 1], [failing(name), None, 1])
    state = client.wait(job_id)["state"]
    assert state["status"] == "Failed"
    assert state["reason"].startswith("Pub 1: ")
    assert name in state["reason"]
    assert "\n" not in state["reason"]
    assert state["reason_code"] == code
    assert client.get(f"/jobs/{job_id}/results").status_code == 204
    assert "Traceback" in client.get(f"/jobs/{job_id}/logs").text


def test_bare_base64_is_taken_for_a_program(client: Client) -> None:
    assert client.fail([bell()["__value__"]])["reason_code"] == 1603


def test_openqasm_3_runs_or_says_what_is_missing(client: Client) -> None:
    circuit = QuantumCircuit(1, 1)
    circuit.x(0)
    circuit.measure(0, 0)
    text = qasm3.dumps(circuit)
    job = client.wait(client.submit([text, None, 2]))
    if job["status"] == "Completed":
        assert client.fail([text + "nonsense;", None, 2])["reason_code"] == 1506
    else:
        assert "qiskit-qasm3-import" in job["state"]["reason"]
        assert job["state"]["reason_code"] == 1603


def test_too_many_executions_fail_and_the_limit_is_named(client: Client) -> None:
    state = client.fail(*([[bell(), None, 1_000_000]] * 11))
    assert "10000000" in state["reason"]
    assert state["reason_code"] == 1520


def test_more_shots_than_the_backend_takes_fail(client: Client) -> None:
    assert client.fail([bell(), None, 1_000_001])["reason_code"] == 1520


@pytest.mark.parametrize(
    "options", [{"simulator": {"noise_model": {}}}, {"execution": {"meas_type": "kerneled"}}]
)
def test_what_an_ideal_simulator_cannot_do_fails(client: Client, options: dict[str, Any]) -> None:
    assert client.fail([bell()], params={"options": options})["reason_code"] == 1521
