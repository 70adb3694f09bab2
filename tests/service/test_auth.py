"""Being admitted: tokens, the headers of every request, and what a failing IAM means."""

from __future__ import annotations

from urllib.parse import parse_qs

import httpx
import pytest

from ibmqbatch import __version__
from ibmqbatch.errors import UsageError
from ibmqbatch.exitcodes import ExitCode
from ibmqbatch.service.client import API_VERSION, Client
from ibmqbatch.service.errors import AuthenticationFailed, ServiceError
from tests.support.accounts import API, CRN, JOBS, KEY, TOKEN, account, error_body

PAGE = httpx.Response(200, json={"jobs": [], "count": 0})
UNAUTHORISED = httpx.Response(401, json=error_body(1200, "Not authorized"))
BAD_KEY = httpx.Response(
    400, json={"errorCode": "BXNIM0415E", "errorMessage": "Provided API key could not be found."}
)


def tokens(*names: str) -> list[httpx.Response]:
    return [httpx.Response(200, json={"access_token": t, "expires_in": 3600}) for t in names]


def used(route) -> list[str]:
    return [call.request.headers["authorization"] for call in route.calls]


def test_key_is_exchanged_as_iam_wants_it(wire, client):
    wire.get(JOBS).mock(return_value=PAGE)
    client.jobs()
    form = parse_qs(wire["iam"].calls[0].request.content.decode())
    assert form == {"grant_type": ["urn:ibm:params:oauth:grant-type:apikey"], "apikey": [KEY]}


def test_one_token_serves_many_requests(wire, client):
    wire.get(JOBS).mock(return_value=PAGE)
    for _ in range(3):
        client.jobs()
    assert wire["iam"].call_count == 1


def test_token_is_renewed_before_it_runs_out(wire, client, clock):
    wire["iam"].mock(side_effect=tokens("first", "second"))
    route = wire.get(JOBS).mock(return_value=PAGE)
    client.jobs()
    clock.time += 3600 - 300
    client.jobs()
    assert used(route) == ["Bearer first", "Bearer second"]


def test_token_that_is_refused_is_renewed_once_and_the_request_repeated_once(wire, client):
    wire["iam"].mock(side_effect=tokens("first", "second"))
    route = wire.get(JOBS).mock(side_effect=[UNAUTHORISED, PAGE])
    client.jobs()
    assert used(route) == ["Bearer first", "Bearer second"]


def test_submission_is_repeated_with_a_new_token(wire, client):
    wire["iam"].mock(side_effect=tokens("first", "second"))
    route = wire.post(JOBS).mock(
        side_effect=[UNAUTHORISED, httpx.Response(200, json={"id": "job-1"})]
    )
    assert client.submit(b"{}") == "job-1"
    assert route.call_count == 2


def test_second_refusal_of_a_token_is_final(wire, client, no_waits):
    route = wire.get(JOBS).mock(return_value=UNAUTHORISED)
    with pytest.raises(AuthenticationFailed):
        client.jobs()
    assert (route.call_count, wire["iam"].call_count) == (2, 2)


def test_missing_right_is_no_matter_of_the_token(wire, client, no_waits):
    route = wire.get(JOBS).mock(return_value=httpx.Response(403, json=error_body(1200)))
    with pytest.raises(AuthenticationFailed):
        client.jobs()
    assert (route.call_count, wire["iam"].call_count) == (1, 1)


def test_doubt_after_a_new_token_stays_a_doubt(wire, client, no_waits):
    route = wire.post(JOBS).mock(side_effect=[UNAUTHORISED, httpx.ReadTimeout("slow")])
    with pytest.raises(ServiceError) as caught:
        client.submit(b"{}")
    assert not caught.value.nothing_created
    assert route.call_count == 2


def test_key_that_iam_does_not_know_is_fatal(wire, client, no_waits):
    wire["iam"].mock(return_value=BAD_KEY)
    with pytest.raises(AuthenticationFailed) as caught:
        client.jobs()
    assert caught.value.exit_code is ExitCode.AUTHENTICATION == 4
    assert wire["iam"].call_count == 1


def test_key_that_iam_does_not_know_is_explained_by_its_own_words(wire, client):
    wire["iam"].mock(return_value=BAD_KEY)
    with pytest.raises(AuthenticationFailed, match="API key could not be found"):
        client.jobs()


def test_busy_iam_is_asked_again(wire, client, no_waits):
    wire["iam"].mock(side_effect=[httpx.Response(429), httpx.Response(503), *tokens("third")])
    route = wire.get(JOBS).mock(return_value=PAGE)
    client.jobs()
    assert used(route) == ["Bearer third"]


