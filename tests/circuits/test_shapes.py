"""What is read of a circuit without Qiskit: its qubits and registers."""

from __future__ import annotations

import pytest
from qiskit import ClassicalRegister, QuantumCircuit, QuantumRegister
from qiskit.circuit import Clbit, Qubit

from ibmqbatch.circuits.qpy import CircuitShape, encode_qpy, read_shape


def circuit() -> QuantumCircuit:
    registers = QuantumRegister(2, "a"), QuantumRegister(1, "ö"), ClassicalRegister(3, "c")
    return QuantumCircuit(*registers, metadata={"x": "y" * 500})


def test_registers_are_read_in_their_order():
    found = read_shape(encode_qpy(circuit()))
    assert found == CircuitShape(3, (("a", 2), ("ö", 1)), (("c", 3),))


def test_bits_that_are_in_no_register_are_counted():
    assert read_shape(encode_qpy(QuantumCircuit([Qubit(), Clbit()]))) == CircuitShape(1, ())


def test_what_follows_the_registers_need_not_be_there():
    whole = circuit()
    whole.h(range(3))
    assert read_shape(encode_qpy(whole)[:1000]) == read_shape(encode_qpy(whole))


@pytest.mark.parametrize("end", [0, 6, 40, 570])
def test_what_is_cut_short_has_no_shape(end):
    assert read_shape(encode_qpy(circuit())[:end]) is None
