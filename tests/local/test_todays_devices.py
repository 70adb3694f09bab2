"""Rehearsals of the devices that IBM runs today: what they have that older ones had not."""

from __future__ import annotations

import warnings

import pytest

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # Terra and Aer warn about each other
    from qiskit import QuantumCircuit
    from qiskit.circuit import Instruction
    from qiskit.circuit.library.standard_gates import get_standard_gate_name_mapping
    from qiskit_aer import AerSimulator

from tests.support.qiskits import needs_qiskit2
from tests.support.service import Client

from .rehearsing import SHOTS, counts, device, direct, distance, need, noise_of
from .support import encode, joined_counts


def working_pair(name: str, gate: str) -> tuple[int, int]:
    """Return the two qubits on which a gate of a device is neither broken nor the best."""
    _, properties = device(name)
    errors = {
        tuple(entry["qubits"]): each["value"]
        for entry in properties["gates"]
        for each in entry["parameters"]
        if entry["gate"] == gate and each["name"] == "gate_error" and each["value"] < 0.1
    }
    first, second = max(errors, key=errors.__getitem__)
    return first, second


@needs_qiskit2("Terra has no snapshots of devices with fractional gates.")
@pytest.mark.parametrize("name", ["fake_kingston", "fake_fez"])
def test_fractional_gates_are_as_noisy_as_on_aer(client: Client, name: str) -> None:
    need(name)
    one, other = working_pair(name, "rzz")
    circuit = QuantumCircuit(156, 2)
    for _ in range(8):
        circuit.rx(0.4, one)
        circuit.rx(1.1, other)
        circuit.rzz(0.7, one, other)
    circuit.measure([one, other], [0, 1])
    simulator = AerSimulator(noise_model=noise_of(name, one, other))
    found, expected = counts(client, encode(circuit), name), direct(circuit, simulator)
    assert distance(found, expected) < 0.025
    ideal = direct(circuit, AerSimulator())
    assert distance(found, ideal) > 2 * distance(found, expected)


@needs_qiskit2("Terra has no snapshots of devices with quick measurements.")
def test_quick_measurements_and_resets_do_what_they_stand_for(client: Client) -> None:
    need("fake_boston")
    circuit = QuantumCircuit(1, 2)
    circuit.x(0)
    circuit.append(Instruction("measure_2", 1, 1, []), [0], [0])
    circuit.append(Instruction("reset_2", 1, 0, []), [0])
    circuit.append(Instruction("measure_2", 1, 1, []), [0], [1])
    found = counts(client, encode(circuit), "fake_boston")
    _, properties = device("fake_boston")
    told = {entry["name"]: entry["value"] for entry in properties["qubits"][0]}
    assert found["01"] / SHOTS == pytest.approx(
        (1 - told["prob_meas0_prep1"]) * (1 - told["prob_meas1_prep0"]), abs=0.01
    )
    state = client.fail([encode(circuit)], backend="fake_fez")
    assert state["reason_code"] == 1517
    assert "measure_2 on qubit 0" in state["reason"]


def test_without_noise_quick_measurements_and_resets_are_what_they_stand_for(
    client: Client,
) -> None:
    circuit = QuantumCircuit(1, 2)
    circuit.x(0)
    circuit.append(Instruction("measure_2", 1, 1, []), [0], [0])
    circuit.append(Instruction("reset_2", 1, 0, []), [0])
    circuit.append(Instruction("measure_2", 1, 1, []), [0], [1])
    assert joined_counts(client.run([encode(circuit), None, 20])) == {"01": 20}


@needs_qiskit2("Terra has no snapshots of devices without control flow.")
def test_what_todays_devices_do_not_take_is_refused(client: Client) -> None:
    need("fake_miami")
    flow = QuantumCircuit(1, 1)
    flow.measure(0, 0)
    with flow.if_test((0, 1)):
        flow.x(0)
    reset = QuantumCircuit(1, 1)
    reset.reset(0)
    reset.measure(0, 0)
    for circuit, name in ((flow, "if_else"), (reset, "reset")):
        state = client.fail([encode(circuit)], backend="fake_miami")
        assert state["reason_code"] == 1517
        assert f"{name} on qubit 0" in state["reason"]
        client.run([encode(circuit), None, 5], backend="fake_nighthawk")


@needs_qiskit2("Terra has no snapshots of devices with fractional gates.")
def test_fractional_gates_of_todays_devices_are_not_twirled(client: Client) -> None:
    circuit = QuantumCircuit(1, 1)
    circuit.rx(0.3, 0)
    circuit.measure(0, 0)
    params = {"options": {"twirling": {"enable_gates": True}}}
    state = client.fail([encode(circuit)], backend="fake_fez", params=params)
    assert state["reason_code"] == 1519
    client.run([encode(circuit), None, 5], backend="fake_fez")


@needs_qiskit2("Terra has no snapshots of today's devices.")
@pytest.mark.parametrize("name", ["fake_miami", "fake_torino", "fake_marrakesh", "fake_nighthawk"])
def test_every_gate_of_todays_devices_has_its_noise(client: Client, name: str) -> None:
    need(name)
    configuration, _ = device(name)
    pubs = []
    for gate in configuration["gates"]:
        circuit = QuantumCircuit(configuration["n_qubits"], 1)
        kind = get_standard_gate_name_mapping()[gate["name"]]
        angles = [0.5] * len(kind.params)
        places = gate["coupling_map"]
        for place in (places[0], places[-1]):
            circuit.append(type(kind.to_mutable())(*angles), place)
        circuit.measure(0, 0)
        pubs.append([encode(circuit), None, 5])
    assert len(client.run(*pubs, backend=name)["results"]) == len(pubs)
