"""Rehearsals take what is in the instruction set of their device, and refuse all else."""

from __future__ import annotations

import json
import math
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from qiskit import QuantumCircuit
    from qiskit.circuit import Gate, Parameter

from ibmqbatch.local.backends import Backend, BackendTable
from ibmqbatch.local.process import Worker
from tests.support.service import Client

from .support import bell, encode


def measured(build: Callable[[QuantumCircuit], object], qubits: int = 5) -> Any:
    """Return a circuit of what `build` puts into it, and a measurement of qubit 0."""
    circuit = QuantumCircuit(qubits, 1)
    build(circuit)
    circuit.measure(0, 0)
    return circuit


def in_a_branch(circuit: QuantumCircuit) -> None:
    circuit.measure(4, 0)
    with circuit.if_test((0, 1)):
        circuit.x(4)
        with circuit.for_loop(range(2)):
            circuit.cx(4, 2)


def of_its_own(circuit: QuantumCircuit) -> None:
    circuit.append(Gate("mine", 2, []), [3, 1])


@pytest.mark.parametrize(
    ("backend", "build", "words"),
    [
        ("fake_manila", lambda c: c.h(3), ["h on qubit 3", "no such instruction"]),
        ("fake_manila", lambda c: c.swap(0, 1), ["swap on qubits 0, 1"]),
        ("fake_manila", of_its_own, ["mine on qubits 3, 1", "no such instruction"]),
        ("fake_manila", lambda c: c.cx(0, 2), ["cx on qubits 0, 2", "not coupled"]),
        ("fake_manila", in_a_branch, ["cx on qubits 4, 2", "not coupled"]),
        ("fake_sherbrooke", lambda c: c.ecr(0, 1), ["ecr on qubits 0, 1", "other direction"]),
        ("fake_sherbrooke", lambda c: c.cz(1, 0), ["cz on qubits 1, 0", "no such instruction"]),
    ],
)
def test_what_is_not_in_the_instruction_set_fails_and_is_named(
    client: Client, backend: str, build: Callable[[QuantumCircuit], object], words: list[str]
) -> None:
    good = measured(lambda c: c.x(0))
    state = client.fail(encode(good), encode(measured(build)), backend=backend)
    assert state["reason_code"] == 1517
    assert state["reason"].startswith("Pub 1: ")
    for word in [*words, backend]:
        assert word in state["reason"]
    assert backend in state["reason_solution"]


def test_more_qubits_than_the_device_has_fail(client: Client) -> None:
    state = client.fail(encode(measured(lambda c: c.x(0), 6)), backend="fake_manila")
    assert state["reason_code"] == 1517
    assert "6 qubits" in state["reason"]


def test_barriers_and_delays_and_resets_are_fine_anywhere(client: Client) -> None:
    def build(circuit: QuantumCircuit) -> None:
        circuit.barrier()
        circuit.barrier(0, 4)
        circuit.delay(160, 3)
        circuit.reset(2)

    client.run([encode(measured(build)), None, 5], backend="fake_manila")


def test_a_circuit_for_another_device_is_refused_there(client: Client) -> None:
    assert client.fail([bell()], backend="fake_prague")["reason_code"] == 1517


@pytest.fixture
def run_on(tmp_path: Path, worker_python: str) -> Iterator[Callable[..., dict[str, Any]]]:
    """Run a circuit in a worker process on a backend of the test's own."""
    workers: list[Worker] = []

    def run(
        backend: Backend, circuit: Any, values: Any = None, *, go: bool = False, **options: Any
    ) -> dict[str, Any]:
        if not workers:
            workers.append(Worker(worker_python, 1, tmp_path / "workers.log"))
        params = {"pubs": [[encode(circuit), values, 10]], "version": 2, "options": options}
        workers[0].send_job("sampler", backend, json.dumps(params).encode(), 60)
        answer = workers[0].receive()
        if "needs" in answer:
            workers[0].send({"go": go, "seconds": 60, "by_clock": None})
            answer = workers[0].receive() if go else answer
        if "completed" in answer:
            workers[0].receive_raw()
        return answer

    yield run
    for worker in workers:
        worker.close()


