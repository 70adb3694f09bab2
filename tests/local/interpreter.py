"""Small programs with control flow, an interpreter of theirs, and the circuits that they stand for.

The interpreter knows nothing of Qiskit: a state vector, and every measurement followed both ways.
"""

from __future__ import annotations

import itertools
import math
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from hypothesis import strategies as st

from tests.qiskits import TERRA

__all__ = ["Endless", "Program", "as_circuit", "distribution", "programs"]

_MOST_STEPS = 400  # of one branch
_GATES = ("x", "h", "z", "cx")

Statement = tuple[Any, ...]


class Endless(Exception):
    """A program that does not end, or not within what is followed here."""


@dataclass(frozen=True)
class Program:
    """Statements on `qubits` qubits, and on one classical register of `bits` bits.

    (gate, qubits) · ("measure", qubit, bit) · ("reset", qubit) · ("if", condition, body, other) ·
    ("when", condition, statement): a gate, measurement or reset under a condition of its own ·
    ("for", count, body) · ("while", condition, body) · ("switch", {value: body}, default) ·
    ("break",) · ("continue",). A condition is ("bit", bit, value) or ("register", value).
    """

    qubits: int
    bits: int
    body: tuple[Statement, ...]


@dataclass
class _Branch:
    weight: float
    state: list[complex]
    bits: int = 0
    jump: str = ""
    steps: int = field(default=0)


def distribution(program: Program) -> dict[str, float]:
    """Return the probability of every outcome; raises Endless."""
    start = [0j] * 2**program.qubits
    start[0] = 1 + 0j
    found: Counter[str] = Counter()
    for branch in _run(program.body, [_Branch(1.0, start)]):
        found[f"{branch.bits:0{program.bits}b}"] += branch.weight  # type: ignore[assignment]
    return dict(found)


def _run(body: tuple[Statement, ...], branches: list[_Branch]) -> list[_Branch]:
    for statement in body:
        going = [branch for branch in branches if not branch.jump]
        branches = [branch for branch in branches if branch.jump]
        for branch in going:
            branch.steps += 1
            if branch.steps > _MOST_STEPS or len(branches) > _MOST_STEPS:
                raise Endless
            branches += _step(statement, branch)
    return branches


def _step(statement: Statement, branch: _Branch) -> list[_Branch]:
    match statement:
        case ("measure", qubit, bit):
            return list(_measured(branch, qubit, bit))
        case ("reset", qubit):
            after = list(_split(branch, qubit))
            for one, each in after:
                each.state = _gate("x", (qubit,), each.state) if one else each.state
            return [each for _, each in after]
        case ("if", condition, body, other):
            return _run(body if _holds(condition, branch.bits) else other, [branch])
        case ("when", condition, inner):
            return _step(inner, branch) if _holds(condition, branch.bits) else [branch]
        case ("switch", cases, default):
            return _run(cases.get(branch.bits, default), [branch])
        case ("for", count, body):
            return _loop(body, branch, count, None)
        case ("while", condition, body):
            return _loop(body, branch, None, condition)
        case ("break",) | ("continue",):
            branch.jump = statement[0]
            return [branch]
        case (gate, qubits):
            branch.state = _gate(gate, qubits, branch.state)
            return [branch]
    raise AssertionError(statement)


def _loop(
    body: tuple[Statement, ...], branch: _Branch, count: int | None, condition: Any
) -> list[_Branch]:
    done: list[_Branch] = []
    going, rounds = [branch], 0
    while going and (count is None or rounds < count):
        if condition is not None:
            done += [each for each in going if not _holds(condition, each.bits)]
            going = [each for each in going if _holds(condition, each.bits)]
        for each in going:
            each.steps += 1
            if each.steps > _MOST_STEPS:
                raise Endless
        after = _run(body, going)
        done += [each for each in after if each.jump == "break"]
        going = [each for each in after if each.jump != "break"]
        for each in after:
            each.jump = ""
        rounds += 1
    return done + going


def _holds(condition: Any, bits: int) -> bool:
    if condition[0] == "bit":
        return bool((bits >> condition[1] & 1) == condition[2])
    return bool(bits == condition[1])


def _split(branch: _Branch, qubit: int) -> Iterator[tuple[int, _Branch]]:
    for one in (0, 1):
        kept = [a if (index >> qubit & 1) == one else 0j for index, a in enumerate(branch.state)]
        chance = sum(abs(a) ** 2 for a in kept)
        if chance > 1e-12:
            state = [a / math.sqrt(chance) for a in kept]
            yield one, _Branch(branch.weight * chance, state, branch.bits, "", branch.steps)


def _measured(branch: _Branch, qubit: int, bit: int) -> Iterator[_Branch]:
    for one, each in _split(branch, qubit):
        each.bits = each.bits & ~(1 << bit) | one << bit
        yield each


def _gate(name: str, qubits: tuple[int, ...], state: list[complex]) -> list[complex]:
    new = [0j] * len(state)
    for index, amplitude in enumerate(state):
        if name == "x":
            new[index ^ 1 << qubits[0]] += amplitude
        elif name == "z":
            new[index] += -amplitude if index >> qubits[0] & 1 else amplitude
        elif name == "cx":
            new[index ^ (index >> qubits[0] & 1) << qubits[1]] += amplitude
        else:
            part = amplitude / math.sqrt(2)
            new[index & ~(1 << qubits[0])] += part
            new[index | 1 << qubits[0]] += -part if index >> qubits[0] & 1 else part
    return new


def as_circuit(program: Program) -> Any:
    """Return the circuit that a program stands for, in the installed Qiskit's words."""
    from qiskit import ClassicalRegister, QuantumCircuit, QuantumRegister

    register = QuantumRegister(program.qubits, "q")
    circuit = QuantumCircuit(register, ClassicalRegister(program.bits, "c"))
    _Writer(list(register)).write(program.body, circuit)
    return circuit


