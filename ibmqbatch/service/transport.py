"""The only module that touches the HTTP library; the library's failures become ours here."""

from __future__ import annotations

import contextlib
import functools
import ipaddress
import logging
import math
import os
import ssl
import time
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, Self
from urllib.parse import urlencode, urlsplit

import httpx

from .. import __version__
from ..clock import Clock
from .endpoint import Endpoint
from .error_mapping import failure, is_web_page, printable, web_page
from .errors import NoAnswer, ProxyFailed, ServiceError, Unreadable, Untrusted
from .limits import (
    LARGEST_ANSWER,
    LARGEST_ERROR,
    LARGEST_RESULTS,
    LONGEST_ANSWER,
    megabytes,
    read_json,
)
from .request_trace import LOG, RequestTrace, invalid_address, stopped_by_proxy, unreachable

__all__ = [
    "CONNECTIONS",
    "Answer",
    "Transport",
    "trusted_certificates",
]

# httpx 0.28 slows down sharply above some 24-32 pooled connections (it scans its pool).
CONNECTIONS = 16

_CONNECT, _POOL = 10.0, 30.0  # seconds
_ANSWER, _SUBMISSION = 120.0, 900.0
_SHORTEST = 1.0  # for what is asked at the end of the time that there is
_NO_CERTIFICATES = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # trusts nobody
_PIECE = 1_000_000  # bytes
_GZIP = 31  # what zlib calls a gzip file of any window


@dataclass(frozen=True, slots=True)
class Answer:
    """A successful (2xx) answer."""

    status: int
    body: bytes

    def json(self) -> Any:
        """Parse the body; raises Unreadable."""
        try:
            return read_json(self.body)
        except ValueError as error:
            raise Unreadable(
                "The service's answer is not JSON.",
                "If this stays so, look at what stands between here and the service.",
            ) from error

    def text(self) -> str:
        """Return the body as text, whatever is in it."""
        return self.body.decode("utf-8", errors="replace")


