"""`results`: fetched once, kept for ever, in every format."""

from __future__ import annotations

import csv
import json
import os

import pytest

from tests.cli.support import SLOW
from tests.support.circuits import BELL, basis_state


@pytest.fixture
def done_set(cli, circuits):
    folder = circuits(a=basis_state("01"), b=basis_state("10"))
    return cli.submit(folder, "--shots", 10, "--max-circuits", 1, "--wait")


def test_results_make_no_request_once_they_are_here(cli, done_set, proxy):
    cli("results", done_set)
    assert proxy.seen == []


def test_csv_is_one_line_an_outcome(cli, done_set):
    rows = list(csv.reader(cli("results", done_set, "--format", "csv").out.splitlines()))
    assert rows == [
        ["index", "name", "outcome", "count"],
        ["0", "a", "01", "10"],
        ["1", "b", "10", "10"],
    ]


def test_piped_results_are_plain_lines(cli, done_set):
    assert cli("results", done_set).out == "0\ta\t10\t01:10\n1\tb\t10\t10:10\n"


def test_a_file_is_written_whole_with_usual_permissions(cli, done_set, tmp_path):
    target = tmp_path / "out.ndjson"
    cli("results", done_set, "--format", "ndjson", "-o", target)
    assert [json.loads(line)["index"] for line in target.read_text().splitlines()] == [0, 1]
    umask = os.umask(0)
    os.umask(umask)
    assert target.stat().st_mode & 0o777 == 0o666 & ~umask


def test_a_file_that_cannot_be_written_leaves_the_old_one(cli, done_set, tmp_path):
    done = cli("results", done_set, "-o", tmp_path / "missing" / "out.csv", code=1)
    assert "cannot be written" in done.err


def test_a_json_document_goes_to_a_file_too(cli, done_set, tmp_path):
    done = cli("results", done_set, "--json", "-o", tmp_path / "out.json")
    assert done.out == ""
    assert len(json.loads((tmp_path / "out.json").read_text())["data"]["results"]) == 2


def test_circuits_are_chosen_by_name_or_index(cli, done_set):
    results = cli.data("results", done_set, "--circuit", "b", "--circuit", 0)
    assert [r["name"] for r in results["results"]] == ["b", "a"]


def test_an_unknown_circuit_is_an_error_and_an_ambiguous_name_lists_indexes(cli, circuits):
    one, two = circuits("one", a=BELL), circuits("two", a=BELL)
    set_id = cli.submit(one, two, "--wait")
    assert "0, 1" in cli("results", set_id, "--circuit", "a", code=2).err
    cli("results", set_id, "--circuit", "7", code=2)


@pytest.mark.stalled
def test_results_that_are_not_here_yet_are_not_finished(cli, circuits):
    set_id = cli.submit(circuits(a=BELL))
    done = cli("results", set_id, "--json", code=5).json
    assert done["status"] == "pending"
    assert "--wait" in done["errors"][0]["hint"]
    cli("cancel", set_id)


def test_partial_gives_what_is_here(cli, circuits):
    folder = circuits(a=basis_state("01"), b=basis_state("10"))
    set_id = cli.submit(folder, "--shots", 10, "--max-circuits", 1, "--detach")
    cli("cancel", set_id, "--job", 1)
    cli("resume", set_id, "--wait", code=3)
    done = cli("results", set_id, "--json", code=3).json
    assert [r["name"] for r in done["data"]["results"]] == ["a"]
    assert [job["index"] for job in done["data"]["missing"]] == [1]
    assert done["status"] == "partial"


def test_missing_results_are_told_by_circuit_and_why(cli, circuits):
    folder = circuits(**{f"c{n}": BELL for n in range(7)})
    one = cli.submit(circuits("one", a=BELL), "--detach")
    assert cli("results", one, "--partial", code=3).err.splitlines()[-1] == (
        "No results of circuit 0: job 0 is planned"
    )
    several = cli.submit(folder, "--detach")
    assert "No results of circuits 0 to 6: job 0 is planned" in (
        cli("results", several, "--partial", code=3).err
    )


