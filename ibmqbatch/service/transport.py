"""The only module that touches the HTTP library; the library's failures become ours here."""

from __future__ import annotations

import contextlib
import email.utils
import functools
import json
import math
import re
import ssl
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, BinaryIO
from urllib.parse import urlsplit

import httpx

from .. import __version__
from .errors import (
    AuthenticationFailed,
    Busy,
    Conflict,
    NoAnswer,
    NotFound,
    Refused,
    Reserved,
    ServerFault,
    ServiceError,
    SessionClosed,
    Unreachable,
    Unreadable,
)

__all__ = ["CONNECTIONS", "Answer", "Transport", "printable"]

# httpx 0.28 slows down sharply above some 24-32 pooled connections (it scans its pool).
CONNECTIONS = 16

_TIMEOUT = httpx.Timeout(connect=10.0, read=120.0, write=120.0, pool=30.0)
_SUBMIT_TIMEOUT = httpx.Timeout(connect=10.0, read=900.0, write=900.0, pool=30.0)
_NO_CERTIFICATES = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # trusts nobody
_PIECE = 1_000_000  # bytes
_SESSION_CLOSED = 1217
_REFUSALS: dict[int, type[Refused]] = {
    401: AuthenticationFailed,
    403: AuthenticationFailed,
    404: NotFound,
    409: Conflict,
    423: Reserved,
}


def printable(text: object, limit: int = 500) -> str:
    """Make a text from the network fit to be shown: one line, no control characters, bounded.

    Nor are there marks that turn the direction of writing, or halves of characters.
    """
    line = " ".join("".join(c if c.isprintable() else " " for c in str(text)).split())
    return line if len(line) <= limit else line[: limit - 1] + "…"


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

    def text(self) -> str:
        """Return the body as text, whatever is in it."""
        return self.body.decode("utf-8", errors="replace")


@functools.cache
def _certificates() -> ssl.SSLContext:
    """Read the certificates that are trusted: it takes as long as a request, so only once."""
    return httpx.create_ssl_context()


class Transport:
    """Sends requests to one origin, up to `CONNECTIONS` at a time; safe to use from threads."""

    def __init__(self, url: str) -> None:
        try:
            address = urlsplit(url)
            host = address.hostname or ""
        except ValueError as error:
            raise _no_address(url) from error
        self._client = httpx.Client(
            headers={
                "User-Agent": f"ibmqbatch/{__version__}",
                "Accept": "application/json",
            },
            limits=httpx.Limits(max_connections=CONNECTIONS, max_keepalive_connections=CONNECTIONS),
            timeout=_TIMEOUT,
            # A proxy for the outside world does not lead to this machine itself.
            trust_env=host not in {"127.0.0.1", "localhost", "::1"},
            verify=_certificates() if address.scheme == "https" else _NO_CERTIFICATES,
        )

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
        timeout = _SUBMIT_TIMEOUT if slow else _TIMEOUT
        body: bytes | Iterator[bytes] | None = content
        if content is not None and len(content) > _PIECE:
            # The HTTP library copies what is left of a body at every write to the socket.
            headers = {**(headers or {}), "Content-Length": str(len(content))}
            body = (content[i : i + _PIECE] for i in range(0, len(content), _PIECE))
        with self._mapped(url, headers, form):
            response = self._client.request(
                method,
                url,
                headers=headers,
                params=list(params),
                content=body,
                data=form,
                timeout=timeout,
            )
            if response.is_success:
                return Answer(response.status_code, response.content)
            raise failure(response)

    def download(
        self, url: str, file: BinaryIO, *, headers: Mapping[str, str] | None = None
    ) -> int:
        """Write the body of a GET to `file` as it arrives; return the status (200 or 204).

        `file` is emptied first, so that a repeated download does not follow half of another.
        """
        file.seek(0)
        file.truncate()
        with (
            self._mapped(url, headers),
            self._client.stream("GET", url, headers=headers) as response,
        ):
            if not response.is_success:
                response.read()
                raise failure(response)
            file.writelines(response.iter_bytes())
        return response.status_code

    @contextlib.contextmanager
    def _mapped(
        self,
        url: str,
        headers: Mapping[str, str] | None = None,
        form: Mapping[str, str] | None = None,
    ) -> Iterator[None]:
        host = urlsplit(url).netloc.rpartition("@")[2]
        try:
            yield
        except ServiceError as error:
            _conceal(error, (headers or {}).get("Authorization", "").split()[-1:])
            _conceal(error, [value for name, value in (form or {}).items() if name == "apikey"])
            raise
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout) as error:
            raise Unreachable(
                f"No connection to {host}: {printable(error) or type(error).__name__}.",
                "Check the network; nothing was sent, and the same command can be run again.",
            ) from error
        except (httpx.InvalidURL, httpx.UnsupportedProtocol) as error:
            raise _no_address(url) from error
        except httpx.HTTPError as error:
            raise NoAnswer(
                f"{host} gave no whole answer: {printable(error) or type(error).__name__}.",
                "Check the network and run the command again.",
            ) from error


