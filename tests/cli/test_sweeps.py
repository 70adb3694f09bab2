"""`submit --parameters`: each row of values a result of its own."""

from __future__ import annotations

import json
import math

import pytest

TURN = (
    'OPENQASM 3.0;\ninclude "stdgates.inc";\ninput angle theta;\ninput angle phi;\nqubit[2] q;\n'
    "bit[2] c;\nrx(theta) q[0];\nrx(phi) q[1];\nc = measure q;\n"
)
ROWS = [(0.0, 0.0), (math.pi, 0.0), (0.0, math.pi), (math.pi, math.pi)]
FORMS = {
    "p.csv": "theta,phi\n" + "".join(f"{a},{b}\n" for a, b in ROWS),
    "q.json": json.dumps({"phi": [b for _, b in ROWS], "theta": [a for a, _ in ROWS]}),
}


@pytest.fixture
def turn(tmp_path):
    path = tmp_path / "turn.qasm"
    path.write_text(TURN)
    return path


@pytest.mark.parametrize(
    ("form", "words"), [("p.csv", ("--max-circuits", 1)), ("q.json", ("-O", 2))]
)
def test_each_row_is_a_result(cli, turn, tmp_path, form, words):
    (tmp_path / form).write_text(FORMS[form])
    job_set = cli.submit(turn, "--parameters", tmp_path / form, "--shots", 5, "--wait", *words)
    found = cli.data("results", job_set)["results"]
    assert [(r["name"], r["counts"]) for r in found] == [
        ("turn@0", {"00": 5}),
        ("turn@1", {"01": 5}),
        ("turn@2", {"10": 5}),
        ("turn@3", {"11": 5}),
    ]
    assert [(r["metadata"]["theta"], r["metadata"]["phi"]) for r in found] == ROWS


def test_sweep_on_a_device_is_compiled_once_and_runs(cli, turn, tmp_path):
    (tmp_path / "p.csv").write_text(FORMS["p.csv"])
    job_set = cli.submit(
        turn, "--parameters", tmp_path / "p.csv", "--backend", "fake_manila", "--wait"
    )
    found = cli.data("results", job_set)["results"]
    likeliest = [max(r["counts"], key=r["counts"].get) for r in found]
    assert likeliest == ["00", "01", "10", "11"]


def test_value_that_compiling_drops_is_no_obstacle(cli, tmp_path):
    """At level 3 a phase before a measurement goes, and with it the parameter."""
    (tmp_path / "p.csv").write_text("theta\n1\n2\n")
    (tmp_path / "f.qasm").write_text(
        'OPENQASM 3.0;\ninclude "stdgates.inc";\ninput angle theta;\nqubit q;\nbit c;\n'
        "rz(theta) q;\nc = measure q;\n"
    )
    words = ("--parameters", tmp_path / "p.csv", "--backend", "fake_manila", "-O", 3, "--wait")
    job_set = cli.submit(tmp_path / "f.qasm", *words)
    assert len(cli.data("results", job_set)["results"]) == 2


def test_bad_values_are_a_sentence_and_a_hint(cli, turn, tmp_path, proxy):
    (tmp_path / "p.csv").write_text("theta,phi\n1,half\n")
    done = cli("submit", turn, "--parameters", tmp_path / "p.csv", code=2)
    assert "row 0: the value 'half' of 'phi' is not a finite number" in done.err
    assert "hint: " in done.err
    assert done.err.count("error: ") == 1
    assert proxy.submissions == 0


def test_labels_name_the_runs_and_find_them(cli, turn, tmp_path):
    (tmp_path / "g.toml").write_text(
        'label = ["cold", "hot"]\nphi = 0\ntheta = {start = 0, stop = 3.141592653589793, num = 2}\n'
    )
    job_set = cli.submit(turn, "--parameters", tmp_path / "g.toml", "--shots", 5, "--wait")
    (found,) = cli.data("results", job_set, "--circuit", "turn@hot")["results"]
    assert (found["counts"], found["metadata"]["label"]) == ({"01": 5}, "hot")
    head = cli("results", job_set, "--format", "csv").out.splitlines()[0]
    assert head == "index,name,outcome,count,label,phi,theta"
    done = cli("results", job_set, "--circuit", "turn", code=2)
    assert "2 circuits are named 'turn': 0, 1" in done.err


def test_labels_name_the_values_of_observables(cli, tmp_path):
    text = TURN.replace("bit[2] c;\n", "").replace("c = measure q;\n", "")
    (tmp_path / "turn.qasm").write_text(text)
    (tmp_path / "p.csv").write_text("label,theta,phi\ncold,0,0\nhot,3.141592653589793,0\n")
    (tmp_path / "o.json").write_text('"IZ"')
    words = ("--parameters", tmp_path / "p.csv", "--observables", tmp_path / "o.json")
    job_set = cli.submit(tmp_path / "turn.qasm", *words, "--shots", 5, "--wait")
    found = cli.data("results", job_set)["expectation_values"]
    assert [(v["name"], v["value"]) for v in found] == [("turn@cold", 1.0), ("turn@hot", -1.0)]
