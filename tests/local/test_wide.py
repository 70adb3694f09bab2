"""Circuits wider than any state vector: run where another method can, else refused."""

from __future__ import annotations

import warnings

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from qiskit import QuantumCircuit

from tests.support.service import Client

from .support import dense, encode, joined_counts, measured, seeded


def chain(qubits: int) -> QuantumCircuit:
    circuit = QuantumCircuit(qubits, qubits)
    circuit.h(0)
    for qubit in range(qubits - 1):
        circuit.cx(qubit, qubit + 1)
    return circuit


def test_a_wide_clifford_circuit_is_run(client: Client) -> None:
    pub = [encode(measured(chain(200))), None, 20]
    first, again = (client.run(pub, params=seeded(3)) for _ in range(2))
    assert set(joined_counts(first)) == {200 * "0", 200 * "1"}
    assert joined_counts(first) == joined_counts(again)


def test_a_wide_circuit_of_little_entanglement_is_run(client: Client) -> None:
    circuit = chain(60)
    circuit.t(59)
    circuit.cx(0, 59)
    pub = [encode(measured(circuit)), None, 20]
    assert set(joined_counts(client.run(pub))) == {60 * "0", "0" + 59 * "1"}


def test_a_wide_circuit_with_control_flow_is_run_if_it_is_clifford(client: Client) -> None:
    circuit = chain(60)
    circuit.measure(0, 0)
    with circuit.if_test((0, 1)):
        circuit.x(range(60))
    pub = [encode(measured(circuit)), None, 20]
    assert set(joined_counts(client.run(pub))) == {60 * "0"}


def test_a_dense_wide_circuit_is_refused(client: Client) -> None:
    job = client.wait(client.submit([encode(measured(dense(60))), None, 20]))
    assert job["state"]["status"] == "Failed"
    assert job["state"]["reason_code"] == 1520
    assert "the circuit has 60 active qubits" in job["state"]["reason"]


def test_more_qubits_than_the_backend_has_are_refused(client: Client) -> None:
    job = client.wait(client.submit([encode(measured(chain(1001))), None, 1]))
    assert job["state"]["reason_code"] == 1520
