"""The log of requests, and that it tells nothing that must not be told."""

from __future__ import annotations

import json
import logging
import re

import httpx
import pytest

from ibmqbatch.service.errors import ServiceError
from ibmqbatch.service.request_trace import LOGGER
from tests.support.accounts import CRN, JOBS, KEY, TOKEN, error_body
from tests.support.circuits import BELL

LINE = re.compile(
    r"\d\d:\d\d:\d\d\.\d{3} (GET|POST|PUT|DELETE) /\S+ (\d{3}|[A-Z]\w+) \d+ ms( trace \S+)?"
)

pytestmark = pytest.mark.usefixtures("no_waits")


@pytest.fixture
def lines(caplog):
    caplog.set_level(logging.INFO, LOGGER)

    def told() -> list[str]:
        return [re.sub(r"\d+ ms", "N ms", text) for text in caplog.messages]

    return told


def test_request_is_told_by_method_path_status_and_time(wire, client, lines):
    wire.get(JOBS).respond(json={"jobs": []})
    client.jobs(tags=["a b"], limit=3)
    query = "limit=3&offset=0&exclude_params=true&include_mocks=true&tags=a+b"
    assert lines() == [
        "POST /identity/token 200 N ms",
        f"GET /api/v1/jobs?{query} 200 N ms",
    ]


def test_download_is_told(wire, client, lines, tmp_path):
    wire.get(f"{JOBS}/x/results").respond(204)
    with (tmp_path / "body").open("w+b") as file:
        client.download_results("x", file)
    assert lines()[-1] == "GET /api/v1/jobs/x/results 204 N ms"


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        (httpx.Response(400, json=error_body()), "400 N ms trace trace-1"),
        (httpx.Response(429, json=error_body(1202)), "429 N ms trace trace-1"),
        (httpx.Response(500, json=error_body(1000)), "500 N ms trace trace-1"),
        (httpx.Response(503, headers={"X-Request-Id": "r-1"}), "503 N ms trace r-1"),
        (httpx.Response(403, html="<html>", headers={"CF-Ray": "r-2"}), "403 N ms trace r-2"),
        (httpx.Response(200, html="<html>"), "200 Firewalled N ms"),
        (
            httpx.Response(200, content=b"x", headers={"Content-Encoding": "gzip"}),
            "200 NoAnswer N ms",
        ),
        (httpx.ConnectError("refused"), "Unreachable N ms"),
        (httpx.ReadTimeout("slow"), "NoAnswer N ms"),
        (httpx.ProxyError("407 no"), "ProxyFailed N ms"),
    ],
    ids=repr,
)
def test_failure_is_told_with_its_trace(answer, told, wire, client, lines):
    effect = answer if isinstance(answer, Exception) else lambda _request: answer
    wire.post(JOBS).mock(side_effect=effect)
    with pytest.raises(ServiceError):
        client.submit(b'{"params": "a body"}')
    assert lines()[1] == f"POST /api/v1/jobs {told}"


def test_good_answer_may_have_a_trace_as_well(wire, client, lines):
    wire.get(JOBS).respond(json={"jobs": []}, headers={"X-Correlation-ID": "c\x1b[2J1"})
    client.jobs()
    assert lines()[-1].endswith("200 N ms trace c [2J1")


@pytest.mark.parametrize("secret", [KEY, TOKEN])
def test_secret_that_comes_back_as_a_trace_is_not_told(secret, wire, client, lines):
    wire["iam"].respond(
        json={"access_token": TOKEN, "expires_in": 3600}, headers={"Transaction-Id": secret}
    )
    wire.get(JOBS).mock(
        return_value=httpx.Response(400, json={**error_body(), "trace": f"<{secret}>"})
    )
    with pytest.raises(ServiceError) as caught:
        client.jobs()
    sender = 0 if secret == KEY else 1  # of the two, the one that has sent it
    assert secret not in lines()[sender]
    assert sender == 0 or secret not in caught.value.problems[0].hint


def test_nothing_but_the_line_is_told(wire, client, lines):
    wire.post(JOBS).mock(return_value=httpx.Response(400, json=error_body(1208, "An answer")))
    with pytest.raises(ServiceError):
        client.submit(b'{"params": "a body"}')
    text = "\n".join(lines())
    for secret in (KEY, TOKEN, CRN, "a body", "An answer", "apikey", "Bearer", "quantum.test"):
        assert secret not in text


def test_nothing_is_told_unless_somebody_listens(wire, client, caplog):
    wire.get(JOBS).respond(json={"jobs": []})
    client.jobs()
    assert caplog.messages == []


def told_by(done) -> list[str]:
    return [line for line in done.err.splitlines() if LINE.fullmatch(line)]


def test_verbs_tell_every_request_and_no_secret(cli, circuits, home, service):
    folder = circuits(a=BELL, b=BELL)
    ended = [
        cli("submit", folder, "--shots", 10, "--wait", "--json", "-vv"),
        cli("results", "latest", "--wait", "--json", "-vv"),
        cli("submit", folder, "--shots", 10, "--quiet", "-vv"),
        cli("status", "latest", "-vv"),
        cli("retag", "latest", "--add", "x", "-vv", code=None),
        cli("cancel", "latest", "-vv", code=None),
        cli("backends", "none-such", "-vv", code=None),
        cli("collect", "--json", "--verbose", "--verbose"),
        cli("serve", "--status", "--json", "-vv"),
    ]
    token = json.loads(next((home / "tokens").glob("*.json")).read_bytes())["token"]
    assert len(token) > 20
    text = "".join(done.out + done.err for done in ended)
    assert service["api_key"] not in text
    assert token not in text
    assert service["crn"] not in "".join(done.err for done in ended)
    assert [done.json["exit_code"] for done in ended if done.out.startswith("{")] == 4 * [0]
    told = [line for done in ended for line in told_by(done)]
    assert len(told) >= 15
    loud = "\n".join(told)
    assert "POST /api/v1/jobs 200" in loud
    assert re.search("GET /api/v1/backends/none-such/configuration 404 .* trace ", loud)


@pytest.mark.parametrize("loud", [(), ("-v",)])
def test_requests_are_not_told_unless_asked_twice(loud, cli):
    assert not told_by(cli("backends", *loud))