def test_missing_results_of_jobs_that_are_alike_are_told_once(cli, circuits):
    folder = circuits(**{f"c{n}": BELL for n in range(9)})
    set_id = cli.submit(folder, "--max-circuits", 1, "--detach")
    cli("cancel", set_id, "--job", 1, "--job", 4)
    assert cli("results", set_id, "--partial", code=3).err.splitlines()[-3:] == [
        "There are no results of some jobs.",
        "  7 jobs (0, 2, 3, …): planned",
        "  Jobs 1, 4: cancelled",
    ]


@pytest.mark.stalled
def test_the_timeout_has_its_own_exit_code(cli, circuits):
    set_id = cli.submit(circuits(a=BELL))
    cli("results", set_id, "--wait", "--timeout", 0.5, code=124)
    cli("cancel", set_id)


def test_a_timeout_says_how_to_go_on_with_the_set(cli, circuits):
    done = cli("submit", circuits(a=SLOW), "--shots", 20000, "--wait", "--timeout", 0.5, code=124)
    assert f"results {done.out.strip()} --wait" in done.err
    cli("cancel", done.out.strip())


def test_results_wait_sends_what_was_not_sent(cli, circuits):
    set_id = cli.submit(circuits(a=basis_state("1")), "--shots", 3, "--detach")
    assert cli("results", set_id, "--wait").out == "0\ta\t3\t1:3\n"


def test_a_closed_pipe_is_silent(cli, done_set):
    process = cli.start("results", done_set, "--format", "csv")
    process.stdout.close()
    assert process.stderr.read() == ""
    process.stderr.close()
    assert process.wait() == 0


def test_a_submission_whose_reader_has_left_is_sent_all_the_same(cli, circuits, proxy):
    process = cli.start("submit", circuits(a=BELL))
    process.stdout.close()
    process.stderr.close()
    assert process.wait() == 0
    assert proxy.submissions == 1


def test_partial_results_are_shown_though_the_service_is_away(cli, circuits, proxy):
    folder = circuits(a=basis_state("1"), b=SLOW)
    set_id = cli.submit(folder, "--shots", 20000, "--max-circuits", 1)
    while cli("results", set_id, "--partial", code=3).out == "":
        pass
    proxy.when("GET", "/jobs", times=50, status=503, headers={"Retry-After": "0"})
    assert cli("results", set_id, "--partial", code=3).out == "0\ta\t20000\t1:20000\n"
    proxy.rules.clear()
    cli("cancel", set_id)


@pytest.mark.stalled
def test_the_timeout_holds_while_a_request_is_tried_again(cli, circuits, proxy):
    set_id = cli.submit(circuits(a=BELL))
    proxy.when("GET", "/jobs", times=50, status=503, headers={"Retry-After": "60"})
    cli("results", set_id, "--wait", "--timeout", 1, code=124)
    assert proxy.listings <= 4
    proxy.rules.clear()
    cli("cancel", set_id)


def test_a_pipe_is_written_to_and_never_replaced(cli, done_set, tmp_path):
    target = tmp_path / "pipe"
    os.mkfifo(target)
    process = cli.start("results", done_set, "--format", "csv", "-o", target)
    assert target.read_text().startswith("index,name")
    process.communicate()
    assert target.is_fifo()


def test_a_file_keeps_its_permissions(cli, done_set, tmp_path):
    target = tmp_path / "out.csv"
    target.touch(0o600)
    cli("results", done_set, "-o", target)
    assert target.stat().st_mode & 0o777 == 0o600


def test_a_number_is_an_index_and_behind_name_a_name(cli, circuits):
    folder = circuits(**{"1": basis_state("01"), "2": basis_state("10")})
    job_set = cli.submit(folder, "--shots", 10, "--wait")
    assert cli("results", job_set, "--circuit", 1).out == "1\t2\t10\t10:10\n"
    assert cli("results", job_set, "--circuit", "name:1").out == "0\t1\t10\t01:10\n"


def test_registers_are_checked_before_anything_is_written(cli, circuits):
    folder = circuits(a=BELL, b=BELL.replace("creg c", "creg d").replace("-> c", "-> d"))
    job_set = cli.submit(folder, "--wait")
    done = cli("results", job_set, "--register", "c", "--format", "csv", code=2)
    assert done.out == ""
    assert "Circuit 1 (b) has no register 'c'" in done.err
