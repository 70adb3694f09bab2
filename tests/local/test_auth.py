from __future__ import annotations

import base64
import json
import time

import httpx
import pytest

from ibmqbatch.local.http import Authority, new_instance
from tests.support.service import Client, LocalServer, new_crn

from .support import bell, error

CRN = new_instance()


def test_the_api_key_buys_a_token_as_from_iam(local_server: LocalServer) -> None:
    service = local_server.service
    reply = httpx.post(f"{service['url']}/identity/token", data={"apikey": service["api_key"]})
    body = reply.json()
    assert body["token_type"] == "Bearer"
    assert body["expires_in"] == 3600
    middle = body["access_token"].split(".")[1]
    claims = json.loads(base64.urlsafe_b64decode(middle + "=="))
    assert claims["exp"] - claims["iat"] == 3600
    assert claims["exp"] == body["expiration"]


@pytest.mark.parametrize("form", [b"apikey=wrong", b"", b"\xff\xfe", b"apikey=%C3%A9", b"&" * 99])
def test_a_wrong_key_buys_nothing(local_server: LocalServer, form: bytes) -> None:
    reply = httpx.post(
        f"{local_server.service['url']}/identity/token",
        content=form,
        headers={"Content-Type": "application/x-www-form-urlencoded"},
    )
    assert reply.status_code == 400
    assert reply.json().get("errorCode") == "BXNIM0415E" or error(reply) == (400, 1208)


@pytest.mark.parametrize(
    "authorization", [None, "Bearer", "Bearer a.b.c", "Bearer é.é.é", "apikey x"]
)
def test_without_a_good_token_nothing_is_told(client: Client, authorization: str | None) -> None:
    del client.http.headers["Authorization"]
    headers = {} if authorization is None else {"Authorization": authorization.encode("latin-1")}
    for path in ("/jobs", "/backends", "/jobs/x", "/tags", "/instances/usage"):
        assert error(client.call("GET", path, headers=headers)) == (401, 1200), path


def test_a_token_of_another_key_is_refused(client: Client) -> None:
    token, _ = Authority("another key").issue()
    reply = client.call("GET", "/jobs", headers={"Authorization": f"Bearer {token}"})
    assert error(reply) == (401, 1200)


def test_a_token_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    authority = Authority("key")
    token, expires = authority.issue()
    assert authority.admits_token(token)
    monkeypatch.setattr(time, "time", lambda: float(expires))
    assert not authority.admits_token(token)


def test_a_token_whose_claims_were_changed_is_refused() -> None:
    authority = Authority("key")
    header, claims, signature = authority.issue()[0].split(".")
    later = json.loads(base64.urlsafe_b64decode(claims + "=="))
    later["exp"] += 1
    forged = base64.urlsafe_b64encode(json.dumps(later).encode()).decode().rstrip("=")
    assert not authority.admits_token(f"{header}.{forged}.{signature}")


def test_versions_needs_no_token(local_server: LocalServer) -> None:
    reply = httpx.get(f"{local_server.service['url']}/api/v1/versions")
    assert reply.json()["versions"][0]["version"] == "2026-04-15"


@pytest.mark.parametrize(
    "crn",
    [None, "", "local", CRN[:-1], CRN + "x", CRN.replace("a/", "b/")],
    ids=["none", "empty", "a word", "cut short", "too long", "of no account"],
)
def test_a_header_that_is_no_crn_is_refused(client: Client, crn: str | None) -> None:
    del client.http.headers["Service-CRN"]
    headers = {} if crn is None else {"Service-CRN": crn}
    assert error(client.call("GET", "/jobs", headers=headers)) == (400, 1241)


def test_an_instance_sees_its_own_jobs_only(client: Client) -> None:
    job_id = client.submit([bell()], tags=["mine-alone"])
    client.http.headers["Service-CRN"] = new_crn()
    assert error(client.get(f"/jobs/{job_id}")) == (404, 1291)
    assert error(client.call("POST", f"/jobs/{job_id}/cancel")) == (404, 1291)
    assert error(client.call("DELETE", f"/jobs/{job_id}")) == (404, 1291)
    assert error(client.call("PUT", f"/jobs/{job_id}/tags", json={"tags": []})) == (404, 1291)
    assert client.get("/jobs").json()["count"] == 0
    assert client.get("/tags", type="job", search="mine-alone").json() == {"tags": []}


def test_the_tools_own_endpoints_want_the_api_key(
    local_server: LocalServer, client: Client
) -> None:
    assert error(client.http.get("/local/service")) == (401, 1200)
    assert error(client.http.post("/local/stop")) == (401, 1200)
    service = local_server.service
    headers = {"Authorization": f"apikey {service['api_key']}"}
    told = client.http.get("/local/service", headers=headers).json()
    assert told["pid"] == service["pid"]
    assert told["protocol"] == service["protocol"] == 1
    assert told["workers"] == 2
    assert told["unfinished_jobs"] >= 0


def test_discovery_leads_to_the_announced_instance(
    local_server: LocalServer, client: Client
) -> None:
    found = client.http.post("/v3/resources/search?limit=100", json={"query": "x"}).json()
    (item,) = found["items"]
    assert item["crn"] == local_server.service["crn"]
    plan = client.http.get(f"/{item['service_plan_unique_id']}").json()
    assert plan["metadata"]["pricing"]["type"] == "free"


def test_the_resource_controller_knows_the_announced_instance_by_name(
    local_server: LocalServer, client: Client
) -> None:
    path = "/v2/resource_instances"
    for params in ({}, {"name": "local"}):
        found = client.http.get(path, params=params).json()
        assert [each["crn"] for each in found["resources"]] == [local_server.service["crn"]]
        assert found["rows_count"] == 1
    assert client.http.get(path, params={"name": "other"}).json()["resources"] == []
    del client.http.headers["Authorization"]
    assert error(client.http.get(path)) == (401, 1200)
