"""A delay is as long on the wire as it was written, whatever its unit."""

from __future__ import annotations

import pytest
from qiskit import QuantumCircuit
from qiskit.circuit import Parameter

from ibmqbatch.circuits.errors import BadInput
from ibmqbatch.circuits.normalize import convert_delays


def delays(circuit: QuantumCircuit) -> list[tuple[float, str]]:
    return [
        (item.operation.duration, item.operation.unit)
        for item in circuit.data
        if item.operation.name == "delay"
    ]


@pytest.mark.parametrize(
    ("length", "unit", "steps"), [(1, "us", 4000), (2.5, "ns", 10), (8, "dt", 8)]
)
def test_delay_is_counted_in_the_devices_steps(length, unit, steps):
    circuit = QuantumCircuit(1)
    circuit.delay(length, 0, unit=unit)
    assert delays(convert_delays(circuit, 0.25e-9, "c")) == [(steps, "dt")]


def test_delays_inside_blocks_are_counted_too():
    circuit = QuantumCircuit(1, 1)
    circuit.measure(0, 0)
    with circuit.if_test((0, 1)):
        circuit.delay(1, 0, unit="us")
    assert delays(convert_delays(circuit, 1e-9, "c").data[-1].operation.blocks[0]) == [(1000, "dt")]


def test_delays_in_blocks_of_loops_and_branches_are_counted_and_nothing_else_changes():
    circuit = QuantumCircuit(1, 1)
    with circuit.for_loop(range(2)):
        circuit.x(0)
        circuit.measure(0, 0)
        with circuit.if_test((circuit.clbits[0], 1)) as otherwise:
            circuit.break_loop()
        with otherwise:
            circuit.delay(2, 0, unit="us")
    counted = convert_delays(circuit, 1e-9, "c")
    loop = counted.data[0].operation.blocks[0]
    assert [item.operation.name for item in loop.data] == ["x", "measure", "if_else"]
    taken, other = loop.data[-1].operation.blocks
    assert [item.operation.name for item in taken.data] == ["break_loop"]
    assert delays(other) == [(2000, "dt")]


def test_delay_of_unknown_length_is_told():
    circuit = QuantumCircuit(1)
    circuit.delay(Parameter("t"), 0, unit="us")
    with pytest.raises(BadInput) as caught:
        convert_delays(circuit, 1e-9, "c.qpy")
    assert "c.qpy" in caught.value.problem.message
