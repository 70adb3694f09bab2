"""Every way in which a request can fail is one error, which tells whether a job can exist."""

from __future__ import annotations

import json
import socket

import httpx
import pytest

from ibmqbatch.clock import Clock
from ibmqbatch.exitcodes import ExitCode
from ibmqbatch.service.client import Client
from ibmqbatch.service.endpoint import Endpoint
from ibmqbatch.service.error_mapping import failure, printable
from ibmqbatch.service.errors import (
    AuthenticationFailed,
    Busy,
    Conflict,
    Firewalled,
    NoAnswer,
    NotFound,
    ProgramRefused,
    ProxyFailed,
    Refused,
    Reserved,
    ServerFault,
    ServiceError,
    Unreachable,
    Unreadable,
)
from ibmqbatch.service.transport import Transport
from tests.support.accounts import API, CRN, IAM, JOBS, KEY, TOKEN, account, error_body

pytestmark = pytest.mark.usefixtures("no_waits")

HTML = httpx.Response(403, html="<html>Request blocked</html>")


def refusal(status: int) -> httpx.Response:
    return httpx.Response(status, json=error_body())


# What a submission meets; the error that it becomes; whether that proves that nothing was created.
CASES = {
    "connect refused": (httpx.ConnectError("refused"), Unreachable, True),
    "connect timeout": (httpx.ConnectTimeout("slow"), Unreachable, True),
    "no connection free": (httpx.PoolTimeout("full"), Unreachable, True),
    "429": (refusal(429), Busy, True),
    "429 without a body": (httpx.Response(429), Busy, True),
    "JSON 400": (refusal(400), Refused, True),
    "JSON 401": (refusal(401), AuthenticationFailed, True),
    "JSON 403": (refusal(403), AuthenticationFailed, True),
    "JSON 404": (refusal(404), NotFound, True),
    "JSON 409": (refusal(409), Conflict, True),
    "JSON 413": (refusal(413), Refused, True),
    "JSON 422": (refusal(422), Refused, True),
    "JSON 423": (refusal(423), Reserved, True),
    "read timeout": (httpx.ReadTimeout("slow"), NoAnswer, False),
    "write timeout": (httpx.WriteTimeout("slow"), NoAnswer, False),
    "write error": (httpx.WriteError("broken pipe"), NoAnswer, False),
    "reset": (httpx.ReadError("reset"), NoAnswer, False),
    "hung up": (httpx.RemoteProtocolError("disconnected"), NoAnswer, False),
    "proxy that does not let through": (httpx.ProxyError("502"), ProxyFailed, True),
    "JSON 408": (refusal(408), ServerFault, False),
    "JSON 499": (refusal(499), ServerFault, False),
    "JSON 500": (refusal(500), ServerFault, False),
    "502": (httpx.Response(502, html="<html>"), ServerFault, False),
    "503": (httpx.Response(503), ServerFault, False),
    "504": (httpx.Response(504), ServerFault, False),
    "520": (httpx.Response(520, html="<html>"), ServerFault, False),
    "HTML 403": (HTML, Firewalled, False),
    "HTML 400": (httpx.Response(400, html="<html>"), Firewalled, False),
    "empty 400": (httpx.Response(400), Firewalled, False),
    "JSON 400 of another API": (httpx.Response(400, json={"detail": "no"}), Unreadable, False),
    "JSON 400 with no errors": (httpx.Response(400, json={"errors": []}), Unreadable, False),
    "redirect": (httpx.Response(302, headers={"location": "/login"}), Firewalled, False),
    "HTML 200": (httpx.Response(200, html="<html>"), Firewalled, False),
    "empty 200": (httpx.Response(200), Unreadable, False),
    "cut 200": (httpx.Response(200, content=b'{"id": "d2r8'), Unreadable, False),
    "200 of bytes": (httpx.Response(200, content=b"\xff\xfe\x00"), Unreadable, False),
    "200 with a list": (httpx.Response(200, json=["d2r8"]), Unreadable, False),
    "200 without an id": (httpx.Response(200, json={"backend": "b"}), Unreadable, False),
    "200 with an empty id": (httpx.Response(200, json={"id": ""}), Unreadable, False),
    "200 with a number as id": (httpx.Response(200, json={"id": 5}), Unreadable, False),
    "200 with an unprintable id": (httpx.Response(200, json={"id": "a\x1b[2J"}), Unreadable, False),
    "200 nested too deeply": (httpx.Response(200, content=b"[" * 100_000), Unreadable, False),
}


