"""From circuits and observables to measured circuits that are ready."""

from pathlib import Path

import numpy as np
import pytest
from qiskit import QuantumCircuit, transpile
from qiskit.circuit import Parameter
from qiskit.circuit.library import UGate
from qiskit.quantum_info import Pauli, Statevector

from ibmqbatch.circuits.observables import as_observables
from ibmqbatch.circuits.preparer import Preparation, ReadyProgram
from ibmqbatch.errors import InputError
from tests.circuits.asking import IDEAL, loaded, names, problem, ready, write
from tests.circuits.devices import line

PLAIN = """OPENQASM 3.0;
include "stdgates.inc";
qubit[2] q;
h q[0];
cx q[0], q[1];
"""


PHYSICAL = """OPENQASM 3.0;
include "stdgates.inc";
sx $3;
cx $3, $4;
"""


def observed(*paths: Path, observables: object = ("ZZ", "XX"), **inputs: object):
    given = list(observables) if isinstance(observables, tuple) else observables
    return ready(*paths, observables=as_observables(given), **inputs)


def test_circuit_becomes_one_for_each_basis(tmp_path):
    path = write(tmp_path, PLAIN, "bell.qasm")
    programs = observed(path, observables={"e": "ZZ + 0.5*XX - ZI", "f": "XI"})
    assert names(programs) == ["bell/ZZ", "bell/XX"]
    assert [program.measured.part for program in programs] == [0, 1]
    assert [loaded(program).name for program in programs] == ["bell/ZZ", "bell/XX"]
    assert loaded(programs[0]).num_clbits == 2


def test_name_of_several_circuits_is_refused(tmp_path):
    path = write(tmp_path, PLAIN, "bell.qasm")
    told = problem(path, path, observables=as_observables({"bell": {"a": "ZZ"}}))
    assert told.message == "2 circuits are of the name 'bell': 0, 1."


def test_observables_are_of_circuits_by_their_number_as_they_were_given(tmp_path):
    first = write(tmp_path, PLAIN, "a.qasm")
    second = write(tmp_path, PLAIN + "bit[2] c;\nc = measure q;\n", "b.qasm")
    third = write(tmp_path, PLAIN, "c.qasm")
    programs = observed(first, second, third, observables={0: ["ZZ + XX"], 2: ["YY"]})
    assert names(programs) == ["a/ZZ", "a/XX", "b", "c/YY"]
    assert programs[2].measured is None


def test_rows_of_a_sweep_are_runs_of_each_measured_circuit(tmp_path):
    text = PLAIN.replace("qubit[2] q;", "input angle a;\nqubit[2] q;") + "rx(a) q[0];\n"
    path = write(tmp_path, text, "turn.qasm")
    programs = observed(path, observables=("ZZ", "YI"), rows=[{"a": 0.1}, {"a": 0.2}])
    assert names(programs) == ["turn/ZZ@0", "turn/ZZ@1", "turn/YI@0", "turn/YI@1"]
    assert [program.measured.runs for program in programs] == [2, 2]


def test_shots_are_those_of_the_precision_unless_a_table_tells(tmp_path):
    write(tmp_path, PLAIN, "c.qasm")
    table = write(tmp_path, "path,shots\nc.qasm,7\nc.qasm,\n", "table.csv")
    programs = ready(table=table, observables=as_observables("ZZ + XX"), precision=0.1)
    assert [program.shots for program in programs] == [7, 7, 201, 201]


def value(program: ReadyProgram, qubits: int = 2) -> float:
    """Return the parity of what a program measures, exactly."""
    circuit = loaded(program)
    (register,) = circuit.cregs
    bits = {}
    turned = circuit.copy_empty_like()
    for item in circuit.data:
        if item.operation.name == "measure":
            bits[circuit.find_bit(item.clbits[0]).index] = circuit.find_bit(item.qubits[0]).index
        elif item.operation.name != "barrier":
            turned.append(item)
    turned.remove_final_measurements()
    chances = Statevector(turned).probabilities([bits[bit] for bit in range(register.size)])
    return sum(c * (-1) ** number.bit_count() for number, c in enumerate(chances))


def twisted(qubits: int = 3) -> QuantumCircuit:
    circuit = QuantumCircuit(qubits)
    for number, pair in enumerate(((0, 2), (1, 2), (0, 1))):
        circuit.ry(0.3 + number, pair[0])
        circuit.rx(1.1 - number, pair[1])
        circuit.cx(*pair)
        circuit.append(UGate(0.7, number, 0.2), [pair[0]])
    circuit.name = "twisted"
    return circuit


PARITIES = ("XYZ", "ZIX", "IZY")


def exact() -> list[float]:
    state = Statevector(twisted())
    return [state.expectation_value(Pauli(label)).real for label in PARITIES]


@pytest.mark.parametrize("level", [0, 1, 2, 3])
def test_compiled_circuits_measure_the_circuits_own_qubits(level):
    programs = observed(
        given=[twisted()],
        observables=PARITIES,
        device=line(5),
        preparation=Preparation(level=level, seed=7),
    )
    assert np.allclose([value(program) for program in programs], exact())


