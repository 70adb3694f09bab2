"""How much of an answer is read: whatever a service sends, memory and disk stay bounded.

No answer of IBM's service, or of the embedded one, comes near any of these.
"""

from __future__ import annotations

import json
from typing import Any

__all__ = [
    "LARGEST_ANSWER",
    "LARGEST_ERROR",
    "LARGEST_RESULTS",
    "LARGEST_SENT",
    "LONGEST_ANSWER",
    "MOST_LISTED",
    "MOST_VALUES",
    "megabytes",
    "read_json",
]

LARGEST_ANSWER = 32_000_000  # bytes, unpacked: of a listing, a backend, a log
LARGEST_SENT = 400_000_000  # the same of a job with its circuits; the embedded service takes 300 MB
LARGEST_RESULTS = 1_000_000_000  # the same of results; the embedded service gives 500 MB
LARGEST_ERROR = 1_000_000  # the same of an answer that is not 2xx: the rest is not read
LONGEST_ANSWER = 900.0  # seconds until an answer is complete; results may take longer
MOST_LISTED = 1_000_000  # jobs in all pages of a listing
# A value of JSON may take two bytes on the wire and eighty in memory.
MOST_VALUES = 30_000_000


def read_json(body: bytes) -> Any:
    """Parse JSON, bare NaN included; raises ValueError.

    So does JSON that is nested too deeply or has more than MOST_VALUES values.
    """
    if sum(map(body.count, (b",", b"[", b"{"))) > MOST_VALUES:
        raise ValueError(f"more than {MOST_VALUES} values")
    try:
        return json.loads(body)
    except RecursionError as error:
        raise ValueError("it is nested too deeply") from error


def megabytes(size: int) -> str:
    """Return a number of bytes as text."""
    return f"{size // 1_000_000} MB"