def meet(route, answer: httpx.Response | Exception):
    if isinstance(answer, Exception):
        return route.mock(side_effect=answer)
    return route.mock(side_effect=lambda _request: answer)


@pytest.fixture
def met(wire, client) -> dict[str, ServiceError]:
    """Return what becomes of a submission in each case."""
    errors = {}
    for case, (answer, *_) in CASES.items():
        meet(wire.post(JOBS), answer)
        with pytest.raises(ServiceError) as caught:
            client.submit(b"{}")
        errors[case] = caught.value
    return errors


def test_submission_failures_are_told_apart(met):
    told = {case: type(error) for case, error in met.items()}
    assert told == {case: expected for case, (_, expected, _) in CASES.items()}


def test_only_what_proves_it_says_that_nothing_was_created(met):
    told = {case: error.nothing_created for case, error in met.items()}
    assert told == {case: proven for case, (*_, proven) in CASES.items()}


def test_no_error_tells_the_key_or_the_token(met):
    for case, error in met.items():
        told = f"{error!r} {error.message} {error.hint}"
        assert KEY not in told, case
        assert TOKEN not in told, case


def test_refused_connection_is_unreachable(no_waits):
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{closed.getsockname()[1]}"
    with pytest.raises(Unreachable):
        Transport(url).send("GET", url)


def test_body_that_ends_too_early_is_no_answer(proxy):
    told = proxy.when("GET", "/backends", times=99, status=200, body=b'{"devices": []}', cut=4)
    transport = Transport(proxy.url)
    with pytest.raises(NoAnswer):
        transport.send("GET", f"{proxy.url}/backends")
    transport.close()
    assert told.times == 98


def test_download_that_ends_too_early_is_no_answer(proxy, tmp_path):
    proxy.when("GET", "/results", status=200, body=b"x" * 1000, cut=10)
    transport = Transport(proxy.url)
    with (tmp_path / "body").open("w+b") as file, pytest.raises(NoAnswer):
        transport.download(f"{proxy.url}/results", file)
    transport.close()


@pytest.mark.parametrize("url", ["nowhere", "ftp://quantum.test", "http://[quantum", "http://a:b"])
def test_address_that_is_none_is_unreachable(url):
    with pytest.raises(Unreachable):
        Transport(url).send("GET", url)


def test_error_names_no_password_of_the_address(wire, clock):
    endpoint = Endpoint("https://user:hidden@quantum.test/api/v1", IAM, KEY, CRN)
    wire.get(url__regex=".*/backends").mock(side_effect=httpx.ConnectError("refused"))
    with (
        Client(account(locate=lambda: endpoint), clock) as client,
        pytest.raises(Unreachable) as caught,
    ):
        client.backend_names()
    assert "hidden" not in caught.value.message


def test_refusal_tells_the_services_sentence_code_and_solution(wire, client):
    answer = httpx.Response(400, json=error_body(1204, "Too many tags.", solution="Use 8."))
    wire.post(JOBS).mock(return_value=answer)
    with pytest.raises(Refused) as caught:
        client.submit(b"{}")
    assert caught.value.message == "Too many tags (code 1204)."
    assert (caught.value.hint, caught.value.number, caught.value.trace) == (
        "Use 8.",
        1204,
        "trace-1",
    )


def test_error_code_may_be_a_text(wire, client):
    wire.post(JOBS).mock(return_value=httpx.Response(400, json=error_body("1204")))
    with pytest.raises(Refused) as caught:
        client.submit(b"{}")
    assert caught.value.number == 1204


