"""Batches, and sessions, which here are kept like them."""

from __future__ import annotations

import pytest

from tests.conformance.ibm import ClientError, Ibm

pytestmark = pytest.mark.conformance

both = pytest.mark.parametrize("mode", ["batch", "dedicated"])


@both
def test_jobs_run_inside_and_belong_to_it(ibm: Ibm, mode: str) -> None:
    found = ibm.here("run_inside", mode=mode, backend="fake_manila")
    assert found["before"] == ["Pending", 0]
    assert found["during"] == ["In progress, accepting new jobs", "active"]
    assert found["after"] == "Closed"
    assert found["shots"] == [400, 400]
    assert found["of_jobs"] == [found["id"]] * 2
    assert found["listed"] == found["ids"][::-1]
    details = found["details"]
    assert (details["mode"], details["backend_name"]) == (mode, "fake_manila")
    assert details["id"] == found["id"]
    assert (details["max_time"], details["interactive_timeout"]) == (600, 60)
    assert details["accepting_jobs"] is False
    assert [entry["status"] for entry in details["timestamps"]] == ["open", "active", "closed"]
    assert details["started_at"] <= details["last_job_started"] <= details["last_job_completed"]
    assert details["usage_time"] == found["usage"] > 0


@both
@pytest.mark.parametrize("max_time", ["9h", 10**6])
def test_one_that_asks_for_too_much_time_is_refused(
    ibm: Ibm, mode: str, max_time: str | int
) -> None:
    with pytest.raises(ClientError, match="max_ttl: must be an integer from 1 to 28800"):
        ibm.here("longest", mode=mode, backend="fake_manila", max_time=max_time)
    assert ibm.here("longest", mode=mode, backend="fake_manila", max_time="8h") == 28_800


@both
def test_one_is_found_by_its_id(ibm: Ibm, mode: str) -> None:
    found = ibm.here("found_again", mode=mode, backend="fake_manila")
    first, again = found["ids"]
    assert first == again
    assert (found["status"], found["job"]) == ("Closed", "DONE")


@both
def test_one_that_is_closed_takes_no_more(ibm: Ibm, mode: str) -> None:
    with pytest.raises(ClientError, match="1217") as raised:
        ibm.here("submit_to_closed", mode=mode, backend="fake_manila")
    assert raised.value.kind == "IBMRuntimeError"


@both
def test_cancelling_cancels_the_jobs_that_wait(ibm: Ibm, mode: str) -> None:
    found = ibm.here("cancel_with_jobs", mode=mode, backend="fake_guadalupe", jobs=4)
    assert found["status"] == "Closed"
    assert found["jobs"][0] == "RUNNING"
    assert found["jobs"][2:] == ["CANCELLED", "CANCELLED"]
    assert found["messages"] == [None] * 4


def test_a_mode_is_not_taken_for_the_other(ibm: Ibm) -> None:
    for mode, other in (("batch", "dedicated"), ("dedicated", "batch")):
        with pytest.raises(ClientError, match=f"execution mode {mode} instead of {other}"):
            ibm.here("find_as", mode=mode, other=other, backend="fake_manila")


def test_an_unknown_one_is_not_found(ibm: Ibm) -> None:
    with pytest.raises(ClientError, match="Session not found"):
        ibm.here("find", session_id="7a4f2e3c-0000-4000-8000-000000000000")


def test_for_a_simulator_the_client_opens_none(ibm: Ibm) -> None:
    with ibm.requests() as seen:
        assert ibm.here("simulators_have_none") == [None, 5]
    assert not [each for each in seen if "/sessions" in each.path]
