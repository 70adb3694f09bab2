"""Small programs with control flow, an interpreter of theirs, and what they are in other words.

The interpreter knows nothing of Qiskit: a state vector, and every measurement followed both ways.
"""

from __future__ import annotations

import itertools
import math
from collections import Counter
from collections.abc import Iterator
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from typing import Any

from hypothesis import strategies as st

from tests.support.qiskits import TERRA

__all__ = [
    "EVERYTHING",
    "OPENQASM_2",
    "OPENQASM_3",
    "Endless",
    "Program",
    "as_circuit",
    "as_openqasm2",
    "as_openqasm3",
    "distribution",
    "programs",
]

# What programs may be made of beside gates, measurements and resets.
OPENQASM_2 = frozenset({"when"})
OPENQASM_3 = frozenset({"when", "if", "for", "while", "jump", "turn"})
EVERYTHING = OPENQASM_3 | {"switch", "expression"} | (set() if TERRA else {"store"})

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
    ("for", count, body) · ("while", condition, body) · ("switch", bit, {value: body}, default), on
    the register where the bit is None · ("break",) · ("continue",) · ("store", bit, condition) ·
    ("turn", qubit): by half a turn for each round of the loop around that was before.

    A condition is ("bit", bit, value) or ("register", value), or ("less", value): so is the
    register; or ("not", condition), ("and", one, other), ("or", one, other), ("xor", one, other).
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
    turn: int = 0


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
        case ("turn", qubit):
            for _ in range(branch.turn % 2):
                branch.state = _gate("x", (qubit,), branch.state)
            return [branch]
        case ("store", bit, condition):
            branch.bits = branch.bits & ~(1 << bit) | _holds(condition, branch.bits) << bit
            return [branch]
        case ("if", condition, body, other):
            return _run(body if _holds(condition, branch.bits) else other, [branch])
        case ("when", condition, inner):
            return _step(inner, branch) if _holds(condition, branch.bits) else [branch]
        case ("switch", bit, cases, default):
            value = branch.bits if bit is None else branch.bits >> bit & 1
            return _run(cases.get(value, default), [branch])
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
    going, rounds, outside = [branch], 0, branch.turn
    while going and (count is None or rounds < count):
        if condition is not None:
            done += [each for each in going if not _holds(condition, each.bits)]
            going = [each for each in going if _holds(condition, each.bits)]
        for each in going:
            each.steps += 1
            each.turn = outside if count is None else rounds
            if each.steps > _MOST_STEPS:
                raise Endless
        after = _run(body, going)
        done += [each for each in after if each.jump == "break"]
        going = [each for each in after if each.jump != "break"]
        for each in after:
            each.jump = ""
        rounds += 1
    for each in done + going:
        each.turn = outside
    return done + going


def _holds(condition: Any, bits: int) -> bool:
    match condition:
        case ("bit", bit, value):
            return bool((bits >> bit & 1) == value)
        case ("register", value):
            return bool(bits == value)
        case ("less", value):
            return bool(bits < value)
        case ("not", one):
            return not _holds(one, bits)
        case (word, one, other):
            both = _holds(one, bits), _holds(other, bits)
            return {"and": all(both), "or": any(both), "xor": both[0] != both[1]}[word]
    raise AssertionError(condition)


def _split(branch: _Branch, qubit: int) -> Iterator[tuple[int, _Branch]]:
    for one in (0, 1):
        kept = [a if (index >> qubit & 1) == one else 0j for index, a in enumerate(branch.state)]
        chance = sum(abs(a) ** 2 for a in kept)
        if chance > 1e-12:
            state = [a / math.sqrt(chance) for a in kept]
            yield (
                one,
                _Branch(branch.weight * chance, state, branch.bits, "", branch.steps, branch.turn),
            )


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
    _Writer(list(register)).write(program.body, circuit, None)
    return circuit


