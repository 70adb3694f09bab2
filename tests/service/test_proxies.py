"""Proxies and certificates, with real ones on this machine."""

from __future__ import annotations

import contextlib
import socket
import ssl
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import trustme

from ibmqbatch.clock import Clock
from ibmqbatch.exitcodes import ExitCode
from ibmqbatch.service import transport
from ibmqbatch.service.client import Client
from ibmqbatch.service.endpoint import Endpoint
from ibmqbatch.service.errors import NoAnswer, ProxyFailed, ServiceError, Unreachable, Untrusted
from ibmqbatch.service.retry import RetryPolicy
from ibmqbatch.service.transport import Transport
from tests.support.accounts import CRN, KEY, account
from tests.support.sockets import ConnectProxy, Https, Raw

HOST = "quantum.test"  # known to the proxy alone
VARIABLES = [
    *("SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE"),
    *("HTTPS_PROXY", "HTTP_PROXY", "ALL_PROXY", "NO_PROXY"),
]

pytestmark = pytest.mark.usefixtures("no_waits")


@pytest.fixture(autouse=True)
def plain_environment(home, monkeypatch):
    """Have neither proxies nor certificates of this machine's own."""
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture(scope="module")
def bundle(authority, tmp_path_factory) -> str:
    path = tmp_path_factory.mktemp("certificates") / "ca.pem"
    authority.cert_pem.write_to_path(str(path))
    return str(path)


@pytest.fixture
def https(authority):
    with Https(authority.issue_cert(HOST, "127.0.0.1")) as https:
        yield https


@pytest.fixture
def proxy(https):
    with ConnectProxy({HOST: https.port}) as proxy:
        yield proxy


def submit(url: str, **way: object) -> str:
    """Submit a job, with a token fetched first; each over a connection of its own."""
    endpoint = Endpoint(f"{url}/api/v1", url, KEY, CRN, **way)  # type: ignore[arg-type]
    with Client(account(locate=lambda: endpoint), Clock()) as client:
        return client.submit(b"{}")


def failing(url: str, **way: object) -> ServiceError:
    with pytest.raises(ServiceError) as caught:
        submit(url, **way)
    return caught.value


def unknown(*_: object, **__: object) -> None:
    raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")


@contextlib.contextmanager
def opened(url: str, **way: object) -> Iterator[Transport]:
    transport = Transport(url, **way)  # type: ignore[arg-type]
    yield transport
    transport.close()


def test_self_signed_certificate_is_not_trusted(https):
    error = failing(https.url)
    assert isinstance(error, Untrusted)
    assert error.message.startswith(f"The certificate of 127.0.0.1:{https.port} is not trusted")
    assert "IBMQBATCH_CA_BUNDLE" in error.hint


def test_distrust_is_no_matter_of_trying_again(https):
    error = failing(https.url)
    assert (error.nothing_created, error.transient) == (True, False)
    assert error.exit_code is ExitCode.ERROR


def test_account_names_certificates(https, bundle):
    assert submit(https.url, ca_bundle=bundle) == "job-1"


def test_account_trusts_everybody(https):
    assert submit(https.url, verify=False) == "job-1"


@pytest.mark.parametrize("variable", ["IBMQBATCH_CA_BUNDLE", "SSL_CERT_FILE", "REQUESTS_CA_BUNDLE"])
def test_environment_names_certificates(variable, https, bundle, monkeypatch):
    monkeypatch.setenv(variable, bundle)
    assert submit(https.url) == "job-1"


@pytest.mark.parametrize("variable", ["IBMQBATCH_CA_BUNDLE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE"])
def test_environment_names_a_folder_of_certificates(variable, https, bundle, monkeypatch, tmp_path):
    folder = hashed_folder(tmp_path, bundle)
    monkeypatch.setenv(variable, str(folder))
    assert submit(https.url) == "job-1"


def test_first_that_is_named_counts(monkeypatch):
    order = ["REQUESTS_CA_BUNDLE", "SSL_CERT_DIR", "SSL_CERT_FILE", "IBMQBATCH_CA_BUNDLE"]
    assert transport.trusted_certificates(None) is None
    for name in order[:3]:
        monkeypatch.setenv(name, f"/{name}")
        assert transport.trusted_certificates(None) == (f"/{name}", name)
    assert transport.trusted_certificates("/own") == ("/own", "the account's CA bundle")
    monkeypatch.setenv(order[3], "/ours")
    assert transport.trusted_certificates("/own") == ("/ours", "IBMQBATCH_CA_BUNDLE")


