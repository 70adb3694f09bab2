"""Expectation values, from a program's call to what stands in a data frame."""

from __future__ import annotations

import csv
import json
import math
import pickle
import zlib

import numpy as np
import pytest
from qiskit import QuantumCircuit
from qiskit.circuit import Parameter
from qiskit.circuit.random import random_circuit
from qiskit.quantum_info import Pauli, PauliList, SparsePauliOp, Statevector

import ibmqbatch
from ibmqbatch import JobSet
from tests.support.qiskits import fake_backend, needs_qiskit2

pytestmark = pytest.mark.usefixtures("service")


def bell(name: str = "bell") -> QuantumCircuit:
    circuit = QuantumCircuit(2, name=name)
    circuit.h(0)
    circuit.cx(0, 1)
    return circuit


def values(job_set: JobSet) -> list[tuple[object, ...]]:
    """Return what there is of each value, but for metadata."""
    return [
        (v.index, v.name, v.observable, v.value, v.standard_error, v.shots)
        for v in job_set.results(partial=True).expectation_values()
    ]


def test_values_of_a_bell_pair():
    observables = {"zz": "ZZ", "sum": "0.5*ZZ + XX - 2*YY + 1", "one": "II"}
    job_set = ibmqbatch.submit(bell(), observables=observables, shots=100).wait()
    assert values(job_set) == [
        (0, "bell", "zz", 1, 0, 100),
        (0, "bell", "sum", 4.5, 0, 300),
        (0, "bell", "one", 1, 0, 0),
    ]
    assert [circuit.name for circuit in job_set.circuits] == ["bell/ZZ", "bell/XX", "bell/YY"]


def test_leftmost_letter_is_the_highest_qubit():
    circuit = QuantumCircuit(3)
    circuit.x(0)
    circuit.h(2)
    job_set = ibmqbatch.submit(circuit, observables=["IIZ", "ZII", "XII", "Z0", "X2"], shots=50)
    found = {name: value for _, _, name, value, _, _ in values(job_set.wait())}
    assert (found["IIZ"], found["XII"], found["Z0"], found["X2"]) == (-1, 1, -1, 1)
    assert abs(found["ZII"]) < 1


def test_operators_of_qiskit_are_measured_of_all_circuits():
    circuits = [bell("a"), bell("b")]
    for given in (SparsePauliOp(["ZZ", "XX"], [1, 2]), PauliList(["ZZ", "XX"]), Pauli("-YY")):
        job_set = ibmqbatch.submit(circuits, observables=given, shots=10).wait()
        assert {value for *_, value, _, _ in values(job_set)} <= {3.0, 1.0}
        assert [v[1] for v in values(job_set)] == sorted(v[1] for v in values(job_set))


def test_circuits_have_observables_of_their_own_beside_others_that_are_counted():
    counted = bell("counted")
    counted.measure_all()
    given = {"a": {"e": "ZZ"}, 2: ["XX"]}
    job_set = ibmqbatch.submit([bell("a"), counted, bell("c")], observables=given, shots=9).wait()
    assert [(i, n, o) for i, n, o, *_ in values(job_set)] == [(0, "a", "e"), (2, "c", "XX")]
    assert set(job_set.results()["counted"].counts) <= {"00", "11"}


def test_every_row_of_a_sweep_has_its_values():
    angle = Parameter("a")
    circuit = QuantumCircuit(1, name="turn")
    circuit.ry(angle, 0)
    rows = {"a": [0.0, math.pi / 2, math.pi]}
    job_set = ibmqbatch.submit(circuit, parameters=rows, observables=["Z", "X"], shots=2000, seed=1)
    found = job_set.wait().results().expectation_values()
    assert [(v.index, v.name, v.observable) for v in found] == [
        (row, f"turn@{row}", observable) for row in range(3) for observable in ("Z", "X")
    ]
    exact = [1, 0, 0, 1, -1, 0]
    assert np.allclose([v.value for v in found], exact, atol=0.12)
    assert [v.metadata["a"] for v in found[::2]] == rows["a"]