class _Writer:
    """Writes statements into circuits; `qubits` are those of the program, by number."""

    def __init__(self, qubits: list[Any]) -> None:
        self._qubits = qubits
        self._rounds = itertools.count()

    def write(self, body: tuple[Statement, ...], circuit: Any, variable: Any) -> None:
        for statement in body:
            self._write(statement, circuit, variable)

    def _write(self, statement: Statement, circuit: Any, variable: Any) -> None:
        register, bits = circuit.cregs[0], circuit.clbits
        match statement:
            case ("measure", qubit, bit):
                circuit.measure(self._qubits[qubit], register[bit])
            case ("reset", qubit):
                circuit.reset(self._qubits[qubit])
            case ("turn", qubit):
                circuit.rx(0 if variable is None else math.pi * variable, self._qubits[qubit])
            case ("store", bit, condition):
                circuit.store(register[bit], _expression(condition, register))
            case ("if", condition, inside, other):
                on = self._used((*inside, *other))
                blocks = [self._block(inside, circuit, on, variable)]
                blocks.append(self._block(other, circuit, on, variable) if other else None)
                circuit.if_else(_on(condition, register), *blocks, on, bits)
            case ("when", condition, inner) if TERRA:
                self._write(inner, circuit, variable)
                last = circuit.data.pop()
                operation = last.operation.to_mutable().c_if(*_on(condition, register))
                circuit.append(operation, last.qubits, last.clbits)
            case ("when", condition, inner):
                on = self._used((inner,))
                block = self._block((inner,), circuit, on, variable)
                circuit.if_test(_on(condition, register), block, on, bits)
            case ("switch", bit, cases, default):
                from qiskit.circuit import CASE_DEFAULT

                on = self._used((*default, *itertools.chain(*cases.values())))
                told = [
                    (value, self._block(part, circuit, on, variable))
                    for value, part in cases.items()
                ]
                told.append((CASE_DEFAULT, self._block(default, circuit, on, variable)))
                circuit.switch(register if bit is None else register[bit], told, on, bits)
            case ("for", count, inside):
                from qiskit.circuit import Parameter

                own = Parameter(f"round{next(self._rounds)}") if any(_turns(inside)) else None
                on = self._used(inside)
                block = self._block(inside, circuit, on, own)
                circuit.for_loop(range(count), own, block, on, bits)
            case ("while", condition, inside):
                on = self._used(inside)
                block = self._block(inside, circuit, on, variable)
                circuit.while_loop(_on(condition, register), block, on, bits)
            case ("break",):
                circuit.break_loop()
            case ("continue",):
                circuit.continue_loop()
            case (gate, qubits):
                getattr(circuit, gate)(*(self._qubits[qubit] for qubit in qubits))

    def _block(
        self, body: tuple[Statement, ...], circuit: Any, on: list[Any], variable: Any
    ) -> Any:
        block = type(circuit)(on, *circuit.cregs)
        self.write(body, block, variable)
        return block

    def _used(self, body: tuple[Statement, ...]) -> list[Any]:
        """Return the qubits that statements are on: whoever reads a program finds no others."""
        return [self._qubits[number] for number in sorted(set(_numbers(body)))]


def _parts(statement: Statement) -> tuple[tuple[Statement, ...], ...]:
    """Return the bodies that a statement has."""
    match statement:
        case ("if", _, inside, other):
            return inside, other
        case ("when", _, inner):
            return ((inner,),)
        case ("switch", _, cases, default):
            return (*cases.values(), default)
        case ("for" | "while", _, inside):
            return (inside,)
    return ()


def _numbers(body: tuple[Statement, ...]) -> Iterator[int]:
    for statement in body:
        match statement:
            case ("measure", qubit, _) | ("reset" | "turn", qubit):
                yield qubit
            case (gate, qubits) if gate in _GATES:
                yield from qubits
        for part in _parts(statement):
            yield from _numbers(part)


def _turns(body: tuple[Statement, ...]) -> Iterator[bool]:
    """Yield whether statements are turns by the rounds of the loop that they are the body of."""
    for statement in body:
        yield statement[0] == "turn"
        if statement[0] != "for":
            for part in _parts(statement):
                yield from _turns(part)


def _on(condition: Any, register: Any) -> Any:
    match condition:
        case ("bit", bit, value):
            return register[bit], value
        case ("register", value):
            return register, value
    return _expression(condition, register)


def _expression(condition: Any, register: Any) -> Any:
    from qiskit.circuit.classical import expr

    match condition:
        case ("bit", bit, value):
            return expr.lift(register[bit]) if value else expr.logic_not(register[bit])
        case ("register", value):
            return expr.equal(register, value)
        case ("less", value):
            return expr.less(register, value)
        case ("not", one):
            return expr.logic_not(_expression(one, register))
    both = [_expression(each, register) for each in condition[1:]]
    words = {"and": expr.logic_and, "or": expr.logic_or, "xor": expr.bit_xor}
    return words[condition[0]](*both)


def as_openqasm2(program: Program) -> str:
    """Return a program of `OPENQASM_2` in OpenQASM 2."""
    lines = ["OPENQASM 2.0;", 'include "qelib1.inc";']
    lines += [f"qreg q[{program.qubits}];", f"creg c[{program.bits}];"]
    for statement in program.body:
        condition, inner = statement[1:] if statement[0] == "when" else (None, statement)
        before = "" if condition is None else f"if (c == {condition[1]}) "
        match inner:
            case ("measure", qubit, bit):
                lines.append(f"{before}measure q[{qubit}] -> c[{bit}];")
            case _:
                lines.append(before + _plain(inner))
    return "\n".join(lines) + "\n"


def as_openqasm3(program: Program) -> str:
    """Return a program of `OPENQASM_3` in OpenQASM 3; a register of one bit is a bit there."""
    lines = ["OPENQASM 3.0;", 'include "stdgates.inc";']
    lines += [f"qubit[{program.qubits}] q;", f"bit[{program.bits}] c;"]
    text = "\n".join([*lines, *_lines(program.body, 0, "0")]) + "\n"
    return text if program.bits > 1 else text.replace("bit[1] c;", "bit c;").replace("c[0]", "c")


