"""Bits without a register get one: nothing that is measured is dropped, and everything compiles."""

from __future__ import annotations

import pytest
from qiskit import QuantumCircuit
from qiskit.circuit import ClassicalRegister, Clbit, QuantumRegister, Qubit

from ibmqbatch.circuits.normalize import put_in_registers
from ibmqbatch.circuits.preparer import Preparation
from tests.circuits.asking import dump, loaded, problem, ready, write
from tests.circuits.devices import line
from tests.circuits.random_circuits import SHOTS, counts


def loose() -> QuantumCircuit:
    circuit = QuantumCircuit([Qubit(), Qubit()], [Clbit(), Clbit()])
    circuit.x(1)
    circuit.cx(0, 1)
    circuit.measure([0, 1], [0, 1])
    return circuit


def test_loose_bits_come_into_registers_in_their_order():
    circuit = put_in_registers(loose())
    assert [(r.name, len(r)) for r in circuit.qregs] == [("q", 2)]
    assert [(r.name, len(r)) for r in circuit.cregs] == [("bits", 2)]
    assert [circuit.find_bit(step.qubits[0]).index for step in circuit.data] == [1, 0, 0, 1]


def test_register_that_is_there_keeps_its_place():
    circuit = QuantumCircuit(QuantumRegister(1, "a"), ClassicalRegister(1, "bits"), [Clbit()])
    circuit.measure(0, 1)
    assert [register.name for register in put_in_registers(circuit).cregs] == ["bits", "bits0"]


def test_circuit_with_registers_is_left_as_it_is():
    circuit = QuantumCircuit(2, 2)
    assert put_in_registers(circuit) is circuit


def test_loose_circuit_compiles_to_a_device(tmp_path):
    path = write(tmp_path, dump(loose()), "l.qpy")
    (made,) = ready(path, device=line(3), preparation=Preparation(seed=1))
    assert sum(len(register) for register in loaded(made).cregs) == 2


HEAD = 'OPENQASM 3.0;\ninclude "stdgates.inc";\nqubit[2] Q;\nbit[2] Out;\nbit[1] Ä;\n'


def test_registers_keep_their_names_whatever_letters_they_are_of(tmp_path):
    text = f"{HEAD}x Q[0];\nOut = measure Q;\nif (Out == 1) {{ x Q[1]; }}\nÄ[0] = measure Q[1];\n"
    (made,) = ready(write(tmp_path, text))
    circuit = loaded(made)
    assert [register.name for register in circuit.cregs] == ["Out", "Ä"]
    assert counts([circuit]) == [{"1 01": SHOTS}]


@pytest.mark.parametrize("condition", ["Out[0:1] == 1", "part == 1"])
def test_condition_on_a_part_of_a_register_is_told(condition, tmp_path):
    """No reader of QPY would find the register."""
    text = f"{HEAD}let part = Out[0:1];\nOut = measure Q;\nif ({condition}) {{ x Q[1]; }}\n"
    assert "no register of their own" in problem(write(tmp_path, text)).message