class Transport:
    """Sends requests to one origin, up to `CONNECTIONS` at a time; safe to use from threads.

    `proxy` is an address to go through instead of what the environment says (HTTPS_PROXY,
    HTTP_PROXY, ALL_PROXY, NO_PROXY); `ca_bundle` and `verify` tell which certificates are trusted,
    see `trusted_certificates`. Raises Unreachable where any of them is unusable. No request waits
    for an answer beyond the deadline of the `clock`, except submissions and one-time results.
    """

    @classmethod
    def of(cls, endpoint: Endpoint, url: str, clock: Clock) -> Self:
        """Return a transport to an origin, with the proxy and certificates of an endpoint."""
        return cls(
            url,
            proxy=endpoint.proxy,
            ca_bundle=endpoint.ca_bundle,
            verify=endpoint.verify,
            clock=clock,
        )

    def __init__(
        self,
        url: str,
        *,
        proxy: str | None = None,
        ca_bundle: str | None = None,
        verify: bool = True,
        clock: Clock | None = None,
    ) -> None:
        self._clock = clock or Clock()
        try:
            address = urlsplit(url)
            host = address.hostname or ""
        except ValueError as error:
            raise invalid_address(url) from error
        self._target = ""  # of an invalid address, which every request then reports
        with contextlib.suppress(httpx.InvalidURL):
            self._target = httpx.URL(url).raw_host.decode()
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
                # A proxy for the outside world does not lead to this machine itself.
                trust_env=not _is_here(host),
                proxy=proxy,
                verify=context,
            )
        except (ValueError, httpx.InvalidURL) as error:
            raise ProxyFailed(
                "The address of the proxy is not a valid one.",
                "Correct the account's proxy, or HTTPS_PROXY, HTTP_PROXY and ALL_PROXY: "
                "http://host:port is of the right form.",
                transient=False,
            ) from error
        except ImportError as error:
            raise ProxyFailed(
                "A SOCKS proxy needs a package that is not installed.",
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
        largest: int = LARGEST_ANSWER,
    ) -> Answer:
        """Send one request and return its 2xx answer; everything else raises a ServiceError.

        So does an answer of more than `largest` bytes, decompressed.
        """
        body: bytes | Iterator[bytes] | None = content
        if content is not None and len(content) > _PIECE:
            # The HTTP library copies what is left of a body at every write to the socket.
            headers = {**(headers or {}), "Content-Length": str(len(content))}
            body = (content[i : i + _PIECE] for i in range(0, len(content), _PIECE))
        if params:
            url = f"{url}?{urlencode(params)}"
        with (
            self._traced(method, url, headers, form) as trace,
            self._client.stream(
                method,
                url,
                headers=headers,
                content=body,
                data=form,
                timeout=self._timeout(_SUBMISSION if slow else _ANSWER, bounded=not slow),
                extensions={"trace": trace},
            ) as response,
        ):
            trace.note(response.status_code, response.headers)
            pieces = _pieces(response, largest, time.monotonic() + LONGEST_ANSWER)
            return Answer(response.status_code, b"".join(pieces))

    def download(
        self,
        url: str,
        file: BinaryIO,
        *,
        headers: Mapping[str, str] | None = None,
        once: bool = False,
    ) -> int:
        """Write the body of a GET to `file` as it arrives; return the status (200 or 204).

        `file` is emptied first, so that a repeated download does not follow half of another. Open
        it unbuffered: what has been read is then not lost with this process. Raises OSError where
        it cannot be written; of a body that is given only `once`, after all of it was read.
        """
        file.seek(0)
        file.truncate()
        unwritten = bytearray()
        with (
            self._traced("GET", url, headers) as trace,
            self._client.stream(
                "GET",
                url,
                headers=headers,
                timeout=self._timeout(_ANSWER, bounded=not once),
                extensions={"trace": trace},
            ) as response,
        ):
            trace.note(response.status_code, response.headers)
            for piece in _pieces(response, LARGEST_RESULTS, math.inf):
                unwritten += piece
                with contextlib.suppress(OSError) if once else contextlib.nullcontext():
                    _write(file, unwritten)
        _write(file, unwritten)
        return response.status_code

    def _timeout(self, answer: float, *, bounded: bool) -> httpx.Timeout:
        """Return how long each part of a request may take; `bounded` by the time that is left.

        Connecting always is: until then, nothing was sent.
        """
        left = max(_SHORTEST, self._clock.left)
        longest = min(answer, left) if bounded else answer
        return httpx.Timeout(
            connect=min(_CONNECT, left), read=longest, write=longest, pool=min(_POOL, left)
        )

    @contextlib.contextmanager
    def _traced(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str] | None,
        form: Mapping[str, str] | None = None,
    ) -> Iterator[RequestTrace]:
        """Trace one request: log its outcome, and raise its failures as a ServiceError."""
        secrets = (headers or {}).get("Authorization", "").split()[-1:]
        secrets += [value for name, value in (form or {}).items() if name == "apikey"]
        trace = RequestTrace(method, url, self._target, [secret for secret in secrets if secret])
        begun = time.monotonic()
        failed: BaseException | None = None
        try:
            with _mapped(trace):
                yield trace
        except BaseException as error:
            failed = error
            raise
        finally:
            if LOG.isEnabledFor(logging.INFO):
                trace.log(time.monotonic() - begun, failed)


def _pieces(response: httpx.Response, largest: int, deadline: float) -> Iterator[bytes]:
    """Yield the body of a 2xx answer; raise the error that any other answer stands for.

    A body of more than `largest` bytes is refused as soon as that shows; one that is not complete
    at the `deadline` (of the monotonic clock) counts as lost.
    """
    if not response.is_success:
        raise failure(response.status_code, response.headers, _error_body(_decompressed(response)))
    if is_web_page(response.headers):
        raise web_page(response.status_code)
    announced = response.headers.get("content-length", "")
    size = int(announced) if announced.isdecimal() and len(announced) < 20 else 0
    if size > largest:
        raise _too_large(largest)
    left = largest
    for piece in _decompressed(response):
        left -= len(piece)
        if left < 0:
            raise _too_large(largest)
        if time.monotonic() > deadline:
            raise httpx.ReadTimeout(f"it was not complete after {LONGEST_ANSWER:.0f} s")
        yield piece


def _write(file: BinaryIO, data: bytearray) -> None:
    """Write `data`, removing from it what was written."""
    while data:
        del data[: file.write(data)]


def _too_large(largest: int) -> Unreadable:
    return Unreadable(
        f"The service's answer is larger than {megabytes(largest)}, and is not read.",
        "If this stays so, look at what stands between here and the service.",
    )


