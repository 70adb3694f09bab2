"""What all parts of the API share: checked requests in, JSON out."""

from __future__ import annotations

import json
import re
import threading
import time
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from .errors import ApiError, error_body
from .limits import MAX_BODY_BYTES, RATE_WINDOW_SECONDS

__all__ = ["Call", "Endpoint", "RateLimit", "endpoint", "exception_handlers", "json_reply"]


@dataclass(frozen=True, slots=True)
class Call:
    """One request with its body read; `crn` is the instance it is about, where it is about one."""

    request: Request
    body: bytes = b""
    crn: str = ""

    def query(self, name: str) -> str | None:
        """Return a parameter of the query string."""
        value = self.request.query_params.get(name)
        return None if value is None else str(value)

    def queries(self, name: str) -> list[str]:
        """Return all values of a parameter of the query string that can stand there repeatedly."""
        return [str(value) for value in self.request.query_params.getlist(name)]

    def path(self, name: str) -> str:
        """Return a parameter of the path."""
        return str(self.request.path_params[name])

    # Parameters of the query string that are no texts. Raise ApiError (1208) for other values.

    def integer(self, name: str, default: int) -> int:
        """Return a number, or the default for none."""
        text = self.query(name)
        if text is None:
            return default
        if re.fullmatch(r"-?[0-9]{1,18}", text) is None:
            raise ApiError.invalid(f"{name}: must be a number.")
        return int(text)

    def boolean(self, name: str) -> bool | None:
        """Return whether it is true or false; None for none."""
        text = self.query(name)
        if text is None:
            return None
        if text.lower() not in {"true", "false"}:
            raise ApiError.invalid(f"{name}: must be true or false.")
        return text.lower() == "true"

    def moment(self, name: str) -> int | None:
        """Return a time in microseconds, without a zone that of UTC; None for none."""
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
        """Return all values, each one of those known."""
        values = self.queries(name)
        if not set(values) <= set(known):
            raise ApiError.invalid(f"{name}: must be one of {', '.join(known)}.")
        return values

    def choice(self, name: str, known: Sequence[str]) -> str | None:
        """Return one of the values known; None for none."""
        return next(iter(self.choices(name, known)), None)


Endpoint = Callable[[Request], Awaitable[Response]]

_WITH_BODY = {"POST", "PUT", "PATCH"}


def endpoint(
    handler: Callable[[Call], Response],
    check: Callable[[Request], str] | None = None,
    *,
    most: int = MAX_BODY_BYTES,
) -> Endpoint:
    """Make an endpoint of a plain function.

    `check` refuses or returns the instance, before the body is read, which has up to `most` bytes.
    The function itself runs in a thread: it waits for the disk.
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
        # Read on to the end: a client that is still sending would not see the reply.
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
    """Return a JSON response; escapes keep it readable whatever the texts in it hold."""
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
    return Response(status_code=499)  # nobody is there to read it


# The last one answers what the code did not expect; the server logs its traceback.
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
        """Count a call. Raises ApiError (429, 1202) for one too many, which is not counted."""
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
