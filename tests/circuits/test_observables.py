from types import SimpleNamespace

import numpy as np
import pytest
from qiskit.circuit import Parameter
from qiskit.quantum_info import Pauli, PauliList, SparsePauliOp

from ibmqbatch.circuits.errors import BadInput
from ibmqbatch.circuits.observables import Choice, Observable, as_observables
from ibmqbatch.circuits.paulis import PauliSum
from tests.support.qiskits import needs_qiskit2


def read(text: str) -> PauliSum:
    return PauliSum.read(text, "x")


def refused(given: object) -> str:
    with pytest.raises(BadInput) as caught:
        as_observables(given)
    assert caught.value.problem.hint
    return caught.value.problem.message


def listed(given: object) -> list[tuple[int | str, str, str]]:
    return [(each.circuit, each.name, str(each.sum)) for each in as_observables(given)]


def test_text_is_an_observable_of_all_circuits_named_by_itself():
    assert listed("0.5*ZZ  - XX") == [("*", "0.5*ZZ - XX", "0.5*ZZ - XX")]


def test_several_are_given_in_a_list():
    assert listed(["ZZ", "XX"]) == [("*", "ZZ", "ZZ"), ("*", "XX", "XX")]


def test_names_are_given_in_a_mapping():
    assert listed({"parity": "ZZ", "2": "XX"}) == [("*", "parity", "ZZ"), ("*", "2", "XX")]


def test_circuits_are_given_in_a_mapping_of_several():
    given = {"bell": {"parity": "ZZ"}, "3": ["XX"], "*": ["YY"]}
    assert listed(given) == [("bell", "parity", "ZZ"), (3, "XX", "XX"), ("*", "YY", "YY")]


def test_circuits_are_given_by_their_numbers():
    assert listed({0: "ZZ", 1: "XX"}) == [(0, "ZZ", "ZZ"), (1, "XX", "XX")]


def test_rows_are_those_of_files():
    given = [
        {"circuit": "bell", "name": "parity", "observable": "ZZ"},
        {"circuit": "", "name": None, "observable": "XX"},
    ]
    assert listed(given) == [("bell", "parity", "ZZ"), ("*", "XX", "XX")]


def test_long_text_names_itself_by_its_number():
    long = " + ".join(f"{number}*ZZ" for number in range(20))
    assert [each.name for each in as_observables(["XX", long])] == ["XX", "observable1"]


@pytest.mark.parametrize(
    ("operator", "text"),
    [
        (SparsePauliOp(["ZZI", "XIX"], [0.5, -1.2]), "0.5*ZZI - 1.2*XIX"),
        (SparsePauliOp(["ZZ", "II"], [1, 2 + 1e-14j]), "ZZ + 2"),
        (Pauli("-XY"), "-XY"),
        (Pauli("XY"), "XY"),
        (2 * SparsePauliOp("Z") @ SparsePauliOp("Z"), "2"),
    ],
)
def test_operators_of_qiskit_are_taken(operator, text):
    (found,) = as_observables({"x": operator})
    assert found.sum == PauliSum(read(text).terms, read(text).constant, operator.num_qubits)


def test_list_of_qiskit_is_several_observables():
    assert listed(PauliList(["ZZ", "-XX"])) == [("*", "ZZ", "ZZ"), ("*", "-XX", "-XX")]


@needs_qiskit2("Terra has no SparseObservable")
def test_sparse_observable_is_taken_apart_into_paulis():
    from qiskit.quantum_info import SparseObservable

    (found,) = as_observables(SparseObservable.from_list([("0Z", 1.0), ("IX", -2.0)]))
    assert dict(found.sum.terms) == dict(read("0.5*IZ + 0.5*ZZ - 2*IX").terms)


@pytest.mark.parametrize(
    "operator", [SparsePauliOp(["ZZ"], [1j]), Pauli("iXX"), SparsePauliOp(["ZZ", "XX"], [1, 1e-3j])]
)
def test_operators_with_imaginary_coefficients_are_refused(operator):
    assert "imaginary" in refused({"x": operator})


def test_operator_with_parameters_is_refused():
    given = SparsePauliOp(["ZZ"], np.array([Parameter("a")]))
    assert "not a number" in refused(given)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ([], "holds none"),
        ({}, "holds none"),
        (3, "of type int"),
        ([["ZZ"]], "of type list"),
        ({"": "ZZ"}, "be a name"),
        ({"a\nb": "ZZ"}, "be a name"),
        ({-1: "ZZ"}, "-1 is not a circuit"),
        ([{"observable": "ZZ", "circuit": 1.5}], "1.5 is not a circuit"),
        ([{"name": "a"}], "no 'observable'"),
        ([{"observable": "ZZ", "nmae": "a"}], "'nmae'"),
        (SimpleNamespace(num_qubits=2), "no sum of Pauli operators"),
    ],
)
def test_what_is_no_observable_is_refused(given, message):
    assert message in refused(given)


def chosen(observables: dict[object, object], *names: str) -> tuple[list[list[str]], Choice]:
    choice = Choice(as_observables(observables))
    return [[each.name for each in choice.of(n, name)] for n, name in enumerate(names)], choice


def test_observables_are_those_of_a_circuit_by_index_name_and_all():
    given = {"*": ["ZZ"], 1: ["XX"], "c": ["YY"], "name:7": ["XY"]}
    found, choice = chosen(given, "a", "b", "c", "7")
    assert found == [["ZZ"], ["ZZ", "XX"], ["ZZ", "YY"], ["ZZ", "XY"]]
    assert choice.problems() == []


def test_circuits_that_there_are_not_are_told():
    _, choice = chosen({"x": ["ZZ"], 7: ["ZZ"]}, "a")
    assert ["name 'x'" in choice.problems()[0].message, len(choice.problems())] == [True, 2]


def test_name_of_several_circuits_is_told_with_their_indexes():
    _, choice = chosen({"a": ["ZZ"]}, "a", "b", "a")
    (problem,) = choice.problems()
    assert problem.message == "2 circuits are of the name 'a': 0, 2."


def test_two_observables_of_one_name_are_refused_with_the_circuits_name():
    choice = Choice([Observable("*", "e", read("ZZ")), Observable(0, "e", read("XX"))])
    assert len(choice.of(1, "other")) == 1
    with pytest.raises(BadInput, match=r"Circuit 0 \(bell\) has two observables .* 'e'"):
        choice.of(0, "bell")
