"""`submit --observables`, and the values that `results` gives in the place of counts."""

from __future__ import annotations

import csv
import io
import json
import shutil

import pytest

from ibmqbatch.manifest.manifest import Manifest
from tests.cli.support import document
from tests.support.circuits import BELL
from tests.support.commands import Cli

PLAIN = """OPENQASM 3.0;
include "stdgates.inc";
input angle a;
qubit[2] q;
ry(a) q[0];
cx q[0], q[1];
"""
OBSERVABLES = "circuit,name,observable\n*,zz,ZZ\n*,sum,0.5*ZZ - 2*XX + 1\n"


@pytest.fixture
def files(tmp_path) -> list[object]:
    """Two rows of one circuit, and two observables, which take two bases."""
    (tmp_path / "pair.qasm").write_text(PLAIN)
    (tmp_path / "o.csv").write_text(OBSERVABLES)
    (tmp_path / "rows.csv").write_text("a\n0\n1.5707963267948966\n")
    return [
        *("pair.qasm", "--observables", "o.csv", "--parameters", "rows.csv"),
        *("--shots", 50, "--seed", 1),
    ]


@pytest.fixture
def observed(cli, files) -> str:
    """A set of four measured circuits in two jobs that has ended."""
    return cli.submit(*files, "--max-circuits", 2, "--wait")


def short(records: list[dict[str, object]]) -> list[tuple[object, ...]]:
    return [tuple(record[key] for key in ("index", "name", "observable")) for record in records]


NAMES = [
    (0, "pair@0", "zz"),
    (0, "pair@0", "sum"),
    (1, "pair@1", "zz"),
    (1, "pair@1", "sum"),
]


def test_document_holds_values_in_the_place_of_counts(cli, observed):
    data = cli.data("results", observed)
    assert "results" not in data
    values = data["expectation_values"]
    assert short(values) == NAMES
    assert (values[0]["value"], values[0]["standard_error"], values[0]["shots"]) == (1, 0, 50)
    assert values[2]["metadata"] == {"a": 1.5707963267948966}
    # Both of its terms are certain: what is left of the errors of arithmetic is none.
    assert values[3]["value"] == -0.5


def test_forms_for_scripts_hold_the_same_values(cli, observed):
    values = cli.data("results", observed)["expectation_values"]
    lines = cli("results", observed, "--format", "ndjson").out.splitlines()
    assert list(map(json.loads, lines)) == values
    rows = list(csv.DictReader(io.StringIO(cli("results", observed, "--format", "csv").out)))
    assert list(rows[0]) == ["index", "name", "observable", "value", "standard_error", "shots", "a"]
    assert [(row["name"], float(row["value"])) for row in rows] == [
        (value["name"], value["value"]) for value in values
    ]
    plain = [line.split("\t") for line in cli("results", observed).out.splitlines()]
    assert [(line[1], float(line[3])) for line in plain] == [
        (value["name"], value["value"]) for value in values
    ]


def test_counts_are_had_on_request_and_with_what_is_of_shots(cli, observed, tmp_path):
    counted = ["pair/ZZ@0", "pair/ZZ@1", "pair/XX@0", "pair/XX@1"]
    for words in (["--counts"], ["--memory"], ["--register", "observed"]):
        found = cli.data("results", observed, *words)["results"]
        assert [result["name"] for result in found] == counted
    cli("results", observed, "--format", "npz", "-o", "x.npz")
    assert (tmp_path / "x.npz").exists()


def test_circuits_are_chosen_as_they_were_given(cli, observed):
    for which in ("1", "pair@1"):
        values = cli.data("results", observed, "--circuit", which)["expectation_values"]
        assert short(values) == NAMES[2:]
    (counted,) = cli.data("results", observed, "--counts", "--circuit", "1")["results"]
    assert counted["name"] == "pair/ZZ@1"
    assert "no circuit 'x'" in cli("results", observed, "--circuit", "x", code=2).err


def test_name_of_a_measured_circuit_leads_to_its_counts(cli, observed):
    for name in ("pair/ZZ", "pair/ZZ@0"):
        assert "--counts" in cli("results", observed, "--circuit", name, code=2).err
    (counted,) = cli.data("results", observed, "--circuit", "pair/ZZ@0", "--counts")["results"]
    assert counted["name"] == "pair/ZZ@0"


def test_circuits_without_observables_are_mentioned(cli, files, tmp_path):
    (tmp_path / "bell.qasm").write_text(BELL)
    (tmp_path / "plain.qasm").write_text("OPENQASM 3.0;\nqubit[2] q;\n")
    (tmp_path / "o.json").write_text('{"plain": {"zz": "ZZ"}}')
    words = ("plain.qasm", "bell.qasm", "--observables", "o.json", "--shots", 5, "--wait")
    told = cli("results", cli.submit(*words))
    assert told.out == "0\tplain\tzz\t1.0\t0.0\t5\n"
    assert "1 circuit without observables" in told.err


def test_plan_tells_the_circuits_and_shots_that_are_needed(cli, files):
    plan = cli.data("submit", *files[:-4], "--precision", 0.1, "--dry-run")["plan"]
    assert (plan["total_circuits"], plan["shots"]) == (4, 426)
    assert plan["executions"] == 4 * 426


