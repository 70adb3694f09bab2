import itertools

import numpy as np
import pytest
from qiskit.quantum_info import Pauli as QiskitPauli
from qiskit.quantum_info import SparsePauliOp

from ibmqbatch.circuits.errors import BadInput
from ibmqbatch.circuits.paulis import Pauli, PauliSum


def read(text: str) -> PauliSum:
    return PauliSum.read(text, "The observable 'x'")


def refused(text: str) -> str:
    with pytest.raises(BadInput) as caught:
        read(text)
    assert caught.value.problem.code == "bad_observable"
    assert caught.value.problem.hint
    return caught.value.problem.message


def test_leftmost_letter_is_the_highest_qubit():
    pauli = Pauli.read("ZYXI")
    assert [pauli.letter(qubit) for qubit in range(4)] == ["I", "X", "Y", "Z"]
    assert pauli.qubits == [1, 2, 3]
    assert pauli.label(4) == "ZYXI"


def test_text_means_what_qiskit_means_by_it():
    text = "0.5*ZZI - 1.2*XIX + 3 - YII"
    found = sum(c * SparsePauliOp(p.label(3)).to_matrix() for p, c in read(text).terms)
    theirs = SparsePauliOp(["ZZI", "XIX", "III", "YII"], [0.5, -1.2, 3, -1]).to_matrix()
    assert np.allclose(found + 3 * np.eye(8), theirs)


@pytest.mark.parametrize(
    "text",
    [
        "0.5*ZZI - 1.2*XIX",
        "0.5 ZZI-1.2XIX",
        "-1.2*XIX+.5*ZZI",
        "+0.5*ZZI + -1.2*XIX",
        "5e-1*ZZI - 12.E-1*XIX",
        "0.25*ZZI + 0.25*ZZI - 1.2*XIX - 0*YYY",
    ],
)
def test_sum_may_be_written_in_many_ways(text):
    assert dict(read(text).terms) == {Pauli.read("ZZI"): 0.5, Pauli.read("XIX"): -1.2}


@pytest.mark.parametrize("text", ["Z2Z1", "Z1*Z2", "Z2 Z1", "I0*Z1 * Z2"])
def test_qubits_may_be_numbered(text):
    (term,) = read(text).terms
    assert term == (Pauli.read("ZZI"), 1.0)
    assert read(text).width is None
    assert read(text).least_width == 3


def test_identities_add_up_to_a_constant():
    found = read("0.5*III + 2 + ZII - III")
    assert found.constant == 1.5
    assert found.terms == ((Pauli.read("ZII"), 1.0),)
    assert found.width == 3


def test_terms_that_cancel_are_gone():
    assert read("ZZ - ZZ") == PauliSum((), 0.0, 2)


def test_sum_written_as_text_is_read_as_itself():
    for text in ("0.5*ZZI - 1.2*XIX + 3", "Z0*Z5 - X2", "-ZZ", "0", "1e-30*XX"):
        assert read(str(read(text))) == read(text)


@pytest.mark.parametrize(
    "text", ["1j*ZZ", "ZZ + i*XX", "(1+2j)*ZZ", "0.5j*ZZ - XX", "2i ZZ", "(1+0j)*XX"]
)
def test_imaginary_coefficients_are_refused(text):
    assert "imaginary" in refused(text)


@pytest.mark.parametrize(
    "text", ["zz", "ZZ XX", "ZZ*0.5", "0.5*", "+", "ZZ +", "*ZZ", "--- ZZ", "ZZ2", "2 3*ZZ", "Z٣"]
)
def test_what_is_no_sum_is_refused(text):
    assert "cannot be read" in refused(text)


def test_empty_text_is_refused():
    assert "empty" in refused(" ")


def test_terms_of_different_widths_are_refused():
    assert "3 letters, 2 letters" in refused("ZZI + ZZ")
    assert "2 letters, numbers" in refused("ZZ + Z1")


def test_qubit_twice_in_a_product_is_refused():
    assert "qubit 0 stands twice" in refused("Z0*X0")


def test_number_beyond_all_is_refused():
    assert "finite" in refused("1e999*ZZ")
    assert "finite" in refused("1e308*ZZ + 1e308*ZZ")


def test_qubit_beyond_all_is_refused():
    assert "no qubit 99999" in refused("Z99999")
    assert "no qubit" in refused("Z" + "9" * 5000)


def test_agreement_is_commuting_qubit_by_qubit():
    for letters in itertools.product("IXYZ", repeat=4):
        one, other = "".join(letters[:2]), "".join(letters[2:])
        commuting = all(
            QiskitPauli(a).commutes(QiskitPauli(b)) for a, b in zip(one, other, strict=True)
        )
        assert Pauli.read(one).agrees(Pauli.read(other)) == commuting
