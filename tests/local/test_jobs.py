from __future__ import annotations

import contextlib
import re
import sqlite3
import uuid
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest

from tests.support.service import Client, LocalServer, new_crn

from .support import bell, error, samples, slow


def test_a_job_goes_from_queued_to_completed(client: Client) -> None:
    reply = client.post([bell(), None, 10], tags=["a"], cost=30, log_level="WARNING")
    assert reply.json() == {"id": reply.json()["id"], "backend": "ideal_simulator"}
    job = client.wait(reply.json()["id"])
    assert re.fullmatch(r"[0-9a-v]{20}", job["id"])
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z", job["created"])
    assert job["status"] == job["state"]["status"] == "Completed"
    assert job["program"] == {"id": "sampler"}
    assert job["tags"] == ["a"]
    assert job["cost"] == 30
    assert job["log_level"] == "WARNING"
    assert job["private"] is False
    assert job["usage"]["status"] == "complete"
    assert "params" not in job


def test_both_prefixes_serve_the_same(client: Client) -> None:
    job_id = client.submit([bell(), None, 1])
    assert client.http.get(f"/experimental/api/v1/jobs/{job_id}").json()["id"] == job_id


def test_ids_sort_by_time(client: Client) -> None:
    ids = [client.submit([bell(), None, 1]) for _ in range(20)]
    assert ids == sorted(ids)


def test_metrics_tell_when_and_how_much(client: Client) -> None:
    job_id = client.submit([bell(), None, 10])
    client.wait(job_id)
    metrics = client.get(f"/jobs/{job_id}/metrics").json()
    times = metrics["timestamps"]
    assert times["created"] < times["running"] < times["finished"]
    assert metrics["usage"] == {"qpu_charge_time_seconds": 1, "status": "complete"}
    assert metrics["circuits_execution_time_ns"] > 0
    assert client.get("/instances/usage").json()["usage_consumed_seconds"] >= 0


def test_params_come_back_as_sent_unless_excluded(client: Client) -> None:
    pub = [bell(), None, 3]
    job_id = client.submit(pub, params={"options": {"default_shots": 7}})
    params = {"pubs": [pub], "version": 2, "options": {"default_shots": 7}}
    assert client.get(f"/jobs/{job_id}").json()["params"] == params
    assert "params" not in client.get(f"/jobs/{job_id}", exclude_params="true").json()
    assert "params" not in client.get("/jobs").json()["jobs"][0]
    assert client.get("/jobs", exclude_params="false").json()["jobs"][0]["params"] == params


@pytest.fixture(scope="module")
def many(local_server: LocalServer) -> Any:
    """An instance with 230 jobs, and their ids in the order they were made."""
    crn = f"crn:v1:bluemix:public:quantum-computing:us-east:a/pages:{uuid.uuid4()}::"
    with local_server.client(crn) as client:
        pub = [bell(), None, 1]
        ids = [client.submit(pub, tags=["all", f"mod{n % 3}", f"n{n}"]) for n in range(230)]
        yield client, ids


def listed(client: Client, **params: Any) -> list[str]:
    return [job["id"] for job in client.get("/jobs", **params).json()["jobs"]]


def test_pages_run_from_the_newest(many: Any) -> None:
    client, ids = many
    first = client.get("/jobs").json()
    assert {key: first[key] for key in ("count", "limit", "offset")} == {
        "count": 230,
        "limit": 200,
        "offset": 0,
    }
    assert [job["id"] for job in first["jobs"]] == ids[::-1][:200]
    assert listed(client, offset=200) == ids[::-1][200:]
    assert listed(client, offset=300) == []


def test_pages_run_from_the_oldest_when_asked(many: Any) -> None:
    client, ids = many
    assert listed(client, sort="ASC", limit=7, offset=3) == ids[3:10]


@pytest.mark.parametrize("limit", [0, -1, 201, 10**12])
def test_a_limit_out_of_range_silently_means_200(many: Any, limit: int) -> None:
    client, _ = many
    reply = client.get("/jobs", limit=limit).json()
    assert (reply["limit"], len(reply["jobs"])) == (200, 200)


