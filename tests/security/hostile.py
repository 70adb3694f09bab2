"""A service that is not to be trusted: the real one, behind what changes its answers."""

from __future__ import annotations

import copy
import json
import math
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler
from typing import Any

from tests.support.proxy import Proxy, Seen

__all__ = ["Hostile", "changed", "endpoint_of", "places"]

Place = tuple[str | int, ...]
Change = Callable[[str, bytes], bytes]

_NAMES = {"jobs": "ID", "backends": "NAME", "sessions": "ID"}
_MOST_OF_LIST = 2  # entries of a list that are looked into


def endpoint_of(seen: Seen) -> str:
    """Return what was asked, without the ids in it: `GET /jobs/ID/metrics`."""
    parts = seen.path.partition("?")[0].strip("/").split("/")
    shown = [_NAMES.get(before, part) for before, part in zip(["", *parts], parts, strict=False)]
    query = seen.path.partition("?")[2]
    whole = " with its circuits" if shown[-1] == "ID" and not query else ""
    return f"{seen.method} /{'/'.join(shown)}{whole}".replace("/api/v1", "")


class Hostile(Proxy):
    """Passes requests on; `change` is given every endpoint and good answer, and returns another.

    `bodies` holds the last answer of each endpoint, as it came.
    """

    def __init__(self, target: str) -> None:
        super().__init__(target)
        self.bodies: dict[str, bytes] = {}
        self.change: Change = lambda _endpoint, body: body

    def ask(self, handler: BaseHTTPRequestHandler, seen: Seen) -> tuple[int, dict[str, str], bytes]:
        status, headers, body = super().ask(handler, seen)
        if status != 200:
            return status, headers, body
        endpoint = endpoint_of(seen)
        self.bodies[endpoint] = body
        return status, headers, self.change(endpoint, body)


def places(told: Any, above: Place = ()) -> Iterator[Place]:
    """Yield where in a document there is something: the whole, each member, each first entry."""
    yield above
    if isinstance(told, dict):
        for key, value in told.items():
            yield from places(value, (*above, key))
    elif isinstance(told, list):
        for index, value in enumerate(told[:_MOST_OF_LIST]):
            yield from places(value, (*above, index))


def changed(told: Any, place: Place, value: Any) -> bytes:
    """Return a document with `value` in a place; without a value, with nothing there."""
    if not place:
        return _written(value)
    document = copy.deepcopy(told)
    target = document
    for key in place[:-1]:
        target = target[key]
    if value is math:
        del target[place[-1]]
    else:
        target[place[-1]] = value
    return _written(document)


def _written(value: Any) -> bytes:
    return b"" if value is math else json.dumps(value).encode()
