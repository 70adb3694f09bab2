"""Nobody is let in without the token, or as a page of a browser; whatever is asked for."""

from __future__ import annotations

import socket

import httpx
import pytest
from starlette.routing import Mount, Route

from ibmqbatch.local.account import AccountApi
from ibmqbatch.local.api import Api
from ibmqbatch.local.http import Authority, RateLimit
from ibmqbatch.local.identity import PLAN_ID, Identity
from tests.support.service import Client, LocalServer

from .support import error

# What is no secret: that the API is here, and which plan its instance has.
OPEN = {"/api/v1/versions", "/experimental/api/v1/versions", "/identity/token", f"/{PLAN_ID}"}


def endpoints() -> list[tuple[str, str]]:
    """Return the method and path of every endpoint that there is."""
    nothing = Authority("key")
    found = []
    account = AccountApi(*[None] * 4)  # type: ignore[arg-type]
    api = Api(nothing, *[None] * 3, sessions=None, account=account, rate=RateLimit(None))  # type: ignore[arg-type]
    for mount in api.routes():
        assert isinstance(mount, Mount)
        found += [(mount.path + r.path, r) for r in mount.routes if isinstance(r, Route)]
    found += [(r.path, r) for r in Identity(nothing, *[None] * 3).routes()]  # type: ignore[arg-type]
    return [
        (method, path.replace("{name}", "ideal_simulator").replace("{id}", "x"))
        for path, route in found
        for method in sorted(route.methods or ())
        if path not in OPEN
    ]


ENDPOINTS = endpoints()


def test_every_endpoint_is_in_the_list():
    assert len(ENDPOINTS) > 40
    assert {"/local/stop", "/api/v1/jobs", "/v3/resources/search"} <= {p for _, p in ENDPOINTS}


@pytest.mark.parametrize("scheme", ["", "Bearer wrong", "Basic {key}", "bearer {key}", "{token}"])
def test_no_endpoint_admits_anybody_without_its_own_credentials(
    client: Client, local_server: LocalServer, scheme: str
) -> None:
    token = client.http.headers["Authorization"].partition(" ")[2]
    value = scheme.format(key=local_server.service["api_key"], token=token)
    open_to_all = []
    for method, path in ENDPOINTS:
        reply = client.http.request(method, path, headers={"Authorization": value})
        if reply.status_code != 401 or (reply.content and error(reply) != (401, 1200)):
            open_to_all.append((method, path, reply.status_code, reply.text))
    assert open_to_all == []


@pytest.mark.parametrize("path", ["/local/service", "/local/stop"])
def test_token_is_no_key(client: Client, path: str) -> None:
    assert error(client.http.request("POST" if "stop" in path else "GET", path)) == (401, 1200)


@pytest.mark.parametrize(
    "host", ["evil.test", "evil.test:80", "127.0.0.1.evil.test", "localhost.evil.test:1", "0.0.0.0"]
)
def test_name_that_only_leads_here_is_refused(client: Client, host: str) -> None:
    reply = client.call("GET", "/backends", headers={"Host": host})
    assert error(reply) == (403, 1200)


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "LOCALHOST:99", "[::1]:99"])
def test_names_of_this_machine_are_let_in(client: Client, host: str) -> None:
    assert client.call("GET", "/backends", headers={"Host": host}).status_code == 200


@pytest.mark.parametrize("origin", ["https://evil.test", "null", "http://127.0.0.1"])
def test_page_of_a_browser_is_refused_even_with_the_token(client: Client, origin: str) -> None:
    assert error(client.call("GET", "/jobs", headers={"Origin": origin})) == (403, 1200)
    assert error(client.http.post("/identity/token", headers={"Origin": origin})) == (403, 1200)


def test_large_body_of_somebody_unknown_is_not_kept(local_server: LocalServer) -> None:
    reply = httpx.post(f"{local_server.service['url']}/identity/token", content=b"a" * 20_000)
    assert error(reply)[0] == 413


def test_it_listens_on_loopback_alone(local_server: LocalServer) -> None:
    port = int(local_server.service["url"].rpartition(":")[2])
    addresses = {info[4][0] for info in socket.getaddrinfo(socket.gethostname(), None)}
    for address in addresses - {"127.0.0.1", "::1"}:
        with pytest.raises(OSError, match=r"refused|unreachable|assign"):
            socket.create_connection((address, port), timeout=5)
