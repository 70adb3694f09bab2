"""Circuits of equal shots share jobs, whatever is between them in the input."""

from __future__ import annotations

import csv
import json

import pytest

from tests.support.circuits import BELL, basis_state

COUNT = 12


def shots_of(index: int) -> int:
    return 9 if index % 2 else 5


def expected(index: int) -> dict[str, int]:
    return {f"{index:04b}": shots_of(index)}


@pytest.fixture
def table(tmp_path):
    """Return what submits a table of circuits with alternating shots, three to a job."""
    with (tmp_path / "t.csv").open("w") as file:
        writer = csv.writer(file)
        writer.writerow(["path", "name", "shots", "number"])
        for index in range(COUNT):
            (tmp_path / f"c{index}.qasm").write_text(basis_state(f"{index:04b}"))
            writer.writerow([f"c{index}.qasm", f"n{index}", shots_of(index), index])
    return ("--from", tmp_path / "t.csv", "--max-circuits", 3)


@pytest.mark.parametrize("program", ["auto", "sampler", "executor"])
def test_results_stand_in_input_order(program, cli, table):
    job_set = cli.submit(*table, "--program", program, "--wait")
    found = cli.data("results", job_set)["results"]
    assert [(each["index"], each["name"], each["counts"]) for each in found] == [
        (index, f"n{index}", expected(index)) for index in range(COUNT)
    ]
    assert [each["metadata"] for each in found] == [{"number": str(n)} for n in range(COUNT)]


def test_there_are_as_few_jobs_as_equal_shots_allow(cli, table):
    jobs = cli.data("status", cli.submit(*table))["job_set"]["jobs"]
    keys = ("first_circuit", "last_circuit", "total_circuits")
    assert [tuple(job[key] for key in keys) for job in jobs] == [
        (0, 4, 3),
        (6, 10, 3),
        (1, 5, 3),
        (7, 11, 3),
    ]


def test_each_job_is_sent_circuits_of_equal_shots(cli, proxy, table):
    cli.submit(*table, "--program", "executor")
    sent = [
        json.loads(seen.body)["params"]["quantum_program"]["shots"]
        for seen in proxy.seen
        if seen.method == "POST" and seen.path.endswith("/jobs")
    ]
    assert sorted(sent) == [5, 5, 9, 9]


def test_a_dry_run_tells_what_equal_shots_cost(cli, table):
    words = (*table[:2], "--max-circuits", 8, "--dry-run")
    plan = cli.data("submit", *words)["plan"]
    assert (plan["total_jobs"], plan["extra_jobs"]) == (2, 0)
    words = (*table[:2], "--max-circuits", 12, "--dry-run")
    plan = cli.data("submit", *words)["plan"]
    assert (plan["total_jobs"], plan["extra_jobs"]) == (2, 1)
    told = " ".join(cli("submit", *words).err.split())
    assert "which takes 2 jobs; with --program sampler there would be 1" in told


def test_a_circuit_is_found_by_its_index_and_by_its_name(cli, table):
    job_set = cli.submit(*table, "--wait")
    found = cli.data("results", job_set, "--circuit", 7, "--circuit", "n4")["results"]
    assert [each["counts"] for each in found] == [expected(7), expected(4)]


@pytest.mark.parametrize("form", ["ndjson", "csv"])
def test_formats_keep_the_order(form, cli, table):
    job_set = cli.submit(*table, "--wait")
    lines = cli("results", job_set, "--format", form).out.splitlines()
    if form == "ndjson":
        names = [json.loads(line)["name"] for line in lines]
    else:
        names = [row["name"] for row in csv.DictReader(lines)]
    assert names == [f"n{index}" for index in range(COUNT)]


def test_a_copy_has_the_same_results(here, there, table, tmp_path):
    job_set = here.submit(*table, "--wait")
    here("export", job_set, "--output", tmp_path / "set.sqlite")
    there("import", tmp_path / "set.sqlite")
    assert there.data("results", job_set)["results"] == here.data("results", job_set)["results"]