def test_all_tags_must_match(many: Any) -> None:
    client, ids = many
    assert listed(client, tags=["all", "mod1"], sort="ASC") == ids[1::3]
    assert listed(client, tags=["mod0", "mod1"]) == []
    assert listed(client, tags=["n17", "n17"]) == [ids[17]]


def test_creation_time_bounds_a_listing(many: Any) -> None:
    client, ids = many
    created = client.job(ids[100])["created"]
    assert listed(client, created_before=created, sort="ASC") == ids[:101]
    assert listed(client, created_after=created, sort="ASC") == ids[100:]
    elsewhere = datetime.fromisoformat(created) - timedelta(hours=1)
    shifted = elsewhere.replace(tzinfo=None).isoformat() + "-01:00"
    assert listed(client, created_after=shifted, sort="ASC") == ids[100:]


def test_program_backend_and_session_select(many: Any) -> None:
    client, _ = many
    count = {
        name: client.get("/jobs", **{name: value}).json()["count"]
        for name, value in (
            ("program", "sampler"),
            ("backend", "elsewhere"),
            ("session_id", "none"),
        )
    }
    assert count == {"program": 230, "backend": 0, "session_id": 0}


def test_pending_selects_by_state(client: Client) -> None:
    done = client.submit([bell(), None, 1])
    client.wait(done)
    running = client.submit(slow())
    assert listed(client, pending="true") == [running]
    assert listed(client, pending="false") == [done]
    client.call("POST", f"/jobs/{running}/cancel")
    assert listed(client, pending="true") == []


@pytest.mark.parametrize(
    "query",
    [
        {"limit": "x"},
        {"offset": -1},
        {"offset": 10**17},
        {"sort": "UP"},
        {"pending": "maybe"},
        {"created_after": "yesterday"},
        {"exclude_params": "1"},
    ],
)
def test_a_query_that_makes_no_sense_is_refused(client: Client, query: dict[str, Any]) -> None:
    assert error(client.get("/jobs", **query)) == (400, 1208)


def test_tags_are_replaced_as_a_whole(client: Client) -> None:
    job_id = client.submit([bell(), None, 1], tags=["one", "two"])
    reply = client.call("PUT", f"/jobs/{job_id}/tags", json={"tags": ["three"]})
    assert (reply.status_code, reply.content) == (204, b"")
    assert client.job(job_id)["tags"] == ["three"]
    assert listed(client, tags=["one"]) == []
    client.call("PUT", f"/jobs/{job_id}/tags", json={"tags": []})
    assert client.job(job_id)["tags"] == []


def test_tags_are_counted_in_characters(client: Client) -> None:
    fits = ["é" * 86] * 8
    assert client.job(client.submit([bell(), None, 1], tags=fits))["tags"] == fits
    assert error(client.post([bell()], tags=["x" * 87])) == (400, 1205)
    assert error(client.post([bell()], tags=["x"] * 9)) == (400, 1204)
    job_id = client.submit([bell(), None, 1])
    path = f"/jobs/{job_id}/tags"
    assert error(client.call("PUT", path, json={"tags": ["x" * 87]})) == (400, 1205)
    assert error(client.call("PUT", path, json={"tags": ["x"] * 9})) == (400, 1204)
    assert error(client.call("PUT", path, json={"tags": [1]})) == (400, 1208)
    assert error(client.call("PUT", path, json={})) == (400, 1208)


def test_tags_are_found_by_a_part_of_them(client: Client) -> None:
    client.submit([bell(), None, 1], tags=["run:alpha", "run:beta"])
    found = client.get("/tags", type="job", search="run:").json()
    assert found == {"tags": ["run:alpha", "run:beta"]}
    assert error(client.get("/tags", type="job", search="ru")) == (400, 1208)
    assert error(client.get("/tags", type="job", search="r" * 101)) == (400, 1208)


def test_a_job_nobody_submitted_is_not_found(client: Client) -> None:
    for path in ("", "/results", "/logs", "/metrics"):
        assert error(client.get(f"/jobs/d2r8239olshc73bmt49g{path}")) == (404, 1291)


