"""A command that waits sits out whatever passes: it pauses, says so, and goes on."""

from __future__ import annotations

import os
import signal
import time

import pytest

from tests.crash.theatre import Theatre

pytestmark = pytest.mark.slow

SPEED = 2000.0  # an hour in 1.8 s
HOUR = 3600 / SPEED  # seconds


@pytest.fixture(scope="module")
def theatre(tmp_path_factory):
    with Theatre(tmp_path_factory.mktemp("hasty"), speed=SPEED) as theatre:
        theatre.warm()
        yield theatre


@pytest.fixture
def stage(theatre):
    with theatre.stage(3) as stage:
        stage.done(*stage.submit_words("--detach"))
        yield stage


def until(condition) -> None:
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def sits_out(stage, child) -> str:
    """Wait for a command that must end well; return what it told."""
    assert child.wait() == 0, child.err.read_text()
    assert stage.audit().faults == []
    return child.err.read_text()


@pytest.mark.parametrize(
    ("status", "headers", "body"),
    [
        (500, {}, b'{"errors": [{"code": 9999, "message": "internal"}]}'),
        (502, {}, b"<html>bad gateway</html>"),
        (503, {}, b""),
        (429, {"Retry-After": "30"}, b'{"errors": [{"code": 1202, "message": "busy"}]}'),
    ],
)
def test_an_hour_of_refusals(stage, status, headers, body):
    rule = stage.proxy.when("GET", "/jobs", times=10**6, status=status, headers=headers, body=body)
    child = stage.start("resume", "latest", "--wait")
    begun = time.monotonic()
    until(lambda: time.monotonic() - begun > HOUR)
    assert stage.proxy.count("GET", "/jobs") < 3600  # it does not hammer
    stage.proxy.rules.remove(rule)
    assert "Trying again in" in sits_out(stage, child)


def test_an_hour_without_a_connection(stage):
    away = stage.proxy.target
    stage.proxy.target = away._replace(netloc="127.0.0.1:1")  # nobody listens there
    child = stage.start("resume", "latest", "--wait")
    begun = time.monotonic()
    until(lambda: time.monotonic() - begun > HOUR)
    stage.proxy.target = away
    assert "Trying again in" in sits_out(stage, child)


def test_submissions_that_an_hour_of_busyness_refuses_go_out_afterwards(stage):
    body = b'{"errors": [{"code": 1202, "message": "Too many requests."}]}'
    rule = stage.proxy.when("POST", "/jobs", times=10**6, status=429, body=body)
    child = stage.start("resume", "latest", "--wait")
    begun = time.monotonic()
    until(lambda: time.monotonic() - begun > HOUR)
    assert stage.proxy.submissions < 3600
    stage.proxy.rules.remove(rule)
    assert "Going on in" in sits_out(stage, child)


def test_a_machine_that_sleeps(stage):
    child = stage.start("resume", "latest", "--wait")
    until(lambda: stage.proxy.submissions)
    os.kill(child.pid, signal.SIGSTOP)
    begun = time.monotonic()
    until(lambda: time.monotonic() - begun > HOUR)
    os.kill(child.pid, signal.SIGCONT)
    sits_out(stage, child)


def test_a_token_that_is_not_good_any_more(stage):
    body = b'{"errors": [{"code": 1200, "message": "expired"}]}'
    child = stage.start("resume", "latest", "--wait")
    until(lambda: stage.proxy.submissions)
    stage.proxy.when("GET", "/jobs", times=1, status=401, body=body)
    sits_out(stage, child)
    assert stage.proxy.count("POST", "/identity/token") >= 2
