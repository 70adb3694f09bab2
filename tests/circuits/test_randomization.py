"""Twirling and decoupling on this machine leave what a circuit does as it was."""

import io
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from ibmqbatch.circuits._qiskit import is_terra
from ibmqbatch.circuits.compile import Compiler
from ibmqbatch.circuits.errors import BadInput
from ibmqbatch.circuits.qpy import encode_qpy
from ibmqbatch.circuits.randomization import Randomizer, Template
from ibmqbatch.errors import MissingPackage
from ibmqbatch.jobset.split import randomizations
from tests.circuits.devices import heron, line

pytest.importorskip("samplomatic")
if is_terra():
    pytest.skip("Terra can neither twirl nor decouple", allow_module_level=True)

from qiskit import QuantumCircuit, qpy
from qiskit.circuit import Parameter
from qiskit.quantum_info import Statevector
from samplomatic.serialization import samplex_from_json

TWIRL = {"twirling": {"enable_gates": True, "enable_measure": True}}


def measured() -> QuantumCircuit:
    """Return a circuit of 3 qubits whose outcomes are far from even."""
    circuit = QuantumCircuit(3, 3)
    circuit.ry(0.7, 0)
    circuit.cx(0, 1)
    circuit.rx(Parameter("a"), 1)
    circuit.cx(1, 2)
    circuit.measure([0, 1, 2], [2, 0, 1])
    return circuit


def compiled(circuit: QuantumCircuit, device: object = None) -> bytes:
    placed, _ = Compiler(device or heron(3), 1, seed=1).run(circuit, "a circuit")
    return encode_qpy(placed)


def load(template: Template) -> QuantumCircuit:
    return qpy.load(io.BytesIO(template.qpy))[0]


def chances(circuit: QuantumCircuit) -> dict[str, float]:
    """Return how likely each outcome is, by the classical bits, of a circuit that measures last."""
    bits = {
        circuit.find_bit(step.clbits[0]).index: circuit.find_bit(step.qubits[0]).index
        for step in circuit.data
        if step.operation.name == "measure"
    }
    state = Statevector(circuit.remove_final_measurements(inplace=False))
    return state.probabilities_dict([bits[bit] for bit in sorted(bits)])


def test_every_randomization_gives_the_circuit_s_outcomes_once_its_flips_are_undone() -> None:
    data = compiled(measured())
    template = Randomizer(heron(3), TWIRL).template(data, "a circuit")
    plain, twirled = qpy.load(io.BytesIO(data))[0], load(template)
    assert template.samplex is not None
    samplex = samplex_from_json(template.samplex).finalize()
    inputs = samplex.inputs().make_broadcastable().bind(parameter_values=np.array([0.4]))
    drawn = samplex.sample(inputs, num_randomizations=8, rng=3)
    expected = chances(plain.assign_parameters([0.4]))
    flips = drawn["measurement_flips.c"]
    assert flips.any()
    for values, flip in zip(drawn["parameter_values"], flips, strict=True):
        found = chances(twirled.assign_parameters(np.asarray(values, float)))
        mask = int("".join("01"[int(bit)] for bit in flip[0][::-1]), 2)
        undone = {f"{int(key, 2) ^ mask:03b}": chance for key, chance in found.items()}
        for key in expected.keys() | undone.keys():
            assert undone.get(key, 0) == pytest.approx(expected.get(key, 0), abs=1e-5)


def test_gates_alone_are_twirled_without_flips() -> None:
    options = {"twirling": {"enable_gates": True, "strategy": "active-circuit"}}
    template = Randomizer(heron(3), options).template(compiled(measured()), "a circuit")
    assert template.samplex is not None
    names = [spec.name for spec in samplex_from_json(template.samplex).outputs().specs]
    assert names == ["parameter_values"]


def idle() -> QuantumCircuit:
    """Return a circuit one of whose qubits waits for the two others."""
    circuit = QuantumCircuit(3, 3)
    circuit.h(0)
    for _ in range(6):
        circuit.cx(1, 2)
        circuit.sx(1)
    circuit.cx(0, 1)
    circuit.measure([0, 1, 2], [0, 1, 2])
    return circuit


