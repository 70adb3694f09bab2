"""Tables of circuits and of values: what is wrong with one is a sentence, with a hint."""

from __future__ import annotations

import csv
import io
import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from qiskit import QuantumCircuit
from qiskit.circuit import Parameter

from ibmqbatch.circuits.errors import BadInput
from ibmqbatch.circuits.preparer import Preparation
from ibmqbatch.circuits.tables import read_sweep
from tests.circuits.asking import dump, names, problem, ready, write
from tests.circuits.devices import line
from tests.support.circuits import BELL

TURN = (
    'OPENQASM 3.0;\ninclude "stdgates.inc";\ninput angle theta;\ninput float phi;\nqubit q;\n'
    "bit c;\nry(theta) q;\nrz(phi) q;\nc = measure q;\n"
)


def rows(folder, content, name="t.csv"):
    write(folder, BELL, "a.qasm")
    made = ready(table=write(folder, content, name))
    return [(p.circuits[0].name, p.shots, dict(p.circuits[0].metadata)) for p in made]


def test_table_is_read_from_csv(tmp_path):
    text = "path, name, shots, label\na.qasm, one, 10, x\na.qasm,,,\n\n"
    assert rows(tmp_path, text) == [("one", 10, {"label": "x"}), ("a", None, {"label": ""})]


def test_table_is_read_from_toml(tmp_path):
    text = (
        'title = "runs"\n[[circuit]]\npath = "a.qasm"\nshots = 5\nname = "n"\n'
        "x = 1.5\nday = 2026-11-21\nmore = {list = [1, {at = 12:00:00}]}\n"
    )
    metadata = {"x": 1.5, "day": "2026-11-21", "more": {"list": [1, {"at": "12:00:00"}]}}
    assert rows(tmp_path, text, "t.toml") == [("n", 5, metadata)]


def test_paths_are_relative_to_the_table(tmp_path):
    write(tmp_path, BELL, "below/b.qasm")
    table = write(tmp_path, "path\nb.qasm\n../c.qasm\n", "below/t.csv")
    write(tmp_path, BELL, "c.qasm")
    assert names(ready(table=table)) == ["b", "c"]


