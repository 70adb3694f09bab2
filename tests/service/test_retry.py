"""What is sent again, how often and when, and what is never sent twice."""

from __future__ import annotations

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ibmqbatch.service.error_mapping import failure
from ibmqbatch.service.errors import Busy, NoAnswer, ServerFault, ServiceError, Unreachable
from ibmqbatch.service.retry import RetryPolicy
from tests.support.accounts import API, JOBS, FakeClock, error_body

PAGE = httpx.Response(200, json={"jobs": [], "count": 0})
CREATED = httpx.Response(200, json={"id": "job-1"})


@pytest.mark.parametrize(
    "fault",
    [
        httpx.Response(500),
        httpx.Response(503),
        httpx.Response(504),
        httpx.Response(429),
        httpx.Response(408),
        httpx.ReadTimeout("slow"),
        httpx.RemoteProtocolError("disconnected"),
        httpx.WriteError("broken pipe"),
        httpx.Response(200, html="<html>"),
        httpx.Response(403, html="<html>"),
    ],
)
def test_submission_is_not_sent_again(fault, wire, client, no_waits):
    route = wire.post(JOBS).mock(side_effect=[fault, CREATED])
    with pytest.raises(ServiceError):
        client.submit(b"{}")
    assert route.call_count == 1


@pytest.mark.parametrize(
    "fault", [httpx.ConnectError("refused"), httpx.ConnectTimeout("slow"), httpx.PoolTimeout("")]
)
def test_submission_that_never_left_is_sent_again(fault, wire, client, no_waits):
    route = wire.post(JOBS).mock(side_effect=[fault, CREATED])
    assert client.submit(b"{}") == "job-1"
    assert route.call_count == 2


def test_submission_stops_at_the_first_doubt_after_refused_connections(wire, client, no_waits):
    route = wire.post(JOBS).mock(
        side_effect=[httpx.ConnectError("refused"), httpx.ReadTimeout("slow"), CREATED]
    )
    with pytest.raises(NoAnswer):
        client.submit(b"{}")
    assert route.call_count == 2


@pytest.mark.parametrize("status", [400, 404, 409, 423])
def test_refusals_are_not_tried_again(status, wire, client, no_waits):
    route = wire.get(f"{JOBS}/x").mock(return_value=httpx.Response(status, json=error_body()))
    with pytest.raises(ServiceError):
        client.job("x")
    assert route.call_count == 1


@pytest.mark.parametrize("status", [404, 409])
def test_cancelling_what_has_ended_or_gone_says_so(status, wire, client):
    wire.post(f"{JOBS}/x/cancel").mock(return_value=httpx.Response(status, json=error_body()))
    assert client.cancel("x") is False


def test_results_that_are_given_once_are_asked_for_once(wire, client, tmp_path, no_waits):
    route = wire.get(f"{JOBS}/x/results").mock(return_value=httpx.Response(500))
    with (tmp_path / "body").open("w+b") as file, pytest.raises(ServerFault):
        client.download_results("x", file, repeatable=False)
    assert route.call_count == 1


def test_repeated_download_does_not_follow_half_of_another(wire, client, tmp_path, no_waits):
    wire.get(f"{JOBS}/x/results").mock(
        side_effect=[httpx.Response(500, content=b"half a body"), httpx.Response(200, content=b"b")]
    )
    with (tmp_path / "body").open("w+b") as file:
        file.write(b"from before")
        assert client.download_results("x", file)
    assert (tmp_path / "body").read_bytes() == b"b"


def test_results_that_do_not_exist_are_told(wire, client, tmp_path):
    wire.get(f"{JOBS}/x/results").mock(return_value=httpx.Response(204))
    with (tmp_path / "body").open("w+b") as file:
        assert client.download_results("x", file) is False


def test_attempts_are_bounded(wire, client, no_waits):
    route = wire.get(f"{API}/backends").mock(return_value=httpx.Response(503))
    with pytest.raises(ServerFault):
        client.backend_names()
    assert route.call_count == RetryPolicy().attempts


def test_time_is_bounded(clock):
    def slow() -> None:
        clock.time += 50
        raise NoAnswer("slow")

    with pytest.raises(NoAnswer):
        RetryPolicy(deadline=90).run(slow, clock, repeatable=True)
    assert clock.time < 1_800_000_000 + 90 + 50


def test_waits_grow(wire, client, clock):
    wire.get(f"{API}/backends").mock(return_value=httpx.Response(503))
    with pytest.raises(ServerFault):
        client.backend_names()
    bounds = [(0.25, 0.5), (0.5, 1), (1, 2), (2, 4), (4, 8)]
    assert len(clock.slept) == len(bounds)
    assert all(low <= wait <= high for wait, (low, high) in zip(clock.slept, bounds, strict=True))


def test_retry_after_beyond_the_deadline_is_left_to_the_caller(wire, client, clock):
    busy = httpx.Response(429, headers={"Retry-After": "600"}, json=error_body(1202))
    route = wire.get(JOBS).mock(return_value=busy)
    with pytest.raises(Busy) as caught:
        client.jobs()
    assert (route.call_count, clock.slept, caught.value.retry_after) == (1, [], 600.0)


@given(
    st.one_of(
        st.text(st.characters(max_codepoint=255)),
        st.from_regex(r"-?[0-9]{1,400}(\.[0-9]+)?", fullmatch=True),
        st.from_regex(
            r"Mon, [0-9]{1,3} Jan [0-9]{1,9} [0-9]{2}:[0-9]{2}:[0-9]{2} [+-][0-9]{1,30}",
            fullmatch=True,
        ),
    )
)
def test_any_retry_after_is_a_wait_of_up_to_an_hour_or_none(text):
    headers = httpx.Headers([(b"retry-after", text.encode("latin-1"))])
    wait = failure(429, headers, b"").retry_after
    assert wait is None or 0 <= wait <= 3600


def test_service_that_moved_is_looked_for_again(wire, no_waits):
    from ibmqbatch.service.client import Client
    from ibmqbatch.service.endpoint import Endpoint
    from tests.support.accounts import CRN, IAM, KEY, account

    places = iter(["https://old.test", "https://new.test"])
    wire.get("https://old.test/backends").mock(side_effect=httpx.ConnectError("refused"))
    wire.get("https://new.test/backends").mock(
        return_value=httpx.Response(200, json={"devices": [{"name": "b"}]})
    )
    moving = account(locate=lambda: Endpoint(next(places), IAM, KEY, CRN))
    with Client(moving, FakeClock()) as client:
        assert client.backend_names() == ["b"]


def test_unreachable_service_is_given_up_in_the_end(wire, client, no_waits):
    route = wire.post(JOBS).mock(side_effect=httpx.ConnectError("refused"))
    with pytest.raises(Unreachable):
        client.submit(b"{}")
    assert route.call_count == RetryPolicy().attempts
