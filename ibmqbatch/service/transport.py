"""The only module that touches the HTTP library; the library's failures become ours here."""

from __future__ import annotations

import contextlib
import functools
import ipaddress
import json
import logging
import re
import ssl
import time
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, BinaryIO
from urllib.parse import urlencode, urlsplit

import httpx

from .. import __version__
from .certificates import blind_context, bundle, bundle_context
from .errors import NoAnswer, ProxyFailed, ServiceError, Unreachable, Unreadable, Untrusted
from .failures import failure, header_trace, is_web_page, printable, web_page

__all__ = ["CONNECTIONS", "LOGGER", "Answer", "Transport", "printable"]

# httpx 0.28 slows down sharply above some 24-32 pooled connections (it scans its pool).
CONNECTIONS = 16
# Is told of every request, by method, path, outcome, time and trace: of nothing else.
LOGGER = "ibmqbatch.http"

_TIMEOUT = httpx.Timeout(connect=10.0, read=120.0, write=120.0, pool=30.0)
_SUBMIT_TIMEOUT = httpx.Timeout(connect=10.0, read=900.0, write=900.0, pool=30.0)
_NO_CERTIFICATES = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # trusts nobody
_PIECE = 1_000_000  # bytes
_GZIP = 31  # what zlib calls a gzip file of any window

_log = logging.getLogger(LOGGER)


@dataclass(frozen=True, slots=True)
class Answer:
    """A successful (2xx) answer."""

    status: int
    body: bytes

    def json(self) -> Any:
        """Parse the body, which some services answer with bare NaN in it; raises Unreadable."""
        try:
            return json.loads(self.body)
        except (ValueError, RecursionError) as error:
            raise Unreadable(
                "The service's answer is not JSON.",
                "If this stays so, look at what stands between here and the service.",
            ) from error


@dataclass(slots=True)
class _Journey:
    """One request: how far it has got, and what is to be known of it.

    The HTTP library calls it with the name of each thing it does. `dialled` is the host and port
    that a connection was made to, where one was; `at_proxy` holds between asking a proxy to be let
    through and being so.
    """

    method: str
    url: str
    secrets: list[str] = field(repr=False)
    dialled: tuple[str, int] | None = None
    at_proxy: bool = False
    status: int | None = None
    trace: str | None = None

    def __call__(self, event: str, info: Mapping[str, Any]) -> None:
        if event == "connection.connect_tcp.started":
            self.dialled = info["host"], info["port"]
        elif event.endswith(".send_request_headers.started"):
            self.at_proxy = info["request"].method == b"CONNECT"

    @property
    def host(self) -> str:
        return urlsplit(self.url).netloc.rpartition("@")[2]

    @property
    def proxy(self) -> str | None:
        """The host and port of the proxy that was dialled, if it was one."""
        if self.dialled is None or self.dialled[0] == httpx.URL(self.url).raw_host.decode():
            return None
        return f"{self.dialled[0]}:{self.dialled[1]}"

    def note(self, response: httpx.Response) -> None:
        self.status = response.status_code
        self.trace = header_trace(response.headers)

    def log(self, seconds: float, error: BaseException | None) -> None:
        """Tell the log how it ended."""
        address = urlsplit(self.url)
        words = [
            self.method,
            printable(address.path + (f"?{address.query}" if address.query else "")),
            str(self.status) if self.status is not None else "",
            # Where the status tells of success, or there is none.
            type(error).__name__ if error is not None and (self.status or 0) < 300 else "",
            f"{1000 * seconds:.0f} ms",
        ]
        trace = getattr(error, "trace", None) or self.trace
        if trace:
            words.append(f"trace {_concealed(trace, self.secrets)}")
        _log.info("%s", " ".join(filter(None, words)))