def test_certificate_of_another_host_is_not_trusted(authority, bundle):
    with Https(authority.issue_cert("other.test")) as https:
        error = failing(https.url, ca_bundle=bundle)
    assert isinstance(error, Untrusted)
    assert not error.message.endswith("..")


@pytest.mark.parametrize("content", [None, "", "no certificates", "\xff"])
def test_file_without_certificates_is_a_sentence(content, https, tmp_path, monkeypatch):
    path = tmp_path / "ca.pem"
    if content is not None:
        path.write_text(content)
    monkeypatch.setenv("SSL_CERT_FILE", str(path))
    error = failing(https.url)
    assert isinstance(error, Untrusted)
    assert error.message.startswith(f"The certificates in {path} cannot be read: ")
    assert error.hint.startswith("Correct SSL_CERT_FILE")


def test_plain_http_needs_no_certificates(monkeypatch):
    monkeypatch.setenv("SSL_CERT_FILE", "/nowhere")
    with Raw(b"HTTP/1.1 204 No Content\r\n\r\n") as raw, opened(raw.url) as transport:
        assert transport.send("GET", raw.url).status == 204


def hashed_folder(folder: Path, bundle: str) -> Path:
    """Make a folder of certificates as OpenSSL wants it: named by the hash of whom each is of."""
    command = ["openssl", "x509", "-hash", "-noout", "-in", bundle]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=True)
    except FileNotFoundError:
        pytest.skip("openssl is not installed")
    (folder / f"{done.stdout.strip()}.0").write_bytes(Path(bundle).read_bytes())
    return folder


def test_account_names_a_proxy(proxy, bundle):
    assert submit(f"https://{HOST}", proxy=proxy.url, ca_bundle=bundle) == "job-1"
    assert set(proxy.seen) == {f"CONNECT {HOST}:443"}


@pytest.mark.parametrize("variable", ["HTTPS_PROXY", "https_proxy", "ALL_PROXY"])
def test_environment_names_a_proxy(variable, proxy, bundle, monkeypatch):
    monkeypatch.setenv(variable, proxy.url)
    assert submit(f"https://{HOST}", ca_bundle=bundle) == "job-1"
    assert f"CONNECT {HOST}:443" in proxy.seen


def test_account_goes_before_the_environment(proxy, bundle, monkeypatch):
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:9")
    assert submit(f"https://{HOST}", proxy=proxy.url, ca_bundle=bundle) == "job-1"


def test_host_without_a_proxy_is_asked_directly(proxy, monkeypatch):
    monkeypatch.setenv("HTTPS_PROXY", proxy.url)
    monkeypatch.setenv("NO_PROXY", "quantum.test")
    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    error = failing(f"https://{HOST}")
    assert type(error) is Unreachable
    assert proxy.seen == []


@pytest.mark.parametrize("variable", ["HTTPS_PROXY", "ALL_PROXY"])
def test_this_machine_is_asked_directly(variable, https, bundle, monkeypatch):
    monkeypatch.setenv(variable, "http://127.0.0.1:9")
    assert submit(https.url, ca_bundle=bundle) == "job-1"


def test_plain_http_goes_through_a_proxy_as_well(monkeypatch):
    with ConnectProxy() as proxy:
        monkeypatch.setenv("HTTP_PROXY", proxy.url)
        with opened(f"http://{HOST}") as transport:
            answer = transport.send("GET", f"http://{HOST}/backends")
    assert answer.json() == {"devices": []}
    assert proxy.seen == [f"GET http://{HOST}/backends"]


def test_proxy_is_given_its_name_and_password(https, bundle):
    with ConnectProxy({HOST: https.port}, login="user:hidden") as proxy:
        address = proxy.url.replace("//", "//user:hidden@")
        assert submit(f"https://{HOST}", proxy=address, ca_bundle=bundle) == "job-1"


