"""Batches and sessions: what they take, when they close, and what becomes of their jobs."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from ibmqbatch.local import database
from tests.support.service import Client, LocalServer, new_crn
from tests.support.waiting import wait_until

from .support import bell, error, slow


def opened(client: Client, **fields: Any) -> str:
    body = {"mode": "batch", "backend": "ideal_simulator", **fields}
    reply = client.call("POST", "/sessions", json=body)
    assert reply.status_code == 200, reply.text
    return str(reply.json()["id"])


def session(client: Client, session_id: str) -> dict[str, Any]:
    reply = client.get(f"/sessions/{session_id}")
    assert reply.status_code == 200, reply.text
    document: dict[str, Any] = reply.json()
    return document


def drain(client: Client, session_id: str) -> int:
    body = {"accepting_jobs": False}
    return client.call("PATCH", f"/sessions/{session_id}", json=body).status_code


def close(client: Client, session_id: str) -> int:
    return client.call("DELETE", f"/sessions/{session_id}/close").status_code


@pytest.mark.parametrize("mode", ["batch", "dedicated"])
def test_a_new_session_is_open(client: Client, mode: str) -> None:
    found = session(client, opened(client, mode=mode, max_ttl=600, instance="crn"))
    assert (found["mode"], found["state"], found["accepting_jobs"]) == (mode, "open", True)
    assert (found["backend_name"], found["max_ttl"]) == ("ideal_simulator", 600)
    assert [entry["status"] for entry in found["timestamps"]] == ["open"]
    assert found["started_at"] is found["closed_at"] is found["last_job_started"] is None
    assert found["elapsed_time"] == 0


def test_a_session_lives_eight_hours_unless_told_otherwise(client: Client) -> None:
    assert session(client, opened(client))["max_ttl"] == 28_800


@pytest.mark.parametrize("mode", ["batch", "dedicated"])
def test_jobs_make_it_active_and_are_listed_by_it(client: Client, mode: str) -> None:
    session_id = opened(client, mode=mode)
    other = client.submit([bell(), None, 1])
    reply = client.post([bell(), None, 1], session_id=session_id).json()
    assert reply["session_id"] == session_id
    job = client.wait(reply["id"])
    assert (job["status"], job["session_id"]) == ("Completed", session_id)
    listed = client.get("/jobs", session_id=session_id).json()["jobs"]
    assert [entry["id"] for entry in listed] == [job["id"]] != [other]
    found = session(client, session_id)
    assert (found["state"], found["accepting_jobs"]) == ("active", True)
    assert [entry["status"] for entry in found["timestamps"]] == ["open", "active"]
    assert found["started_at"] == found["last_job_started"] < found["last_job_completed"]
    assert found["elapsed_time"] > 0


def test_an_empty_session_closes_at_once(client: Client) -> None:
    session_id = opened(client)
    assert drain(client, session_id) == 204
    found = session(client, session_id)
    assert (found["state"], found["accepting_jobs"]) == ("closed", False)
    assert found["closed_at"]


def test_a_session_that_takes_no_more_closes_with_its_last_job(client: Client) -> None:
    session_id = opened(client)
    job_id = client.submit(slow(), session_id=session_id)
    client.wait(job_id, "Running")
    assert drain(client, session_id) == 204
    found = session(client, session_id)
    assert (found["state"], found["accepting_jobs"]) == ("active", False)
    assert error(client.post([bell()], session_id=session_id)) == (400, 1217)
    client.call("POST", f"/jobs/{job_id}/cancel")
    assert session(client, session_id)["state"] == "closed"


def test_a_session_closes_when_its_last_job_completes(client: Client) -> None:
    session_id = opened(client)
    job_id = client.submit([bell(), None, 1], session_id=session_id)
    drain(client, session_id)
    assert client.wait(job_id)["status"] == "Completed"
    assert session(client, session_id)["state"] == "closed"


def test_a_closed_session_stays_closed(client: Client) -> None:
    session_id = opened(client)
    path = f"/sessions/{session_id}"
    assert client.call("PATCH", path, json={"accepting_jobs": True}).status_code == 204
    drain(client, session_id)
    closed_at = session(client, session_id)["closed_at"]
    assert error(client.call("PATCH", path, json={"accepting_jobs": True})) == (400, 1217)
    assert drain(client, session_id) == close(client, session_id) == 204
    assert session(client, session_id)["closed_at"] == closed_at


def test_closing_at_once_cancels_what_waits_and_lets_run_what_runs(
    new_server: Callable[..., LocalServer],
) -> None:
    server = new_server("--workers", "1").start()
    with server.client() as client:
        session_id = opened(client)
        running = client.submit(slow(), session_id=session_id)
        waiting = client.submit([bell()], session_id=session_id, private=True)
        apart = client.submit([bell()])
        client.wait(running, "Running")
        assert close(client, session_id) == 204
        assert session(client, session_id)["state"] == "closed"
        assert client.job(running)["status"] == "Running"
        assert client.job(apart)["status"] == "Queued"
        state = client.job(waiting)["state"]
        assert (state["status"], state["reason_code"]) == ("Cancelled", 1217)
        assert "before the job began" in state["reason"]
        assert client.get(f"/jobs/{waiting}/results").status_code == 204
        client.call("POST", f"/jobs/{running}/cancel")
        client.wait(apart, "Completed")
    rows = server.rows("SELECT starts FROM jobs WHERE id = ?", waiting)
    assert rows == [(0,)]
    assert not server.rows("SELECT id FROM jobs JOIN params USING (seq) WHERE private")


def test_when_its_time_is_up_what_waits_fails(new_server: Callable[..., LocalServer]) -> None:
    server = new_server("--workers", "1").start()
    with server.client() as client:
        before = client.submit(slow())
        client.wait(before, "Running")
        session_id = opened(client, max_ttl=1)
        running = client.submit(slow(), session_id=session_id)
        waiting = client.submit([bell()], session_id=session_id)
        assert session(client, session_id)["state"] == "open"
        client.call("POST", f"/jobs/{before}/cancel")
        client.wait(running, "Running")
        found = wait_until(
            lambda: (f := session(client, session_id))["state"] == "closed" and f, seconds=10
        )
        assert found["state_reason"] == "The 1 s of the session were over."
        assert found["accepting_jobs"] is False
        assert client.job(running)["status"] == "Running"
        state = client.job(waiting)["state"]
        assert (state["status"], state["reason_code"]) == ("Failed", 1217)
        assert error(client.post([bell()], session_id=session_id)) == (400, 1217)
        client.call("POST", f"/jobs/{running}/cancel")


def test_nothing_is_begun_when_the_time_was_up_while_the_service_was_down(
    new_server: Callable[..., LocalServer],
) -> None:
    server = new_server("--workers", "1").start()
    crn = new_crn()
    with server.client(crn) as client:
        session_id = opened(client, max_ttl=1)
        running = client.submit(slow(), session_id=session_id)
        client.wait(running, "Running")
    server.end()
    with contextlib.closing(sqlite3.connect(server.folder / "jobs.sqlite")) as connection:
        connection.execute("UPDATE sessions SET ends = ends - 1000000")
        connection.commit()
    server.start()
    with server.client(crn) as client:
        assert client.wait(running)["state"]["reason_code"] == 1217
        assert session(client, session_id)["state"] == "closed"


def test_a_session_that_has_been_idle_is_inactive(new_server: Callable[..., LocalServer]) -> None:
    server = new_server("--workers", "1").start()
    with server.client() as client:
        session_id = opened(client, mode="dedicated")
        client.wait(client.submit([bell(), None, 1], session_id=session_id))
        with contextlib.closing(sqlite3.connect(server.folder / "jobs.sqlite")) as connection:
            connection.execute("UPDATE jobs SET finished = finished - 61000000")
            connection.execute("UPDATE sessions SET started = started - 71000000")
            connection.commit()
        found = session(client, session_id)
        assert (found["state"], found["accepting_jobs"]) == ("inactive", True)
        keys = "started_at", "last_job_completed"
        first, last = (datetime.fromisoformat(found[key]) for key in keys)
        assert found["elapsed_time"] == pytest.approx((last - first).total_seconds(), abs=0.01)
        client.wait(client.submit([bell(), None, 1], session_id=session_id))
        assert session(client, session_id)["state"] == "active"


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"mode": "batch"},
        {"mode": "other", "backend": "ideal_simulator"},
        {"mode": ["batch"], "backend": "ideal_simulator"},
        {"mode": "batch", "backend": "ideal_simulator", "max_ttl": 0},
        {"mode": "batch", "backend": "ideal_simulator", "max_ttl": 28_801},
        {"mode": "batch", "backend": "ideal_simulator", "max_ttl": True},
        {"mode": "batch", "backend": "ideal_simulator", "surprise": 1},
        [],
    ],
    ids=str,
)
def test_a_session_that_makes_no_sense_is_refused(client: Client, body: Any) -> None:
    assert error(client.call("POST", "/sessions", json=body)) == (400, 1208)


@pytest.mark.parametrize("body", [{}, {"accepting_jobs": 0}, {"accepting_jobs": False, "x": 1}, []])
def test_a_change_that_makes_no_sense_is_refused(client: Client, body: Any) -> None:
    path = f"/sessions/{opened(client)}"
    assert error(client.call("PATCH", path, json=body)) == (400, 1208)


def test_a_session_is_for_a_backend_that_exists(client: Client) -> None:
    body = {"mode": "batch", "backend": "ibm_nowhere"}
    assert error(client.call("POST", "/sessions", json=body)) == (404, 1216)


def test_a_session_takes_jobs_for_its_backend_alone(client: Client) -> None:
    session_id = opened(client, backend="fake_manila")
    assert error(client.post([bell()], session_id=session_id)) == (400, 1208)


def test_an_instance_knows_its_own_sessions_only(client: Client) -> None:
    session_id = opened(client)
    client.http.headers["Service-CRN"] = new_crn()
    assert error(client.get(f"/sessions/{session_id}")) == (404, 1250)
    assert drain(client, session_id) == close(client, session_id) == 404
    assert error(client.post([bell()], session_id=session_id)) == (400, 1208)


def test_a_store_from_before_sessions_is_brought_up_to_date(
    new_server: Callable[..., LocalServer], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    server = new_server()
    server.folder.mkdir(parents=True)
    with monkeypatch.context() as before:
        before.setattr(database, "_MIGRATIONS", database._MIGRATIONS[:1])
        database.open_database(server.folder / "jobs.sqlite").close()
    server.start()
    with server.client() as client:
        client.run([bell(), None, 1], session_id=opened(client))
    assert server.rows("PRAGMA user_version") == [(2,)]
