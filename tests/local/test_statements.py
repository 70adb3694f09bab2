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

from tests.support.qiskits import needs_qiskit2
from tests.support.service import Client

from .support import encode, joined_counts

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


@pytest.mark.parametrize(("a", "b", "right"), [(1, 3, 1), (2, 3, 0), (1, 2, 1)])
def test_a_switch_on_an_expression_takes_the_case_of_its_value(
    client: Client, a: int, b: int, right: int
) -> None:
    circuit, first, second = numbers(a, b)
    with circuit.switch(expr.bit_and(first, second)) as case, case(0, 1):
        circuit.x(4)
    circuit.measure(4, 4)
    assert joined_counts(client.run([encode(circuit), None, 20])) == {
        f"{right} {b:02b} {a:02b}": 20
    }


def test_a_switch_on_a_truth_takes_the_case_of_its_value(client: Client) -> None:
    circuit, first, second = numbers(1, 2)
    with circuit.switch(expr.less(first, second)) as case:
        with case(False):
            circuit.measure(0, 4)
        with case(True):
            circuit.x(4)
    circuit.measure(4, 4)
    assert joined_counts(client.run([encode(circuit), None, 20])) == {"1 10 01": 20}


def test_a_value_that_a_register_has_no_bits_for_is_never_there(client: Client) -> None:
    circuit, first, _ = numbers(1, 1)
    with circuit.if_test((first, 5)):
        circuit.x(4)
    circuit.measure(4, 4)
    assert joined_counts(client.run([encode(circuit), None, 20])) == {"0 01 01": 20}


def test_conditions_on_more_bits_than_a_machine_word_has_hold_where_they_say(
    client: Client,
) -> None:
    wide = ClassicalRegister(70, "wide")
    circuit = QuantumCircuit(QuantumRegister(1), wide, ClassicalRegister(4, "result"))
    circuit.x(0)
    for bit in (1, 3, 60):
        circuit.measure(0, bit)
    for number, value in enumerate((10, 10 + 2**60, 2**60, 11 + 2**60)):
        with circuit.if_test((wide, value)):
            circuit.measure(0, 70 + number)
    result = client.run([encode(circuit), None, 20])["results"][0]["data"]
    assert set(result["result"]["samples"]) == {"0x2"}


@needs_qiskit2("Terra has none of these statements.")
def test_what_is_stored_into_bits_is_what_they_hold(client: Client) -> None:
    circuit = QuantumCircuit(1, 4)
    circuit.x(0)
    circuit.measure(0, 0)
    with circuit.if_test((0, 0)):
        circuit.store(circuit.clbits[1], expr.lift(True))
    with circuit.if_test((0, 1)):
        circuit.store(circuit.clbits[2], expr.logic_not(circuit.clbits[1]))
    circuit.store(circuit.clbits[3], circuit.clbits[2])
    circuit.store(circuit.clbits[0], expr.lift(False))
    assert joined_counts(client.run([encode(circuit), None, 20])) == {"1100": 20}


@needs_qiskit2("Terra has none of these statements.")
def test_variables_hold_what_was_stored_last_and_are_in_no_result(client: Client) -> None:
    circuit, first, _ = numbers(2, 1)
    mask = circuit.add_var("mask", expr.lift(3, types.Uint(2)))
    over = circuit.add_var("over", expr.lift(False))
    with circuit.while_loop(expr.logic_not(over)):
        seen = circuit.add_var("seen", expr.bit_xor(first, mask))
        circuit.store(mask, expr.bit_and(mask, 2))
        circuit.store(over, expr.equal(seen, 0))
    with circuit.if_test(expr.equal(mask, 2)):
        circuit.x(4)
    circuit.measure(4, 4)
    assert joined_counts(client.run([encode(circuit), None, 20])) == {"1 01 10": 20}


def given_variable(circuit: QuantumCircuit) -> None:
    circuit.add_input("count", types.Uint(4))


def fractional_variable(circuit: QuantumCircuit) -> None:
    circuit.add_var("share", expr.lift(0.5))


def part_of_a_number(circuit: QuantumCircuit) -> None:
    circuit.store(expr.index(circuit.cregs[0], 1), expr.lift(True))


def endless_rounds(circuit: QuantumCircuit) -> None:
    with circuit.for_loop(range(10**9)), circuit.for_loop(range(10**9)):
        circuit.reset(0)


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
        (given_variable, "the input variable 'count'"),
        (fractional_variable, "values of the type Float in 'store'"),
        (part_of_a_number, "a part of a value"),
        (endless_rounds, "the rounds of 'for_loop'"),
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
