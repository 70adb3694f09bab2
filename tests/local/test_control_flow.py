"""Control flow gives the counts that an interpreter of the tests' own gives, which is not Qiskit's.

What the simulator would get wrong has to be rewritten, or refused with a sentence.
"""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import HealthCheck, given, seed, settings

from ibmqbatch.errors import InputError

from .interpreter import (
    EVERYTHING,
    OPENQASM_2,
    OPENQASM_3,
    Endless,
    Program,
    as_circuit,
    distribution,
    programs,
)
from .shapes import SHAPES
from .ways import counts, sent

# How a program is given, what it may be made of then, and whether it is compiled and rehearsed.
FORMS = {
    "OpenQASM 2": OPENQASM_2,
    "OpenQASM 3": OPENQASM_3,
    "QPY": EVERYTHING,
    "object": EVERYTHING,
}
WAYS = [
    *((form, level, False) for form in FORMS for level in (None, 1)),
    *((form, level, True) for form in FORMS for level in (0, 2)),
]
# Half of them, in which each form and each level stands twice.
FEW_WAYS = [way for number, way in enumerate(WAYS) if (number + number // 2) % 2 == 0]


_PATIENT = settings(deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)


def check(program: Program, found: dict[str, float]) -> None:
    """Hold counts against the interpreter's."""
    wanted = distribution(program)
    assert found.keys() <= {outcome for outcome, chance in wanted.items() if chance > 1e-9}
    far = sum(abs(found.get(key, 0.0) - chance) for key, chance in wanted.items()) / 2
    assert far < 0.2, (found, wanted)


def ends(program: Program) -> bool:
    try:
        distribution(program)
    except Endless:
        return False
    return True


def check_on_its_way(program: Program, form: str, level: int | None, *, rehearsed: bool) -> None:
    with TemporaryDirectory() as folder:
        try:
            circuit = sent(program, form, Path(folder), level=level, rehearsed=rehearsed)
        except InputError as error:
            # No compiler swaps qubits in a loop that is left from its middle.
            (problem,) = error.problems
            assert (problem.code, rehearsed) == ("cannot_compile", True)
            assert "'break'" in repr(program) or "'continue'" in repr(program)
            return
    check(program, counts(circuit, program.bits, rehearsed=rehearsed))


@pytest.mark.parametrize("shape", SHAPES)
def test_shape_of_control_flow_gives_what_it_says(shape: str) -> None:
    program = Program(2, 2, SHAPES[shape])
    found = counts(as_circuit(program), program.bits)
    assert list(found) == list(distribution(program))


@settings(_PATIENT, max_examples=30)
@given(programs().filter(ends))
def test_programs_give_what_the_interpreter_gives(program: Program) -> None:
    check(program, counts(as_circuit(program), program.bits))


@pytest.mark.slow
@pytest.mark.parametrize("part", range(10))
def test_many_programs_give_what_the_interpreter_gives(part: int) -> None:
    @seed(part)
    @settings(_PATIENT, derandomize=False, database=None, max_examples=200)
    @given(programs().filter(ends))
    def check_program(program: Program) -> None:
        check(program, counts(as_circuit(program), program.bits))

    check_program()


@pytest.mark.parametrize(("form", "level", "rehearsed"), FEW_WAYS)
def test_programs_give_the_same_on_either_way(
    form: str, level: int | None, rehearsed: bool
) -> None:
    _check_programs(form, level, rehearsed=rehearsed, examples=4)


@pytest.mark.slow
@pytest.mark.parametrize(("form", "level", "rehearsed"), WAYS)
def test_many_programs_give_the_same_on_every_way(
    form: str,
    level: int | None,
    rehearsed: bool,
) -> None:
    _check_programs(form, level, rehearsed=rehearsed, examples=100)


def _check_programs(form: str, level: int | None, *, rehearsed: bool, examples: int) -> None:
    @seed(examples)
    @settings(_PATIENT, derandomize=False, database=None, max_examples=examples)
    @given(programs(FORMS[form]).filter(ends))
    def check_program(program: Program) -> None:
        check_on_its_way(program, form, level, rehearsed=rehearsed)

    check_program()
