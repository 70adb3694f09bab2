"""Compiled circuits: in the instruction set, off faulty qubits, and what they were before."""

from __future__ import annotations

import itertools
import random

import numpy as np
import pytest
from qiskit import QuantumCircuit
from qiskit.circuit import Instruction

from ibmqbatch.circuits import checks
from ibmqbatch.circuits.preparer import Preparation
from ibmqbatch.jobset.device import device_from_wire
from tests.circuits.asking import dump, loaded, problem, ready, write
from tests.circuits.devices import line, line_configuration, line_properties
from tests.circuits.random_circuits import are_alike, counts, random_circuit
from tests.circuits.snapshots import snapshot
from tests.support.circuits import BELL, basis_state
from tests.support.qiskits import needs_terra

LEVELS = pytest.mark.parametrize("level", [None, 0, 1, 2, 3])
FAULTY = {1, 8, 14}
GUADALUPE = snapshot("guadalupe", faulty=FAULTY, flow=["if_else"])


def steps(circuit, places=None):
    """Yield what is in a circuit and its blocks, on which of its qubits; not as `checks` does."""
    numbers = {bit: n for n, bit in enumerate(circuit.qubits)}
    for item in circuit.data:
        on = tuple(numbers[bit] for bit in item.qubits)
        on = on if places is None else tuple(places[n] for n in on)
        yield item.operation, on
        for block in getattr(item.operation, "blocks", ()):
            yield from steps(block, on)


def touched(circuit):
    return {q for operation, on in steps(circuit) if operation.name != "barrier" for q in on}


def wide(num_qubits, generator):
    circuit = QuantumCircuit(num_qubits, num_qubits)
    for _ in range(2 * num_qubits):
        circuit.ry(generator.uniform(0, 3), generator.randrange(num_qubits))
        if num_qubits > 1:
            circuit.cx(*generator.sample(range(num_qubits), 2))
    circuit.measure(range(num_qubits), range(num_qubits))
    return circuit


@LEVELS
def test_no_compiled_circuit_touches_a_faulty_qubit(level, tmp_path):
    generator = random.Random(str(level))
    faulty = {4, 32, 60}
    device = snapshot("brooklyn", faulty=faulty)
    sizes = (1, 2, 5, 12, 20)
    path = write(tmp_path, dump(*(wide(n, generator) for n in sizes)), "wide.qpy")
    for made in ready(path, device=device, preparation=Preparation(level=level, seed=1)):
        circuit = loaded(made)
        assert circuit.num_qubits == 65
        assert not touched(circuit) & faulty
        assert checks.first_unsupported(checks.steps(circuit), device) is None
        for operation, on in steps(circuit):
            assert operation.name == "barrier" or on in device.instructions[operation.name]


@LEVELS
def test_compiled_circuit_does_what_it_did(level, tmp_path):
    generator = random.Random(str(level))
    given = [random_circuit(generator, 1 + number % 5) for number in range(10)]
    path = write(tmp_path, dump(*given), "random.qpy")
    made = ready(path, device=GUADALUPE, preparation=Preparation(level=level, seed=1))
    after = [loaded(program) for program in made]
    for circuit in after:
        assert checks.first_unsupported(checks.steps(circuit), GUADALUPE) is None
        assert not touched(circuit) & FAULTY
    for one, two, circuit in zip(counts(given), counts(after, seed=2), given, strict=True):
        assert are_alike(one, two), circuit


@LEVELS
def test_last_of_two_measurements_into_a_bit_is_the_one_that_counts(level, tmp_path):
    circuit = QuantumCircuit(3, 3)
    circuit.x(1)
    circuit.measure([0, 1], [0, 0])
    circuit.measure([1, 2], [1, 1])
    circuit.barrier()
    circuit.measure(0, 2)
    path = write(tmp_path, dump(circuit), "twice.qpy")
    for seed in range(5):
        (made,) = ready(path, device=GUADALUPE, preparation=Preparation(level=level, seed=seed))
        assert counts([loaded(made)]) == counts([circuit]) == [{"001": 500}]


@LEVELS
def test_layout_tells_where_the_qubits_are(level, tmp_path):
    circuit = QuantumCircuit(5, 5)
    for a, b in itertools.combinations(range(5), 2):
        circuit.cx(a, b)
    circuit.barrier()
    circuit.measure(range(5), [4, 3, 2, 1, 0])
    path = write(tmp_path, dump(circuit), "f.qpy")
    (made,) = ready(path, device=GUADALUPE, preparation=Preparation(level=level, seed=1))
    inside = loaded(made)
    measured = {
        inside.find_bit(item.clbits[0]).index: inside.find_bit(item.qubits[0]).index
        for item in inside.data
        if item.operation.name == "measure"
    }
    assert made.layout is not None
    assert made.layout["final"] == tuple(measured[4 - n] for n in range(5))


