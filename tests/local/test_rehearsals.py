"""Circuits run on rehearsals as on Aer with the noise of their devices, asked directly."""

from __future__ import annotations

import warnings
from collections import Counter
from collections.abc import Callable
from functools import cache
from typing import Any

import pytest

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # Terra and Aer warn about each other
    from qiskit import ClassicalRegister, QuantumCircuit, QuantumRegister, transpile
    from qiskit.circuit import Parameter
    from qiskit.circuit.library import XGate
    from qiskit_aer import AerSimulator

from tests.support.qiskits import needs_terra
from tests.support.service import Client

from .rehearsing import SHOTS, counts, device, direct, distance, noise_of
from .support import encode, samples, seeded


@cache
def manila() -> Any:
    """Return Aer with the noise of a device."""
    return AerSimulator(noise_model=noise_of("fake_manila"))


def ghz(qubits: int) -> QuantumCircuit:
    circuit = QuantumCircuit(qubits, qubits)
    circuit.h(0)
    for qubit in range(qubits - 1):
        circuit.cx(qubit, qubit + 1)
    circuit.measure(range(qubits), range(qubits))
    return circuit


def compiled(circuit: QuantumCircuit, name: str) -> QuantumCircuit:
    configuration, properties = device(name)
    return transpile(
        circuit,
        basis_gates=[gate for gate in configuration["basis_gates"] if gate not in {"rx", "rzz"}],
        coupling_map=[
            gate["qubits"]
            for gate in properties["gates"]
            if len(gate["qubits"]) == 2
            and any(e["name"] == "gate_error" and e["value"] < 0.02 for e in gate["parameters"])
        ],
        optimization_level=1,
        seed_transpiler=3,
    )


@pytest.mark.slow
def test_a_compiled_ghz_state_is_as_noisy_as_on_aer(client: Client) -> None:
    circuit = compiled(ghz(4), "fake_sherbrooke")
    found = counts(client, encode(circuit), "fake_sherbrooke")
    simulator = AerSimulator(noise_model=noise_of("fake_sherbrooke"))
    assert distance(found, direct(circuit, simulator)) < 0.02
    assert 0.5 < (found["0000"] + found["1111"]) / SHOTS < 0.97


def test_ten_qubits_of_a_large_device_are_simulated(client: Client) -> None:
    circuit = compiled(ghz(10), "fake_sherbrooke")
    found = counts(client, encode(circuit), "fake_sherbrooke", 4096)
    assert 0.3 < (found["0" * 10] + found["1" * 10]) / 4096 < 0.97


def rotations() -> QuantumCircuit:
    circuit = QuantumCircuit(5, 3)
    for qubit in (1, 2, 3):
        circuit.sx(qubit)
        circuit.rz(0.4 + qubit, qubit)
        circuit.sx(qubit)
    circuit.cx(2, 1)
    circuit.cx(2, 3)
    circuit.measure([1, 2, 3], [2, 0, 1])
    return circuit


def delays() -> QuantumCircuit:
    circuit = QuantumCircuit(2, 2)
    circuit.x([0, 1])
    circuit.delay(225_000, 0)
    circuit.delay(100_000, 1)
    circuit.barrier()
    circuit.measure([0, 1], [0, 1])
    circuit.delay(1000, 0)
    return circuit


def equal_delays() -> QuantumCircuit:
    circuit = QuantumCircuit(1, 1)
    circuit.x(0)
    for _ in range(4):
        circuit.delay(100_000, 0)
        circuit.rz(0.1, 0)
    circuit.measure(0, 0)
    return circuit


def delay_in_a_branch() -> QuantumCircuit:
    circuit = QuantumCircuit(2, 2)
    circuit.sx(0)
    circuit.measure(0, 0)
    with circuit.if_test((0, 1)):
        circuit.x(1)
        circuit.delay(450_000, 1)
    circuit.measure(1, 1)
    return circuit


def mid_circuit() -> QuantumCircuit:
    circuit = QuantumCircuit(2, 3)
    for bit in range(3):
        circuit.sx(0)
        circuit.cx(0, 1)
        circuit.measure(0, bit)
        circuit.reset(0)
    return circuit


def conditional() -> QuantumCircuit:
    registers = ClassicalRegister(2, "a"), ClassicalRegister(1, "b")
    circuit = QuantumCircuit(QuantumRegister(2), *registers)
    circuit.sx(0)
    circuit.measure(0, 1)
    circuit.x(1).c_if(registers[0], 2)
    circuit.measure(1, 2)
    return circuit