def _no_address(url: str) -> Unreachable:
    return Unreachable(
        f"{_without_password(url)} is not an address of a service.",
        "Check the account's URL.",
    )


def _conceal(error: ServiceError, secrets: Sequence[str]) -> None:
    """Take out what a service may have echoed of the secrets that were sent to it."""
    for secret in filter(None, secrets):
        error.message = error.message.replace(secret, "***")
        error.hint = error.hint.replace(secret, "***")
    error.args = (error.message,)


def _without_password(url: str) -> str:
    """Make an address fit to be shown, whatever is wrong with it."""
    return re.sub(r"//[^/]*@", "//", printable(url))


def failure(response: httpx.Response) -> ServiceError:
    """Turn an answer that is not 2xx into the error it stands for."""
    status = response.status_code
    entry, trace = _error_entry(response)
    said = printable(entry.get("message") or "") if entry else ""
    retry_after = _retry_after(response.headers.get("retry-after"))
    if status == 429:
        text = said or "too many requests"
        return Busy(
            f"The service is busy: {text}", "Wait a minute, then go on.", retry_after=retry_after
        )
    if status >= 500 or status in {408, 499}:
        text = f": {said}" if said else "."
        return ServerFault(
            f"The service failed with HTTP {status}{text}",
            "Wait a while, then run the command again.",
            status=status,
            retry_after=retry_after,
        )
    if entry is None or status < 400:
        return Unreadable(
            f"Something answered HTTP {status} in the service's place, without its error body.",
            "A firewall or proxy may stand between; check the account's URL, or try again later.",
        )
    number = _integer(entry.get("code"))
    message = said or f"HTTP {status}"
    if number is not None:
        message = f"{message.rstrip('.')} (code {number})."
    refusal = SessionClosed if number == _SESSION_CLOSED else _REFUSALS.get(status, Refused)
    return refusal(
        message,
        printable(entry.get("solution") or ""),
        status=status,
        number=number,
        trace=trace,
    )


def _error_entry(response: httpx.Response) -> tuple[dict[str, Any] | None, str | None]:
    """Find the first error of an error body, and its trace id. IAM has a form of its own."""
    try:
        body = json.loads(response.content)
    except (ValueError, RecursionError):
        return None, None
    if not isinstance(body, dict):
        return None, None
    if "errorMessage" in body:
        return {"message": body["errorMessage"], "code": body.get("errorCode")}, None
    errors = body.get("errors")
    trace = body.get("trace")
    if isinstance(errors, list) and errors and isinstance(errors[0], dict):
        return errors[0], printable(trace) if trace else None
    return None, None


def _integer(value: object) -> int | None:
    """Read an error code, which the wire gives as a number and the schema as a text."""
    try:
        return int(str(value))
    except ValueError:
        return None


def _retry_after(value: str | None) -> float | None:
    """Read a Retry-After header: seconds, or a date. Not a number of either kind: None."""
    if value is None:
        return None
    try:
        seconds = float(value)
    except ValueError:
        try:
            seconds = email.utils.parsedate_to_datetime(value).timestamp() - time.time()
        except (ValueError, OverflowError):
            return None
    return min(max(seconds, 0.0), 3600.0) if not math.isnan(seconds) else None
