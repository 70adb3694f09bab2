"""Tokens on disk: one serves all processes of a key, and is given up when it is refused."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from ibmqbatch import paths
from ibmqbatch.files import FileLock
from ibmqbatch.service.auth import Token, TokenCache, forget_tokens
from ibmqbatch.service.client import Client
from ibmqbatch.service.endpoint import Endpoint
from ibmqbatch.service.errors import AuthenticationFailed
from tests.support.accounts import API, CRN, IAM, JOBS, KEY, TOKEN, FakeClock, account, error_body
from tests.support.stub import API_KEY, INSTANCE, Stub

ROOT = Path(__file__).parents[2]
PAGE = httpx.Response(200, json={"jobs": [], "count": 0})
UNAUTHORISED = httpx.Response(401, json=error_body(1200, "Not authorized"))


def given(*names: str, **more: object) -> list[httpx.Response]:
    body = {"expires_in": 3600, **more}
    return [httpx.Response(200, json={"access_token": name, **body}) for name in names]


@pytest.fixture
def listing(wire):
    return wire.get(JOBS).mock(return_value=PAGE)


def run(clock: FakeClock, key: str = KEY, iam: str = IAM) -> None:
    """Do what a command does: one request, with a client of its own."""
    with Client(account(locate=lambda: Endpoint(API, iam, key, CRN)), clock) as client:
        client.jobs()


def used(route) -> list[str]:
    return [call.request.headers["authorization"].split()[1] for call in route.calls]


def kept_file() -> Path:
    (file,) = paths.tokens().glob("*.json")
    return file


def test_second_command_asks_iam_no_more(wire, clock, listing):
    run(clock)
    run(clock)
    assert (wire["iam"].call_count, used(listing)) == (1, [TOKEN, TOKEN])


def test_command_a_minute_asks_iam_once_an_hour(wire, clock, listing):
    for _ in range(120):
        run(clock)
        clock.time += 60
    assert wire["iam"].call_count == 3


def test_token_is_renewed_a_tenth_before_its_end(wire, clock, listing):
    wire["iam"].mock(side_effect=given("first", "second"))
    run(clock)
    clock.time += 3239
    run(clock)
    clock.time += 1
    run(clock)
    assert used(listing) == ["first", "first", "second"]


@pytest.mark.parametrize("lifetime", [20, 60, 100])
def test_short_token_serves_more_than_one_command(lifetime, wire, clock, listing):
    wire["iam"].mock(side_effect=given("first", "second", expires_in=lifetime))
    run(clock)
    clock.time += lifetime / 4
    run(clock)
    clock.time += lifetime
    run(clock)
    assert used(listing) == ["first", "first", "second"]


@pytest.mark.parametrize(
    ("told", "lifetime"),
    [
        ({"expires_in": 1200}, 1200),
        ({"expires_in": None, "expiration": 1_800_000_600}, 600),
        ({"expires_in": "soon"}, 3600),
        ({"expires_in": -5}, 3600),
        ({"expires_in": 10**12}, 3600),
        ({"expires_in": float("nan"), "expiration": float("inf")}, 3600),
        # A clock that is wrong here: how long it lasts counts, not until when.
        ({"expires_in": 1200, "expiration": 5}, 1200),
    ],
    ids=repr,
)
def test_lifetime_is_what_iam_tells_as_far_as_that_makes_sense(
    told, lifetime, wire, clock, listing
):
    body = json.dumps({"access_token": "t", **told}).encode()
    wire["iam"].mock(return_value=httpx.Response(200, content=body))
    run(clock)
    renew_at = json.loads(kept_file().read_bytes())["renew_at"]
    assert renew_at == clock.time + lifetime - max(60, lifetime / 10)


def test_token_that_is_refused_is_fetched_anew_once_for_all(wire, clock, listing):
    wire["iam"].mock(side_effect=given("first", "second"))
    run(clock)
    listing.mock(side_effect=[UNAUTHORISED, PAGE, PAGE])
    run(clock)
    run(clock)
    assert used(listing) == ["first", "first", "second", "second"]


def test_token_that_is_refused_twice_is_an_error(wire, clock, listing):
    run(clock)
    listing.mock(return_value=UNAUTHORISED)
    with pytest.raises(AuthenticationFailed) as caught:
        run(clock)
    assert caught.value.exit_code == 4
    assert wire["iam"].call_count == 2


def test_token_that_another_process_has_fetched_meanwhile_is_not_given_up(wire, clock, listing):
    wire["iam"].mock(side_effect=given("first", "second"))
    cache = TokenCache(IAM, KEY, clock)

    def refuse_once(_request: httpx.Request) -> httpx.Response:
        listing.mock(return_value=PAGE)
        cache.keep(Token("theirs", clock.time + 1000))
        return UNAUTHORISED

    listing.mock(side_effect=refuse_once)
    run(clock)
    assert used(listing) == ["first", "theirs"]
    assert wire["iam"].call_count == 1


def test_refused_token_that_cannot_be_removed_is_not_taken_again(wire, clock, listing, monkeypatch):
    wire["iam"].mock(side_effect=given("first", "second"))
    run(clock)
    monkeypatch.setattr(TokenCache, "forget", lambda *_: None)
    monkeypatch.setattr(TokenCache, "keep", lambda *_: None)
    listing.mock(side_effect=[UNAUTHORISED, PAGE])
    run(clock)
    assert used(listing) == ["first", "first", "second"]


def test_clock_that_jumped_back_does_not_keep_a_dead_token(wire, clock, listing):
    wire["iam"].mock(side_effect=given("first", "second"))
    clock.time += 10 * 86_400
    run(clock)
    clock.time -= 10 * 86_400
    run(clock)
    assert used(listing) == ["first", "second"]


def test_clock_that_jumped_back_an_hour_is_put_right_by_the_refusal(wire, clock, listing):
    wire["iam"].mock(side_effect=given("first", "second"))
    run(clock)
    clock.time -= 3600
    listing.mock(side_effect=[UNAUTHORISED, PAGE])
    run(clock)
    assert used(listing) == ["first", "first", "second"]


def test_two_keys_have_tokens_of_their_own(wire, clock, listing):
    wire["iam"].mock(side_effect=given("first", "second"))
    run(clock)
    run(clock, key="another-key")
    assert used(listing) == ["first", "second"]


def test_one_key_at_two_iams_has_two_tokens(wire, clock, listing):
    wire.post("https://iam.other/identity/token").mock(side_effect=given("other"))
    run(clock)
    run(clock, iam="https://iam.other")
    assert used(listing) == [TOKEN, "other"]


def test_token_of_the_embedded_service_outlives_its_port(home, clock):
    TokenCache("http://127.0.0.1:8001", KEY, clock).keep(Token("t", clock.time + 100))
    assert TokenCache("http://127.0.0.1:9002/", KEY, clock).read() is not None


def test_file_is_for_its_owner_alone_and_tells_no_key(wire, clock, listing):
    run(clock)
    for path in [paths.tokens(), *paths.tokens().iterdir()]:
        assert path.stat().st_mode & 0o077 == 0
        assert KEY not in path.name
        assert path.is_dir() or KEY.encode() not in path.read_bytes()
    assert kept_file().stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"[]",
        b"null",
        b"\xff",
        b"{",
        b'{"token": "x"}',
        b'{"token": "x", "renew_at": "never"}',
        b'{"token": "x", "renew_at": NaN}',
        b'{"token": "x", "renew_at": Infinity}',
        b'{"token": "", "renew_at": 1800000100}',
        b'{"token": "a\\nb", "renew_at": 1800000100}',
        b'{"token": "\xc3\xa9", "renew_at": 1800000100}',
        b"[" * 100_000,
    ],
    ids=lambda content: content[:40].decode("latin-1"),
)
def test_damaged_file_is_as_good_as_none(content, wire, clock, listing):
    run(clock)
    kept_file().write_bytes(content)
    run(clock)
    assert (wire["iam"].call_count, used(listing)) == (2, [TOKEN, TOKEN])
    assert json.loads(kept_file().read_bytes())["token"] == TOKEN


def test_folder_that_cannot_be_made_costs_a_request_and_no_more(wire, clock, listing, home):
    home.mkdir()
    paths.tokens().write_text("in the way")
    run(clock)
    run(clock)
    assert wire["iam"].call_count == 2


def test_file_that_cannot_be_written_costs_a_request_and_no_more(wire, clock, listing):
    run(clock)
    file = kept_file()
    file.unlink()
    file.mkdir()
    (file / "in the way").touch()
    run(clock)
    run(clock)
    assert wire["iam"].call_count == 3


def test_process_that_hangs_while_it_fetches_does_not_hold_others_up_for_ever(wire, clock, listing):
    run(clock)
    kept_file().unlink()
    with FileLock(next(paths.tokens().glob("*.lock"))):
        run(clock)
    assert wire["iam"].call_count == 2
    assert 29 < sum(clock.slept) < 31


def test_forgotten_token_is_gone(wire, clock, listing):
    run(clock)
    forget_tokens(f"{IAM}/", KEY)
    assert not list(paths.tokens().glob("*.json"))
    run(clock)
    assert wire["iam"].call_count == 2


@pytest.mark.parametrize("iam", [IAM, "http://[not an address"])
def test_forgetting_where_nothing_is_kept_does_nothing(iam, home):
    forget_tokens(iam, KEY)


FETCH = f"""
import sys
from ibmqbatch.clock import Clock
from ibmqbatch.service.client import Client
from tests.support.accounts import account
from ibmqbatch.service.endpoint import Endpoint

url = sys.argv[1]
endpoint = Endpoint(url + "/api/v1", url, {API_KEY!r}, {INSTANCE!r})
with Client(account(locate=lambda: endpoint), Clock()) as client:
    print("ready", flush=True)
    sys.stdin.readline()
    client.jobs()
"""


def test_processes_that_start_together_ask_iam_once(home):
    with Stub(delay=0.2) as stub:
        processes = [
            subprocess.Popen(
                [sys.executable, "-c", FETCH, stub.url],
                cwd=ROOT,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
            )
            for _ in range(3)
        ]
        for process in processes:
            assert process.stdout is not None
            assert process.stdout.readline() == b"ready\n"
        for process in processes:
            assert process.stdin is not None
            process.stdin.write(b"\n")
            process.stdin.flush()
        for process in processes:
            process.communicate(timeout=60)
            assert process.returncode == 0
        assert stub.take_counts() == {"token": 1, "list": 3}