def on_a_register() -> QuantumCircuit:
    registers = ClassicalRegister(2, "a"), ClassicalRegister(1, "b")
    circuit = QuantumCircuit(QuantumRegister(2), *registers)
    circuit.sx(0)
    circuit.measure(0, 1)
    with circuit.if_test((registers[0], 2)):
        circuit.x(1)
    circuit.measure(1, 2)
    return circuit


def branches() -> QuantumCircuit:
    circuit = QuantumCircuit(4, 3)
    circuit.sx(1)
    circuit.measure(1, 0)
    with circuit.if_test((0, 1)) as otherwise:
        circuit.x(2)
        circuit.measure(2, 1)
    with otherwise:
        circuit.x(3)
        circuit.barrier()
    circuit.measure(3, 2)
    return circuit


def loop() -> QuantumCircuit:
    circuit = QuantumCircuit(3, 3)
    with circuit.for_loop(range(3)):
        circuit.sx(0)
        circuit.measure(0, 0)
        with circuit.if_test((0, 1)):
            circuit.x(1)
            circuit.break_loop()
        circuit.x(2)
    circuit.measure([1, 2], [1, 2])
    return circuit


@pytest.mark.parametrize(
    "build",
    [
        rotations,
        delays,
        equal_delays,
        delay_in_a_branch,
        mid_circuit,
        pytest.param(conditional, marks=needs_terra("Gates have no conditions any more.")),
        pytest.param(on_a_register, marks=pytest.mark.slow),
        pytest.param(branches, marks=pytest.mark.slow),
        loop,
    ],
    ids=lambda build: build.__name__,
)
def test_counts_are_those_of_aer_within_statistics(
    client: Client, build: Callable[[], QuantumCircuit]
) -> None:
    circuit = build()
    found, expected = counts(client, encode(circuit)), direct(circuit, manila())
    assert distance(found, expected) < 0.025
    assert len(found) > 1


def test_a_label_does_not_make_a_gate_noiseless(client: Client) -> None:
    found = []
    for label in (None, "flip"):
        circuit = QuantumCircuit(1, 1)
        for _ in range(51):
            circuit.append(XGate(label=label), [0])
        circuit.measure(0, 0)
        found.append(counts(client, encode(circuit)))
    assert found[0] == found[1]


def test_a_circuit_is_on_the_qubits_that_it_names(client: Client) -> None:
    _, properties = device("fake_manila")
    expected = {
        qubit: next(entry["value"] for entry in entries if entry["name"] == "prob_meas1_prep0")
        for qubit, entries in enumerate(properties["qubits"])
    }
    ends = min(expected, key=expected.__getitem__), max(expected, key=expected.__getitem__)
    assert expected[ends[1]] - expected[ends[0]] > 0.03
    for qubit in ends:
        circuit = QuantumCircuit(5, 1)
        circuit.measure(qubit, 0)
        error = counts(client, encode(circuit))["1"] / SHOTS
        assert error == pytest.approx(expected[qubit], abs=0.01)


def test_the_seed_repeats_counts_whichever_way_they_are_simulated(client: Client) -> None:
    for circuit in (rotations(), mid_circuit()):
        pub = [encode(circuit), None, 300]
        first, again, other = (
            client.run(pub, params=seeded(seed), backend="fake_manila") for seed in (8, 8, 9)
        )
        assert first["results"][0]["data"] == again["results"][0]["data"]
        assert first["results"][0]["data"] != other["results"][0]["data"]


def test_a_pub_on_a_rehearsal_depends_on_seed_plus_index_alone(client: Client) -> None:
    pub = [encode(rotations()), None, 200]
    job = client.run(pub, pub, pub, params=seeded(40), backend="fake_manila")
    for index in range(3):
        alone = client.run(pub, params=seeded(40 + index), backend="fake_manila")
        assert samples(job, index) == samples(alone)