def test_missing_jobs_are_told_of_and_their_values_are_missing(cli, files):
    set_id = cli.submit(*files, "--max-circuits", 2, "--detach")
    cli("cancel", set_id, "--job", 1)
    cli("resume", set_id, code=None)
    told = cli("results", set_id, "--wait", "--json", code=3)
    data = document(told, "results", 3)["data"]
    assert [value["value"] for value in data["expectation_values"]] == [1, None, 1, None]
    assert [job["index"] for job in data["missing"]] == [1]
    rows = list(csv.reader(io.StringIO(cli("results", set_id, "--format", "csv", code=3).out)))
    assert rows[2][:6] == ["0", "pair@0", "sum", "", "", "50"]
    assert "No results of circuits 2 to 3" in cli("results", set_id, code=3).err


def test_results_still_to_come_are_waited_for(cli, files):
    set_id = cli.submit(*files, "--detach")
    assert "Not delivered yet" in cli("results", set_id, code=5).err
    values = cli.data("results", set_id, "--partial", code=3)["expectation_values"]
    assert {value["value"] for value in values} == {None}


@pytest.fixture
def elsewhere(cli, tmp_path) -> Cli:
    """Another machine: the same service, an empty data folder."""
    other = Cli(tmp_path / "elsewhere", cli.cwd)
    other.home.mkdir()
    shutil.copytree(cli.home / "local", other.home / "local")
    return other


@pytest.mark.parametrize("program", ["sampler", "executor"])
@pytest.mark.parametrize("most", [1, 3, 4])  # circuits in a job, of two parts with two rows each
def test_recovered_set_has_its_values(program, most, cli, files, elsewhere):
    words = ("--program", program, "--max-circuits", most, "--wait")
    observed = cli.submit(*files, *words)
    elsewhere("recover", observed)
    values = elsewhere.data("results", observed)["expectation_values"]
    assert values == cli.data("results", observed)["expectation_values"]


@pytest.mark.parametrize("program", ["sampler", "executor"])
def test_jobs_that_are_recovered_by_their_ids_have_their_values(program, cli, files, elsewhere):
    observed = cli.submit(*files, "--program", program, "--max-circuits", 2, "--wait")
    with Manifest.open(cli.home / "sets" / f"{observed}.sqlite") as manifest:
        words = [word for job in manifest.jobs() for word in ("--job", job.remote.id)]
    elsewhere("recover", *words)
    values = elsewhere.data("results", "latest")["expectation_values"]
    assert values == cli.data("results", observed)["expectation_values"]
    elsewhere("recover", *words[:2], "--name", "half", code=0)
    assert "are lost" in elsewhere("results", "half").err


def test_observables_that_are_known_in_part_are_said_to_be_lost(cli, observed, elsewhere, straight):
    with Manifest.open(cli.home / "sets" / f"{observed}.sqlite") as manifest:
        gone = manifest.jobs()[1].remote.id
    straight.call("DELETE", f"/jobs/{gone}").raise_for_status()
    told = elsewhere("recover", observed, code=3)
    assert "not all observables of 1 circuit" in told.err
    told = elsewhere("results", observed, code=3)
    assert "are lost" in told.err
    assert "pair/ZZ@0" in told.out


def test_observables_that_are_too_long_for_the_service_are_said_to_be_lost(
    cli, tmp_path, elsewhere
):
    labels = [f"{number:014b}".replace("0", "I").replace("1", "Z") for number in range(1, 2000)]
    (tmp_path / "many.json").write_text(json.dumps([" + ".join(labels)]))
    (tmp_path / "wide.qasm").write_text("OPENQASM 3.0;\nqubit[14] q;\n")
    set_id = cli.submit("wide.qasm", "--observables", "many.json", "--shots", 5, "--wait")
    told = cli("submit", "wide.qasm", "--observables", "many.json", "--shots", 5, "--dry-run")
    assert "are in the set's file alone" in told.out + told.err
    (value,) = cli.data("results", set_id)["expectation_values"]
    assert (value["observable"], value["value"]) == ("observable0", 1999)
    assert "not all observables of 1 circuit" in elsewhere("recover", set_id).err


def test_copy_is_imported_with_its_values(cli, observed, elsewhere, tmp_path):
    cli("export", observed, "-o", tmp_path / "x.sqlite")
    elsewhere("import", tmp_path / "x.sqlite")
    values = elsewhere.data("results", observed)["expectation_values"]
    assert values == cli.data("results", observed)["expectation_values"]


def test_copy_whose_observables_are_garbled_is_refused(cli, observed, elsewhere, tmp_path):
    file = tmp_path / "x.sqlite"
    cli("export", observed, "-o", file)
    with Manifest.open(file) as manifest, manifest.db.transaction():
        manifest.db.write("UPDATE bodies SET measured = '{' WHERE id = 1")
    assert "what is measured of a circuit is garbled" in elsewhere("import", file, code=2).err


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--precision", 0.1], "--precision 0.1 is that of expectation values"),
        (["--observables", "o.csv", "--precision", -1], "--precision -1.0 is not a standard error"),
        (["--observables", "missing.csv"], "missing.csv cannot be read"),
    ],
)
def test_what_cannot_be_measured_is_refused(cli, files, words, message):
    assert message in cli("submit", files[0], *words, code=2).err


def test_circuit_that_is_measured_is_refused_by_its_name(cli, files, tmp_path):
    (tmp_path / "bell.qasm").write_text(BELL)
    told = cli("submit", "bell.qasm", "--observables", "o.csv", code=2).err
    assert "bell.qasm) ends with a measurement of qubit" in told