class Transport:
    """Sends requests to one origin, up to `CONNECTIONS` at a time; safe to use from threads.

    `proxy` is an address to go through instead of what the environment says (HTTPS_PROXY,
    HTTP_PROXY, ALL_PROXY, NO_PROXY); `ca_bundle` and `verify` tell which certificates are trusted,
    see `certificates`. Raises Unreachable where any of them cannot be used.
    """

    def __init__(
        self,
        url: str,
        *,
        proxy: str | None = None,
        ca_bundle: str | None = None,
        verify: bool = True,
    ) -> None:
        try:
            address = urlsplit(url)
            host = address.hostname or ""
        except ValueError as error:
            raise _no_address(url) from error
        context = _context(ca_bundle, verify) if address.scheme == "https" else _NO_CERTIFICATES
        try:
            self._client = httpx.Client(
                headers={
                    "User-Agent": f"ibmqbatch/{__version__}",
                    "Accept": "application/json",
                    "Accept-Encoding": "gzip",
                },
                limits=httpx.Limits(
                    max_connections=CONNECTIONS, max_keepalive_connections=CONNECTIONS
                ),
                timeout=_TIMEOUT,
                # A proxy for the outside world does not lead to this machine itself.
                trust_env=not _is_here(host),
                proxy=proxy,
                verify=context,
            )
        except (ValueError, httpx.InvalidURL) as error:
            raise ProxyFailed(
                "The address of the proxy is none.",
                "Mend the account's proxy, or HTTPS_PROXY, HTTP_PROXY and ALL_PROXY: "
                "http://host:port is of the right form.",
                transient=False,
            ) from error
        except ImportError as error:
            raise ProxyFailed(
                "A SOCKS proxy is asked for, and the package for it is not installed.",
                "`pip install 'httpx[socks]'`, or name an http:// proxy.",
                transient=False,
            ) from error

    def close(self) -> None:
        """Close all connections."""
        self._client.close()

    def send(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        params: Sequence[tuple[str, str]] = (),
        content: bytes | None = None,
        form: Mapping[str, str] | None = None,
        slow: bool = False,
    ) -> Answer:
        """Send one request and return its 2xx answer; everything else raises a ServiceError."""
        body: bytes | Iterator[bytes] | None = content
        if content is not None and len(content) > _PIECE:
            # The HTTP library copies what is left of a body at every write to the socket.
            headers = {**(headers or {}), "Content-Length": str(len(content))}
            body = (content[i : i + _PIECE] for i in range(0, len(content), _PIECE))
        if params:
            url = f"{url}?{urlencode(params)}"
        with (
            self._journey(method, url, headers, form) as journey,
            self._client.stream(
                method,
                url,
                headers=headers,
                content=body,
                data=form,
                timeout=_SUBMIT_TIMEOUT if slow else _TIMEOUT,
                extensions={"trace": journey},
            ) as response,
        ):
            journey.note(response)
            return Answer(response.status_code, b"".join(_pieces(response)))

    def download(
        self, url: str, file: BinaryIO, *, headers: Mapping[str, str] | None = None
    ) -> int:
        """Write the body of a GET to `file` as it arrives; return the status (200 or 204).

        `file` is emptied first, so that a repeated download does not follow half of another.
        """
        file.seek(0)
        file.truncate()
        with (
            self._journey("GET", url, headers) as journey,
            self._client.stream(
                "GET", url, headers=headers, extensions={"trace": journey}
            ) as response,
        ):
            journey.note(response)
            file.writelines(_pieces(response))
        return response.status_code

    @contextlib.contextmanager
    def _journey(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str] | None,
        form: Mapping[str, str] | None = None,
    ) -> Iterator[_Journey]:
        """Follow one request: whatever becomes of it is logged, and is one of our errors."""
        secrets = (headers or {}).get("Authorization", "").split()[-1:]
        secrets += [value for name, value in (form or {}).items() if name == "apikey"]
        journey = _Journey(method, url, [secret for secret in secrets if secret])
        begun = time.monotonic()
        failed: BaseException | None = None
        try:
            with _mapped(journey):
                yield journey
        except BaseException as error:
            failed = error
            raise
        finally:
            if _log.isEnabledFor(logging.INFO):
                journey.log(time.monotonic() - begun, failed)


def _pieces(response: httpx.Response) -> Iterator[bytes]:
    """Yield the body of a 2xx answer; raise what any other answer stands for."""
    if not response.is_success:
        body = b"".join(_unpacked(response))
        raise failure(response.status_code, response.headers, body)
    if is_web_page(response.headers):
        raise web_page(response.status_code)
    yield from _unpacked(response)


def _unpacked(response: httpx.Response) -> Iterator[bytes]:
    """Yield the body as it was before it was packed.

    The HTTP library would do that as well, and take a packed body that was cut short for whole.
    """
    coding = response.headers.get("content-encoding", "").strip().lower()
    if coding in {"", "identity"}:
        yield from response.iter_raw()
        return
    if coding not in {"gzip", "x-gzip"}:
        raise httpx.DecodingError(f"it is packed as {printable(coding, 20)}")
    unzip = zlib.decompressobj(_GZIP)
    size = 0
    try:
        for piece in response.iter_raw():
            size += len(piece)
            yield unzip.decompress(piece)
        yield unzip.flush()
    except zlib.error as error:
        raise httpx.DecodingError("its packed body is damaged") from error
    if size and not unzip.eof:
        raise httpx.DecodingError("its packed body ends too early")