def with_faults(qubit: int, gate: str) -> Backend:
    """Return fake_manila with a qubit and a gate that are marked as not operational."""
    manila = BackendTable(2**30)["fake_manila"]
    properties = json.loads(json.dumps(manila.properties))
    fault = {"date": "2026-01-01T00:00:00Z", "name": "operational", "unit": "", "value": 0}
    properties["qubits"][qubit].append(fault)
    for entry in properties["gates"]:
        working = {**fault, "value": 0 if entry["name"] == gate else 1}
        entry["parameters"].append(working)
    return Backend("fake_manila", manila.worker, lambda: manila.configuration, lambda: properties)


def test_faulty_qubits_and_gates_are_refused(run_on: Callable[..., dict[str, Any]]) -> None:
    backend = with_faults(3, "cx1_2")
    on_qubit = run_on(backend, measured(lambda c: c.sx(3)))["failed"]
    assert on_qubit["code"] == 1517
    assert "sx on qubit 3" in on_qubit["reason"]
    assert "qubit 3 is not operational" in on_qubit["reason"]
    beside = run_on(backend, measured(lambda c: c.cx(2, 3)))["failed"]
    assert "qubit 3 is not operational" in beside["reason"]
    gate = run_on(backend, measured(lambda c: c.cx(1, 2)))["failed"]
    assert gate["code"] == 1517
    assert "cx on qubits 1, 2" in gate["reason"]
    assert "not operational there" in gate["reason"]


def test_what_works_beside_a_fault_still_runs(run_on: Callable[..., dict[str, Any]]) -> None:
    backend = with_faults(3, "cx1_2")

    def build(circuit: QuantumCircuit) -> None:
        circuit.barrier()
        circuit.cx(2, 1)
        circuit.sx(4)

    assert "needs" in run_on(backend, measured(build))


def with_fractional_gates() -> Backend:
    """Return fake_manila as if it had rx and rzz, as newer devices do."""
    manila = BackendTable(2**30)["fake_manila"]
    configuration = json.loads(json.dumps(manila.configuration))
    places = {"rx": [[q] for q in range(5)], "rzz": configuration["coupling_map"]}
    for name, coupling in places.items():
        gate = {"name": name, "parameters": ["theta"], "qasm_def": "", "coupling_map": coupling}
        configuration["gates"].append(gate)
        configuration["basis_gates"].append(name)
        configuration["supported_instructions"].append(name)
    return Backend("fractional", manila.worker, lambda: configuration, lambda: manila.properties)


@pytest.mark.parametrize("angle", [-0.1, math.pi / 2 + 0.01])
def test_rzz_by_an_angle_beyond_a_quarter_turn_is_refused(
    run_on: Callable[..., dict[str, Any]], angle: float
) -> None:
    failed = run_on(with_fractional_gates(), measured(lambda c: c.rzz(angle, 1, 2)))["failed"]
    assert failed["code"] == 1517
    assert "rzz on qubits 1, 2" in failed["reason"]
    assert "from 0 to π/2" in failed["reason"]


def test_rzz_is_held_to_its_angles_when_parameters_are_bound(
    run_on: Callable[..., dict[str, Any]],
) -> None:
    circuit = measured(lambda c: c.rzz(2 * Parameter("half"), 1, 2))
    backend = with_fractional_gates()
    assert "completed" in run_on(backend, circuit, [[0.0], [math.pi / 4]], go=True)
    failed = run_on(backend, circuit, [[0.0], [0.8]], go=True)["failed"]
    assert failed["code"] == 1517
    assert "the angle 1.6 is not" in failed["reason"]


def test_fractional_gates_cannot_be_twirled(run_on: Callable[..., dict[str, Any]]) -> None:
    twirling = {"twirling": {"enable_gates": True}}
    for build in (lambda c: c.rx(0.3, 0), lambda c: c.rzz(0.3, 0, 1)):
        circuit = measured(build)
        assert "needs" in run_on(with_fractional_gates(), circuit)
        failed = run_on(with_fractional_gates(), circuit, **twirling)["failed"]
        assert failed["code"] == 1519
        assert "cannot be twirled" in failed["reason"]
    measuring = {"twirling": {"enable_measure": True}, "dynamical_decoupling": {"enable": True}}
    assert "needs" in run_on(with_fractional_gates(), circuit, **measuring)