def test_seeds_give_the_same_values_however_the_set_is_split():
    circuits = [random_circuit(4, 3, seed=seed) for seed in range(5)]
    given = ["XXII - 0.3*ZZZZ", "YIZI", "0.2*IZXY + 1"]
    found = []
    for most in (None, 1, 3):
        job_set = ibmqbatch.submit(
            circuits, observables=given, shots=300, seed=5, max_circuits=most
        ).wait()
        found.append([(o, v, e, n) for _, _, o, v, e, n in values(job_set)])
    assert found[0] == found[1] == found[2]
    assert len({value for _, value, _, _ in found[0]}) > 5


def test_precision_chooses_shots_that_are_enough():
    given = {"a": "ZZ + XX", "b": "0.1*ZI"}
    job_set = ibmqbatch.submit(bell(), observables=given, precision=0.05, seed=1).wait()
    assert [circuit.shots for circuit in job_set.circuits] == [801, 801]
    assert all(error <= 0.05 for *_, error, _ in values(job_set))
    assert job_set.record().shots == 801


def test_circuits_of_other_observables_get_the_shots_that_these_need():
    given = {0: ["Z0"], 1: ["3*Z0"], 2: ["Z0"]}
    circuits = [bell(name) for name in "abc"]
    job_set = ibmqbatch.submit(circuits, observables=given, precision=0.1, program="sampler")
    assert [circuit.shots for circuit in job_set.circuits] == [101, 901, 101]
    assert [v.shots for v in job_set.wait().results().expectation_values()] == [101, 901, 101]


@pytest.mark.parametrize("program", ["sampler", "executor"])
def test_both_programs_give_the_same_values(program):
    job_set = ibmqbatch.submit(
        bell(), observables=["ZZ + XX", "ZI - IX"], shots=300, seed=7, program=program
    ).wait()
    numbers = [number for value in values(job_set) for number in value[3:5]]
    assert numbers == pytest.approx([2, 0, 0.1066667, 0.0816624])


def test_devices_measure_where_their_compiler_has_put_the_qubits():
    circuit = QuantumCircuit(3, name="c")
    circuit.x(0)
    circuit.cx(0, 2)
    job_set = ibmqbatch.submit(
        circuit,
        observables=["ZII", "IZI", "IIZ", "ZIZ"],
        backend="fake_manila",
        shots=2000,
        seed=1,
        optimization_level=1,
    ).wait()
    found = [value for *_, value, _, _ in values(job_set)]
    assert np.allclose(found, [-1, 1, -1, 1], atol=0.25)  # it is noisy


def test_repeats_of_shots_are_put_together():
    circuit = QuantumCircuit(1, name="c")
    job_set = ibmqbatch.submit(
        circuit, observables=["Z", "X"], backend="fake_manila", shots=150_000, seed=1
    ).wait()
    assert [job.repeat for job in job_set.jobs] == [0, 1]
    assert [v.shots for v in job_set.results().expectation_values()] == [150_000, 150_000]


def test_circuits_that_measure_on_the_way_keep_their_registers():
    circuit = QuantumCircuit(2, 1, name="c")
    circuit.x(0)
    circuit.measure(0, 0)
    with circuit.if_test((circuit.clbits[0], 1)):
        circuit.x(1)
    job_set = ibmqbatch.submit(circuit, observables="ZI", shots=20).wait()
    assert values(job_set)[0][3] == -1
    assert job_set.results()[0].registers == ("c", "observed")


def test_values_of_failed_jobs_are_missing_and_come_with_a_retry():
    job_set = ibmqbatch.submit(
        [bell("a"), bell("b")], observables="ZZ + XX", max_circuits=1, detach=True, shots=10
    )
    with job_set.open() as manifest, manifest.db.transaction():
        body = manifest.db.row("SELECT body FROM bodies WHERE id = 2")[0]
        manifest.db.write("UPDATE bodies SET body = ? WHERE id = 2", (zlib.compress(b"spoilt"),))
    job_set.wait()
    results = job_set.results()
    assert [job.index for job in results.missing] == [1]
    assert [(v.value, v.standard_error, v.shots) for v in results.expectation_values()] == [
        (None, None, 10),
        (2, 0, 20),
    ]
    frame = results.to_dataframe("pandas")
    assert frame["value"].isna().tolist() == [True, False]
    with job_set.open() as manifest, manifest.db.transaction():
        manifest.db.write("UPDATE bodies SET body = ? WHERE id = 2", (body,))
    assert job_set.retry() == [1]
    job_set.wait()
    assert [value for *_, value, _, _ in values(job_set)] == [2, 2]


