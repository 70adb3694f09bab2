"""Fractional gates: used where that is asked for, at angles that devices have, to the same end."""

from __future__ import annotations

import math
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from qiskit import QuantumCircuit
from qiskit.circuit import Parameter
from qiskit.quantum_info import Operator, random_unitary

from ibmqbatch.circuits import checks
from ibmqbatch.circuits.checks import angles_of
from ibmqbatch.circuits.compile import with_angles_folded
from ibmqbatch.circuits.preparer import Preparation
from ibmqbatch.errors import InputError
from tests.circuits.asking import dump, loaded, problem, ready, write
from tests.circuits.devices import heron, line
from tests.circuits.random_circuits import are_alike, counts, random_circuit
from tests.support.qiskits import conditional

DEVICE = heron(5)
LEVELS = pytest.mark.parametrize("level", [0, 1, 2, pytest.param(3, marks=pytest.mark.slow)])
ANGLES = st.floats(-30, 30) | st.integers(-12, 12).map(lambda n: n * math.pi / 4)


def angles(circuit: QuantumCircuit) -> list[float]:
    return list(angles_of(circuit, None))


def in_range(circuit: QuantumCircuit) -> bool:
    return all(0 <= angle <= math.pi / 2 + 1e-10 for angle in angles(circuit))


@given(ANGLES)
def test_folded_gate_does_what_it_did(angle):
    circuit = QuantumCircuit(2)
    circuit.rzz(angle, 1, 0)
    folded = with_angles_folded(circuit)
    assert in_range(folded)
    assert Operator(folded).equiv(Operator(circuit))


def test_angle_that_devices_have_is_left_alone():
    circuit = QuantumCircuit(2)
    circuit.rzz(0.3, 0, 1)
    circuit.rzz(math.pi / 2, 0, 1)
    assert with_angles_folded(circuit) == circuit


def test_angle_that_is_a_parameter_is_left_alone():
    circuit = QuantumCircuit(2)
    circuit.rzz(Parameter("a"), 0, 1)
    assert with_angles_folded(circuit) == circuit


@pytest.mark.parametrize("value", [0, 1])
def test_folding_keeps_conditions_and_goes_into_blocks(value):
    """Between two Hadamards a half turn is a flip."""
    circuit = QuantumCircuit(3, 3)
    if value:
        circuit.x(0)
    circuit.measure(0, 0)
    circuit.h([1, 2])
    conditional(circuit, "rzz", -math.pi, 1, 2, on=(circuit.clbits[0], 1))
    circuit.h([1, 2])
    with circuit.if_test((circuit.clbits[0], 1)):
        circuit.h([1, 2])
        circuit.rzz(3 * math.pi, 1, 2)
        circuit.rzz(-2 * math.pi, 1, 2)
        circuit.h([1, 2])
        circuit.x(1)
    circuit.measure([1, 2], [1, 2])
    folded = with_angles_folded(circuit)
    assert in_range(folded)
    assert not in_range(circuit)
    assert counts([folded]) == counts([circuit]) == [{"011" if value else "000": 500}]


def turned(generator: random.Random) -> QuantumCircuit:
    """Return a circuit in which fractional gates are of use."""
    circuit = random_circuit(generator, 3)
    start = QuantumCircuit(*circuit.qregs, *circuit.cregs)
    start.h(range(3))
    for _ in range(3):
        start.rzz(generator.uniform(-7, 7), *generator.sample(range(3), 2))
        start.rx(generator.uniform(-7, 7), generator.randrange(3))
    return start.compose(circuit)


@LEVELS
def test_compiled_circuit_has_angles_that_devices_have_and_does_what_it_did(level, tmp_path):
    generator = random.Random(level)
    given_ones = [turned(generator) for _ in range(3)]
    path = write(tmp_path, dump(*given_ones), "turned.qpy")
    asked = Preparation(level=level, seed=1, fractional=True)
    after = [loaded(program) for program in ready(path, device=DEVICE, preparation=asked)]
    for circuit in after:
        assert checks.first_unsupported(checks.steps(circuit), DEVICE) is None
        assert in_range(circuit)
    assert any(angles(circuit) for circuit in after)
    for one, two in zip(counts(given_ones), counts(after, seed=2), strict=True):
        assert are_alike(one, two)


