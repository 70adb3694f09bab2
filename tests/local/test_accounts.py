"""What the service tells of an account: its plans, its workloads, and its usage added up."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit
from uuid import uuid4

import pytest

from tests.support.service import Client, LocalServer

from .support import bell, error, slow


@pytest.fixture
def client(local_server: LocalServer) -> Iterator[Client]:
    """A client of an instance in an account of its own."""
    account = uuid4().hex
    crn = f"crn:v1:bluemix:public:quantum-computing:us-east:a/{account}:{uuid4()}::"
    with local_server.client(crn) as client:
        yield client


def opened(client: Client, mode: str, backend: str = "ideal_simulator") -> str:
    body = {"mode": mode, "backend": backend}
    return str(client.call("POST", "/sessions", json=body).json()["id"])


def ended(client: Client, **fields: Any) -> str:
    """Run a job, and return its id."""
    job_id = client.submit([bell(), None, 1], **fields)
    client.wait(job_id)
    return job_id


def ids(client: Client, **query: Any) -> list[str]:
    reply = client.get("/workloads", **query)
    assert reply.status_code == 200, reply.text
    return [entry["id"] for entry in reply.json()["workloads"]]


def test_an_instance_without_a_limit_says_so(client: Client) -> None:
    assert client.get("/instances/configuration").json() == {"instance_limit": None}


def test_an_account_has_one_plan(client: Client) -> None:
    account = client.http.headers["Service-CRN"].split(":")[6].removeprefix("a/")
    (plan,) = client.get(f"/accounts/{account}").json()["plans"]
    assert (plan["max_ttl"], plan["interactive_ttl"]) == (28_800, 60)
    assert plan["plan_id"] == client.get("/instance").json()["plan_id"]
    assert "ideal_simulator" in plan["backends"]
    assert client.get(f"/accounts/{account}", plan_id="premium").json() == {"plans": []}
    assert error(client.get("/accounts/somebody")) == (404, 1250)


def test_a_job_by_itself_is_a_workload(client: Client) -> None:
    job_id = ended(client, tags=["one", "two"])
    reply = client.get("/workloads").json()
    assert {key: reply[key] for key in reply if key != "workloads"} == {
        "total_count": 1,
        "limit": 10,
    }
    (entry,) = reply["workloads"]
    assert entry.pop("created") < entry.pop("ended")
    assert entry.pop("estimated_running_time_seconds") > 0
    assert entry == {
        "id": job_id,
        "backend": "ideal_simulator",
        "instance": client.http.headers["Service-CRN"],
        "user_id": "local",
        "mode": "job",
        "status": "completed",
        "accepting_jobs": None,
        "tags": ["one", "two"],
        "usage": {"qpu_charge_time_seconds": 1, "status": "complete"},
    }


@pytest.mark.parametrize(("mode", "named"), [("batch", "batch"), ("dedicated", "session")])
def test_a_session_is_one_workload_with_all_its_jobs(client: Client, mode: str, named: str) -> None:
    session_id = opened(client, mode)
    (entry,) = client.get("/workloads").json()["workloads"]
    assert (entry["id"], entry["mode"], entry["status"]) == (session_id, named, "pending")
    for _ in range(2):
        ended(client, session_id=session_id)
    (entry,) = client.get("/workloads", mode=named).json()["workloads"]
    assert (entry["status"], entry["accepting_jobs"]) == ("in_progress", True)
    assert entry["usage"]["qpu_charge_time_seconds"] > 0
    assert "ended" not in entry
    client.call("PATCH", f"/sessions/{session_id}", json={"accepting_jobs": False})
    (entry,) = client.get("/workloads", status="completed").json()["workloads"]
    assert entry["accepting_jobs"] is False
    assert entry["ended"]


def test_workloads_are_chosen_among(client: Client) -> None:
    job_id = ended(client, tags=["run:alpha", "shared"])
    failed = client.submit("nonsense", tags=["shared"])
    client.wait(failed, "Failed")
    running = client.submit(slow())
    client.call("POST", f"/jobs/{running}/cancel")
    mocked = ended(client, backend="mock_simulator")
    batch = opened(client, "batch", "fake_manila")
    assert ids(client) == [job_id, failed, running, batch]
    assert ids(client, sort="-createdAt") == [batch, running, failed, job_id]
    assert ids(client, include_mocks="True") == [job_id, failed, running, mocked, batch]
    assert ids(client, backend="mock_simulator") == [mocked]
    assert ids(client, backend="fake_manila") == [batch]
    assert ids(client, mode="job") == [job_id, failed, running]
    assert ids(client, mode="batch", user="me") == [batch]
    assert ids(client, status="canceled") == [running]
    assert ids(client, status=["failed", "pending"]) == [failed, batch]
    assert ids(client, search="alpha") == [job_id]
    assert ids(client, search=batch[:8]) == [batch]
    assert ids(client, tags="shared") == [job_id, failed]
    assert ids(client, tags=["shared", "run:alpha"]) == [job_id]
    created = client.job(failed)["created"]
    assert ids(client, created_after=created) == [failed, running, batch]
    assert ids(client, created_before=created) == [job_id, failed]
    (entry,) = client.get("/workloads", status="failed").json()["workloads"]
    assert entry["status_reason"].startswith("Pub 0: ")


def test_pages_of_workloads_lead_to_each_other(client: Client) -> None:
    made = [opened(client, "batch") for _ in range(5)]

    def follow(reply: dict[str, Any], name: str) -> dict[str, Any]:
        query = parse_qs(urlsplit(reply[name]["href"]).query)
        document: dict[str, Any] = client.get("/workloads", **query).json()
        return document

    def shown(reply: dict[str, Any]) -> list[str]:
        return [entry["id"] for entry in reply["workloads"]]

    first = client.get("/workloads", limit=2, sort="-createdAt").json()
    second = follow(first, "next")
    third = follow(second, "next")
    assert [shown(page) for page in (first, second, third)] == [
        [made[4], made[3]],
        [made[2], made[1]],
        [made[0]],
    ]
    assert "previous" not in first
    assert "next" not in third
    assert {page["total_count"] for page in (first, second, third)} == {5}
    back = follow(third, "previous")
    assert shown(back) == shown(second)
    assert shown(follow(back, "previous")) == shown(first)
    assert "previous" not in follow(back, "previous")
    assert shown(follow(back, "next")) == shown(third)


@pytest.mark.parametrize(
    "query",
    [
        {"limit": "0"},
        {"limit": "51"},
        {"sort": "name"},
        {"user": "you"},
        {"status": "sleeping"},
        {"mode": "dedicated"},
        {"next": "../"},
        {"created_after": "yesterday"},
    ],
    ids=str,
)
def test_a_listing_of_workloads_that_makes_no_sense_is_refused(
    client: Client, query: dict[str, str]
) -> None:
    assert error(client.get("/workloads", **query)) == (400, 1208)


def test_usage_is_added_up(client: Client) -> None:
    before = client.get("/analytics/usage").json()
    assert set(before.values()) == {0}
    assert len(before) == 21
    ended(client)
    ended(client, backend="mock_simulator")  # which costs nothing
    batch = opened(client, "batch")
    for _ in range(2):
        ended(client, session_id=batch)
    opened(client, "dedicated")
    found = client.get("/analytics/usage").json()
    assert {key: found[key] for key in ("jobs", "individual_jobs", "sessions")} == {
        "jobs": 3,
        "individual_jobs": 1,
        "sessions": 2,
    }
    assert (found["batch_sessions"], found["dedicated_sessions"]) == (1, 1)
    assert found["usage"] == found["individual_jobs_usage"] + found["sessions_usage"]
    assert found["usage"] > 0
    assert found["batch_sessions_usage"] == found["max_sessions_usage"] > 0
    assert found["queue_time"] >= found["max_queue_time"] >= found["avg_queue_time"] > 0
    assert client.get("/analytics/usage", simulators="false").json() == before
    assert client.get("/analytics/usage", backend=["fake_manila"]).json() == before
    earlier = (datetime.now(UTC) - timedelta(hours=1)).isoformat()
    assert client.get("/analytics/usage", interval_end=earlier).json() == before


def test_usage_is_grouped(client: Client) -> None:
    crn = client.http.headers["Service-CRN"]
    ended(client)
    client.http.headers["Service-CRN"] = other = f"{crn.rsplit(':', 3)[0]}:{uuid4()}::"
    ended(client)
    whole = client.get("/analytics/usage").json()
    data = client.get("/analytics/usage_grouped", group_by="instance").json()["data"]
    assert {group["key"]: group["jobs"] for group in data} == {crn: 1, other: 1}
    assert sum(group["usage"] for group in data) == pytest.approx(whole["usage"], abs=2)
    for key, value in (("backend", "ideal_simulator"), ("user_id", "local")):
        (group,) = client.get("/analytics/usage_grouped", group_by=key).json()["data"]
        assert (group.pop("key"), group) == (value, whole)
    by_date = client.get("/analytics/usage_grouped_by_date", group_by="instance").json()
    assert by_date["interval_start"] < by_date["interval_end"]
    for group in by_date["data"]:
        day = datetime.fromisoformat(group["interval_start"])
        assert datetime.fromisoformat(group["interval_end"]) == day + timedelta(days=1)
        assert group["jobs"] == 1
    assert {group["key"] for group in by_date["data"]} == {crn, other}
    only = client.get("/analytics/usage_grouped", group_by="instance", instance=other).json()
    assert [group["key"] for group in only["data"]] == [other]


@pytest.mark.parametrize("path", ["usage_grouped", "usage_grouped_by_date"])
@pytest.mark.parametrize("query", [{}, {"group_by": "colour"}], ids=str)
def test_usage_is_not_grouped_by_anything(client: Client, path: str, query: dict[str, str]) -> None:
    assert error(client.get(f"/analytics/{path}", **query)) == (400, 1208)


def test_filters_tell_what_there_is_to_ask_for(client: Client) -> None:
    ended(client)
    found = client.get("/analytics/filters").json()
    assert found["backends"] == [{"name": "ideal_simulator"}]
    assert found["instances"] == [{"id": client.http.headers["Service-CRN"], "deleted": False}]
    assert found["users"] == [{"id": "local"}]
    for name in ("plans", "subscriptions"):
        assert len(found[name]) == 1


def test_an_account_knows_its_own_workloads_only(client: Client, local_server: LocalServer) -> None:
    ended(client)
    with local_server.client() as other:
        assert ids(other) == []
