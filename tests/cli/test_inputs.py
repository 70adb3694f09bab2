"""Inputs of every kind, from the command line to the counts, against Aer run on the same circuits.

Many circuits go into one submission: it is their number that counts, not that of submissions.
"""

from __future__ import annotations

import os
import random
import subprocess
import sys
from typing import Any

import pytest
from qiskit import QuantumCircuit, qasm2

from tests.circuits.asking import dump
from tests.circuits.random_circuits import SHOTS, are_alike, counts, deterministic, random_circuit
from tests.support.circuits import BELL, basis_state
from tests.support.commands import Cli

pytestmark = pytest.mark.usefixtures("one_process")

FLIP = 'OPENQASM 3.0;\ninclude "stdgates.inc";\nqubit[2] q;\nbit[2] c;\nx q[1];\nc = measure q;\n'


def results(cli: Cli, *words: object, code: int = 0) -> list[dict[str, Any]]:
    """Submit, wait and return the results."""
    job_set = cli.submit(*words, "--wait", code=code)
    found: list[dict[str, Any]] = cli.data("results", job_set)["results"]
    return found


def outcomes(found: list[dict[str, Any]]) -> list[tuple[str, dict[str, int]]]:
    return [(result["name"], result["counts"]) for result in found]


def in_openqasm_2(circuit: QuantumCircuit) -> bytes:
    return qasm2.dumps(circuit).encode()


def in_openqasm_3(circuit: QuantumCircuit) -> bytes:
    """Write a circuit that has one outcome; Terra's exporter makes up other registers."""
    lines = ["OPENQASM 3.0;", 'include "stdgates.inc";', f"qubit[{circuit.num_qubits}] q;"]
    lines += (f"bit[{register.size}] {register.name};" for register in circuit.cregs)
    place = {
        bit: f"{register.name}[{n}]" for register in circuit.cregs for n, bit in enumerate(register)
    }
    for item in circuit.data:
        name = item.operation.name
        on = ", ".join(f"q[{circuit.find_bit(qubit).index}]" for qubit in item.qubits)
        if name == "measure":
            lines.append(f"{place[item.clbits[0]]} = measure {on};")
        elif getattr(item.operation, "condition", None) is not None:
            register, value = item.operation.condition
            # Qiskit 2 has a block where Terra has a gate under a condition.
            inner = item.operation.blocks[0].data[0].operation.name if name == "if_else" else name
            lines.append(f"if ({register.name} == {value}) {{ {inner} {on}; }}")
        else:
            lines.append(f"{name} {on};")
    return ("\n".join(lines) + "\n").encode()


def test_circuits_with_one_outcome_give_it_whatever_their_form(cli, tmp_path):
    generator = random.Random(1)
    circuits = [deterministic(generator, 1 + number % 5) for number in range(15)]
    expected = counts(circuits)
    forms = {"qasm": in_openqasm_2, "qasm3": in_openqasm_3, "qpy": dump}
    for suffix, written in forms.items():
        for number, circuit in enumerate(circuits):
            (tmp_path / f"{number}.{suffix}").write_bytes(written(circuit))
    found = results(cli, tmp_path, "--shots", SHOTS)
    assert [result["counts"] for result in found] == [c for c in expected for _ in forms]


@pytest.mark.parametrize("words", [(), ("--backend", "fake_nairobi")])
def test_circuits_with_many_outcomes_give_them_as_often(cli, tmp_path, words):
    generator = random.Random(str(words))
    # The noise of a device would be seen in more gates than these.
    steps = 3 if "--backend" in words else 10
    circuits = [random_circuit(generator, 1 + number % 5, steps) for number in range(15)]
    (tmp_path / "many.qpy").write_bytes(dump(*circuits))
    found = results(cli, tmp_path / "many.qpy", "--shots", SHOTS, "--seed", 1, *words)
    expected = counts(circuits)
    allowed = 0.2 if "--backend" in words else 0.0
    for result, counted in zip(found, expected, strict=True):
        assert are_alike(result["counts"], counted, allowed)


def test_programs_of_one_file_are_results_of_their_own(cli, tmp_path):
    text = basis_state("01") + "// OPENQASM\n" + FLIP + basis_state("11")
    (tmp_path / "mixed.qasm").write_text(text)
    found = results(cli, tmp_path / "mixed.qasm", "--shots", 7)
    assert outcomes(found) == [
        ("mixed.0", {"01": 7}),
        ("mixed.1", {"10": 7}),
        ("mixed.2", {"11": 7}),
    ]


def test_standard_input_is_read(cli):
    circuit = QuantumCircuit(2, 2, name="flip", metadata={"angle": 0.5, "more": [1, None]})
    circuit.x(1)
    circuit.measure([0, 1], [0, 1])
    done = subprocess.run(
        [sys.executable, "-m", "ibmqbatch", "submit", "-", "--shots", "5", "--wait", "--quiet"],
        input=dump(circuit),
        env=cli.env,
        capture_output=True,
        timeout=60,
        check=True,
    )
    (found,) = cli.data("results", done.stdout.decode().strip())["results"]
    assert outcomes([found]) == [("flip", {"10": 5})]
    assert found["metadata"] == {"angle": 0.5, "more": [1, None]}


def test_table_gives_names_shots_and_metadata(cli, tmp_path):
    (tmp_path / "below").mkdir()
    (tmp_path / "below" / "a.qasm").write_text(basis_state("1"))
    (tmp_path / "t.csv").write_text(
        "path,name,shots,label\nbelow/a.qasm,größe\u3000量子 😀,3,ünïque\nbelow/a.qasm,,,\n"
    )
    found = results(cli, "--from", tmp_path / "t.csv", "--shots", 9)
    assert [(r["name"], r["shots"], r["metadata"]) for r in found] == [
        ("größe\u3000量子 😀", 3, {"label": "ünïque"}),
        ("a", 9, {"label": ""}),
    ]


def test_each_bad_input_is_a_sentence_and_a_hint(cli, tmp_path, proxy):
    bad = {
        "new.qpy": (b"QISKIT\xc8" + b"\0" * 30, "version 200"),
        "bad.qasm": ((BELL + FLIP.replace("x q", "zap q")).encode(), "line 12, column 1"),
        "a\nb.qasm": (BELL.encode(), "control characters"),
    }
    for name, (content, _) in bad.items():
        (tmp_path / name).write_bytes(content)
    (tmp_path / "t.csv").write_text("path,shots\na,x\n")
    words = (*(tmp_path / name for name in bad), "--from", tmp_path / "t.csv", "--json")
    errors = cli("submit", *words, code=2).json["errors"]
    messages = [error["message"] for error in errors]
    for what in ("number of shots", *(what for _, what in bad.values())):
        assert len([message for message in messages if what in message]) == 1
    assert len(errors) == 4
    assert all(error["hint"] and error["message"].isprintable() for error in errors)
    assert proxy.submissions == 0


def test_folder_of_thousands_of_files_is_planned(cli, tmp_path):
    folder = tmp_path / "many" / "below"
    folder.mkdir(parents=True)
    first = folder / "c0.qasm"
    first.write_text(BELL)
    for number in range(1, 3000):
        os.link(first, folder / f"c{number}.qasm")
    told = cli("submit", folder.parent, "--recursive", "--dry-run", "--json").json
    assert told["data"]["plan"]["total_circuits"] == 3000
