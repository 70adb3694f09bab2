"""`show`: what a set is made of, as it was given and as it was sent."""

from __future__ import annotations

import pytest
from qiskit import QuantumCircuit, qasm3, qpy

from tests.support.circuits import BELL


@pytest.fixture
def job_set(cli, circuits) -> str:
    return cli.submit(circuits(a=BELL, b=BELL), "--detach")


def test_circuits_are_listed_with_where_they_came_from(cli, job_set, tmp_path):
    lines = cli("show", job_set).out.splitlines()
    assert lines[0].split("\t")[:3] == ["0", "a", "4096"]
    assert lines[1].split("\t")[3] == str(tmp_path / "circuits" / "b.qasm")


def test_program_comes_out_as_it_was_given(cli, job_set):
    assert cli("show", job_set, "--circuit", "b").out == BELL


def test_program_is_kept_though_its_file_is_gone(cli, job_set, tmp_path):
    (tmp_path / "circuits" / "b.qasm").unlink()
    assert cli("show", job_set, "--circuit", 1).out == BELL


def test_circuit_as_it_was_sent_is_openqasm_3(cli, job_set):
    text = cli("show", job_set, "--circuit", 0, "--compiled").out
    assert dict(qasm3.loads(text).count_ops()) == {"h": 1, "cx": 1, "measure": 2}


def test_drawing_shows_the_gates(cli, job_set):
    drawing = cli("show", job_set, "--circuit", 0, "--draw").out
    assert "┤ H ├" in drawing
    assert drawing.count("┤M├") == 2


def test_drawing_of_a_compiled_circuit_leaves_idle_qubits_out(cli, circuits):
    job_set = cli.submit(circuits(a=BELL), "--backend", "fake_sherbrooke", "--detach")
    drawing = cli("show", job_set, "--circuit", 0, "--compiled", "--draw").out
    assert len([line for line in drawing.splitlines() if line.startswith("q_")]) == 2


def test_qpy_is_shown_as_openqasm_3(cli, tmp_path):
    circuit = QuantumCircuit(1, 1, name="flip")
    circuit.x(0)
    circuit.measure(0, 0)
    with (tmp_path / "c.qpy").open("wb") as file:
        qpy.dump(circuit, file)
    job_set = cli.submit(tmp_path / "c.qpy", "--detach")
    assert "x q[0];" in cli("show", job_set, "--circuit", "flip").out


def test_layout_and_hash_stand_in_the_document(cli, circuits):
    job_set = cli.submit(circuits(a=BELL), "--backend", "fake_manila", "--detach")
    (shown,) = cli.data("show", job_set, "--circuit", 0)["circuits"]
    assert len(shown["layout"]["initial"]) == len(shown["layout"]["final"]) == 2
    assert len(shown["sha256"]) == 64


def test_unknown_circuit_is_refused(cli, job_set):
    assert "no circuit 'z'" in cli("show", job_set, "--circuit", "z", code=2).err


def test_drawing_needs_a_circuit(cli, job_set):
    assert "--circuit" in cli("show", job_set, "--draw", code=2).err


def test_names_cannot_write_to_the_terminal(cli, tmp_path):
    (tmp_path / "runs.csv").write_text("path,name,note\nc.qasm,c,\x1b[31mred\n")
    (tmp_path / "c.qasm").write_text(BELL)
    job_set = cli.submit("--from", tmp_path / "runs.csv", "--detach")
    assert "\x1b" not in cli("show", job_set).out
