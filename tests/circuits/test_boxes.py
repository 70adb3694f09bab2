"""A box takes as long on the wire as it was written to."""

from __future__ import annotations

from typing import Any

import pytest
from qiskit import QuantumCircuit

from ibmqbatch.circuits.cost import duration_of
from ibmqbatch.circuits.preparer import Preparation
from ibmqbatch.jobset.device import device_from_wire
from tests.circuits.asking import loaded, ready
from tests.circuits.devices import line_configuration, line_properties
from tests.support.qiskits import needs_qiskit2

pytestmark = needs_qiskit2("Terra has no boxes.")

_TAKEN = [*line_configuration(3)["supported_instructions"], "box"]
DEVICE = device_from_wire(
    "line", line_configuration(3, supported_instructions=_TAKEN), line_properties(3)
)


def boxed(**length: Any) -> QuantumCircuit:
    circuit = QuantumCircuit(3, 1)
    with circuit.box(**length):
        circuit.x(0)
        circuit.delay(1, 1, unit="us")
    circuit.measure(0, 0)
    return circuit


@pytest.mark.parametrize(
    ("length", "told"),
    [
        ({"duration": 8000, "unit": "dt"}, (8000, "dt")),
        ({"duration": 2.5, "unit": "us"}, (2.5, "us")),
        ({}, (None, "dt")),
    ],
    ids=["steps", "microseconds", "none"],
)
@pytest.mark.parametrize("level", [None, 2])
def test_a_box_keeps_its_duration(length, told, level):
    (program,) = ready(given=[boxed(**length)], device=DEVICE, preparation=Preparation(level=level))
    box = next(item.operation for item in loaded(program).data if item.operation.name == "box")
    assert (box.duration, box.unit) == told
    inside = [item.operation for item in box.blocks[0].data if item.operation.name == "delay"]
    assert [(delay.duration, delay.unit) for delay in inside] == [(4000, "dt")]


@pytest.mark.parametrize(
    ("length", "seconds"),
    [
        ({"duration": 20_000, "unit": "dt"}, 5e-6),
        ({"duration": 2.5, "unit": "us"}, 2.5e-6),
        ({"duration": 4, "unit": "dt"}, 1e-6),  # what is in it takes longer
        ({}, 1e-6),
    ],
)
def test_a_circuit_takes_as_long_as_its_boxes_say(length, seconds):
    (program,) = ready(given=[boxed(**length)], device=DEVICE)
    measuring = 1e-6
    assert duration_of(loaded(program), DEVICE) == pytest.approx(seconds + measuring)