@pytest.mark.parametrize(
    ("status", "code"),
    [
        (400, ExitCode.ERROR),
        (401, ExitCode.AUTHENTICATION),
        (403, ExitCode.AUTHENTICATION),
        (423, ExitCode.UNAVAILABLE),
        (429, ExitCode.UNAVAILABLE),
        (500, ExitCode.UNAVAILABLE),
    ],
)
def test_each_failure_has_its_exit_code(status, code, wire, client):
    wire.post(JOBS).mock(return_value=refusal(status))
    with pytest.raises(ServiceError) as caught:
        client.submit(b"{}")
    assert caught.value.exit_code is code


@pytest.mark.parametrize(
    "text",
    ["a\x1b[2Jb", "a\nb", "a\r\tb", "a\x00b", "a\x9bb", "a\u2028b", "a\u202eb", "a\ud800b"],
)
def test_server_text_shows_no_control_characters(text, wire, client):
    content = json.dumps(error_body(1208, text, solution=text)).encode()
    answer = httpx.Response(400, content=content)
    wire.post(JOBS).mock(return_value=answer)
    with pytest.raises(Refused) as caught:
        client.submit(b"{}")
    assert caught.value.message.isprintable()
    assert caught.value.hint.isprintable()


def test_server_text_is_bounded():
    assert len(printable("x" * 10_000)) == 500


def test_server_text_keeps_letters_of_all_languages():
    assert printable("Schrödingers 猫 é") == "Schrödingers 猫 é"


@pytest.mark.parametrize("secret", [KEY, TOKEN])
def test_echoed_secret_is_not_repeated(secret, wire, client):
    answer = httpx.Response(400, json=error_body(1208, f"bad {secret}", solution=f"not {secret}"))
    wire.post(JOBS).mock(return_value=answer)
    wire["iam"].mock(
        return_value=answer
        if secret == KEY
        else httpx.Response(200, json={"access_token": TOKEN, "expires_in": 3600})
    )
    with pytest.raises(ServiceError) as caught:
        client.submit(b"{}")
    assert secret not in caught.value.message + caught.value.hint


@pytest.mark.parametrize("token", ["to\nken-secret", "tök-secret", "to\x00ken-secret"])
def test_token_that_no_header_can_hold_is_unreadable_and_not_shown(token, wire, client):
    wire["iam"].mock(return_value=httpx.Response(200, json={"access_token": token}))
    with pytest.raises(Unreadable) as caught:
        client.submit(b"{}")
    assert "secret" not in caught.value.message
    assert caught.value.nothing_created


def test_proxy_settings_of_the_environment_do_not_apply_to_this_machine(monkeypatch, service):
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    from ibmqbatch.service.local_server import find_service

    assert find_service() is not None


def test_interrupted_clock_ends_the_attempts(wire, home):
    clock = Clock()
    clock.interrupt(2)
    route = wire.get(f"{API}/backends").mock(return_value=httpx.Response(503))
    with Client(account(), clock) as client, pytest.raises(ServerFault):
        client.backend_names()
    assert route.call_count == 1


@pytest.mark.parametrize(
    "message",
    [
        "program_id: must be one of executor",
        "program-id 'sampler' not found",
        "Program not found",
        "Unknown program: sampler",
        "The sampler primitive has been retired.",
        "Program 'sampler' is no longer supported.",
    ],
)
def test_a_program_that_is_gone_is_told_by_the_words(message):
    body = json.dumps({"errors": [{"code": 1208, "message": message}]}).encode()
    assert isinstance(failure(400, {}, body), ProgramRefused)


@pytest.mark.parametrize(
    "message",
    [
        "The input of program 'sampler' is not valid: shots must be positive.",
        "The OpenQASM program has an unknown gate.",
        "params.quantum_program.shots: must be at least 1",
        "Job not found. Job ID: abc",
    ],
)
def test_what_is_wrong_with_a_job_is_not_laid_to_its_program(message):
    body = json.dumps({"errors": [{"code": 1208, "message": message}]}).encode()
    assert not isinstance(failure(400, {}, body), ProgramRefused)