def test_slice_has_the_values_of_whole_circuits():
    job_set = ibmqbatch.submit([bell("a"), bell("b")], observables=["ZZ", "XX"], shots=10).wait()
    results = pickle.loads(pickle.dumps(job_set.results()))
    assert [v.name for v in results[2:].expectation_values()] == ["b", "b"]
    assert results[1:3].expectation_values() == []


@pytest.mark.parametrize("library", ["pandas", "polars"])
def test_data_frame_has_a_row_for_each_value(library):
    circuit = bell()
    circuit.metadata = {"kind": "x", "value": 3}
    job_set = ibmqbatch.submit(circuit, observables=["ZZ", "XX"], shots=10).wait()
    frame = job_set.results().to_dataframe(library)
    assert list(frame.columns) == [
        *("index", "name", "observable", "value", "standard_error", "shots"),
        *("kind", "metadata.value"),
    ]
    assert frame["value"].to_list() == [1.0, 1.0]
    counted = job_set.results().to_dataframe(library, counts=True)
    assert set(counted["name"]) == {"bell/ZZ", "bell/XX"}


def test_copy_has_the_values(tmp_path):
    job_set = ibmqbatch.submit(bell(), observables=["ZZ", "XX"], shots=10).wait()
    copy = ibmqbatch.open(job_set.export(tmp_path / "copy.sqlite"))
    assert values(copy) == values(job_set)


def test_observables_come_from_a_file(tmp_path):
    rows = [{"name": "e", "observable": "ZZ"}]
    (tmp_path / "o.json").write_text(json.dumps(rows))
    with (tmp_path / "o.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, ["name", "observable"])
        writer.writeheader()
        writer.writerows(rows)
    for given in (tmp_path / "o.json", str(tmp_path / "o.csv"), rows):
        job_set = ibmqbatch.submit(bell(), observables=given, shots=10).wait()
        assert values(job_set) == [(0, "bell", "e", 1, 0, 10)]


@pytest.mark.parametrize("library", ["pandas", "polars"])
def test_observables_come_in_a_data_frame(library):
    frames = pytest.importorskip(library)
    frame = frames.DataFrame({"name": ["e", None], "circuit": ["bell", None], "observable": "ZZ"})
    job_set = ibmqbatch.submit(bell(), observables=frame, shots=10).wait()
    assert [name for _, _, name, *_ in values(job_set)] == ["e", "ZZ"]


def test_set_without_observables_has_no_values():
    circuit = bell()
    circuit.measure_all()
    assert ibmqbatch.submit(circuit, shots=5).wait().results().expectation_values() == []


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"observables": "1j*ZZ"}, "imaginary"),
        ({"observables": "ZZZ"}, "experiment 0, 'bell'.* has 2 qubits"),
        ({"observables": {"x": ["ZZ"], "*": ["XX"]}}, "no circuit of the name 'x'"),
        ({"observables": "ZZ", "precision": 0}, "precision=0"),
        ({"observables": "ZZ", "precision": "x"}, "precision is 'x'"),
        ({"observables": "ZZ", "precision": 1e-9}, "repeats"),
        ({"precision": 0.1}, "precision=0.1"),
        ({"observables": "ZZ", "options": {"execution": {"meas_type": "kerneled"}}}, "kerneled"),
    ],
)
def test_what_cannot_be_measured_is_refused(options, message):
    with pytest.raises(ibmqbatch.IbmqbatchError, match=message):
        ibmqbatch.submit(bell(), **options)
    assert ibmqbatch.job_sets() == []