def _error_body(pieces: Iterator[bytes]) -> bytes:
    """Return the body of an error, up to a sensible size."""
    head = b""
    for piece in pieces:
        head += piece
        if len(head) > LARGEST_ERROR:
            break
    return head


def _decompressed(response: httpx.Response) -> Iterator[bytes]:
    """Yield the body decompressed.

    The HTTP library would take a compressed body that was cut short for a complete one.
    """
    coding = response.headers.get("content-encoding", "").strip().lower()
    if coding in {"", "identity"}:
        yield from response.iter_raw()
        return
    if coding not in {"gzip", "x-gzip"}:
        raise httpx.DecodingError(f"its encoding is {printable(coding, 20)}")
    unzip = zlib.decompressobj(_GZIP)
    size = 0
    try:
        for piece in response.iter_raw():
            size += len(piece)
            packed = piece
            while packed:
                yield unzip.decompress(packed, _PIECE)
                packed = unzip.unconsumed_tail
        yield unzip.flush()
    except zlib.error as error:
        raise httpx.DecodingError("its compressed body is damaged") from error
    if size and not unzip.eof:
        raise httpx.DecodingError("its compressed body ends too early")


@contextlib.contextmanager
def _mapped(trace: RequestTrace) -> Iterator[None]:
    """Raise the HTTP library's failures as ours; remove secrets from what a service says."""
    host = trace.host
    try:
        yield
    except ServiceError as error:
        error.message = trace.concealed(error.message)
        error.hint = trace.concealed(error.hint)
        error.trace = error.trace and trace.concealed(error.trace)
        error.args = (error.message,)
        raise
    except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout) as error:
        raise unreachable(trace, error) from error
    except (httpx.InvalidURL, httpx.UnsupportedProtocol) as error:
        raise invalid_address(trace.url) from error
    except httpx.HTTPError as error:
        reason = printable(error) or type(error).__name__
        if trace.at_proxy or isinstance(error, httpx.ProxyError):
            raise stopped_by_proxy(trace, reason) from error
        raise NoAnswer(
            f"{host} did not answer completely: {reason}.",
            "Check the network and try again.",
        ) from error


def _context(ca_bundle: str | None, verify: bool) -> ssl.SSLContext:  # noqa: FBT001
    if not verify:
        return _unverified_context()
    named = trusted_certificates(ca_bundle)
    return _default_context() if named is None else _bundle_context(*named)


def trusted_certificates(ca_bundle: str | None) -> tuple[str, str] | None:
    """Return the path of the certificates to trust, and what names it; None for the default ones.

    IBMQBATCH_CA_BUNDLE comes first, then the account's `ca_bundle`, then SSL_CERT_FILE and
    SSL_CERT_DIR as with OpenSSL itself, then REQUESTS_CA_BUNDLE, which users of IBM's own client
    may have set. Each names a file of certificates (PEM) or a folder of them.
    """
    named = [
        (os.environ.get("IBMQBATCH_CA_BUNDLE"), "IBMQBATCH_CA_BUNDLE"),
        (ca_bundle, "the account's CA bundle"),
        *(
            (os.environ.get(variable), variable)
            for variable in ("SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE")
        ),
    ]
    return next(((path, source) for path, source in named if path), None)


# Reading certificates takes as long as a request: each file is read once.


@functools.cache
def _default_context() -> ssl.SSLContext:
    return httpx.create_ssl_context(trust_env=False)


@functools.cache
def _bundle_context(path: str, source: str) -> ssl.SSLContext:
    """Return a context that trusts the certificates at `path`; raises Untrusted."""
    place = Path(path).expanduser()
    try:
        if place.is_dir():
            return ssl.create_default_context(capath=place)
        return ssl.create_default_context(cafile=place)
    except OSError as error:  # what OpenSSL says of a file without certificates is one, too
        reason = "there are none" if isinstance(error, ssl.SSLError) else error.strerror or error
        raise Untrusted(
            f"The certificates in {path} cannot be read: {reason}.",
            f"Correct {source}: it names a file or folder of certificates (PEM).",
        ) from error


@functools.cache
def _unverified_context() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def _is_here(host: str) -> bool:
    """Tell whether a host is this machine itself."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")