@pytest.mark.parametrize("mark", ["", "\ufeff"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_marks_and_ends_of_lines_are_no_harm(mark, end, tmp_path):
    assert rows(tmp_path, mark + f"path{end}a.qasm{end}") == [("a", None, {})]
    if end != "\r":
        assert rows(tmp_path, f'{mark}[[c]]{end}path="a.qasm"{end}', "t.toml") == [("a", None, {})]


@pytest.mark.parametrize(
    ("text", "code", "what"),
    [
        ("", "empty", "names no circuits"),
        ("path\n", "empty", "names no circuits"),
        ("name\nx\n", "bad_table", "row 0 has no path"),
        ("path,x\n,1\n", "bad_table", "row 0 has no path"),
        ("path;x\na.qasm;1\n", "bad_table", "row 0 has no path"),
        ("path,x\na.qasm,1\na.qasm\n", "bad_table", "row 1 does not have the same columns"),
        ("path\na.qasm,1\n", "bad_table", "row 0 does not have the same columns"),
        ("path,path\na,b\n", "bad_table", "must name each column"),
        ("path,\na,b\n", "bad_table", "must name each column"),
        ('path,x\na.qasm,"open\n', "bad_table", "line 2"),
        ("path\na\0.qasm\n", "binary", "NUL"),
        ("path,x\na.qasm,\0\n", "binary", "NUL"),
        (b"path\n\xe9.qasm\n", "binary", "UTF-8"),
        ("path\nnone.qasm\n", "unreadable", "No such file"),
        ("path\n.\n", "unreadable", "Is a directory"),
        ('path,name\na.qasm,"two\nlines"\n', "bad_name", "control characters"),
        ("path,name\na.qasm,a\x1bb\n", "bad_name", "control characters"),
    ],
)
def test_what_is_wrong_with_a_table_is_told(text, code, what, tmp_path):
    write(tmp_path, BELL, "a.qasm")
    found = problem(table=write(tmp_path, text, "t.csv"))
    assert found.code == code
    assert what in found.message


@pytest.mark.parametrize(
    "shots", ["0", "-1", "x", "1.5", "1e3", "1_000", "٣", "9" * 30, "9" * 5000]
)
def test_what_is_no_number_of_shots_is_told(shots, tmp_path):
    found = problem(table=write(tmp_path, f"path,shots\na.qasm,{shots}\n", "t.csv"))
    assert "is not a number of shots" in found.message
    assert len(found.message) < 300


@pytest.mark.parametrize(
    "text",
    [
        "",
        'path = "a.qasm"\n',
        '[c]\npath = "a.qasm"\n',
        '[[c]]\npath = "a.qasm"\n[[d]]\npath = "a.qasm"\n',
        "c = [1, 2]\n",
        "[[c]]\npath = 1\n",
        '[[c]]\nname = "a"\n',
        '[[c]]\npath = "a.qasm"\nshots = true\n',
        '[[c]]\npath = "a.qasm"\nshots = 1.0\n',
        '[[c]]\npath = "a.qasm"\nname = 3\n',
        '[[c]]\npath = "a.qasm"\nx = nan\n',
        '[[c]]\npath = "a.qasm"\nx = [-inf]\n',
        "[[c]\n",
        "x = " + "[" * 5000,
        "[[c]]\nx = " + "9" * 5000,
    ],
    ids=range(15),
)
def test_toml_of_another_shape_is_told(text, tmp_path):
    write(tmp_path, BELL, "a.qasm")
    assert problem(table=write(tmp_path, text, "t.toml")).code == "bad_table"


def test_path_that_no_file_can_have_is_told(tmp_path):
    text = '[[c]]\npath = "a\\u0000.qasm"\n'
    assert problem(table=write(tmp_path, text, "t.toml")).code == "unreadable"


def sweep(folder, content, name="p.csv", text=TURN, **options):
    path = write(folder, text, "turn.qasm")
    return ready(path, sweep=write(folder, content, name), **options)


VALUES = st.floats(allow_nan=False, allow_infinity=False)


@given(st.lists(st.tuples(VALUES, VALUES), min_size=1, max_size=8), st.booleans())
@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_values_come_back_as_they_were_from_every_form(tmp_path, pairs, swapped):
    columns = ["phi", "theta"] if swapped else ["theta", "phi"]
    objects = [dict(zip(columns, pair, strict=True)) for pair in pairs]
    buffer = io.StringIO()
    writer = csv.DictWriter(buffer, columns)
    writer.writeheader()
    writer.writerows(objects)
    lists = {name: [row[name] for row in objects] for name in columns}
    forms = {
        "a.csv": buffer.getvalue(),
        "b.json": json.dumps(objects),
        "c.json": json.dumps(lists),
    }
    for name, content in forms.items():
        assert read_sweep(write(tmp_path, content, name)) == objects


def test_each_row_is_a_run_of_its_own(tmp_path):
    (made,) = sweep(tmp_path, "theta,phi\n1,2\n3,4\n")
    assert names([made]) == ["turn@0", "turn@1"]
    assert [dict(c.metadata) for c in made.circuits] == [
        {"theta": 1.0, "phi": 2.0},
        {"theta": 3.0, "phi": 4.0},
    ]


def test_values_go_out_in_the_order_of_the_circuits_parameters(tmp_path):
    (made,) = sweep(tmp_path, "theta,phi\n1,2\n")
    assert made.circuits[0].values == (2.0, 1.0)


def test_values_win_over_metadata_of_their_name(tmp_path):
    write(tmp_path, TURN, "turn.qasm")
    table = write(tmp_path, "path,theta,label\nturn.qasm,old,x\n", "t.csv")
    (made,) = ready(table=table, sweep=write(tmp_path, "theta,phi\n1,2\n", "p.csv"))
    assert dict(made.circuits[0].metadata) == {"theta": 1.0, "phi": 2.0, "label": "x"}


@pytest.mark.parametrize(
    ("text", "code", "what"),
    [
        ("theta\n1\n", "unbound_parameters", "without values: phi."),
        ("theta,phi,zeta\n1,2,3\n", "unknown_parameters", "no such parameters: zeta."),
        ("theta,phi\n1,2\n1\n", "bad_table", "row 1 does not have the same columns"),
        ("theta,phi\n1,nan\n", "bad_table", "row 0: the value 'nan' of 'phi'"),
        ("theta,phi\n1,2\n-inf,0\n", "bad_table", "row 1: the value '-inf' of 'theta'"),
        ("theta,phi\n1,pi\n", "bad_table", "'pi' of 'phi' is not a finite number"),
        ("theta,phi\n1,\n", "bad_table", "'' of 'phi'"),
        ("theta,phi\n1,1e999\n", "bad_table", "of 'phi'"),
        ("theta,theta\n1,1\n", "bad_table", "must name each column, once"),
        ("theta,phi\n", "empty", "holds no values"),
        ("", "empty", "holds no values"),
        ("theta,phi\n1,\0\n", "binary", "NUL"),
    ],
)
def test_what_is_wrong_with_values_is_told_once(text, code, what, tmp_path):
    write(tmp_path, TURN, "turn.qasm")
    sweep_file = write(tmp_path, text, "p.csv")
    found = problem(tmp_path / "turn.qasm", sweep=sweep_file)
    assert found.code == code
    assert what in found.message


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("{}", "empty"),
        ("[]", "empty"),
        ('{"theta": [], "phi": []}', "empty"),
        ("3", "bad_table"),
        ("[1]", "bad_table"),
        ('{"theta": [1, 2], "phi": [3]}', "bad_table"),
        ('[{"theta": 1, "phi": 2}, {"theta": 1}]', "bad_table"),
        ('[{"theta": true, "phi": 2}]', "bad_table"),
        ('[{"theta": null, "phi": 2}]', "bad_table"),
        ('[{"theta": NaN, "phi": 2}]', "bad_table"),
        ('[{"theta": [1], "phi": 2}]', "bad_table"),
        ('[{"theta": 1, "theta": 2, "phi": 2}]', "bad_table"),
        ('[{"theta": 1, "phi": ' + "9" * 400 + "}]", "bad_table"),
        ('[{"theta": 1, "phi": ' + "9" * 5000 + "}]", "bad_table"),
        ("[" * 100_000, "bad_table"),
        ("{bad", "bad_table"),
    ],
    ids=range(16),
)
def test_json_of_another_shape_is_told(text, code, tmp_path):
    write(tmp_path, TURN, "turn.qasm")
    found = problem(tmp_path / "turn.qasm", sweep=write(tmp_path, text, "p.json"))
    assert found.code == code
    assert len(found.message) < 300


