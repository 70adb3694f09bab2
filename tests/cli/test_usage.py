"""`status --usage`: what jobs have used, asked for once."""

from __future__ import annotations

import json
import sqlite3

import pytest

from ibmqbatch.manifest import database
from tests.cli.support import document
from tests.support.circuits import basis_state

pytestmark = pytest.mark.usefixtures("no_waits")


@pytest.fixture
def job_set(run) -> str:
    for number in range(3):
        (run.cwd / f"c{number}.qasm").write_text(basis_state("1"))
    return run.submit(run.cwd, "--max-circuits", 1, "--shots", 5, "--wait")


def tell(wire, usage: dict[str, object], times: int = 9) -> None:
    times_ = {"created": "2026-11-21T10:00:00Z", "running": None, "finished": None}
    body = json.dumps({"usage": usage, "timestamps": times_}).encode()
    wire.when("GET", "/metrics", status=200, body=body, times=times)


def test_usage_is_told_by_job_and_summed_up(run, job_set):
    told = document(run("status", job_set, "--usage", "--json"), "status")["data"]["job_set"]
    usages = [job["usage"] for job in told["jobs"]]
    assert told["used_seconds"] == sum(usage["seconds"] for usage in usages) == 3
    assert all(usage["final"] for usage in usages)
    assert all(u["created_at"] <= u["running_at"] <= u["finished_at"] for u in usages)


def test_one_request_a_job_and_none_for_what_is_known(run, job_set, wire):
    wire.seen.clear()
    run("status", job_set, "--usage")
    assert wire.count("GET", "/metrics") == 3
    wire.seen.clear()
    run("status", job_set, "--usage")
    assert wire.seen == []


def test_nothing_is_asked_that_was_not_asked_for(run, job_set, wire):
    wire.seen.clear()
    done = run("status", job_set, "--json")
    assert wire.seen == []
    assert "usage" not in done.out


def test_pending_usage_is_asked_for_again(run, job_set, wire):
    tell(wire, {"qpu_charge_time_seconds": 0, "status": "pending"}, times=3)
    pending = run.data("status", job_set, "--usage")["job_set"]["jobs"]
    assert [job["usage"]["final"] for job in pending] == [False] * 3
    wire.seen.clear()
    assert run.data("status", job_set, "--usage")["job_set"]["used_seconds"] == 3
    assert wire.count("GET", "/metrics") == 3


def test_lines_have_the_seconds_and_the_times(run, job_set, wire):
    tell(wire, {"qpu_charge_time_seconds": 1_234_567})
    lines = [line.split("\t") for line in run("status", job_set, "--usage").out.splitlines()]
    assert [line for line in lines if line[0] == "usage"] == [
        ["usage", str(job), "1234567", "-", "-"] for job in range(3)
    ]
    assert lines[-1] == ["used", "3703701"]


def test_what_is_known_is_shown_though_the_service_is_away(run, job_set, wire):
    wire.when("GET", "/metrics", drop="before", times=99)
    told = document(run("status", job_set, "--usage", "--json", code=75), "status", 75)
    assert [job["usage"] for job in told["data"]["job_set"]["jobs"]] == [None] * 3
    assert told["data"]["job_set"]["used_seconds"] == 0


def test_set_that_can_only_be_read_is_shown_with_what_is_known(run, job_set, wire, monkeypatch):
    connect = database._connect

    def refuse(path):
        if path.parent.name == "sets":
            error = sqlite3.OperationalError("attempt to write a readonly database")
            error.sqlite_errorcode = sqlite3.SQLITE_READONLY
            raise error
        return connect(path)

    monkeypatch.setattr(database, "_connect", refuse)
    wire.seen.clear()
    assert run.data("status", job_set, "--usage")["job_set"]["used_seconds"] == 0
    assert wire.seen == []