def test_a_set_is_rebuilt_in_input_order(here, there, table):
    job_set = here.submit(*table, "--wait")
    there("recover", job_set)
    assert there.data("results", job_set)["results"] == here.data("results", job_set)["results"]


def test_of_a_rebuilt_set_with_a_hole_the_rest_stands_where_it_stood(here, there, program, table):
    job_set = here.submit(*table, "--wait")
    jobs = here.data("status", job_set)["job_set"]["jobs"]
    assert program.call("DELETE", f"/jobs/{jobs[2]['id']}").status_code == 204
    done = there("recover", job_set, code=3)
    assert "3 circuits" in " ".join(done.err.split())
    found = there.data("results", job_set, "--partial", code=3)["results"]
    left = [index for index in range(COUNT) if index not in {1, 3, 5}]
    assert [(each["index"], each["counts"]) for each in found] == [(n, expected(n)) for n in left]


def test_a_retry_sends_the_same_circuits(cli, proxy, table):
    proxy.when("POST", "/jobs", status=400, body=b'{"errors": [{"message": "no"}]}', times=1)
    cli("submit", *table, "--wait", code=3)
    cli("retry", "latest", "--wait")
    found = cli.data("results", "latest")["results"]
    assert [each["counts"] for each in found] == [expected(index) for index in range(COUNT)]


def test_what_is_sent_later_are_the_same_circuits(cli, table):
    cli("submit", *table, "--detach")
    cli("resume", "latest", "--wait")
    found = cli.data("results", "latest")["results"]
    assert [each["counts"] for each in found] == [expected(index) for index in range(COUNT)]


@pytest.mark.usefixtures("no_waits")
def test_a_job_whose_answer_is_lost_is_found_and_not_sent_again(cli, proxy, table):
    proxy.when("POST", "/jobs", drop="after")
    cli("submit", *table, "--wait")
    found = cli.data("results", "latest")["results"]
    assert [each["counts"] for each in found] == [expected(index) for index in range(COUNT)]
    assert proxy.submissions == 4


def test_repeats_of_mixed_shots_are_merged_in_input_order(cli, tmp_path):
    (tmp_path / "bell.qasm").write_text(BELL)
    shots = [150_000, 10, 150_000, 20]
    rows = "".join(f"bell.qasm,{each}\n" for each in shots)
    (tmp_path / "t.csv").write_text("path,shots\n" + rows)
    words = ("--from", tmp_path / "t.csv", "--backend", "fake_manila", "--program", "executor")
    job_set = cli.submit(*words, "--wait")
    found = cli.data("results", job_set)["results"]
    assert [sum(each["counts"].values()) for each in found] == shots
    assert len(cli.data("status", job_set)["job_set"]["jobs"]) == 4


def test_texts_of_a_rebuilt_set_that_do_not_tell_their_place_take_what_is_left(
    here, there, tmp_path
):
    """Texts have no metadata; what has them stands where it stood."""
    text = 'OPENQASM 3.0;\ninclude "stdgates.inc";\nbit c;\nx $0;\nc = measure $0;\n'
    rows = ["path,shots"]
    for number in range(6):
        name = f"t{number}.qasm"
        (tmp_path / name).write_text(text if number % 2 else basis_state("0"))
        rows.append(f"{name},{5 + number // 4}")
    (tmp_path / "t.csv").write_text("\n".join(rows))
    words = ("--from", tmp_path / "t.csv", "--backend", "fake_manila", "--seed", 1, "--wait")
    job_set = here.submit(*words)
    done = there("recover", job_set)
    assert "do not tell where they stood" in " ".join(done.err.split())
    found = there.data("results", job_set)["results"]
    expected = here.data("results", job_set)["results"]
    assert [each["counts"] for each in found] == [each["counts"] for each in expected]
    assert [each["name"] for each in found] == [
        "t0",
        "circuit1",
        "t2",
        "circuit3",
        "t4",
        "circuit5",
    ]
