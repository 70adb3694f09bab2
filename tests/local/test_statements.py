"""What Qiskit can say beyond gates: expressions everywhere, and what came with Qiskit 2.

What the simulator would get wrong must fail, with a sentence that names it.
"""

from __future__ import annotations

import itertools
import warnings
from collections.abc import Callable
from typing import Any

import pytest

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # Terra and Aer warn about each other
    from qiskit import ClassicalRegister, QuantumCircuit, QuantumRegister
    from qiskit.circuit.classical import expr, types

from tests.qiskits import needs_qiskit2

from .support import Client, encode, joined_counts

Condition = Callable[[Any, Any], Any]


def numbers(a: int, b: int) -> tuple[QuantumCircuit, ClassicalRegister, ClassicalRegister]:
    """Return a circuit with two numbers of two bits in its registers, and a third for a result."""
    first, second = ClassicalRegister(2, "a"), ClassicalRegister(2, "b")
    circuit = QuantumCircuit(QuantumRegister(5), first, second, ClassicalRegister(1, "result"))
    for bit in range(2):
        if a >> bit & 1:
            circuit.x(bit)
        if b >> bit & 1:
            circuit.x(2 + bit)
    circuit.measure([0, 1], first)
    circuit.measure([2, 3], second)
    return circuit, first, second


CONDITIONS: dict[str, tuple[Condition, Condition]] = {
    "comparison": (expr.less, lambda a, b: a < b),
    "bits": (lambda a, b: expr.equal(expr.bit_xor(a, b), 2), lambda a, b: a ^ b == 2),
    "not": (lambda a, b: expr.greater(expr.bit_not(a), b), lambda a, b: (~a & 3) > b),
    "number as a truth": (lambda a, _: expr.cast(a, types.Bool()), lambda a, _: a != 0),
    "numbers as truths": (expr.logic_and, lambda a, b: a != 0 and b != 0),
    "no number": (lambda a, _: expr.logic_not(a), lambda a, _: a == 0),
    "wider": (
        lambda a, b: expr.less(
            expr.bit_not(expr.cast(a, types.Uint(3))), expr.cast(b, types.Uint(3))
        ),
        lambda a, b: (~a & 7) < b,
    ),
    "nested": (
        lambda a, b: expr.logic_or(expr.logic_and(a[0], expr.logic_not(b[1])), expr.equal(a, b)),
        lambda a, b: (a & 1 and not b & 2) or a == b,
    ),
}


@pytest.mark.parametrize("name", CONDITIONS)
def test_expressions_are_evaluated_rightly(client: Client, name: str) -> None:
    condition, truth = CONDITIONS[name]
    pubs, expected = [], []
    for a, b in itertools.product(range(4), repeat=2):
        circuit, *registers = numbers(a, b)
        with circuit.if_test(condition(*registers)):
            circuit.x(4)
        circuit.measure(4, 4)
        pubs.append([encode(circuit), None, 1])
        expected.append(int(bool(truth(a, b))))
    result = client.run(*pubs)
    found = [int(pub["data"]["result"]["samples"][0], 16) for pub in result["results"]]
    assert found == expected


def test_expressions_hold_inside_of_other_branches(client: Client) -> None:
    circuit, a, b = numbers(2, 0)
    outer, inner = (a[1], 1), expr.logic_not(b)
    with circuit.if_test(outer), circuit.if_test(inner), circuit.switch(a) as case, case(2):
        circuit.x(4)
    circuit.measure(4, 4)
    assert joined_counts(client.run([encode(circuit), None, 20])) == {"1 00 10": 20}


def test_numbers_that_the_simulator_would_cut_off_are_refused(client: Client) -> None:
    wide = ClassicalRegister(40, "wide")
    circuit = QuantumCircuit(QuantumRegister(2), wide)
    circuit.measure(0, 0)
    with circuit.if_test(expr.equal(wide, 2**35)):
        circuit.x(1)
    state = client.fail([encode(circuit), None, 1])
    assert state["reason_code"] == 7001
    assert "numbers of 40 bits" in state["reason"]
    assert "'if_else'" in state["reason"]


def test_a_switch_on_an_expression_is_refused(client: Client) -> None:
    circuit, a, b = numbers(1, 1)
    with circuit.switch(expr.bit_and(a, b)) as case, case(1):
        circuit.x(4)
    state = client.fail([encode(circuit), None, 1])
    assert state["reason_code"] == 7001
    assert "'switch_case'" in state["reason"]


def variable(circuit: QuantumCircuit) -> None:
    circuit.add_var("count", expr.lift(3, types.Uint(4)))