@pytest.mark.parametrize(("kind", "pulses"), [("XX", 2), ("XpXm", 2), ("XY4", 4)])
def test_idle_times_are_filled_with_pulses_that_do_nothing(kind: str, pulses: int) -> None:
    data = compiled(idle())
    before = qpy.load(io.BytesIO(data))[0]
    options = {"dynamical_decoupling": {"enable": True, "sequence_type": kind}}
    template = Randomizer(heron(3), options).template(data, "a circuit")
    after = load(template)
    assert template.samplex is None
    assert after.count_ops()["x"] - before.count_ops().get("x", 0) >= pulses
    without = QuantumCircuit(*after.qregs, *after.cregs)
    for step in after.data:
        if step.operation.name != "delay":
            without.append(step)
    for key, chance in chances(before).items():
        assert chances(without).get(key, 0) == pytest.approx(chance, abs=1e-9)


def test_a_circuit_is_sent_on_its_own_qubits() -> None:
    device = heron(5, faulty=[0])
    data = compiled(idle(), device)
    options = {"dynamical_decoupling": {"enable": True}}
    after = load(Randomizer(device, options).template(data, "a circuit"))
    before = qpy.load(io.BytesIO(data))[0]

    def places(circuit: QuantumCircuit) -> list[int]:
        steps = [step for step in circuit.data if step.operation.name == "measure"]
        return sorted(circuit.find_bit(step.qubits[0]).index for step in steps)

    assert (after.num_qubits, places(after)) == (5, places(before))


def test_a_device_that_does_not_tell_its_durations_is_named() -> None:
    options = {"dynamical_decoupling": {"enable": True}}
    with pytest.raises(BadInput, match=r"a circuit cannot be decoupled on this machine: .*rz"):
        Randomizer(line(3), options).template(compiled(idle(), line(3)), "a circuit")


@pytest.mark.parametrize(
    ("shots", "options", "expected"),
    [
        (4096, {}, (32, 128)),
        (1000, {}, (16, 63)),  # randomizations of 64 shots or so
        (10_000, {"num_randomizations": "auto"}, (32, 313)),
        (32, {}, (1, 32)),
        (1000, {"num_randomizations": 10}, (10, 100)),
        (1001, {"num_randomizations": 10}, (10, 101)),
        (100, {"num_randomizations": 200}, (100, 1)),
        (1000, {"shots_per_randomization": 300}, (4, 250)),
        # The shots that were asked for go first.
        (1000, {"num_randomizations": 3, "shots_per_randomization": 7}, (3, 334)),
        (1000, {"num_randomizations": 1000, "shots_per_randomization": 1000}, (1000, 1)),
    ],
)
def test_the_shots_that_were_asked_for_are_shared_out(
    shots: int, options: dict[str, object], expected: tuple[int, int]
) -> None:
    number, each = randomizations(shots, options)
    assert (number, each) == expected
    assert 0 <= number * each - shots < number


def test_what_cannot_be_twirled_is_told_in_a_sentence() -> None:
    circuit = QuantumCircuit(1, 2)
    circuit.measure(0, 0)
    with circuit.if_test((circuit.clbits[0], 1)):
        circuit.x(0)
    circuit.measure(0, 1)
    with pytest.raises(BadInput, match="a circuit cannot be twirled on this machine"):
        Randomizer(heron(1), TWIRL).template(encode_qpy(circuit), "a circuit")


def test_many_threads_make_the_same_templates_as_one() -> None:
    options = {"dynamical_decoupling": {"enable": True, "sequence_type": "XY4"}}
    randomizer = Randomizer(heron(3), options)
    bodies = []
    for number in range(24):
        circuit = idle()
        for _ in range(number % 7):
            circuit.data.insert(0, circuit.data[0])
        bodies.append(compiled(circuit))
    expected = [randomizer.template(body, "a circuit").qpy for body in bodies]
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda body: randomizer.template(body, "a circuit").qpy, bodies))
    assert found == expected


def test_a_missing_samplomatic_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    import sys

    monkeypatch.setitem(sys.modules, "samplomatic.transpiler", None)
    with pytest.raises(MissingPackage, match="samplomatic"):
        Randomizer(heron(3), TWIRL)
