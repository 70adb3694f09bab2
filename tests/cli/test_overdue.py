"""Results that a service says are complete, and does not give: late, lost, or there after all."""

from __future__ import annotations

import json

import pytest

from ibmqbatch.clock import Clock
from ibmqbatch.manifest.database import Database
from tests.support.circuits import BELL, basis_state
from tests.support.commands import Cli

GONE = json.dumps({"errors": [{"code": 1291, "message": "Job not found."}]}).encode()
NEVER = 999


@pytest.fixture
def hasty(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> Cli:
    """Have the service's listings lag for a moment only, and so results be overdue soon.

    They are after ten tries, and so these follow on one another.
    """
    cli.env["IBMQBATCH_SETTLE"] = "0.01"
    sleep = Clock.sleep
    monkeypatch.setattr(Clock, "sleep", lambda clock, seconds: sleep(clock, min(seconds, 0.05)))
    return cli


@pytest.fixture
def overdue(hasty, circuits, proxy) -> str:
    """A set whose results the service has not given for long; from now on it does."""
    proxy.when("GET", "/results", times=NEVER, status=404, body=GONE)
    set_id = hasty.submit(circuits(a=basis_state("01")), "--shots", 5, "--wait", code=3)
    proxy.rules.clear()
    return set_id


def state(cli: Cli, set_id: str) -> dict[str, object]:
    item = cli.data("status", set_id)["job_set"]
    return {"lost": item["lost_jobs"], "closed": item["closed_at"] is not None}


def test_a_wait_ends_for_results_that_do_not_come_and_tells_so(hasty, overdue, proxy):
    assert state(hasty, overdue) == {"lost": 0, "closed": False}
    proxy.when("GET", "/results", times=NEVER, status=404, body=GONE)
    told = hasty("results", overdue, "--wait", code=3)
    assert "its results are overdue, and are asked for again" in told.err


@pytest.mark.parametrize(
    "words", [("results",), ("results", "--wait"), ("resume",), ("resume", "--wait"), ("collect",)]
)
def test_every_later_run_asks_for_overdue_results_again(words, hasty, overdue):
    verb, *options = words
    hasty(verb, overdue, *options)
    assert hasty.counts(overdue) == [{"01": 5}]
    assert state(hasty, overdue) == {"lost": 0, "closed": True}


def test_results_of_a_job_that_is_gone_are_lost(hasty, circuits, proxy):
    proxy.when("GET", "/results", times=NEVER, status=404, body=GONE)
    proxy.when("GET", "/jobs/", times=NEVER, status=404, body=GONE)
    set_id = hasty.submit(circuits(a=basis_state("01")), "--shots", 5, "--wait", code=3)
    proxy.rules.clear()
    assert state(hasty, set_id) == {"lost": 1, "closed": True}
    assert "does not have this job any more" in hasty("status", set_id).out
    assert hasty("results", set_id, code=3).out == ""


def test_refresh_makes_it_ask_for_what_is_lost(hasty, circuits, proxy):
    proxy.when("GET", "/results", times=NEVER, status=404, body=GONE)
    proxy.when("GET", "/jobs/", times=NEVER, status=404, body=GONE)
    set_id = hasty.submit(circuits(a=basis_state("01")), "--shots", 5, "--wait", code=3)
    told = hasty("results", set_id, "--refresh", code=3).err
    assert "The service gives no results of job 0." in told
    proxy.rules.clear()
    assert hasty("results", set_id, "--refresh").out.endswith("01:5\n")
    assert state(hasty, set_id) == {"lost": 0, "closed": True}


def test_refresh_is_about_the_circuits_that_are_named(cli, circuits, proxy):
    files = circuits(a=BELL, b=BELL)
    set_id = cli.submit(files, "--max-circuits", 1, "--wait")
    before = proxy.count("GET", "/results")
    cli("results", set_id, "--refresh", "--circuit", 1)
    assert proxy.count("GET", "/results") == before + 1


def test_a_file_that_can_only_be_read_is_not_refreshed(cli, circuits, proxy, monkeypatch):
    set_id = cli.submit(circuits(a=BELL), "--wait")
    before = len(proxy.seen)
    monkeypatch.setattr(Database, "is_copy", True)
    assert "can only be read" in cli("results", set_id, "--refresh", code=2).err
    assert len(proxy.seen) == before


def test_retry_asks_for_what_is_overdue_before_it_runs_it_again(hasty, overdue, proxy):
    assert "--lost runs those jobs again" in hasty("retry", overdue).err
    told = hasty("retry", overdue, "--lost", "--wait").err
    assert "The results of job 0 have come after all." in told
    assert proxy.submissions == 1
    assert hasty.counts(overdue) == [{"01": 5}]


def test_retry_runs_again_what_does_not_come(hasty, overdue, proxy):
    proxy.when("GET", "/results", times=1, status=404, body=GONE)
    hasty("retry", overdue, "--lost", "--wait")
    assert proxy.submissions == 2
    assert hasty.counts(overdue) == [{"01": 5}]


def test_a_set_with_overdue_results_is_not_forgotten_unasked(hasty, overdue):
    told = hasty("forget", overdue, "--yes", code=5)
    assert "without results here" in told.err
