"""Limits that the service tells in the words of its refusals, read liberally.

The wording is known for one of each kind only: "the limit is 5 per 60 seconds" (code 1202) and "You
have reached the limit of 3 pending jobs" (code 3458).
"""

from __future__ import annotations

import re

__all__ = ["pending_limit", "rate_limit", "tells_pending_limit"]

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
    """Return the limit that a text tells: so many in so many seconds; None where it tells none."""
    place = text.lower().rfind("limit")
    found = (_WITHIN.search(text, place) if place >= 0 else None) or _PER.search(text)
    if found is None:
        return None
    number, times, unit = found.groups()
    window = float(times or 1) * _SECONDS[unit[0].lower()]
    return (int(number), window) if int(number) and 0 < window <= _LONGEST_WINDOW else None


def tells_pending_limit(number: int | None, text: str) -> bool:
    """Tell whether a refusal, by its code or its words, is about how many jobs may wait."""
    return number in _PENDING_NUMBERS or _PENDING.search(text) is not None


def pending_limit(text: str) -> int | None:
    """Return how many jobs may wait, as a refusal's text tells; None where it does not."""
    found = _MOST_NUMBER.search(text) or _PENDING_NUMBER.search(text)
    return int(found.group(1)) or None if found else None