def test_bad_values_are_not_blamed_on_every_circuit(circuits, tmp_path):
    folder = circuits(a=TURN, b=TURN, c="nonsense")
    assert problem(folder, sweep=write(tmp_path, "theta,phi\n1\n", "p.csv")).code == "bad_table"


def test_value_that_compiling_makes_superfluous_is_still_one_of_the_circuits(tmp_path):
    """A phase before a measurement is dropped at level 3, and its values do not go out."""
    theta = Parameter("theta")
    circuit = QuantumCircuit(1, 1)
    circuit.rz(theta, 0)
    circuit.measure(0, 0)
    path = write(tmp_path, dump(circuit), "f.qpy")
    (made,) = ready(
        path,
        sweep=write(tmp_path, "theta\n1\n2\n", "p.csv"),
        device=line(3),
        preparation=Preparation(level=3, seed=1),
    )
    assert [c.values for c in made.circuits] == [(), ()]
    assert [c.metadata["theta"] for c in made.circuits] == [1.0, 2.0]


def grid(folder, content, name="p.toml"):
    return read_sweep(write(folder, content, name))


def test_grid_has_evenly_spaced_numbers_with_both_ends(tmp_path):
    rows = grid(tmp_path, "theta = {start = 0, stop = 1, num = 5}\nphi = 2")
    assert rows == [{"theta": at / 4, "phi": 2.0} for at in range(5)]
    assert list(rows[0]) == ["theta", "phi"]
    assert grid(tmp_path, "theta = {start = 3, stop = 9, num = 1}") == [{"theta": 3.0}]


