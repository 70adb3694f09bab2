"""Mocks of backends, on which IBM's client makes its dry runs."""

from __future__ import annotations

import warnings
from typing import Any

import pytest

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # Terra and Aer warn about each other
    from qiskit import QuantumCircuit

from tests.support.service import Client

from .rehearsing import QUBITS
from .support import bell, encode, error, joined_counts, samples, seeded


def on_device(qubits: int, gate: str = "x") -> dict[str, str]:
    """Return a circuit in the instruction set of fake_washington, but for other gates than x."""
    circuit = QuantumCircuit(127, qubits)
    for qubit in range(qubits):
        getattr(circuit, gate)(qubit)
    circuit.measure(range(qubits), range(qubits))
    return encode(circuit)


def names(client: Client, **query: Any) -> list[str]:
    return [entry["name"] for entry in client.get("/backends", **query).json()["devices"]]


def test_every_backend_has_a_mock_for_who_asks_for_them(client: Client) -> None:
    assert not [name for name in names(client) if name.startswith("mock")]
    entries = client.get("/backends", include_mocks="True").json()["devices"]
    found = {entry["name"]: entry for entry in entries if entry.get("class") == "mock"}
    assert set(found) == {"mock_simulator", *(name.replace("fake", "mock") for name in QUBITS)}
    assert found["mock_manila"]["qubits"] == 5


def test_a_mock_is_described_as_its_backend_is(client: Client) -> None:
    for document in ("configuration", "properties"):
        mock, real = (
            client.get(f"/backends/{name}/{document}").json()
            for name in ("mock_manila", "fake_manila")
        )
        assert mock.pop("backend_name") == "mock_manila"
        real.pop("backend_name")
        real.pop("rehearsal", None)  # the limits of its simulation
        assert mock == real
    assert client.get("/backends/mock_manila/status").json()["state"] is True
    assert error(client.get("/backends/mock_nowhere/status")) == (404, 1216)


def test_results_of_a_mock_have_the_form_and_no_meaning(client: Client) -> None:
    circuit = QuantumCircuit(2, 2, metadata={"kind": "nothing"})
    circuit.measure([0, 1], [0, 1])
    result = client.run([encode(circuit), None, 400], backend="mock_manila")
    assert set(joined_counts(result)) == {"00", "01", "10", "11"}
    assert result["results"][0]["metadata"] == {"circuit_metadata": {"kind": "nothing"}}


def test_a_seed_gives_the_same_bits_of_a_mock(client: Client) -> None:
    first, again, other = (
        samples(client.run([bell(), None, 50], backend="mock_simulator", params=seeded(seed)))
        for seed in (1, 1, 2)
    )
    assert first == again != other


def test_more_qubits_than_can_be_simulated_are_no_matter_to_a_mock(client: Client) -> None:
    pub = [on_device(100), None, 3]
    assert client.fail(pub, backend="fake_washington")["reason_code"] == 1520
    assert len(samples(client.run(pub, backend="mock_washington"))) == 3


@pytest.mark.parametrize("backend", ["fake_washington", "mock_washington"])
def test_a_mock_refuses_what_its_backend_refuses(client: Client, backend: str) -> None:
    state = client.fail([on_device(1, "h"), None, 3], backend=backend)
    assert state["reason_code"] == 1517
    assert backend in state["reason"]
    options = {"simulator": {"noise_model": {}}}
    refused = client.fail([on_device(1)], backend=backend, params={"options": options})
    assert refused["reason_code"] == 1521


def test_jobs_on_mocks_are_listed_for_who_asks_for_them(client: Client) -> None:
    mocked = client.submit([bell(), None, 1], backend="mock_simulator")
    real = client.submit([bell(), None, 1])

    def listed(**query: str) -> set[str]:
        return {job["id"] for job in client.get("/jobs", **query).json()["jobs"]}

    assert listed() == {real}
    assert listed(include_mocks="True") == {real, mocked}
    assert listed(backend="mock_simulator") == {mocked}
    assert client.job(mocked)["backend"] == "mock_simulator"


def test_a_session_takes_dry_runs(client: Client) -> None:
    body = {"mode": "batch", "backend": "fake_manila"}
    session_id = client.call("POST", "/sessions", json=body).json()["id"]
    circuit = QuantumCircuit(1, 1)
    circuit.measure(0, 0)
    client.run([encode(circuit), None, 3], backend="mock_manila", session_id=session_id)
    refused = client.post([bell()], backend="mock_simulator", session_id=session_id)
    assert error(refused) == (400, 1208)
