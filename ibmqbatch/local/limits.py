"""The numbers beyond which the service refuses."""

from __future__ import annotations

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
    "WORKLOADS_PAGE",
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

# Shots, repetitions and offsets of a request stay within what every part can hold.
MAX_INTEGER = 2**31 - 1