def test_product_changes_the_last_axis_fastest(tmp_path):
    rows = grid(tmp_path, "[product]\na = [1, 2]\nb = {start = 0, stop = 1, num = 2}")
    assert [(row["a"], row["b"]) for row in rows] == [(1, 0), (1, 1), (2, 0), (2, 1)]


def test_product_of_zips_keeps_each_side_by_side(tmp_path):
    content = (
        "[product]\nt = [0, 1]\n[[product.zip]]\na = [1, 2]\nb = [3, 4]\n"
        "[[product.zip]]\nc = [5]\nd = [6]"
    )
    rows = grid(tmp_path, content)
    expected = [(t, a, b, 5, 6) for t in (0, 1) for a, b in ((1, 3), (2, 4))]
    assert [tuple(row.values()) for row in rows] == expected
    assert list(rows[0]) == ["t", "a", "b", "c", "d"]


def test_grid_is_the_same_in_json(tmp_path):
    content = {"zip": {"a": {"start": 0, "stop": 2, "num": 3}, "b": [5, 6, 7]}}
    rows = grid(tmp_path, json.dumps(content), "p.json")
    assert [tuple(row.values()) for row in rows] == [(0, 5), (1, 6), (2, 7)]


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("a = [1, 2]\nb = [1, 2, 3]", "lists are of different lengths: 2, 3"),
        ("a = {start = 0, stop = 1}", "'a' is no axis of a grid"),
        ("a = {start = 0, stop = 1, num = 0}", "'num' of 'a' is 0"),
        ("a = {start = 0, stop = 1, num = 2.5}", "'num' of 'a' is 2.5"),
        (
            "[product]\na = {start=0, stop=1, num=9999}\nb = {start=0, stop=1, num=9999}",
            "more than",
        ),
        ("a = [1]\n[zip]\na = [2]", "names a parameter twice"),
        ("a = []", "holds no values"),
        ("", "holds no values"),
        ("a = [nan]", "is not a finite number"),
        ("a = 2020-01-01", "is not a finite number"),
        ("a = [", "It is read as TOML"),
    ],
)
def test_bad_grid_is_told(tmp_path, content, told):
    with pytest.raises(BadInput) as caught:
        grid(tmp_path, content)
    assert told in f"{caught.value.problem.message} {caught.value.problem.hint}"


def test_label_names_the_runs_and_is_no_parameter(tmp_path):
    (made,) = sweep(tmp_path, "theta,label,phi\n1,cold,2\n3,hot,4\n")
    assert names([made]) == ["turn@cold", "turn@hot"]
    assert [dict(c.metadata) for c in made.circuits] == [
        {"theta": 1.0, "label": "cold", "phi": 2.0},
        {"theta": 3.0, "label": "hot", "phi": 4.0},
    ]
    assert made.circuits[0].values == (2.0, 1.0)


@pytest.mark.parametrize("label", ["", "a b", "a/b", "a@b", "x" * 41])
def test_bad_label_is_told(tmp_path, label):
    with pytest.raises(BadInput, match="is no label"):
        grid(tmp_path, f"theta,label\n1,{label}\n", "p.csv")


def test_label_that_stands_twice_is_told(tmp_path):
    with pytest.raises(BadInput, match="row 1: the label 'a' stands there before"):
        grid(tmp_path, "theta,label\n1,a\n2,a\n", "p.csv")
