"""Formulas in QPY files: those that Qiskit writes are read, and nothing in one is ever run."""

from __future__ import annotations

import io
import math
import sys
from importlib.util import find_spec

import dill
import pytest
from qiskit import QuantumCircuit, qpy
from qiskit.circuit import Parameter

from ibmqbatch.circuits.errors import BadInput
from ibmqbatch.circuits.qpy import load_qpy
from ibmqbatch.errors import MissingPackage
from tests.circuits.formulas import AS_TEXT, with_text
from tests.support.qiskits import TERRA, VERSION, needs_terra

a, b = Parameter("a"), Parameter("b")
FORMULAS = [
    a + 1,
    2 * a - b / 3,
    a * a + 1 / b,
    a.sin() + b.cos() * a.tan(),
    a.arcsin() + b.arccos() - a.arctan(),
    a.exp() * (b.log() + 1),
    abs(a) + a.conjugate() + a.sign(),
    (a + 1j * b) * math.pi + 1e-300,
    -a * 0.1,
    a + b - b,
]


def written(formula: object, **options: object) -> bytes:
    circuit = QuantumCircuit(1)
    circuit.rz(formula, 0)
    buffer = io.BytesIO()
    qpy.dump(circuit, buffer, **options)
    return buffer.getvalue()


@pytest.mark.parametrize("formula", FORMULAS, ids=str)
def test_formula_of_qiskit_is_read(formula):
    (circuit,) = load_qpy(written(formula), "a file")
    assert {p.name for p in circuit.parameters} == {p.name for p in formula.parameters}


@pytest.mark.parametrize(
    "text",
    [
        "exec('')",
        "sin('exec(1)')",
        "Symbol('a').name",
        "[a for a in E]",
        "lambda: 1",
        "Add(1, x[0])",
        "__import__('os')",
        "Add(Symbol('a'), S('1'))",
        "f'{1}'",
        "(a := 1)",
    ],
)
def test_what_is_no_formula_is_refused_unread(text, monkeypatch):
    monkeypatch.setattr("builtins.eval", lambda *_: pytest.fail("it was run"))
    # Qiskit 2 refuses by itself what is no formula to it; before 2.6 it needs sympy to read one.
    refused = "cannot be trusted" if TERRA else "cannot be read as QPY|sympy"
    with pytest.raises((BadInput, MissingPackage), match=refused):
        load_qpy(with_text(text), "a file")


def test_formula_that_is_text_is_read():
    if find_spec("sympy") is None and VERSION < (2, 6):
        with pytest.raises(MissingPackage, match="sympy"):
            load_qpy(AS_TEXT, "a file")
        return
    (circuit,) = load_qpy(AS_TEXT, "a file")
    assert [p.name for p in circuit.parameters] == ["a"]


@needs_terra("Qiskit 2 does not write symengine's form.")
def test_form_that_may_hold_pickles_is_refused():
    pytest.importorskip("symengine")
    with pytest.raises(BadInput, match="cannot be trusted"):
        load_qpy(written(a + 1, use_symengine=True), "a file")


@needs_terra("Qiskit 2 has formulas of its own, which are not guarded.")
def test_formulas_can_be_pickled_afterwards():
    """As Qiskit does with its passes, when it compiles several circuits."""
    load_qpy(written(a + 1), "a file")
    expression = (a + 1)._symbol_expr
    assert dill.loads(dill.dumps(expression)) == expression


@needs_terra("Qiskit 2 has formulas of its own, which are not guarded.")
def test_other_users_of_the_reader_of_formulas_are_left_alone():
    load_qpy(written(a + 1), "a file")
    assert sys.modules["sympy"].parse_expr("S('1') + 1") == 2
