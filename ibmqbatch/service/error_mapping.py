"""Which error an answer stands for that is not 2xx, and the limits that its words tell."""

from __future__ import annotations

import email.utils
import math
import re
import time
from collections.abc import Mapping
from typing import Any

from .errors import (
    AuthenticationFailed,
    Busy,
    Conflict,
    Firewalled,
    NotFound,
    ProgramRefused,
    Refused,
    Reserved,
    ServerFault,
    ServiceError,
    SessionClosed,
    TooManyPending,
    Unreadable,
    WrongInstance,
)
from .limits import read_json

__all__ = [
    "failure",
    "header_trace",
    "is_pending_limit",
    "is_web_page",
    "pending_limit",
    "printable",
    "rate_limit",
    "web_page",
]

_BY_STATUS: dict[int, type[Refused]] = {
    401: AuthenticationFailed,
    403: AuthenticationFailed,
    404: NotFound,
    409: Conflict,
    423: Reserved,
}
# These decide whatever the HTTP status is.
_BY_NUMBER: dict[int, type[Refused]] = {
    1217: SessionClosed,
    1233: Reserved,
    1241: WrongInstance,
    1279: WrongInstance,
    1348: WrongInstance,
    4317: Conflict,  # the monthly quota is used up
}
# Which code goes with a program that is not there, or not any more, is not documented: the words
# tell it, which must say so of the program and not of what it was given.
_GONE = r"[^.]{0,30}?(not found|not exist|unknown|retired|removed|no longer|not supported|disabled)"
_PROGRAM = re.compile(
    r"\bprogram[ _-]?id\b.*\b(must be|not found|unknown|invalid)"
    r"|\b(unknown|unsupported|retired) program\b"
    r"|\bprogram not found\b"
    rf"|\b(program|primitive) (id )?['\"`]?(sampler|executor)\b['\"`]? {_GONE}"
    rf"|\b(sampler|executor) (program|primitive) {_GONE}",
    re.IGNORECASE,
)
# Headers that may name a request; which of them the service sends is not documented.
_TRACE_HEADERS = (
    "x-request-id",
    "x-correlation-id",
    "x-global-transaction-id",
    "transaction-id",
    "cf-ray",
)


def printable(text: object, limit: int = 500) -> str:
    """Return a text from the network as one line of bounded length, safe to show.

    Control characters, marks that turn the direction of writing, and surrogates are removed.
    """
    line = " ".join("".join(c if c.isprintable() else " " for c in str(text)).split())
    return line if len(line) <= limit else line[: limit - 1] + "…"


def is_web_page(headers: Mapping[str, str]) -> bool:
    """Return whether an answer is an HTML page, which this API never sends."""
    return headers.get("content-type", "").partition(";")[0].strip().lower() in {
        "text/html",
        "application/xhtml+xml",
    }


def header_trace(headers: Mapping[str, str]) -> str | None:
    """Return the request id in the headers of an answer, if there is one."""
    found = (printable(headers[name], 100) for name in _TRACE_HEADERS if headers.get(name))
    return next(found, None)


def web_page(status: int) -> Firewalled:
    """Return the error for an HTML page in place of an answer."""
    return Firewalled(
        f"HTTP {status} came without the service's error body: something else answered."
        if status >= 300
        else f"A web page (HTTP {status}) came instead of the service's answer.",
        "A firewall or proxy may stand between; check the account's URL, or try again later.",
    )


def failure(status: int, headers: Mapping[str, str], body: bytes) -> ServiceError:
    """Return the error that an answer other than 2xx stands for; header names in lower case."""
    told = _json(body)
    entry, trace = _error_entry(told)
    trace = trace or header_trace(headers)
    said = printable(entry.get("message") or "") if entry else ""
    number = _integer(entry.get("code")) if entry else None
    refused = entry is not None and 400 <= status < 500 and status not in {408, 499}
    retry_after = _retry_after(headers.get("retry-after"))
    if refused and is_pending_limit(number, said):
        pending = TooManyPending(
            _numbered(said, number, status),
            _solution(entry) or "Wait until some of them have ended.",
            status=status,
            number=number,
            trace=trace,
        )
        pending.limit = pending_limit(said)
        return pending
    if status == 429:
        return Busy(
            f"The service is busy: {said or 'too many requests'}",
            "Wait a minute, then go on.",
            retry_after=retry_after,
            rate=rate_limit(said),
            trace=trace,
        )
    if status >= 500 or status in {408, 499}:
        return ServerFault(
            f"The service failed with HTTP {status}"
            + (f": {_numbered(said, number, status)}" if said else "."),
            "Wait a while, then try again.",
            status=status,
            retry_after=retry_after,
            trace=trace,
        )
    if not refused:
        if told is None or status < 400:
            page = web_page(status)
            page.trace = trace
            return page
        return Unreadable(
            f"HTTP {status} came with JSON that is not the service's error body.",
            "Is the account's URL that of an IBM Quantum service?",
        )
    kind = _BY_NUMBER.get(number or 0) or _BY_STATUS.get(status, Refused)
    if kind in {Refused, NotFound} and _PROGRAM.search(said):
        kind = ProgramRefused
    return kind(
        _numbered(said, number, status),
        _solution(entry),
        status=status,
        number=number,
        trace=trace,
    )


