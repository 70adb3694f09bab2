import json

import pytest

from ibmqbatch.circuits.errors import BadInput
from ibmqbatch.circuits.measured import Measured, measured_circuits
from ibmqbatch.circuits.observables import as_observables
from ibmqbatch.circuits.paulis import Pauli


def measured(given: object, circuit: str = "bell") -> list[Measured]:
    return measured_circuits(circuit, as_observables(given))


def test_measured_circuits_are_named_after_their_bases():
    assert [each.name for each in measured("ZZ + XI")] == ["bell/ZZ", "bell/XI"]
    assert [each.name for each in measured("Z0Z12")] == ["bell/Z0Z12"]


def test_first_part_knows_all_observables_and_constants():
    first, second = measured({"a": "ZZ + 2", "b": "XX - 1", "c": "II"})
    assert [(number, name) for number, name, _ in first.terms] == [(0, "a"), (1, "b"), (2, "c")]
    assert first.terms[1][2] == ((Pauli(), -1.0),)
    assert [(number, name) for number, name, _ in second.terms] == [(1, "b")]


def test_constants_alone_are_not_measured():
    assert measured("II + 3") == []


def test_document_holds_all_that_is_needed():
    for each in measured({"a": "0.1*ZZ + 2", "b": "XX - 0.7*YI"}):
        again = Measured.read(json.loads(json.dumps(each.document())))
        assert again == Measured(**{**fields(each), "width": None, "needed": ()})


def fields(measured: Measured) -> dict[str, object]:
    return {name: getattr(measured, name) for name in Measured.__slots__}


@pytest.mark.parametrize(
    "change",
    [
        {"part": 1},
        {"part": True},
        {"index": -1},
        {"index": None},
        {"runs": 0},
        {"basis": "II"},
        {"basis": "ZQ"},
        {"basis": 7},
        {"basis": "Z0?Z1"},
        {"basis": "Z" * 20_000},
        {"circuit": "a\nb"},
        {"observables": [[0, "a", [[10**400, "ZZ"]]]]},
        {"observables": [[0, "a", [[1.0, "XX"]]]]},
        {"observables": [[0, "a", [[float("nan"), "ZZ"]]]]},
        {"observables": [[0, "a", [["1j", "ZZ"]]]]},
        {"observables": [[0, 5, [[1.0, "ZZ"]]]]},
        {"observables": [[-1, "a", [[1.0, "ZZ"]]]]},
        {"observables": [[0, "a", [[1.0, "Z0Z1Z2"]]]]},
        {"observables": 3},
    ],
)
def test_document_of_strangers_is_not_trusted(change):
    (each,) = measured("ZZ")
    with pytest.raises(ValueError):
        Measured.read({**each.document(), **change})


def test_document_that_is_none_is_not_trusted():
    for document in (None, [], {}, "x", {"basis": "ZZ"}):
        with pytest.raises(ValueError):
            Measured.read(document)


def test_observables_of_another_width_are_refused_with_the_circuits_name():
    (each,) = measured({"energy": "ZZ"})
    each.check_width(2, "bell.qasm")
    with pytest.raises(BadInput, match=r"bell.qasm has 3 qubits, .* 'energy' is written for 2"):
        each.check_width(3, "bell.qasm")


def test_numbered_qubits_must_be_there():
    (each,) = measured({"energy": "Z4"})
    each.check_width(5, "bell.qasm")
    each.check_width(50, "bell.qasm")
    with pytest.raises(BadInput, match=r"bell.qasm has 4 qubits, .* names qubit 4"):
        each.check_width(4, "bell.qasm")


@pytest.mark.parametrize("other", ["ZZZ", "III", "Z4"])
def test_observables_of_one_circuit_are_of_the_same_width(other):
    # What is compiled is known by its basis, and would not be looked at again.
    with pytest.raises(BadInput, match="'a' and 'b' of the circuit 'bell' are written for 2 and"):
        measured({"a": "ZZ", "b": other})


def test_names_may_hold_whatever_can_be_shown():
    (each,) = measured({"é\u00a0 ": "ZZ"}, circuit="ü\u200b")
    again = Measured.read(json.loads(json.dumps(each.document())))
    assert (again.circuit, again.terms[0][1]) == ("ü\u200b", "é")