def plain(tmp_path):
    circuit = QuantumCircuit(3, 3)
    circuit.rx(0.3, 0)
    circuit.rzz(0.4, 0, 1)
    circuit.rx(0.7, 1)
    circuit.rx(0.8, 0)
    circuit.measure(range(3), range(3))
    return write(tmp_path, dump(circuit), "plain.qpy")


@pytest.mark.parametrize("level", [0, 3])
def test_fractional_gates_are_used_on_request_alone(level, tmp_path):
    path = plain(tmp_path)
    (without,) = ready(path, device=DEVICE, preparation=Preparation(level=level))
    (with_,) = ready(path, device=DEVICE, preparation=Preparation(level=level, fractional=True))
    assert not {"rx", "rzz"} & set(loaded(without).count_ops())
    assert {"rx", "rzz"} <= set(loaded(with_).count_ops())


def test_device_without_them_compiles_to_what_it_has(tmp_path):
    (made,) = ready(plain(tmp_path), device=line(3), preparation=Preparation(fractional=True))
    assert not {"rx", "rzz"} & set(loaded(made).count_ops())


def native(angle: float = 0.4) -> QuantumCircuit:
    circuit = QuantumCircuit(5, 1)
    circuit.rx(3.0, 4)
    circuit.rzz(angle, 3, 4)
    circuit.measure(4, 0)
    return circuit


@pytest.mark.parametrize("compiling", [True, False])
def test_circuit_that_is_in_the_instruction_set_goes_out_as_it_is(compiling, tmp_path):
    path = write(tmp_path, dump(native()), "n.qpy")
    (made,) = ready(path, device=DEVICE, preparation=Preparation(compiling=compiling))
    sent = loaded(made)
    assert made.layout is None
    assert [(i.operation.name, i.operation.params) for i in sent.data] == [
        ("rx", [3.0]),
        ("rzz", [0.4]),
        ("measure", []),
    ]


@pytest.mark.parametrize("angle", [-0.4, 1.6, 6.5])
def test_circuit_with_angles_that_no_device_has_is_compiled_or_told(angle, tmp_path):
    path = write(tmp_path, dump(native(angle)), "n.qpy")
    found = problem(path, device=DEVICE, preparation=Preparation(compiling=False))
    assert found.code == "not_in_instruction_set"
    (made,) = ready(path, device=DEVICE, preparation=Preparation(fractional=True))
    assert made.layout is not None
    assert f"'rzz' with an angle of {angle}" in made.notes[0]
    assert in_range(loaded(made))


@pytest.mark.parametrize("level", [1, 3])
def test_matrix_is_compiled_with_them_as_well(level, tmp_path):
    """Terra's synthesis wants a matrix of each gate, and `rzz` of any angle has none."""
    circuit = QuantumCircuit(2, 2)
    circuit.h(0)
    circuit.unitary(random_unitary(4, seed=5), [0, 1])
    circuit.measure([0, 1], [0, 1])
    path = write(tmp_path, dump(circuit), "m.qpy")
    asked = Preparation(level=level, seed=1, fractional=True)
    (made,) = ready(path, device=DEVICE, preparation=asked)
    assert are_alike(*counts([circuit]), *counts([loaded(made)], seed=2))


SWEPT = (
    'OPENQASM 3.0;\ninclude "stdgates.inc";\ninput angle a;\n'
    "gate rzz(t) a, b { cx a, b; rz(t) b; cx a, b; }\n"
    "qubit[5] q;\nbit c;\nrzz(2*a) q[0], q[1];\nc = measure q[0];\n"
)


def swept(tmp_path, *rows: float):
    values = "".join(f"{row}\n" for row in rows)
    sweep = write(tmp_path, f"a\n{values}", "p.csv")
    return ready(
        write(tmp_path, SWEPT), device=DEVICE, preparation=Preparation(compiling=False), sweep=sweep
    )


def test_angles_of_a_sweep_are_looked_at_row_by_row(tmp_path):
    (made,) = swept(tmp_path, 0, 0.5, math.pi / 4)
    assert len(made.circuits) == 3
    with pytest.raises(InputError, match=r"'rzz' with an angle of 1\.8"):
        swept(tmp_path, 0, 0.9, 0.5)
