"""What the service would refuse after hours in the queue is refused before it is sent."""

from __future__ import annotations

import pytest
from qiskit import ClassicalRegister, QuantumCircuit, QuantumRegister

from ibmqbatch.circuits.preparer import Preparation
from tests.circuits.asking import dump, problem, ready, write
from tests.circuits.devices import heron

DEVICE = heron(3)
PLAIN, FLOWING, FRACTIONAL = "plain", "flowing", "fractional"


def circuit_of(kind: str) -> QuantumCircuit:
    circuit = QuantumCircuit(3, 3)
    circuit.sx(0)
    if kind == FRACTIONAL:
        circuit.rzz(1.0, 0, 1)
    circuit.measure(0, 0)
    if kind == FLOWING:
        with circuit.if_test((circuit.clbits[0], 1)):
            circuit.x(1)
    circuit.measure(1, 1)
    return circuit


@pytest.fixture
def paths(tmp_path):
    return {
        kind: write(tmp_path, dump(circuit_of(kind)), f"{kind}.qpy")
        for kind in (PLAIN, FLOWING, FRACTIONAL)
    }


@pytest.mark.parametrize(
    ("kind", "asked", "what"),
    [
        (FLOWING, {"decoupled": True}, "dynamical decoupling"),
        (FRACTIONAL, {"twirled": True}, "the gate 'rzz'"),
    ],
)
def test_options_that_cannot_be_combined_with_a_circuit_are_told(kind, asked, what, paths):
    found = problem(paths[PLAIN], paths[kind], device=DEVICE, preparation=Preparation(**asked))
    assert found.code == "incompatible_options"
    assert found.message.startswith("Circuit 1 (")
    assert what in found.message


@pytest.mark.parametrize(
    ("kind", "asked"),
    [
        (PLAIN, {"decoupled": True, "twirled": True}),
        (FLOWING, {"twirled": True}),
        (FRACTIONAL, {"decoupled": True}),
    ],
)
def test_options_that_can_be_combined_with_it_are_not(kind, asked, paths):
    assert ready(paths[kind], device=DEVICE, preparation=Preparation(**asked))


def test_compiling_without_fractional_gates_leaves_twirling_possible(tmp_path):
    circuit = QuantumCircuit(2, 2)
    circuit.rzz(1.0, 0, 1)
    circuit.rx(0.3, [0, 1])
    circuit.measure([0, 1], [0, 1])
    path = write(tmp_path, dump(circuit), "c.qpy")
    assert ready(path, device=DEVICE, preparation=Preparation(twirled=True))
    asked = Preparation(twirled=True, fractional=True)
    assert problem(path, device=DEVICE, preparation=asked).code == "incompatible_options"


@pytest.mark.parametrize("name", ["lambda", "None", "two words", "1st", "a-b"])
def test_register_with_a_name_that_results_cannot_have_is_told(name, tmp_path):
    circuit = QuantumCircuit(QuantumRegister(3, "q"), ClassicalRegister(1, name))
    circuit.measure(0, 0)
    found = problem(write(tmp_path, dump(circuit), "c.qpy"), device=DEVICE)
    assert found.code == "bad_register"
    assert f"'{name}'" in found.message


def test_register_without_bits_is_told(tmp_path):
    circuit = QuantumCircuit(QuantumRegister(3, "q"), ClassicalRegister(1, "c"))
    circuit.add_register(ClassicalRegister(0, "none"))
    circuit.measure(0, 0)
    path = write(tmp_path, dump(circuit), "c.qpy")
    assert problem(path, device=DEVICE).code == "bad_register"


def test_names_that_are_words_of_other_languages_are_taken(tmp_path):
    circuit = QuantumCircuit(QuantumRegister(3, "q"), *map(ClassicalRegister, (1, 1), ("é", "_a")))
    circuit.measure([0, 1], [0, 1])
    assert ready(write(tmp_path, dump(circuit), "c.qpy"), device=DEVICE)


def test_simulator_takes_what_devices_do_not(tmp_path, paths):
    asked = Preparation(decoupled=True, twirled=True)
    assert len(ready(*paths.values(), preparation=asked)) == 3