def test_circuits_on_the_devices_qubits_measure_these_with_its_gates():
    compiled = transpile(
        twisted(),
        basis_gates=["rz", "sx", "x", "cx"],
        coupling_map=[[q, q + 1] for q in range(4)],
        initial_layout=[4, 1, 2],
        optimization_level=0,
        seed_transpiler=1,
    )
    place = compiled.layout.final_index_layout()
    wide = []
    for label in PARITIES:
        letters = ["I"] * 5
        for qubit, letter in enumerate(reversed(label)):
            letters[4 - place[qubit]] = letter
        wide.append("".join(letters))
    programs = observed(given=[compiled], observables=tuple(wide), device=line(5))
    assert np.allclose([value(program) for program in programs], exact())
    assert {program.layout for program in programs} == {None}
    # And so do those that are written for the circuit that it was compiled of.
    programs = observed(given=[compiled], observables=PARITIES, device=line(5))
    assert np.allclose([value(program) for program in programs], exact())


def test_program_on_physical_qubits_is_measured_on_them(tmp_path):
    path = write(tmp_path, PHYSICAL, "p.qasm")
    programs = observed(path, observables=("Z3*Z4", "Y3"), device=line(6))
    assert np.allclose([value(program) for program in programs], [1, 0])
    circuit = loaded(programs[1])
    assert circuit.count_ops()["sx"] == 2
    assert programs[0].layout is None


def test_ideal_simulator_gets_the_circuit_and_measurements(tmp_path):
    programs = observed(given=[twisted()], observables=PARITIES, device=IDEAL)
    assert np.allclose([value(program) for program in programs], exact())
    assert "u" in loaded(programs[0]).count_ops()


def test_circuits_without_measurements_need_no_measure_all_where_they_are_observed(tmp_path):
    observed(write(tmp_path, PLAIN), preparation=Preparation(measure_all=True))
    assert problem(write(tmp_path, PLAIN), observables=()).code == "no_measurements"


@pytest.mark.parametrize(
    ("observables", "message"),
    [
        (("ZZZ", "XXX"), "c.qasm) has 2 qubits, and its observable 'ZZZ' is written for 3."),
        (("Z2", "X0"), "c.qasm) has 2 qubits, and its observable 'Z2' names qubit 2."),
        (("II", "3"), "The observables of {path} are constants"),
        ({"x": {"e": "ZZ"}, "c": ["ZZ"]}, "There is no circuit of the name 'x'"),
        ({7: "ZZ", 0: "ZZ"}, "There is no circuit of the index 7"),
        ({"*": {"e": "ZZ"}, "c": {"e": "XX"}}, "Circuit 0 (c) has two observables"),
    ],
)
def test_observables_that_do_not_fit_are_told_once(tmp_path, observables, message):
    path = write(tmp_path, PLAIN)
    given = list(observables) if isinstance(observables, tuple) else observables
    told = problem(path, observables=as_observables(given))
    assert message.format(path=path) in told.message
    assert told.code == "bad_observable"


def test_circuit_that_measures_at_its_end_is_refused(tmp_path):
    path = write(tmp_path, PLAIN + "bit[2] c;\nc = measure q;\n")
    assert problem(path, observables=as_observables("ZZ + XX")).code == "measured_already"


def test_what_is_wrong_with_other_circuits_is_told_as_well(tmp_path):
    one, other = write(tmp_path, PLAIN, "a.qasm"), write(tmp_path, "qubit[3] q;", "b.qasm")
    with pytest.raises(InputError) as caught:
        observed(one, other, one, observables={0: ["ZZZ", "XXX"], 1: ["ZZ", "XX"], 9: ["ZZ"]})
    assert len(caught.value.problems) == 4  # the third measures nothing


def test_parameters_that_only_some_bases_need_are_given_to_all(tmp_path):
    circuit = QuantumCircuit(1, name="c")
    circuit.rz(Parameter("a"), 0)
    programs = observed(
        given=[circuit],
        observables=("Z", "X"),
        rows=[{"a": 0.3}],
        device=line(2),
        preparation=Preparation(level=3),
    )
    # The compiler has dropped what a measurement of Z does not see.
    assert [program.circuits[0].values for program in programs] == [(), (0.3,)]


@pytest.mark.parametrize("form", ["json rows", "json object", "csv"])
def test_observables_are_read_from_a_file(tmp_path, form):
    text, suffix = {
        "json rows": ('[{"circuit": "c", "name": "e", "observable": "ZZ"}, "XX"]', "json"),
        "json object": ('{"c": {"e": "ZZ"}, "*": ["XX"]}', "json"),
        "csv": ("circuit,name,observable\nc,e,ZZ\n*,,XX\n", "csv"),
    }[form]
    file = write(tmp_path, text, f"observables.{suffix}")
    programs = ready(write(tmp_path, PLAIN), observables_file=file)
    told = [(name, len(terms)) for p in programs for _, name, terms in p.measured.terms]
    assert told == [("e", 1), ("XX", 0), ("XX", 1)]


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("o.csv", "observable\n0.5*QQ\n", "o.csv[0] cannot be read"),
        ("o.csv", "pauli\nZZ\n", "o.csv[0] has 'pauli' in it"),
        ("o.csv", "", "holds none"),
        ("o.json", "{", "is not JSON"),
        ("o.json", '{"a": "ZZ", "a": "XX"}', "stands twice"),
        ("o.json", "[1]", "of type int"),
        ("missing.csv", None, "cannot be read"),
    ],
)
def test_file_that_cannot_be_used_is_told_of(tmp_path, name, text, message):
    file = tmp_path / name if text is None else write(tmp_path, text, name)
    told = problem(write(tmp_path, PLAIN), observables_file=file)
    assert message in told.message
