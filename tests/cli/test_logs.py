"""`logs`: why jobs failed, in the service's own words."""

from __future__ import annotations

import pytest

from tests.cli.support import document
from tests.support.circuits import basis_state
from tests.support.proxy import Seen

pytestmark = pytest.mark.usefixtures("no_waits")


def tamper(seen: Seen) -> None:
    """Make jobs 0 and 3 such that no worker can read them, and job 1 no JSON; sizes stay."""
    if b"_j0." in seen.body or b"_j3." in seen.body:
        seen.body = seen.body.replace(b'"__value__":"eJ', b'"__value__":"AA')
    if b"_j1." in seen.body:
        seen.body = b"{" * len(seen.body)


@pytest.fixture(scope="module")
def job_set(shared) -> str:
    """Run a set of which jobs 0 and 3 fail, job 1 is refused, and job 2 is done."""
    run, wire = shared
    for number in range(4):
        (run.cwd / f"c{number}.qasm").write_text(basis_state("1"))
    wire.when("POST", "/jobs", times=4, before=tamper)
    made = run.submit(run.cwd, "--max-circuits", 1, "--shots", 5, "--detach")
    run("resume", made, "--wait", code=3)
    wire.rules.clear()
    return made


def by_index(data) -> dict[int, dict[str, object]]:
    return {item["index"]: item for item in data["logs"]}


def test_all_that_failed_are_shown_with_reasons_and_logs(run, job_set):
    lines = run("logs", job_set).out.splitlines()
    headings = [line.split("\t") for line in lines if "\t" in line]
    assert [heading[:2] for heading in headings] == [[f"job {job}", "ERROR"] for job in (0, 1, 3)]
    assert headings[1][2] == "not sent"
    assert sum("(code 1603)" in line for line in lines) == 2
    assert any("base64" in line for line in lines)


def test_document_has_what_the_service_says_of_each(run, job_set):
    told = by_index(document(run("logs", job_set, "--json"), "logs")["data"])
    assert list(told) == [0, 1, 3]
    assert (told[0]["code"], told[0]["status"], len(told[0]["id"])) == (1603, "ERROR", 20)
    assert "Traceback" in told[0]["text"] or "base64" in told[0]["text"]
    assert (told[1]["id"], told[1]["text"], told[1]["code"]) == (None, None, 1208)
    assert "not JSON" in told[1]["reason"]


def test_one_request_a_job_that_was_sent(run, job_set, wire):
    run("logs", job_set)
    assert wire.count("GET", "/logs") == 2


def test_refused_job_is_shown_without_a_request(run, job_set, wire):
    assert "not JSON" in run("logs", job_set, "--job", 1).out
    assert wire.seen == []


def test_job_that_is_named_is_shown_whatever_became_of_it(run, job_set):
    (told,) = run.data("logs", job_set, "--job", 2)["logs"]
    assert (told["status"], told["reason"], told["text"]) == ("DONE", "", "")


def test_job_that_is_not_there_is_told(run, job_set):
    assert "Its jobs are 0 to 3" in run("logs", job_set, "--job", 4, code=2).err


def test_set_without_failures_has_nothing_to_show_and_asks_nobody(run, job_set, wire):
    made = run.submit("c0.qasm", "--shots", 5, "--wait")
    wire.seen.clear()
    done = run("logs", made)
    assert (done.out, done.err) == ("", "No job has failed.\n")
    assert document(run("logs", made, "--json"), "logs")["data"]["logs"] == []
    assert wire.seen == []


def test_job_without_a_log_yet_is_shown_without_one(run, job_set, wire):
    body = b'{"errors": [{"code": 1294, "message": "no logs"}]}'
    wire.when("GET", "/logs", status=404, body=body, times=9)
    assert by_index(run.data("logs", job_set))[0]["text"] == ""


def test_reasons_are_shown_though_the_service_is_away(run, job_set, wire):
    wire.when("GET", "/logs", drop="before", times=99)
    done = run("logs", job_set, code=75)
    assert "(code 1603)" in done.out
    assert "error: " in done.err
    told = document(run("logs", job_set, "--json", code=75), "logs", 75)
    assert [item["text"] for item in told["data"]["logs"]] == [None] * 3


def test_log_that_cannot_be_had_does_not_hide_the_others(run, job_set, wire):
    first = by_index(run.data("logs", job_set))[0]["id"]
    wire.when("GET", f"/{first}/logs", drop="before", times=99)
    told = by_index(run.data("logs", job_set))
    assert told[0]["text"] is None
    assert told[3]["text"]


def test_logs_cannot_write_to_the_terminal(run, job_set, wire):
    wire.when("GET", "/logs", status=200, body=b"\x1b[31mred\xff\r\n", times=9)
    assert "\x1b" not in run("logs", job_set).out


def test_a_job_that_ran_too_long_is_in_error_with_the_limit_as_its_reason(run, tmp_path):
    (tmp_path / "forever.qasm").write_text(
        'OPENQASM 3.0; include "stdgates.inc"; qubit[1] q; bit[1] c; '
        "while (!c[0]) { reset q[0]; c[0] = measure q[0]; }"
    )
    made = run.submit(tmp_path, "--shots", 5, "--max-execution-time", 1, "--detach")
    run("resume", made, "--wait", code=3)
    (told,) = document(run("logs", made, "--json"), "logs")["data"]["logs"]
    assert (told["status"], told["code"]) == ("ERROR", 1305)
    assert "1 s of processor time" in told["reason"]