def test_key_is_that_of_the_observables_too():
    given = {"once": "k", "shots": 5}
    first = ibmqbatch.submit(bell(), observables="ZZ", **given)
    assert ibmqbatch.submit(bell(), observables="ZZ", **given) == first
    with pytest.warns(UserWarning, match="other options"):
        assert ibmqbatch.submit(bell(), observables="XX", **given) == first


def deviations(sums: int, shots: int, widths: tuple[int, ...]) -> np.ndarray:
    """Return by how many standard errors the values of random sums are off the exact ones."""
    rng = np.random.default_rng(20)
    circuits, operators = [], {}
    for number in range(sums):
        qubits = int(rng.choice(widths))
        circuit = random_circuit(qubits, 4, seed=number)
        circuit.name = f"c{number}"
        labels = ["".join(rng.choice(list("IXYZ"), qubits)) for _ in range(int(rng.integers(3, 9)))]
        circuits.append(circuit)
        operators[number] = SparsePauliOp(labels, rng.uniform(-1, 1, len(labels)))
    given = {number: {"sum": operator} for number, operator in operators.items()}
    job_set = ibmqbatch.submit(circuits, observables=given, shots=shots, seed=3).wait()
    found = []
    for value in job_set.results().expectation_values():
        state = Statevector(circuits[value.index])
        exact = state.expectation_value(operators[value.index]).real
        off = value.value - exact
        if value.standard_error < 1e-9:
            assert abs(off) < 1e-9
        else:
            found.append(off / value.standard_error)
    return np.abs(found)


def test_values_of_random_circuits_are_within_their_errors():
    found = deviations(24, 1000, (3, 4))
    assert len(found) > 20
    assert found.max() < 5
    assert (found < 2).mean() > 0.75


@pytest.mark.slow
def test_values_of_200_random_sums_deviate_as_a_normal_distribution_has_it():
    found = deviations(200, 4000, (5, 6, 7, 8))
    assert len(found) > 180
    assert found.max() < 5
    # 0.683 and 0.954, and three times what so many numbers vary by.
    assert abs((found < 1).mean() - 0.683) < 0.10
    assert abs((found < 2).mean() - 0.954) < 0.045


@pytest.mark.slow
@needs_qiskit2("Terra has no BackendEstimatorV2")
def test_rehearsed_values_are_those_of_qiskits_estimator_on_the_same_noise():
    from qiskit.primitives import BackendEstimatorV2
    from qiskit.transpiler import generate_preset_pass_manager
    from qiskit_aer import AerSimulator
    from qiskit_aer.noise import NoiseModel

    circuit = random_circuit(3, 3, max_operands=2, seed=11)
    operators = [SparsePauliOp([label]) for label in ("ZIX", "XYZ", "IZZ", "YII", "IIZ", "XXX")]
    operators.append(SparsePauliOp(["ZZI", "IXX", "YIY"], [0.7, -1.1, 0.4]))
    device, layout = fake_backend("FakeManilaV2"), [1, 2, 3]
    # By its properties, whose readout errors are larger for 1 than for 0.
    noise = NoiseModel.from_backend_properties(device.properties(), dt=device.dt)
    compiled = generate_preset_pass_manager(1, backend=device, initial_layout=layout).run(circuit)
    estimator = BackendEstimatorV2(
        backend=AerSimulator(noise_model=noise), options={"seed_simulator": 3}
    )
    placed = [operator.apply_layout(compiled.layout) for operator in operators]
    (theirs,) = estimator.run([(compiled, placed)], precision=0.005).result()
    ours = ibmqbatch.submit(
        circuit,
        observables={str(number): operator for number, operator in enumerate(operators)},
        backend="fake_manila",
        initial_layout=layout,
        optimization_level=1,
        shots=40_000,
        seed=3,
    ).wait()
    found = ours.results().expectation_values()
    off = np.array([value.value for value in found]) - theirs.data.evs
    errors = np.hypot([value.standard_error for value in found], theirs.data.stds)
    assert np.all(np.abs(off) < 5 * errors + 0.005)  # gates were merged otherwise
    state = Statevector(circuit)
    ideal = [state.expectation_value(operator).real for operator in operators]
    assert np.abs(np.array(ideal) - theirs.data.evs).max() > 0.05  # noise there was