@LEVELS
def test_first_gate_is_where_the_layout_begins(level, tmp_path):
    text = basis_state("00001").replace("measure", "barrier q;\nmeasure")
    (made,) = ready(
        write(tmp_path, text), device=GUADALUPE, preparation=Preparation(level=level, seed=1)
    )
    inside = loaded(made)
    (flipped,) = (inside.find_bit(i.qubits[0]).index for i in inside.get_instructions("x"))
    assert made.layout is not None
    assert made.layout["initial"][0] == flipped


def test_layout_that_is_asked_for_is_kept(tmp_path):
    asked = Preparation(initial_layout=(7, 10), seed=1)
    (made,) = ready(write(tmp_path, BELL), device=GUADALUPE, preparation=asked)
    assert made.layout is not None
    assert made.layout["initial"] == (7, 10)
    assert touched(loaded(made)) == {7, 10}


@pytest.mark.parametrize(
    ("layout", "what"),
    [
        ((7,), "has 2 qubits; initial_layout names 1"),
        ((7, 10, 12), "has 2 qubits; initial_layout names 3"),
        ((7, 8), "Qubit 8 of guadalupe does not work"),
        ((7, 16), "Qubit 16 of guadalupe does not exist"),
        ((7, 0), "Qubit 0 of guadalupe does not work, or is cut off"),
        ((7, 7), "Qubit 7 of guadalupe is named twice"),
    ],
)
def test_layout_that_cannot_be_is_told(layout, what, tmp_path):
    asked = Preparation(initial_layout=layout)
    found = problem(write(tmp_path, BELL), device=GUADALUPE, preparation=asked)
    assert found.code == "bad_layout"
    assert what in found.message


def test_layout_that_cannot_be_is_told_once(circuits):
    folder = circuits(a=BELL, b=BELL, c="nonsense")
    asked = Preparation(initial_layout=(7, 8))
    assert problem(folder, device=GUADALUPE, preparation=asked).code == "bad_layout"


def test_simulator_has_no_layout(tmp_path):
    asked = Preparation(initial_layout=(0, 1))
    assert problem(write(tmp_path, BELL), preparation=asked).code == "bad_layout"


NATIVE = (
    'OPENQASM 2.0;\ninclude "qelib1.inc";\nqreg q[4];\ncreg c[2];\nrz(1.5) q[3];\nsx q[0];\n'
    "sx q[0];\ncx q[0], q[1];\nmeasure q[1] -> c[0];\nmeasure q[3] -> c[1];\n"
)


def plain(circuit):
    return [
        (operation.name, on, [float(p) for p in operation.params])
        for operation, on in steps(circuit)
    ]


def test_circuit_that_is_compiled_already_goes_out_as_it_is(tmp_path):
    path = write(tmp_path, NATIVE)
    (made,) = ready(path, device=line(4))
    (given,) = ready(path)
    assert made.layout is None
    assert plain(loaded(made)) == plain(loaded(given))


def test_level_that_is_asked_for_compiles_it_again(tmp_path):
    (made,) = ready(write(tmp_path, NATIVE), device=line(4), preparation=Preparation(level=1))
    assert made.layout is not None
    assert len(loaded(made).get_instructions("sx")) < 2


def test_narrower_circuit_is_compiled(tmp_path):
    (made,) = ready(write(tmp_path, NATIVE), device=line(5))
    assert made.layout is not None
    assert loaded(made).num_qubits == 5


def test_no_compile_sends_what_fits_and_refuses_what_does_not(tmp_path):
    asked = Preparation(compiling=False)
    (made,) = ready(write(tmp_path, NATIVE), device=line(5), preparation=asked)
    assert plain(loaded(made)) == plain(loaded(ready(write(tmp_path, NATIVE))[0]))
    bad = NATIVE.replace("cx q[0], q[1]", "cx q[1], q[0]")
    found = problem(write(tmp_path, bad, "bad.qasm"), device=line(5), preparation=asked)
    assert found.code == "not_in_instruction_set"
    assert "'cx' on qubits 1, 0" in found.message


def test_device_of_one_qubit_takes_circuits_of_one_qubit(tmp_path):
    text = BELL.replace("[2]", "[1]").replace("cx q[0], q[1];", "")
    for device in (line(1), line(3, faulty=[1])):
        (made,) = ready(write(tmp_path, text), device=device)
        assert touched(loaded(made)) == {0}