def _lines(body: tuple[Statement, ...], depth: int, variable: str) -> Iterator[str]:
    for statement in body:
        match statement:
            case ("measure", qubit, bit):
                yield f"c[{bit}] = measure q[{qubit}];"
            case ("turn", qubit):
                yield f"rx(pi * {variable}) q[{qubit}];"
            case ("if", condition, inside, other):
                yield f"if ({_condition(condition)}) {{"
                yield from _lines(inside, depth + 1, variable)
                if other:
                    yield "} else {"
                    yield from _lines(other, depth + 1, variable)
                yield "}"
            case ("when", condition, inner):
                yield f"if ({_condition(condition)}) {{"
                yield from _lines((inner,), depth + 1, variable)
                yield "}"
            case ("for", count, inside):
                yield f"for int i{depth} in [1:{count}] {{"
                yield from _lines(inside, depth + 1, f"(i{depth} - 1)")
                yield "}"
            case ("while", condition, inside):
                yield f"while ({_condition(condition)}) {{"
                yield from _lines(inside, depth + 1, variable)
                yield "}"
            case ("break",) | ("continue",):
                yield f"{statement[0]};"
            case _:
                yield _plain(statement)


def _condition(condition: Any) -> str:
    match condition:
        case ("bit", bit, value):
            return f"c[{bit}] == {value}"
    return f"c == {condition[1]}"


def _plain(statement: Statement) -> str:
    qubits = statement[1] if statement[0] in _GATES else (statement[1],)
    return f"{statement[0]} {', '.join(f'q[{qubit}]' for qubit in qubits)};"


@st.composite
def programs(draw: st.DrawFn, kinds: AbstractSet[str] = EVERYTHING) -> Program:
    """Draw programs of one to four qubits and one to three bits, which need not end.

    Each measures something, if it comes to it.
    """
    qubits, bits = draw(st.integers(1, 4)), draw(st.integers(1, 3))
    bit, qubit = st.integers(0, bits - 1), st.integers(0, qubits - 1)
    values = st.integers(0, 2**bits - 1)
    whole = st.tuples(st.just("register"), values)
    one = st.tuples(st.just("bit"), bit, st.integers(0, 1))
    simple = st.one_of(one, whole) if kinds != OPENQASM_2 else whole
    conditions = simple
    if "expression" in kinds:
        less = st.tuples(st.just("less"), values)
        conditions = st.recursive(
            st.one_of(simple, less),
            lambda inner: st.one_of(
                st.tuples(st.just("not"), inner),
                st.tuples(st.sampled_from(["and", "or", "xor"]), inner, inner),
            ),
            max_leaves=3,
        )
    ones = st.tuples(st.sampled_from(["x", "h", "z"]), st.tuples(qubit))
    pairs = st.permutations(range(qubits)).map(lambda order: ("cx", tuple(order[:2])))
    plain = st.one_of(
        *([ones, pairs] if qubits > 1 else [ones]),
        st.tuples(st.just("measure"), qubit, bit),
        st.tuples(st.just("measure"), qubit, bit),
        st.tuples(st.just("reset"), qubit),
    )
    steps = [plain, st.tuples(st.just("when"), simple, plain)]
    if "store" in kinds:
        steps.append(st.tuples(st.just("store"), bit, conditions))
    jumps = [st.sampled_from([("break",), ("continue",)])] if "jump" in kinds else []
    turns = [st.tuples(st.just("turn"), qubit)] if "turn" in kinds else []

    def bodies(depth: int, looping: bool) -> Any:
        flat = [*steps, *(jumps if looping else []), *turns]
        if not depth or kinds == OPENQASM_2:
            return st.lists(st.one_of(*flat), max_size=3 if kinds != OPENQASM_2 else 8).map(tuple)
        inner, loop = bodies(depth - 1, looping), bodies(depth - 1, True)
        cases = st.dictionaries(values, inner, max_size=3)
        two = st.dictionaries(st.integers(0, 1), inner, max_size=2)
        nested = {
            "if": st.tuples(st.just("if"), conditions, inner, inner),
            "switch": st.one_of(
                st.tuples(st.just("switch"), st.none(), cases, inner),
                st.tuples(st.just("switch"), bit, two, inner),
            ),
            "for": st.tuples(st.just("for"), st.integers(0, 3), loop),
            "while": st.tuples(st.just("while"), conditions, loop),
        }
        of_kinds = [strategy for kind, strategy in nested.items() if kind in kinds]
        return st.lists(st.one_of(*flat, *of_kinds), max_size=4).map(tuple)

    body = draw(bodies(2, False))
    last = tuple(("measure", number % qubits, number) for number in range(bits))
    ending = draw(st.sampled_from([(), last])) if _reads(body) else last
    return Program(qubits, bits, body + ending)


def _reads(body: tuple[Statement, ...]) -> bool:
    return any(s[0] == "measure" or any(map(_reads, _parts(s))) for s in body)
