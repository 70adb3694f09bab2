"""Control flow gives the counts that an interpreter of the tests' own gives, which is not Qiskit's.

What the simulator would get wrong has to be rewritten, or refused with a sentence.
"""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, assume, given, settings

from ibmqbatch.local.worker.backends import Backends
from ibmqbatch.local.worker.errors import JobError
from ibmqbatch.local.worker.simulation import run_circuit

from .interpreter import Endless, Program, as_circuit, distribution, programs

SHOTS = 300
_IDEAL = {"name": "ideal_simulator", "kind": "ideal", "max_shots": 1000}
_FLIP, _READ = ("x", (0,)), ("measure", 0, 0)
_AFTER = (("x", (1,)), ("measure", 1, 1))
# Two qubits and two bits; after `_FLIP` and `_READ` the register is 1.
SHAPES = {
    "if without a body": (_FLIP, _READ, ("if", ("bit", 0, 1), (), ()), *_AFTER),
    "if of a register without a body": (_FLIP, _READ, ("if", ("register", 1), (), ()), *_AFTER),
    "else alone, not taken": (_FLIP, _READ, ("if", ("bit", 0, 1), (), _AFTER)),
    "else alone, taken": (_FLIP, _READ, ("if", ("bit", 0, 0), (), _AFTER)),
    "for without a body": (_FLIP, _READ, ("for", 2, ()), *_AFTER),
    "for of no rounds": (_FLIP, _READ, ("for", 0, (_FLIP, _READ)), *_AFTER),
    "while without a body, never": (_FLIP, _READ, ("while", ("bit", 0, 0), ()), *_AFTER),
    "while": (_FLIP, _READ, ("while", ("bit", 0, 1), (_FLIP, _READ)), *_AFTER),
    "switch without bodies": (_FLIP, _READ, ("switch", {1: ()}, ()), *_AFTER),
    "switch with one body": (_FLIP, _READ, ("switch", {1: (), 2: (_FLIP,)}, ()), *_AFTER),
    "switch with a default alone": (_FLIP, _READ, ("switch", {}, _AFTER)),
    "break": (("for", 2, (_FLIP, ("break",), _FLIP)), _READ, *_AFTER),
    "loop of a break alone": (_FLIP, _READ, ("for", 2, (("break",),)), *_AFTER),
    "continue": (("for", 3, (_FLIP, ("continue",), ("x", (1,)))), _READ, ("measure", 1, 1)),
    "measurement that is not made": (_FLIP, ("when", ("bit", 1, 1), _READ), *_AFTER),
    "measurement that is made": (_FLIP, ("when", ("register", 0), _READ), *_AFTER),
    "reset that is not made": (_FLIP, ("when", ("bit", 1, 1), ("reset", 0)), _READ),
    "reset that is made": (_FLIP, ("when", ("bit", 1, 0), ("reset", 0)), _READ),
    "nothing inside of a branch": (
        _FLIP,
        _READ,
        ("if", ("bit", 0, 1), (("if", ("bit", 1, 0), (), ()), *_AFTER), ()),
    ),
}


def counts(program: Program) -> dict[str, float] | None:
    """Return the shares of outcomes that the worker gives; None for what it refuses."""
    circuit = as_circuit(program)
    try:
        plan = Backends().get(_IDEAL, None).plan(circuit, SHOTS)
    except JobError as error:
        assert error.code == 7001
        return None
    bits = run_circuit(plan.circuit, None, plan.simulation, SHOTS, 7)
    found: dict[str, float] = {}
    for row in bits[:, : program.bits].tolist():
        outcome = "".join(str(bit) for bit in reversed(row))
        found[outcome] = found.get(outcome, 0.0) + 1 / SHOTS
    return found


def check(program: Program) -> None:
    try:
        wanted = distribution(program)
    except Endless:
        assume(False)
    found = counts(program)
    if found is None:
        return
    assert found.keys() <= {outcome for outcome, chance in wanted.items() if chance > 1e-9}
    far = sum(abs(found.get(key, 0.0) - chance) for key, chance in wanted.items()) / 2
    assert far < 0.2, (found, wanted)


@pytest.mark.parametrize("shape", SHAPES)
def test_shape_of_control_flow_gives_what_it_says(shape: str) -> None:
    program = Program(2, 2, SHAPES[shape])
    (outcome,) = distribution(program)
    found = counts(program)
    assert found is not None
    assert list(found) == [outcome]


_PATIENT = settings(deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)


@settings(_PATIENT, max_examples=100)
@given(programs())
def test_programs_give_what_the_interpreter_gives(program: Program) -> None:
    check(program)