def test_proxy_that_wants_another_password_is_told_of_without_it(https, bundle):
    with ConnectProxy({HOST: https.port}, login="user:right") as proxy:
        address = proxy.url.replace("//", "//user:hidden@")
        error = failing(f"https://{HOST}", proxy=address, ca_bundle=bundle)
        assert len(proxy.seen) == 1
    assert isinstance(error, ProxyFailed)
    assert error.message == (
        f"The proxy 127.0.0.1:{proxy.port} refuses to forward requests to {HOST}: "
        "407 Proxy Authentication Required."
    )
    assert "name:password@host" in error.hint
    assert (error.nothing_created, error.transient) == (True, False)


def test_proxy_that_says_no_is_not_asked_again():
    with ConnectProxy(answer=b"HTTP/1.1 403 Forbidden\r\n\r\n") as proxy:
        error = failing(f"https://{HOST}", proxy=proxy.url)
        assert len(proxy.seen) == 1
    assert not error.transient


def test_proxy_that_cannot_at_present_is_asked_again():
    with ConnectProxy(answer=b"HTTP/1.1 502 Bad Gateway\r\n\r\n") as proxy:
        error = failing(f"https://{HOST}", proxy=proxy.url)
        assert len(proxy.seen) == RetryPolicy().attempts
    assert isinstance(error, ProxyFailed)
    assert error.message.endswith(f"forward requests to {HOST}: 502 Bad Gateway.")
    assert error.exit_code is ExitCode.UNAVAILABLE


@pytest.mark.parametrize("answer", [b"", b"HTTP/1.1 2", b"not http\r\n\r\n"])
def test_proxy_that_hangs_up_before_it_lets_through_proves_that_nothing_was_sent(answer):
    with ConnectProxy(answer=answer) as proxy:
        error = failing(f"https://{HOST}", proxy=proxy.url)
    assert isinstance(error, ProxyFailed)
    assert error.nothing_created


def test_what_is_lost_after_the_proxy_has_let_through_proves_nothing(bundle, authority):
    """The tunnel stands, the request is sent, and the other side hangs up."""
    with (
        hanging_up(authority) as port,
        ConnectProxy({HOST: port}) as proxy,
        opened(f"https://{HOST}", proxy=proxy.url, ca_bundle=bundle) as transport,
        pytest.raises(NoAnswer) as caught,
    ):
        transport.send("POST", f"https://{HOST}/jobs", content=b"{}")
    assert not caught.value.nothing_created


def test_proxy_that_is_away_is_named():
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        port = closed.getsockname()[1]
    error = failing(f"https://{HOST}", proxy=f"http://user:hidden@127.0.0.1:{port}")
    assert isinstance(error, ProxyFailed)
    assert error.message.startswith(
        f"No connection to {HOST}, through the proxy 127.0.0.1:{port}: "
    )
    assert "hidden" not in error.message + error.hint


def test_certificate_that_a_proxy_puts_in_place_is_told_apart(proxy):
    error = failing(f"https://{HOST}", proxy=proxy.url)
    assert isinstance(error, Untrusted)
    assert error.message.startswith(f"The certificate of {HOST} is not trusted")


@pytest.mark.parametrize(
    "address", ["nowhere", "ftp://user:hidden@proxy", "http://a:hidden@b:c", "a:hidden@host:1"]
)
def test_invalid_proxy_address_is_a_sentence(address):
    error = failing(f"https://{HOST}", proxy=address)
    assert isinstance(error, ProxyFailed)
    assert (error.message, error.transient) == (
        "The address of the proxy is not a valid one.",
        False,
    )
    assert "hidden" not in error.hint


def test_socks_without_its_package_is_a_sentence(monkeypatch):
    monkeypatch.setitem(sys.modules, "socksio", None)
    monkeypatch.setenv("ALL_PROXY", "socks5://user:hidden@127.0.0.1:9")
    error = failing(f"https://{HOST}")
    assert isinstance(error, ProxyFailed)
    assert "SOCKS" in error.message
    assert not error.transient


@contextlib.contextmanager
def hanging_up(authority: trustme.CA) -> Iterator[int]:
    """Run a server that reads one request and hangs up; give its port."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(HOST).configure_cert(context)
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def serve() -> None:
            connection, _ = listening.accept()
            with context.wrap_socket(connection, server_side=True) as secure:
                secure.recv(65536)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield listening.getsockname()[1]
        thread.join(10)