class _Writer:
    """Writes statements into circuits; `qubits` are those of the program, by number."""

    def __init__(self, qubits: list[Any]) -> None:
        self._qubits = qubits

    def write(self, body: tuple[Statement, ...], circuit: Any) -> None:
        for statement in body:
            self._write(statement, circuit)

    def _write(self, statement: Statement, circuit: Any) -> None:
        register, bits = circuit.cregs[0], circuit.clbits
        match statement:
            case ("measure", qubit, bit):
                circuit.measure(self._qubits[qubit], register[bit])
            case ("reset", qubit):
                circuit.reset(self._qubits[qubit])
            case ("if", condition, inside, other):
                on = self._used((*inside, *other))
                blocks = [self._block(inside, circuit, on)]
                blocks.append(self._block(other, circuit, on) if other else None)
                circuit.if_else(_on(condition, register), *blocks, on, bits)
            case ("when", condition, inner) if TERRA:
                self._write(inner, circuit)
                last = circuit.data.pop()
                operation = last.operation.to_mutable().c_if(*_on(condition, register))
                circuit.append(operation, last.qubits, last.clbits)
            case ("when", condition, inner):
                on = self._used((inner,))
                block = self._block((inner,), circuit, on)
                circuit.if_test(_on(condition, register), block, on, bits)
            case ("switch", cases, default):
                from qiskit.circuit import CASE_DEFAULT

                on = self._used((*default, *itertools.chain(*cases.values())))
                told = [(value, self._block(part, circuit, on)) for value, part in cases.items()]
                told.append((CASE_DEFAULT, self._block(default, circuit, on)))
                circuit.switch(register, told, on, bits)
            case ("for", count, inside):
                on = self._used(inside)
                block = self._block(inside, circuit, on)
                circuit.for_loop(range(count), None, block, on, bits)
            case ("while", condition, inside):
                on = self._used(inside)
                block = self._block(inside, circuit, on)
                circuit.while_loop(_on(condition, register), block, on, bits)
            case ("break",):
                circuit.break_loop()
            case ("continue",):
                circuit.continue_loop()
            case (gate, qubits):
                getattr(circuit, gate)(*(self._qubits[qubit] for qubit in qubits))

    def _block(self, body: tuple[Statement, ...], circuit: Any, on: list[Any]) -> Any:
        block = type(circuit)(on, *circuit.cregs)
        self.write(body, block)
        return block

    def _used(self, body: tuple[Statement, ...]) -> list[Any]:
        """Return the qubits that statements are on: whoever reads a program finds no others."""
        return [self._qubits[number] for number in sorted(set(_numbers(body)))]


def _numbers(body: tuple[Statement, ...]) -> Iterator[int]:
    for statement in body:
        match statement:
            case ("measure", qubit, _) | ("reset", qubit):
                yield qubit
            case ("if", _, inside, other):
                yield from _numbers((*inside, *other))
            case ("when", _, inner):
                yield from _numbers((inner,))
            case ("switch", cases, default):
                yield from _numbers((*default, *itertools.chain(*cases.values())))
            case ("for" | "while", _, inside):
                yield from _numbers(inside)
            case ("break",) | ("continue",):
                continue
            case (_, qubits):
                yield from qubits


def _on(condition: Any, register: Any) -> tuple[Any, int]:
    if condition[0] == "bit":
        return register[condition[1]], condition[2]
    return register, condition[1]


@st.composite
def programs(draw: st.DrawFn, *, jumping: bool = True) -> Program:
    """Draw programs of one to three qubits and bits, which need not end.

    Loops of those that are `jumping` have `break` and `continue`.
    """
    qubits, bits = draw(st.integers(1, 3)), draw(st.integers(1, 3))
    bit, qubit = st.integers(0, bits - 1), st.integers(0, qubits - 1)
    conditions = st.one_of(
        st.tuples(st.just("bit"), bit, st.integers(0, 1)),
        st.tuples(st.just("register"), st.integers(0, 2**bits - 1)),
    )
    ones = st.tuples(st.sampled_from(["x", "h", "z"]), st.tuples(qubit))
    pairs = st.permutations(range(qubits)).map(lambda order: ("cx", tuple(order[:2])))
    plain = st.one_of(
        *([ones, pairs] if qubits > 1 else [ones]),
        st.tuples(st.just("measure"), qubit, bit),
        st.tuples(st.just("measure"), qubit, bit),
        st.tuples(st.just("reset"), qubit),
    )
    simple = st.one_of(plain, st.tuples(st.just("when"), conditions, plain))

    def bodies(depth: int, looping: bool) -> Any:
        jumps = [st.sampled_from([("break",), ("continue",)])] if looping and jumping else []
        if not depth:
            return st.lists(st.one_of(simple, *jumps), max_size=3).map(tuple)
        inner, loop = bodies(depth - 1, looping), bodies(depth - 1, True)
        nested = st.one_of(
            st.tuples(st.just("if"), conditions, inner, inner),
            st.tuples(
                st.just("switch"), st.dictionaries(st.integers(0, 2**bits - 1), inner), inner
            ),
            st.tuples(st.just("for"), st.integers(0, 3), loop),
            st.tuples(st.just("while"), conditions, loop),
        )
        return st.lists(st.one_of(simple, nested, *jumps), max_size=4).map(tuple)

    body = draw(bodies(2, False))
    last = tuple(("measure", number % qubits, number) for number in range(bits))
    return Program(qubits, bits, body + draw(st.sampled_from([(), last])))
