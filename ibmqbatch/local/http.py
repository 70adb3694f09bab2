"""What every endpoint shares: limits, refusals, checked requests, and who is let in.

Access tokens are signed with a key derived from the API key, and nothing about them is stored: the
tokens of running clients stay good when the service starts again.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
import re
import secrets
import threading
import time
import uuid
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

__all__ = [
    "INTERACTIVE_SECONDS",
    "MAX_BODY_BYTES",
    "MAX_COST_SECONDS",
    "MAX_FORM_BYTES",
    "MAX_INTEGER",
    "MAX_SESSION_SECONDS",
    "MAX_TAGS",
    "MAX_TAG_CHARACTERS",
    "PAGE",
    "RATE_WINDOW_SECONDS",
    "TAG_SEARCH_CHARACTERS",
    "TOKEN_SECONDS",
    "USER_ID",
    "WORKLOADS_PAGE",
    "ApiError",
    "Authority",
    "Call",
    "Endpoint",
    "Gate",
    "RateLimit",
    "account_of",
    "endpoint",
    "error_body",
    "exception_handlers",
    "instance_of",
    "json_reply",
    "new_api_key",
    "new_instance",
]

MAX_BODY_BYTES = 300 * 1000**2
MAX_FORM_BYTES = 10_000
MAX_TAGS = 8
MAX_TAG_CHARACTERS = 86
MAX_COST_SECONDS = 10_800
MAX_SESSION_SECONDS = 28_800
INTERACTIVE_SECONDS = 60  # without a job that a session stays active
PAGE = 200
WORKLOADS_PAGE = range(1, 51)
TAG_SEARCH_CHARACTERS = range(3, 101)
TOKEN_SECONDS = 3600
RATE_WINDOW_SECONDS = 60.0

# The limit of shots, repetitions and offsets in a request.
MAX_INTEGER = 2**31 - 1


@dataclass(eq=False)
class ApiError(Exception):
    """A refusal: the HTTP status, the service's code, a message, and a solution."""

    status: int
    code: int
    message: str
    solution: str = ""
    retry_after: int | None = None

    @classmethod
    def invalid(cls, message: str) -> ApiError:
        """Return the refusal of a malformed request."""
        return cls(400, 1208, message, "Check the request against the API reference.")

    @classmethod
    def no_job(cls, job_id: str) -> ApiError:
        """Return the refusal for an unknown job."""
        return cls(404, 1291, f"Job not found. Job ID: {job_id}", "Check the job ID.")


def error_body(code: int, message: str, solution: str = "") -> dict[str, object]:
    """Return the JSON document of an error."""
    error: dict[str, object] = {"code": code, "message": message}
    if solution:
        error["solution"] = solution
    return {"errors": [error], "trace": str(uuid.uuid4())}


@dataclass(frozen=True, slots=True)
class Call:
    """One request with its body; `crn` is the instance that it names, if it must name one."""

    request: Request
    body: bytes = b""
    crn: str = ""

    def query(self, name: str) -> str | None:
        """Return a parameter of the query string."""
        value = self.request.query_params.get(name)
        return None if value is None else str(value)

    def queries(self, name: str) -> list[str]:
        """Return all values of a repeated parameter of the query string."""
        return [str(value) for value in self.request.query_params.getlist(name)]

    def path(self, name: str) -> str:
        """Return a parameter of the path."""
        return str(self.request.path_params[name])

    # Typed parameters of the query string; these raise ApiError (1208) for other values.

    def integer(self, name: str, default: int) -> int:
        """Return a number, or the default for none."""
        text = self.query(name)
        if text is None:
            return default
        if re.fullmatch(r"-?[0-9]{1,18}", text) is None:
            raise ApiError.invalid(f"{name}: must be a number.")
        return int(text)

    def boolean(self, name: str) -> bool | None:
        """Return a boolean; None for none."""
        text = self.query(name)
        if text is None:
            return None
        if text.lower() not in {"true", "false"}:
            raise ApiError.invalid(f"{name}: must be true or false.")
        return text.lower() == "true"

    def moment(self, name: str) -> int | None:
        """Return a time in microseconds, UTC unless it names a zone; None for none."""
        text = self.query(name)
        if text is None:
            return None
        try:
            moment = datetime.fromisoformat(text)
        except ValueError:
            raise ApiError.invalid(f"{name}: must be a time in ISO 8601.") from None
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=UTC)
        return round(moment.timestamp() * 1_000_000)

    def choices(self, name: str, known: Sequence[str]) -> list[str]:
        """Return all values, each of them one of `known`."""
        values = self.queries(name)
        if not set(values) <= set(known):
            raise ApiError.invalid(f"{name}: must be one of {', '.join(known)}.")
        return values

    def choice(self, name: str, known: Sequence[str]) -> str | None:
        """Return a value, one of `known`; None for none."""
        return next(iter(self.choices(name, known)), None)