def _numbered(said: str, number: int | None, status: int) -> str:
    message = said or f"HTTP {status}"
    return message if number is None else f"{message.rstrip('.')} (code {number})."


def _solution(entry: Mapping[str, Any] | None) -> str:
    return printable((entry or {}).get("solution") or "")


def _json(body: bytes) -> Any:
    try:
        return read_json(body)
    except ValueError:
        return None


def _error_entry(body: object) -> tuple[dict[str, Any] | None, str | None]:
    """Return the first error of an error body, and its trace id; IAM has its own format."""
    if not isinstance(body, dict):
        return None, None
    if "errorMessage" in body:
        context = body.get("context")
        trace = context.get("requestId") if isinstance(context, dict) else None
        return {"message": body["errorMessage"], "code": body.get("errorCode")}, _shown(trace)
    errors = body.get("errors")
    if isinstance(errors, list) and errors and isinstance(errors[0], dict):
        return errors[0], _shown(body.get("trace"))
    return None, None


def _shown(trace: object) -> str | None:
    return printable(trace, 100) if trace else None


def _integer(value: object) -> int | None:
    """Parse an error code: a number on the wire, a string by the schema."""
    try:
        return int(str(value))
    except ValueError:
        return None


def _retry_after(value: str | None) -> float | None:
    """Parse a Retry-After header, in seconds or a date; None for anything else."""
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


# Limits that the words of refusals tell, read liberally. The wording is known for one of each kind:
# "the limit is 5 per 60 seconds" (1202), "You have reached the limit of 3 pending jobs" (3458).
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86_400}  # by the first letter of a unit's name
_UNIT = r"(s|secs?|seconds?|m|mins?|minutes?|h|hrs?|hours?|d|days?)\b"
_TIME = rf"(?:any\s+|one\s+)?(\d{{1,6}}(?:\.\d{{1,6}})?)?\s*{_UNIT}"
_NUMBER = r"\b(\d{1,6})\s*(?:[a-z]+\s+){0,3}?"
_PER = re.compile(rf"{_NUMBER}(?:per|/|an?\b|every|each)\s*{_TIME}", re.IGNORECASE)
# After the word "limit" only: elsewhere it may be about what was done, or about how long to wait.
_WITHIN = re.compile(rf"{_NUMBER}(?:per|/|an?\b|every|each|in|within)\s*{_TIME}", re.IGNORECASE)
_LONGEST_WINDOW = 86_400.0  # seconds

# "Maximum number of pending jobs", and the like of older days for those that run.
_PENDING_NUMBERS = {1012, 3458}
_MOST = r"(?:limit|max(?:imum)?|at most|no more than|up to|too many)"
_PENDING = re.compile(
    rf"\b{_MOST}\b[^.]{{0,60}}\bpending (?:jobs|workloads)\b"
    rf"|\bpending (?:jobs|workloads)\b[^.]{{0,40}}\b{_MOST}\b"
    r"|\b\d{1,6} pending (?:jobs|workloads)\b",
    re.IGNORECASE,
)
_MOST_NUMBER = re.compile(rf"\b{_MOST}\b[^\d.]{{0,40}}?\b(\d{{1,6}})\b", re.IGNORECASE)
_PENDING_NUMBER = re.compile(r"\b(\d{1,6}) pending\b", re.IGNORECASE)


def rate_limit(text: str) -> tuple[int, float] | None:
    """Return the rate limit named in a text: so many in so many seconds; None for none."""
    place = text.lower().rfind("limit")
    found = (_WITHIN.search(text, place) if place >= 0 else None) or _PER.search(text)
    if found is None:
        return None
    number, times, unit = found.groups()
    window = float(times or 1) * _SECONDS[unit[0].lower()]
    return (int(number), window) if int(number) and 0 < window <= _LONGEST_WINDOW else None


def is_pending_limit(number: int | None, text: str) -> bool:
    """Return whether a refusal is about the number of pending jobs, by its code or text."""
    return number in _PENDING_NUMBERS or _PENDING.search(text) is not None


def pending_limit(text: str) -> int | None:
    """Return the limit of pending jobs named in a refusal's text; None for none."""
    found = _MOST_NUMBER.search(text) or _PENDING_NUMBER.search(text)
    return int(found.group(1)) or None if found else None