def given_variable(circuit: QuantumCircuit) -> None:
    circuit.add_input("count", types.Uint(4))


def store(circuit: QuantumCircuit) -> None:
    circuit.store(circuit.clbits[1], circuit.clbits[0])


def store_in_a_branch(circuit: QuantumCircuit) -> None:
    with circuit.if_test((circuit.clbits[0], 1)):
        circuit.store(circuit.clbits[1], expr.lift(True))


def shift(circuit: QuantumCircuit) -> None:
    with circuit.if_test(expr.equal(expr.shift_left(circuit.cregs[0], 1), 2)):
        circuit.x(1)


def index(circuit: QuantumCircuit) -> None:
    with circuit.if_test(expr.index(circuit.cregs[0], 1)):
        circuit.x(1)


def sum_of_numbers(circuit: QuantumCircuit) -> None:
    with circuit.if_test(expr.equal(expr.add(circuit.cregs[0], 1), 2)):
        circuit.x(1)


def fraction(circuit: QuantumCircuit) -> None:
    with circuit.while_loop(expr.less(expr.lift(0.5), expr.lift(0.25))):
        circuit.x(1)


@needs_qiskit2("Terra has none of these statements.")
@pytest.mark.parametrize(
    ("build", "words"),
    [
        (variable, "the variable 'count'"),
        (given_variable, "the variable 'count'"),
        (store, "the statement 'store'"),
        (store_in_a_branch, "the statement 'store'"),
        (shift, "SHIFT_LEFT in the condition of 'if_else'"),
        (index, "index in the condition of 'if_else'"),
        (sum_of_numbers, "ADD in the condition of 'if_else'"),
        (fraction, "values of the type Float in the condition of 'while_loop'"),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_what_the_simulator_gets_wrong_fails_and_is_named(
    client: Client, build: Callable[[QuantumCircuit], None], words: str
) -> None:
    circuit = QuantumCircuit(2, 2)
    build(circuit)
    circuit.measure([0, 1], [0, 1])
    good = QuantumCircuit(1, 1)
    good.measure(0, 0)
    state = client.fail([encode(good)], [encode(circuit)])
    assert state["reason_code"] == 7001
    assert state["reason"].startswith("Pub 1: ")
    assert words in state["reason"]
    assert state["reason_solution"]


@needs_qiskit2("Terra has no boxes.")
def test_boxes_hold_what_is_run(client: Client) -> None:
    circuit = QuantumCircuit(3, 3)
    with circuit.box(duration=100, unit="ns"):
        circuit.x(0)
        circuit.measure(0, 0)
        with circuit.box(), circuit.if_test((0, 1)), circuit.box():
            circuit.x(1)
    circuit.measure([1, 2], [1, 2])
    assert joined_counts(client.run([encode(circuit), None, 20])) == {"011": 20}


@needs_qiskit2("Terra has no boxes.")
def test_a_box_in_a_loop_is_run_as_often(client: Client) -> None:
    circuit = QuantumCircuit(1, 1)
    with circuit.for_loop(range(3)), circuit.box():
        circuit.x(0)
    circuit.measure(0, 0)
    assert joined_counts(client.run([encode(circuit), None, 20])) == {"1": 20}


def stretched() -> QuantumCircuit:
    circuit = QuantumCircuit(2, 2)
    circuit.x(0)
    pause = circuit.add_stretch("pause")
    circuit.delay(pause, 0)
    circuit.delay(expr.mul(pause, 2.0), 1)
    circuit.measure(0, 0)
    with circuit.if_test((0, 1)):
        circuit.x(1)
        circuit.delay(pause, 1)
    circuit.measure(1, 1)
    return circuit


@needs_qiskit2("Terra has no stretches.")
def test_without_noise_a_stretch_may_have_any_length(client: Client) -> None:
    assert joined_counts(client.run([encode(stretched()), None, 20])) == {"11": 20}


@needs_qiskit2("Terra has no stretches.")
def test_a_rehearsal_decides_no_stretch(client: Client) -> None:
    state = client.fail([encode(stretched()), None, 1], backend="fake_manila")
    assert state["reason_code"] == 7001
    assert "the delay on qubit 0 is as long as a stretch" in state["reason"]


@needs_qiskit2("Terra has no boxes.")
def test_a_box_is_in_no_devices_instruction_set(client: Client) -> None:
    circuit = QuantumCircuit(1, 1)
    with circuit.box():
        circuit.x(0)
    circuit.measure(0, 0)
    state = client.fail([encode(circuit), None, 1], backend="fake_manila")
    assert state["reason_code"] == 1517
    assert "box on qubit 0" in state["reason"]
