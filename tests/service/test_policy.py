"""The sentences of the reference's policy (5.5), one by one: what is tried again, and when."""

from __future__ import annotations

import json
import math
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import httpx
import pytest

from ibmqbatch.accounts.find import find_account
from ibmqbatch.jobset.advance import advance, follow
from ibmqbatch.jobset.work import Work
from ibmqbatch.manifest.manifest import Manifest
from ibmqbatch.service.client import Client
from ibmqbatch.service.errors import Busy, Firewalled, ServerFault, ServiceError
from ibmqbatch.service.retry import RetryPolicy
from tests.jobset.support import FakeService
from tests.support.accounts import CRN, IAM, JOBS, FakeClock, account, error_body
from tests.support.manifests import write_set

PAGE = httpx.Response(200, json={"jobs": [], "count": 0})
CREATED = httpx.Response(200, json={"id": "job-1"})
DONE = httpx.Response(204)
BLOCKED = httpx.Response(403, html="<html>Request blocked</html>")

FAULTS = {
    **{str(n): httpx.Response(n) for n in (429, 500, 502, 503, 504, 520, 521, 522, 524)},
    "connect error": httpx.ConnectError("refused"),
    "connect timeout": httpx.ConnectTimeout("slow"),
    "read error": httpx.ReadError("reset"),
    "read timeout": httpx.ReadTimeout("slow"),
}
REPEATABLE = {
    "GET": lambda client: client.jobs(),
    "PUT": lambda client: client.set_tags("x", ["a"]),
    "PATCH": lambda client: client._call("PATCH", "/jobs/x", body={"accepting_jobs": False}),
    "POST": lambda client: client.cancel("x"),
}


@pytest.mark.parametrize("method", REPEATABLE)
def test_what_changes_nothing_when_repeated_is_tried_again(method, wire, client, no_waits):
    route = wire.request(method, url__startswith=JOBS)
    for times, fault in enumerate(FAULTS.values(), start=1):
        route.mock(side_effect=[fault, PAGE if method == "GET" else DONE])
        REPEATABLE[method](client)
        assert route.call_count == 2 * times, fault


def fail_for_good(policy: RetryPolicy, clock: FakeClock) -> list[float]:
    """Meet a service that fails every time; return the waits."""

    def fault() -> None:
        raise ServerFault("no", status=500)

    with pytest.raises(ServerFault):
        policy.run(fault, clock, repeatable=True)
    return clock.slept


def test_waits_double_up_to_a_minute(clock):
    waits = fail_for_good(RetryPolicy(attempts=12, deadline=math.inf), clock)
    bounds = [0.5 * 2**n for n in range(7)] + 4 * [60.0]
    assert all(b / 2 <= wait <= b for b, wait in zip(bounds, waits, strict=True))


def test_waits_are_drawn_at_random(clock):
    policy = RetryPolicy(attempts=8, deadline=math.inf)
    assert fail_for_good(policy, FakeClock()) != fail_for_good(policy, FakeClock())


@pytest.mark.parametrize("status", [429, 503])
def test_retry_after_in_seconds_is_honoured(status, wire, client, clock):
    told = httpx.Response(status, headers={"Retry-After": "7"})
    wire.get(JOBS).mock(side_effect=[told, PAGE])
    client.jobs()
    assert clock.slept == [7.0]


def test_retry_after_as_a_date_is_honoured(wire, client, clock):
    date = format_datetime(datetime.now(UTC) + timedelta(seconds=40), usegmt=True)
    wire.get(JOBS).mock(side_effect=[httpx.Response(503, headers={"Retry-After": date}), PAGE])
    client.jobs()
    (wait,) = clock.slept
    assert 30 < wait <= 40


def test_it_is_given_up_by_a_total_deadline(clock):
    policy = RetryPolicy(attempts=1000)
    begun = clock.time
    fail_for_good(policy, clock)
    assert clock.time - begun <= policy.deadline == 90