def test_several_registers_keep_apart_on_a_rehearsal(client: Client) -> None:
    registers = ClassicalRegister(2, "zz"), ClassicalRegister(1, "aa")
    circuit = QuantumCircuit(QuantumRegister(5), *registers, metadata={"kind": "two"})
    circuit.x([1, 3])
    circuit.measure([1, 2, 3], [1, 0, 2])
    result = client.run([encode(circuit), None, 500], backend="fake_manila")
    (pub,) = result["results"]
    assert pub["metadata"] == {"circuit_metadata": {"kind": "two"}}
    assert {name: value["num_bits"] for name, value in pub["data"].items()} == {"zz": 2, "aa": 1}
    assert Counter(pub["data"]["zz"]["samples"]).most_common(1)[0][0] == "0x2"
    assert Counter(pub["data"]["aa"]["samples"]).most_common(1)[0][0] == "0x1"


def test_a_sweep_on_a_rehearsal(client: Client) -> None:
    theta, unused = Parameter("theta"), Parameter("unused")
    circuit = QuantumCircuit(5, 1)
    circuit.sx(2)
    circuit.rz(theta, 2)
    circuit.sx(2)
    circuit.rz(unused, 2)
    circuit.measure(2, 0)
    values = {"theta": [0.0, 3.14159265], "unused": [0.5, 0.25]}
    result = client.run([encode(circuit), values, 400], params=seeded(1), backend="fake_manila")
    flipped, back = (Counter(point) for point in samples(result))
    assert flipped["0x1"] > 320
    assert back["0x0"] > 320


def test_points_of_a_long_sweep_are_seeded_apart_and_repeat(client: Client) -> None:
    circuit = QuantumCircuit(1, 1)
    circuit.sx(0)
    circuit.rz(Parameter("a"), 0)
    circuit.measure(0, 0)
    pub = [encode(circuit), [[0.0]] * 120, 40]
    first, again = (client.run(pub, params=seeded(6), backend="fake_manila") for _ in range(2))
    assert samples(first) == samples(again)
    assert len({tuple(point) for point in samples(first)}) == 120


def test_hardware_qubits_of_openqasm_3_are_those_of_the_device(client: Client) -> None:
    program = """OPENQASM 3.0;
include "stdgates.inc";
bit[2] c;
x $4;
delay[160dt] $0;
cx $4, $3;
barrier $0, $4;
c[0] = measure $3;
if (c[0]) { x $2; }
c[1] = measure $2;
"""
    found = counts(client, program)
    assert found["11"] / SHOTS > 0.8
    wrong = client.fail(program.replace("cx $4, $3", "cx $4, $2"), backend="fake_manila")
    assert wrong["reason_code"] == 1517
    assert "cx on qubits 4, 2" in wrong["reason"]


def test_openqasm_3_may_define_the_gate_that_a_device_has(client: Client) -> None:
    program = """OPENQASM 3.0;
include "stdgates.inc";
gate ecr a, b { rz(pi/4) a; cx a, b; x a; }
bit[1] c;
x $1;
ecr $1, $0;
c[0] = measure $0;
"""
    # The device's own ecr, not what the program calls so, which would leave qubit 0 flipped.
    assert counts(client, program, "fake_sherbrooke")["1"] / SHOTS == pytest.approx(0.5, abs=0.05)


def test_qubits_that_only_wait_cost_nothing(client: Client) -> None:
    circuit = QuantumCircuit(127, 1)
    circuit.barrier()
    for qubit in range(127):
        circuit.delay(1000, qubit)
    circuit.x(126)
    circuit.measure(126, 0)
    assert counts(client, encode(circuit), "fake_sherbrooke")["1"] / SHOTS > 0.9


def test_too_many_active_qubits_are_refused_with_both_numbers(client: Client) -> None:
    most = client.get("/backends/fake_kolkata/configuration").json()["rehearsal"]
    circuit = QuantumCircuit(27, 1)
    circuit.x(range(17))
    circuit.measure(0, 0)
    state = client.fail(encode(rotations()), encode(circuit), backend="fake_kolkata")
    assert state["reason_code"] == 1520
    assert state["reason"].startswith("Pub 1: the circuit has 17 active qubits")
    assert str(most["max_active_qubits"]) in state["reason"]
    assert "fewer qubits" in state["reason_solution"]


def test_a_noise_model_of_the_jobs_own_is_refused(client: Client) -> None:
    params = {"options": {"simulator": {"noise_model": {}}}}
    state = client.fail([encode(rotations())], params=params, backend="fake_manila")
    assert state["reason_code"] == 1521
    assert "noise of its device" in state["reason"]


def test_more_shots_than_a_device_takes_are_refused(client: Client) -> None:
    state = client.fail([encode(rotations()), None, 100_001], backend="fake_manila")
    assert state["reason_code"] == 1520