def test_circuit_wider_than_the_working_region_is_told(tmp_path):
    text = BELL.replace("[2]", "[4]")
    found = problem(write(tmp_path, text), device=line(6, faulty=[3]))
    assert found.code == "too_many_qubits"
    assert "needs 4 qubits; of those of line 3 work" in found.message


def test_more_active_qubits_than_a_rehearsal_has_are_told(tmp_path):
    device = line(6)
    small = type(device)(
        **{f: getattr(device, f) for f in device.__slots__} | {"max_active_qubits": 2}
    )
    assert ready(write(tmp_path, BELL), device=small)
    wider = basis_state("111")
    assert problem(write(tmp_path, wider), device=small).code == "over_budget"


def test_blocks_of_control_flow_are_on_the_devices_own_qubits(tmp_path):
    """Simulators that go by the qubits of a block, and not by their places, run it rightly too."""
    circuit = random_circuit(random.Random(3), 3)
    with circuit.if_test((circuit.clbits[0], 1)):
        circuit.cx(0, 2)
    path = write(tmp_path, dump(circuit), "f.qpy")
    (made,) = ready(path, device=GUADALUPE, preparation=Preparation(seed=1))
    inside = loaded(made)
    blocks = [(i, block) for i in inside.data for block in getattr(i.operation, "blocks", ())]
    assert blocks
    assert all(list(block.qubits) == list(item.qubits) for item, block in blocks)


@needs_terra("Qiskit 2 takes matrices apart by itself, at both levels.")
def test_circuit_that_level_3_cannot_take_apart_is_compiled_at_level_2(tmp_path, monkeypatch):
    """LAPACK does not find the eigenvalues of every matrix."""

    def fail(*_: object, **__: object) -> None:
        raise np.linalg.LinAlgError("eig algorithm (geev) did not converge")

    path = write(tmp_path, BELL)
    (plainer,) = ready(path, device=GUADALUPE, preparation=Preparation(level=2, seed=1))
    monkeypatch.setattr("qiskit.transpiler.passes.ConsolidateBlocks.run", fail)
    (made,) = ready(path, device=GUADALUPE, preparation=Preparation(level=3, seed=1))
    assert plain(loaded(made)) == plain(loaded(plainer))


def quick(*names):
    """Return a device with quicker measurements and resets."""
    told = line_configuration(4)
    supported = [*told["supported_instructions"], *names]
    return device_from_wire(
        "line", {**told, "supported_instructions": supported}, line_properties(4, faulty=[1])
    )


def with_quick_steps():
    circuit = QuantumCircuit(2, 2)
    circuit.h(0)
    circuit.append(Instruction("measure_2", 1, 1, []), [0], [0])
    with circuit.if_test((0, 1)):
        circuit.append(Instruction("reset_2", 1, 0, []), [0])
    circuit.append(Instruction("measure_2", 1, 1, []), [0], [1])
    return circuit


@LEVELS
def test_quick_measurements_and_resets_are_compiled_as_they_are(level, tmp_path):
    path = write(tmp_path, dump(with_quick_steps()), "quick.qpy")
    device = quick("measure_2", "reset_2")
    (made,) = ready(path, device=device, preparation=Preparation(level=level, seed=1))
    found = [(operation.name, on) for operation, on in steps(loaded(made))]
    assert [name for name, _ in found if name.endswith("_2")] == [
        *("measure_2", "reset_2", "measure_2")
    ]
    assert touched(loaded(made)) <= {2, 3}


def test_a_quick_reset_that_a_device_does_not_have_is_told(tmp_path):
    path = write(tmp_path, dump(with_quick_steps()), "quick.qpy")
    found = problem(path, device=quick("measure_2"))
    assert found.code == "not_in_instruction_set"
    assert "does not take the instruction 'reset_2'" in found.message
    assert "'reset'" in found.hint


def test_a_loop_that_is_left_by_a_jump_is_refused_where_qubits_would_stay_swapped(tmp_path):
    text = (
        'OPENQASM 3.0;\ninclude "stdgates.inc";\nqubit[3] q;\nbit[3] c;\nx q[0];\n'
        "for int i in [0:1] { cx q[0], q[1]; cx q[1], q[2]; PAIR c[2] = measure q[2]; "
        "if (c[2]) { break; } x q[1]; }\nc = measure q;\n"
    )
    told = line_configuration(3)
    supported = [*told["supported_instructions"], "for_loop"]
    device = device_from_wire(
        "line", {**told, "supported_instructions": supported}, line_properties(3)
    )
    near, far = text.replace("PAIR", ""), text.replace("PAIR", "cx q[0], q[2];")
    assert ready(write(tmp_path, near), device=device)
    found = problem(write(tmp_path, far), device=device)
    assert found.code == "cannot_compile"