def test_conflict_on_a_repeated_cancel_counts_as_done(wire, client, no_waits):
    ended = httpx.Response(409, json=error_body(1292))
    wire.post(f"{JOBS}/x/cancel").mock(side_effect=[httpx.Response(502), ended])
    assert client.cancel("x") is False


def test_submission_that_never_left_is_sent_again(wire, client, no_waits):
    route = wire.post(JOBS).mock(side_effect=[httpx.ConnectError("refused"), CREATED])
    assert (client.submit(b"{}"), route.call_count) == ("job-1", 2)


@pytest.fixture
def work(wire, client, clock):
    """A set of one job, on the account of the mocked service."""
    with Manifest.open(write_set(1, instance=CRN)) as manifest:
        yield Work(manifest, client, clock, sole_sender=True)


def step(work: Work, after: float = 0.0):
    work.clock.time += after
    return advance(work, fetching=False)


class Wire:
    """A service behind the mock, that keeps what it is sent and may lose the answer."""

    def __init__(self, wire, *answers: httpx.Response | Exception) -> None:
        self.answers = list(answers)
        self.tags: list[list[str]] = []
        self.shown: list[dict] = []
        self.posts = wire.post(JOBS).mock(side_effect=self.submit)
        self.lists = wire.get(JOBS).mock(side_effect=self.list)

    def submit(self, request: httpx.Request) -> httpx.Response:
        self.tags.append(json.loads(request.content)["tags"])
        answer = self.answers.pop(0) if self.answers else CREATED
        if isinstance(answer, Exception):
            raise answer
        return answer

    def list(self, _request: httpx.Request) -> httpx.Response:
        return httpx.Response(200, json={"jobs": self.shown, "count": len(self.shown)})

    def show(self, number: int) -> None:
        """Have listings show what came with the submission of this number."""
        state = {"status": "Queued"}
        self.shown.append({"id": f"r{number}", "state": state, "tags": self.tags[number]})


def test_submission_that_was_one_too_many_is_sent_again_when_its_time_has_come(work, wire):
    busy = httpx.Response(429, headers={"Retry-After": "20"}, json=error_body(1202))
    service = Wire(wire, busy)
    assert step(work).wait == 20
    step(work, 19)
    assert service.posts.call_count == 1
    step(work, 1)
    assert service.posts.call_count == 2


AMBIGUOUS = {
    "500": httpx.Response(500),
    "504": httpx.Response(504),
    "read timeout": httpx.ReadTimeout("slow"),
    "disconnect": httpx.RemoteProtocolError("disconnected"),
    "firewall": BLOCKED,
    "unreadable 200": httpx.Response(200, content=b'{"id": "d2'),
}


@pytest.mark.parametrize("fault", AMBIGUOUS)
def test_submission_in_doubt_is_looked_for_by_its_tag_and_adopted(fault, work, wire):
    service = Wire(wire, AMBIGUOUS[fault])
    step(work)
    service.show(0)
    step(work, 1)
    (job,) = work.manifest.jobs()
    assert (job.remote.id, service.posts.call_count) == ("r0", 1)
    asked = service.lists.calls[0].request.url.params.get_list("tags")
    assert len(asked) == 1
    assert asked[0] in service.tags[0]


def test_submission_in_doubt_is_sent_again_only_after_a_second_look(work, wire):
    service = Wire(wire, httpx.Response(502))
    step(work)
    step(work, 31)
    assert (service.lists.call_count, service.posts.call_count) == (1, 1)
    step(work, 11)
    assert (service.lists.call_count, service.posts.call_count) == (2, 2)


def test_firewall_gets_one_retry_after_a_pause(wire, client, clock):
    wire.get(JOBS).mock(side_effect=[BLOCKED, PAGE])
    client.jobs()
    (wait,) = clock.slept
    assert wait >= 5


