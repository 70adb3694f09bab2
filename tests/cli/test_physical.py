"""Programs on a device's own qubits, from `submit` to their counts."""

from __future__ import annotations

import random

from tests.cli.support import document

HEAD = 'OPENQASM 3.0;\ninclude "stdgates.inc";\nbit[3] c;\nbit last;\n'
BEYOND = "let part = c[0:1];\n"  # which is only another name, but needs Qiskit to be understood
TEXT = f"{HEAD}// as it is\nx $3;\nlast = measure $3;\n"
WORDS = ("--backend", "fake_manila", "--seed", 1)


def program(generator: random.Random) -> str:
    """Return what a device of five qubits in a line can do, at random."""
    lines = []
    for _ in range(12):
        q = generator.randrange(4)
        lines.append(
            generator.choice(
                [
                    f"sx ${q};",
                    f"x ${q};",
                    f"rz({generator.uniform(-7, 7)}) ${q};",
                    f"cx ${q}, ${q + 1};",
                    f"delay[{generator.randrange(500)}ns] ${q}, ${q + 1};",
                    f"barrier ${q}, ${q + 1};",
                    f"c[{generator.randrange(3)}] = measure ${q};",
                    f"if (c[1]) {{ x ${q}; }} else {{ reset ${q}; }}",
                ]
            )
        )
    return "\n".join([*lines, "last = measure $0;", "c[0] = measure $1;", ""])


def test_program_gives_the_same_counts_as_text_and_through_qiskit(run, tmp_path):
    generator = random.Random(7)
    for number in range(8):
        body = program(generator)
        (tmp_path / f"{number}.qasm").write_text(HEAD + body)
        (tmp_path / f"{number}b.qasm").write_text(HEAD + BEYOND + body)
    found = []
    for letter in ("", "b"):
        files = [tmp_path / f"{number}{letter}.qasm" for number in range(8)]
        job_set = run.submit(*files, *WORDS, "--shots", 200)
        shown = run.data("show", job_set, "--circuit", 0, "--compiled")["circuits"][0]
        assert ("$" in shown["text"]) is not bool(letter)
        found.append(run.counts(job_set))
    assert found[0] == found[1]
    assert len({len(counts) for counts in found[0]}) > 1


def test_program_is_shown_as_it_is(run, tmp_path):
    (tmp_path / "p.qasm").write_text(TEXT)
    job_set = run.submit(tmp_path / "p.qasm", *WORDS, "--detach")
    for words in ((), ("--compiled",)):
        assert run("show", job_set, "--circuit", 0, *words).out == TEXT
        assert "┤ X ├" in run("show", job_set, "--circuit", 0, "--draw", *words).out
    told = document(run("show", job_set, "--circuit", 0, "--compiled", "--json"), "show")
    (circuit,) = told["data"]["circuits"]
    assert (circuit["language"], circuit["layout"]) == ("openqasm3", None)


def test_registers_come_in_the_order_of_declaration(run, tmp_path):
    (tmp_path / "p.qasm").write_text(TEXT)
    (counts,) = run.counts(run.submit(tmp_path / "p.qasm", *WORDS, "--shots", 100))
    assert max(counts, key=counts.get) == "1 000"


def test_what_the_device_does_not_take_is_told_by_its_index(run, tmp_path):
    (tmp_path / "p.qasm").write_text(TEXT)
    (tmp_path / "q.qasm").write_text(TEXT.replace("x $3", "cx $0, $2"))
    done = run("submit", tmp_path / "p.qasm", tmp_path / "q.qasm", *WORDS, "--json", code=2)
    (error,) = done.json["errors"]
    assert error["code"] == "not_in_instruction_set"
    assert error["message"].startswith("Circuit 1 (")
