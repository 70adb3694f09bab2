"""Control flow from files to counts: as it is, compiled, and on a device with its noise."""

from __future__ import annotations

import math

import pytest

from tests.circuits.asking import dump
from tests.local.interpreter import Program, as_circuit, as_openqasm2, as_openqasm3, distribution
from tests.local.shapes import SHAPES

pytestmark = pytest.mark.usefixtures("one_process")

SHOTS = 400
# Noise takes a few outcomes in a hundred of what is so short.
ENOUGH = 0.75
# With noise: where a bit is misread.
MAY_NOT_END = "while without a body, never"
PROGRAMS = {shape: Program(2, 2, body) for shape, body in SHAPES.items()}


def written(program: Program, form: str) -> bytes | None:
    """Return a program in a form; None where the form has no words for it."""
    kinds = {statement[0] for statement in program.body}
    if form == "QPY":
        return dump(as_circuit(program))
    if form == "OpenQASM 3":
        return None if "'switch'" in repr(program.body) else as_openqasm3(program).encode()
    bits = "'bit'" in repr(program.body)
    nested = kinds & {"if", "for", "while", "switch"}
    return None if bits or nested else as_openqasm2(program).encode()


@pytest.mark.parametrize("form", ["OpenQASM 2", "OpenQASM 3", "QPY"])
@pytest.mark.parametrize(
    ("words", "enough"),
    [((), 1.0), (("-O", 1), 1.0), (("--backend", "fake_guadalupe"), ENOUGH)],
    ids=["as it is", "compiled", "rehearsed"],
)
def test_files_with_control_flow_give_what_they_say(cli, tmp_path, form, words, enough):
    files, wanted = [], []
    for number, (shape, program) in enumerate(PROGRAMS.items()):
        content = written(program, form)
        if content is not None and not (enough < 1 and shape == MAY_NOT_END):
            files.append(tmp_path / f"{number}.{'qpy' if form == 'QPY' else 'qasm'}")
            files[-1].write_bytes(content)
            (outcome,) = distribution(program)
            wanted.append(outcome)
    job_set = cli.submit(*files, "--shots", SHOTS, "--seed", 1, *words)
    found = cli.counts(job_set)
    assert [max(counts, key=counts.__getitem__) for counts in found] == wanted
    assert min(max(counts.values()) for counts in found) >= enough * SHOTS


@pytest.mark.parametrize("words", [(), ("-O", 2), ("--backend", "fake_guadalupe")])
def test_a_loop_with_a_variable_and_break_takes_the_values_of_a_sweep(cli, tmp_path, words):
    (tmp_path / "loop.qasm").write_text(
        'OPENQASM 3.0;\ninclude "stdgates.inc";\ninput angle theta;\nqubit[2] q;\nbit[2] c;\n'
        "for int i in [0:3] {\n  rx(i * theta) q[0];\n  c[0] = measure q[0];\n"
        "  if (c[0]) { break; }\n  x q[1];\n}\nc[1] = measure q[1];\n"
    )
    (tmp_path / "p.csv").write_text(f"theta\n{math.pi}\n0\n")
    job_set = cli.submit(
        tmp_path / "loop.qasm", "--parameters", tmp_path / "p.csv", "--shots", SHOTS, *words
    )
    found = cli.counts(job_set)
    assert [max(counts, key=counts.__getitem__) for counts in found] == ["11", "00"]