@pytest.mark.parametrize(
    "page",
    [BLOCKED, httpx.Response(400), httpx.Response(200, html="<html>Sign in</html>")],
    ids=["403", "empty 400", "200"],
)
def test_firewall_that_stays_is_said_in_one_sentence(page, wire, client, no_waits):
    route = wire.get(JOBS).mock(return_value=page)
    with pytest.raises(Firewalled) as caught:
        client.jobs()
    assert route.call_count == 2
    assert "HTTP " in caught.value.message
    assert "firewall" in caught.value.hint


def test_firewall_before_iam_gets_one_retry_even_for_a_submission(wire, client, no_waits):
    wire["iam"].mock(
        side_effect=[BLOCKED, httpx.Response(200, json={"access_token": "t", "expires_in": 60})]
    )
    wire.post(JOBS).mock(return_value=CREATED)
    assert client.submit(b"{}") == "job-1"


def test_firewall_on_submission_is_told_to_whoever_waits(work, wire):
    told: list[str] = []
    Wire(wire, BLOCKED)
    work.observer = type(
        "Notes", (), {"note": lambda _, text: told.append(text), "progress": lambda *_: None}
    )()
    step(work)
    assert any("firewall" in text for text in told)


@pytest.mark.parametrize(
    ("said", "wait"),
    [
        ("Too many requests", 60.0),
        ("Too many requests: the limit is 5 per 30 seconds", 30.0),
        ("Too many POST jobs requests received: limit is 5 per 2 minutes.", 120.0),
    ],
)
def test_busy_service_without_retry_after_is_sent_nothing_for_its_window_or_a_minute(
    said, wait, work, wire
):
    Wire(wire, httpx.Response(429, json=error_body(1202, said)))
    assert step(work).wait == wait


def test_busy_service_without_retry_after_is_polled_no_sooner_than_in_five_seconds(
    wire, client, clock
):
    wire.get(JOBS).mock(side_effect=[httpx.Response(429), httpx.Response(429), PAGE])
    client.jobs()
    assert len(clock.slept) == 2
    assert min(clock.slept) >= 5


@pytest.fixture
def running(home):
    """A set of three jobs that run on and on, at the pace of polls of IBM's service."""
    clock = FakeClock()
    service = FakeService(clock, account=account(pace_limit=None))
    with Manifest.open(write_set(3)) as manifest:
        work = Work(manifest, service, clock, sole_sender=True)
        advance(work, fetching=False)
        yield work, service, clock


def poll(running, times: int) -> None:
    work, service, _ = running
    until = service.listings + times

    def over(manifest: Manifest) -> bool:
        return service.listings >= until

    follow(work, over, fetching=False)


def test_all_jobs_of_a_set_are_polled_with_one_listing(running, monkeypatch):
    work, service, _ = running
    monkeypatch.setattr(service, "job", None)  # nobody asks for one alone
    poll(running, 4)
    assert not work.manifest.snapshot().is_over()


def test_polls_begin_at_two_seconds_and_slow_down_to_thirty(running):
    *_, clock = running
    clock.slept.clear()
    poll(running, 12)
    assert clock.slept[0] == 2.0
    assert clock.slept == sorted(clock.slept)
    assert clock.slept[-1] == 30.0


def test_account_of_the_environment_polls_no_faster(home, monkeypatch):
    for name, value in {"URL": "https://quantum.test", "TOKEN": "k", "INSTANCE": CRN}.items():
        monkeypatch.setenv(f"IBMQBATCH_{name}", value)
    found = find_account()
    assert (found.poll_first, found.poll_longest) == (2.0, 30.0)


def test_busy_iam_on_a_submission_leaves_no_doubt(wire, clock, no_waits):
    wire["iam"].mock(return_value=httpx.Response(429))
    with Client(account(), clock) as client, pytest.raises(Busy) as caught:
        client.submit(b"{}")
    assert caught.value.nothing_created


def test_iam_without_an_answer_leaves_no_doubt(wire, client, no_waits):
    wire.post(f"{IAM}/identity/token").mock(side_effect=httpx.ReadTimeout("slow"))
    with pytest.raises(ServiceError) as caught:
        client.submit(b"{}")
    assert caught.value.nothing_created