@pytest.mark.parametrize(
    "answer",
    [
        BAD_KEY,
        httpx.Response(401, json=error_body()),
        httpx.Response(429),
        httpx.Response(500),
        httpx.Response(200, html="<html>"),
        httpx.Response(200, json={}),
        httpx.Response(200, json=[]),
        httpx.Response(403, html="<html>"),
        httpx.ConnectError("refused"),
        httpx.ReadTimeout("slow"),
        httpx.RemoteProtocolError("disconnected"),
    ],
    ids=repr,
)
def test_whatever_iam_does_no_job_was_created(answer, wire, client, no_waits):
    effect = answer if isinstance(answer, Exception) else (lambda _request: answer)
    wire["iam"].mock(side_effect=effect)
    route = wire.post(JOBS)
    with pytest.raises(ServiceError) as caught:
        client.submit(b"{}")
    assert caught.value.nothing_created
    assert route.call_count == 0


def test_requests_carry_the_headers_of_the_service(wire, client):
    route = wire.get(JOBS).mock(return_value=PAGE)
    client.jobs()
    headers = route.calls[0].request.headers
    assert headers["user-agent"] == f"ibmqbatch/{__version__}"
    assert headers["authorization"] == f"Bearer {TOKEN}"
    assert headers["service-crn"] == CRN
    assert headers["ibm-api-version"] == API_VERSION == "2026-04-15"


def test_api_version_can_be_chosen(wire, clock, monkeypatch):
    monkeypatch.setenv("IBMQBATCH_API_VERSION", "2026-02-15")
    route = wire.get(JOBS).mock(return_value=PAGE)
    with Client(account(), clock) as client:
        client.jobs()
    assert route.calls[0].request.headers["ibm-api-version"] == "2026-02-15"


@pytest.mark.parametrize("version", ["newest", "2026-4-15", "2026-04-15\n", "2026-99-15", "é"])
def test_api_version_that_is_none_is_refused(version, clock, monkeypatch):
    monkeypatch.setenv("IBMQBATCH_API_VERSION", version)
    with pytest.raises(UsageError, match="IBMQBATCH_API_VERSION") as caught:
        Client(account(), clock)
    assert API_VERSION in caught.value.hint


def test_empty_api_version_is_as_good_as_none(wire, clock, monkeypatch):
    monkeypatch.setenv("IBMQBATCH_API_VERSION", "")
    route = wire.get(JOBS).mock(return_value=PAGE)
    with Client(account(), clock) as client:
        client.jobs()
    assert route.calls[0].request.headers["ibm-api-version"] == API_VERSION


def test_tags_are_sent_as_repeated_keys(wire, client):
    route = wire.get(JOBS).mock(return_value=PAGE)
    client.jobs(tags=["a b", "c,d"])
    assert route.calls[0].request.url.params.get_list("tags") == ["a b", "c,d"]


def test_listing_leaves_parameters_out(wire, client):
    route = wire.get(JOBS).mock(return_value=PAGE)
    client.jobs(pending=True, offset=200)
    params = dict(route.calls[0].request.url.params)
    assert params == {
        "limit": "200",
        "offset": "200",
        "exclude_params": "true",
        "include_mocks": "true",
        "pending": "true",
    }


def test_listing_includes_jobs_on_mocks(wire, client):
    # One that no listing shows would be taken for lost, and sent again.
    route = wire.get(JOBS).mock(return_value=PAGE)
    client.jobs(tags=["ours"])
    assert route.calls[0].request.url.params["include_mocks"] == "true"


def test_one_job_is_read_without_its_parameters(wire, client):
    route = wire.get(f"{JOBS}/x").mock(
        return_value=httpx.Response(200, json={"id": "x", "state": {"status": "Queued"}})
    )
    assert client.job("x").status == "Queued"
    assert route.calls[0].request.url.params["exclude_params"] == "true"


def test_listing_is_asked_for_without_a_slash_at_its_end(wire, client):
    route = wire.get(JOBS).mock(return_value=PAGE)
    client.jobs()
    assert route.calls[0].request.url.path == "/api/v1/jobs"


def test_new_tags_replace_all(wire, client):
    route = wire.put(f"{JOBS}/x/tags").mock(return_value=httpx.Response(204))
    client.set_tags("x", ["a", "é"])
    request = route.calls[0].request
    assert request.content == b'{"tags": ["a", "\\u00e9"]}'
    assert request.headers["content-type"] == "application/json"


def test_job_id_cannot_lead_elsewhere(wire, client):
    route = wire.get(url__startswith=API).mock(
        return_value=httpx.Response(200, json={"id": "x", "status": "Queued"})
    )
    client.job("../backends?a=b")
    assert route.calls[0].request.url.raw_path.startswith(b"/api/v1/jobs/..%2Fbackends%3Fa%3Db?")
