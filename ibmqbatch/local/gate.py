"""Who comes through the door at all: programs of this machine, and no page in a browser.

A page of any site can send requests to loopback; under a name of its own that leads to 127.0.0.1 it
could read the answers, too. It has no token, but that is not to be all that stands in its way.
"""

from __future__ import annotations

from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from .errors import error_body
from .http import json_reply

__all__ = ["Gate"]

_NAMES = {"127.0.0.1", "localhost", "[::1]"}


class Gate:
    """An application that passes on to another what does not come from a page."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or have it answered."""
        if scope["type"] == "http" and (reason := _reason(Request(scope))):
            refusal = json_reply(error_body(1200, reason), 403)
            await refusal(scope, receive, send)
        else:
            await self._app(scope, receive, send)


def _reason(request: Request) -> str:
    """Return why a request is not let in; empty where it is."""
    host = request.headers.get("host", "127.0.0.1").lower()
    name, colon, port = host.rpartition(":")
    if (name if colon and port.isdecimal() else host) not in _NAMES:
        return "The service is called by a name that is not this machine's own."
    if "origin" in request.headers:
        return "The service does not answer pages of a browser."
    return ""