def test_results_of_an_unfinished_job_are_empty(client: Client) -> None:
    job_id = client.submit(slow())
    assert client.get(f"/jobs/{job_id}/results").status_code == 204
    assert error(client.get(f"/jobs/{job_id}/logs"))[0] == 404
    client.call("POST", f"/jobs/{job_id}/cancel")


def test_a_running_job_is_cancelled_at_once(client: Client) -> None:
    job_id = client.submit(slow())
    client.wait(job_id, "Running")
    assert client.call("POST", f"/jobs/{job_id}/cancel").status_code == 204
    assert client.job(job_id)["status"] == "Cancelled"
    assert client.get(f"/jobs/{job_id}/results").status_code == 204
    assert error(client.call("POST", f"/jobs/{job_id}/cancel")) == (409, 1292)
    # The slot goes on with a new worker.
    client.run([bell(), None, 1])


def test_a_final_job_can_be_deleted_and_no_other(client: Client) -> None:
    job_id = client.submit(slow())
    assert error(client.call("DELETE", f"/jobs/{job_id}"))[0] == 400
    client.call("POST", f"/jobs/{job_id}/cancel")
    assert client.call("DELETE", f"/jobs/{job_id}").status_code == 204
    assert error(client.call("DELETE", f"/jobs/{job_id}")) == (404, 1291)
    assert client.get("/jobs").json()["count"] == 0


def test_a_private_job_gives_its_results_once(local_server: LocalServer, client: Client) -> None:
    job_id = client.submit([bell(), None, 5], private=True)
    assert "params" not in client.get(f"/jobs/{job_id}").json()
    job = client.wait(job_id)
    assert (job["status"], job["private"]) == ("Completed", True)
    assert client.get(f"/jobs/{job_id}/results").status_code == 200
    assert client.get(f"/jobs/{job_id}/results").status_code == 204
    kept = local_server.rows(
        "SELECT id FROM jobs JOIN params USING (seq) WHERE id = ? "
        "UNION ALL SELECT id FROM jobs JOIN results USING (seq) WHERE id = ?",
        job_id,
        job_id,
    )
    assert kept == []


def test_a_public_job_gives_its_results_again(client: Client) -> None:
    job_id = client.submit([bell(), None, 5])
    client.wait(job_id)
    first, second = (client.get(f"/jobs/{job_id}/results").content for _ in range(2))
    assert first == second


def test_jobs_of_a_retired_device_are_listed_followed_and_fetched(
    new_server: Callable[..., LocalServer],
) -> None:
    server = new_server().start()
    crn = new_crn()
    with server.client(crn) as client:
        job_id = client.submit([bell(), None, 5], tags=["mine"])
        client.wait(job_id)
    server.end()
    with contextlib.closing(sqlite3.connect(server.folder / "jobs.sqlite")) as jobs, jobs:
        jobs.execute("UPDATE jobs SET backend = 'ibm_retired'")
    server.start()
    with server.client(crn) as client:
        (listed,) = client.get("/jobs", tags="mine").json()["jobs"]
        assert (listed["id"], listed["backend"]) == (job_id, "ibm_retired")
        assert client.job(job_id)["status"] == "Completed"
        assert len(samples(client.get(f"/jobs/{job_id}/results").json())) == 5
        for part in ("metrics", "logs"):
            assert client.get(f"/jobs/{job_id}/{part}").status_code == 200
        assert client.call("PUT", f"/jobs/{job_id}/tags", json={"tags": []}).status_code == 204
        assert error(client.get("/backends/ibm_retired/configuration")) == (404, 1216)
        assert error(client.post([bell()], backend="ibm_retired")) == (404, 1216)
        (entry,) = client.get("/workloads", backend="ibm_retired").json()["workloads"]
        assert entry["id"] == job_id


@pytest.mark.parametrize("part", ["transpiled_circuits", "interim_results"])
def test_parts_of_jobs_that_the_api_has_no_more_are_not_found(client: Client, part: str) -> None:
    job_id = client.submit([bell(), None, 5])
    assert error(client.get(f"/jobs/{job_id}/{part}")) == (404, 1250)