@contextlib.contextmanager
def _mapped(journey: _Journey) -> Iterator[None]:
    """Turn the HTTP library's failures into ours; take secrets out of what a service says."""
    host = journey.host
    try:
        yield
    except ServiceError as error:
        error.message = _concealed(error.message, journey.secrets)
        error.hint = _concealed(error.hint, journey.secrets)
        error.trace = error.trace and _concealed(error.trace, journey.secrets)
        error.args = (error.message,)
        raise
    except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout) as error:
        raise _unreachable(journey, error) from error
    except (httpx.InvalidURL, httpx.UnsupportedProtocol) as error:
        raise _no_address(journey.url) from error
    except httpx.HTTPError as error:
        reason = printable(error) or type(error).__name__
        if journey.at_proxy or isinstance(error, httpx.ProxyError):
            raise _stopped_by_proxy(journey, reason) from error
        raise NoAnswer(
            f"{host} gave no whole answer: {reason}.",
            "Check the network and run the command again.",
        ) from error


def _unreachable(journey: _Journey, error: Exception) -> Unreachable:
    reason = printable(error) or type(error).__name__
    proxy = journey.proxy
    distrust = _distrust(error)
    if distrust is not None:
        other = proxy if proxy and not journey.at_proxy else journey.host
        why = printable(distrust.verify_message).rstrip(".")
        return Untrusted(
            f"The certificate of {other} is not trusted: {why}.",
            "Name the file of certificates to trust with IBMQBATCH_CA_BUNDLE, where a firewall "
            "puts its own in the service's place; nothing was sent.",
        )
    if proxy is not None:
        return ProxyFailed(
            f"No connection to {journey.host}, through the proxy {proxy}: {reason}.",
            "Check the proxy (HTTPS_PROXY, NO_PROXY, or the account's own); nothing was sent.",
        )
    return Unreachable(
        f"No connection to {journey.host}: {reason}.",
        "Check the network; nothing was sent, and the same command can be run again.",
    )


def _distrust(error: BaseException | None) -> ssl.SSLCertVerificationError | None:
    """Find what made a connection fail, where that is the other side's certificate."""
    while error is not None and not isinstance(error, ssl.SSLCertVerificationError):
        error = error.__cause__ or error.__context__
    return error


def _stopped_by_proxy(journey: _Journey, reason: str) -> ProxyFailed:
    """Return the error of a request that a proxy has not let through: nothing was sent."""
    proxy = journey.proxy
    hint = "Check the proxy (HTTPS_PROXY, NO_PROXY, or the account's own); nothing was sent."
    if reason.startswith("407"):
        hint = (
            "It wants a name and a password: write them into its address, as in "
            "http://name:password@host:port."
        )
    return ProxyFailed(
        f"The proxy{f' {proxy}' if proxy else ''} does not let requests through to "
        f"{journey.host}: {reason}.",
        hint,
        # "No" and "not without a password" are for good; the rest may pass.
        transient=re.match("4(?!08|29)", reason) is None,
    )


def _context(ca_bundle: str | None, verify: bool) -> ssl.SSLContext:  # noqa: FBT001
    if not verify:
        return blind_context()
    named = bundle(ca_bundle)
    return _usual_context() if named is None else bundle_context(*named)


@functools.cache
def _usual_context() -> ssl.SSLContext:
    """Read the usual certificates: it takes as long as a request, so only once."""
    return httpx.create_ssl_context(trust_env=False)


def _is_here(host: str) -> bool:
    """Tell whether a host is this machine itself."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


def _no_address(url: str) -> Unreachable:
    return Unreachable(
        f"{_without_password(url)} is not an address of a service.",
        "Check the account's URL.",
    )


def _without_password(url: str) -> str:
    """Make an address fit to be shown, whatever is wrong with it."""
    return re.sub(r"//[^/]*@", "//", printable(url))


def _concealed(text: str, secrets: Sequence[str]) -> str:
    """Take out what a service may have echoed of the secrets that were sent to it."""
    for secret in secrets:
        text = text.replace(secret, "***")
    return text