Endpoint = Callable[[Request], Awaitable[Response]]

_WITH_BODY = {"POST", "PUT", "PATCH"}


def endpoint(
    handler: Callable[[Call], Response],
    check: Callable[[Request], str] | None = None,
    *,
    most: int = MAX_BODY_BYTES,
) -> Endpoint:
    """Return an endpoint that calls a plain function in a thread, as it waits for the disk.

    `check` refuses the request or returns its instance before the body, of up to `most` bytes, is
    read.
    """

    async def answer(request: Request) -> Response:
        crn = check(request) if check else ""
        body = await _read_body(request, most) if request.method in _WITH_BODY else b""
        return await run_in_threadpool(handler, Call(request, body, crn))

    return answer


async def _read_body(request: Request, most: int) -> bytes:
    body = bytearray()
    size = 0
    async for chunk in request.stream():
        size += len(chunk)
        # A body that is too large is read to its end: its sender would not see the reply before.
        if size <= most:
            body += chunk
    if size > most:
        raise ApiError(
            413,
            1208,
            f"The body has {size} bytes, more than {most}.",
            "Send fewer circuits in a job.",
        )
    return bytes(body)


def json_reply(value: Any, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    """Return a JSON response in ASCII, so that any string in it can be encoded."""
    body = json.dumps(value, separators=(",", ":")).encode()
    return Response(body, status, headers, media_type="application/json")


def _refuse(_request: Request, error: Exception) -> Response:
    assert isinstance(error, ApiError)
    headers = {"Retry-After": str(error.retry_after)} if error.retry_after is not None else None
    return json_reply(error_body(error.code, error.message, error.solution), error.status, headers)


def _refuse_route(_request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    body = error_body(1250, f"{error.detail}.")
    return json_reply(body, error.status_code, dict(error.headers or {}))


def _broken(_request: Request, _error: Exception) -> Response:
    message = "Internal error; the log of the service tells more."
    return json_reply(error_body(1000, message), 500)


def _gone(_request: Request, _error: Exception) -> Response:
    return Response(status_code=499)  # which nobody reads


# The last one answers unexpected errors; the server logs their traceback.
exception_handlers: dict[Any, Callable[[Request, Exception], Response]] = {
    ApiError: _refuse,
    HTTPException: _refuse_route,
    ClientDisconnect: _gone,
    Exception: _broken,
}


class RateLimit:
    """Admits a number of calls in any window of 60 seconds."""

    def __init__(self, per_minute: int | None) -> None:
        self._per_minute = per_minute
        self._admitted: deque[float] = deque()
        self._lock = threading.Lock()

    def check(self) -> None:
        """Count a call, or raise ApiError (429, 1202) for one too many."""
        if self._per_minute is None:
            return
        with self._lock:
            now = time.monotonic()
            while self._admitted and self._admitted[0] <= now - RATE_WINDOW_SECONDS:
                self._admitted.popleft()
            if len(self._admitted) >= self._per_minute:
                wait = self._admitted[0] + RATE_WINDOW_SECONDS - now
                raise ApiError(
                    429,
                    1202,
                    f"Too many requests: the limit is {self._per_minute} per 1 minute.",
                    "Wait before submitting again.",
                    retry_after=int(wait) + 1,
                )
            self._admitted.append(now)


USER_ID = "local"

_CRN_FORM = re.compile(
    r"crn:v1:[a-z0-9-]{1,40}:[a-z0-9-]{1,40}:quantum-computing:[a-z0-9-]{1,40}:"
    r"a/[A-Za-z0-9_-]{1,64}:[A-Za-z0-9_-]{1,64}::",
    re.ASCII,
)


def new_api_key() -> str:
    """Return a new key of 44 characters, as long as IBM's."""
    return secrets.token_urlsafe(33)


def new_instance() -> str:
    """Return a new CRN, unique to a job store.

    A client that keeps it with a job can tell another store, without that job, by its CRN. Any
    other well-formed CRN is an instance of its own, too.
    """
    return f"crn:v1:bluemix:public:quantum-computing:us-east:a/{'0' * 32}:{uuid.uuid4()}::"


def instance_of(crn: str | None) -> str:
    """Return the instance of a `Service-CRN` header.

    Raises ApiError (1241) if it is missing or not a CRN.
    """
    if crn is None or _CRN_FORM.fullmatch(crn) is None:
        raise ApiError(
            400,
            1241,
            "The Service-CRN header is missing or is not a CRN.",
            "Send the full CRN of an instance, with the two colons at its end.",
        )
    return crn


def account_of(crn: str) -> str:
    """Return the account that an instance belongs to, by its CRN."""
    return crn.split(":")[6].removeprefix("a/")


def _encode(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _decode(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


class Authority:
    """Issues access tokens for the API key, and verifies them."""

    def __init__(self, api_key: str) -> None:
        self._api_key = api_key.encode()
        self._signing_key = hmac.digest(self._api_key, b"ibmqbatch access token", "sha256")

    def admits_key(self, api_key: str) -> bool:
        """Return whether this is the API key, compared in constant time."""
        return hmac.compare_digest(api_key.encode(errors="replace"), self._api_key)

    def issue(self) -> tuple[str, int]:
        """Return a new access token and when it expires (epoch)."""
        now = int(time.time())
        expires = now + TOKEN_SECONDS
        header = {"alg": "HS256", "typ": "JWT"}
        claims = {"sub": USER_ID, "iat": now, "exp": expires, "jti": secrets.token_hex(8)}
        signed = ".".join(_encode(json.dumps(part).encode()) for part in (header, claims))
        return f"{signed}.{_encode(self._sign(signed))}", expires

    def admits_token(self, token: str) -> bool:
        """Return whether this token was issued here and has not expired."""
        signed, _, signature = token.rpartition(".")
        try:
            if not hmac.compare_digest(_decode(signature), self._sign(signed)):
                return False
            claims = json.loads(_decode(signed.partition(".")[2]))
        except (binascii.Error, ValueError):
            return False
        return bool(time.time() < claims["exp"])

    def check_bearer(self, authorization: str | None) -> None:
        """Raise ApiError (401, 1200) unless the header holds a valid access token."""
        scheme, _, token = (authorization or "").partition(" ")
        if scheme.lower() != "bearer" or not self.admits_token(token.strip()):
            raise ApiError(
                401,
                1200,
                "Not authorized: the access token is missing, unknown or has expired.",
                "Exchange the API key for a new access token.",
            )

    def check_key(self, authorization: str | None) -> None:
        """Raise ApiError (401, 1200) unless the header holds the API key itself."""
        scheme, _, key = (authorization or "").partition(" ")
        if scheme.lower() != "apikey" or not self.admits_key(key.strip()):
            raise ApiError(401, 1200, "Not authorized: this needs the API key of the service.")

    def _sign(self, text: str) -> bytes:
        digest = hmac.new(self._signing_key, text.encode(errors="replace"), hashlib.sha256)
        return digest.digest()


_NAMES = {"127.0.0.1", "localhost", "[::1]"}


class Gate:
    """An application that forwards requests to another, but those of web pages.

    A page of any site can send requests to loopback; under a name of its own that leads to
    127.0.0.1 it could read the answers, too. The token must not be all that stops it.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Refuse a request, or forward it."""
        if scope["type"] == "http" and (reason := _reason(Request(scope))):
            refusal = json_reply(error_body(1200, reason), 403)
            await refusal(scope, receive, send)
        else:
            await self._app(scope, receive, send)


def _reason(request: Request) -> str:
    """Return why a request is refused; empty if it is not."""
    host = request.headers.get("host", "127.0.0.1").lower()
    name, colon, port = host.rpartition(":")
    if (name if colon and port.isdecimal() else host) not in _NAMES:
        return "The Host header is not a name of this machine's loopback address."
    if "origin" in request.headers:
        return "The service does not answer web pages."
    return ""
