"""A proxy that stands between the tool and the service, counts, and fails on demand."""

from __future__ import annotations

import http.client
import socket
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Self
from urllib.parse import urlsplit


class _Server(ThreadingHTTPServer):
    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing of a client that has gone: it was killed, or gave up."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)


@dataclass
class Seen:
    """One request that came through, at a time of the monotonic clock."""

    method: str
    path: str
    body: bytes = field(repr=False, default=b"")
    status: int | None = None
    at: float = field(default_factory=time.monotonic)

    def is_for(self, method: str, part: str, *, exact: bool = False) -> bool:
        """Tell whether it is of this method, and `part` in its path, or with `exact` its end."""
        path = self.path.partition("?")[0]
        return self.method == method and (path.endswith(part) if exact else part in self.path)


@dataclass
class Rule:
    """What to do with the next requests that fit.

    `before` runs before the request is passed on; `drop` closes the connection "before" or "after"
    the service has done its work; `status` answers so instead ("before"), or in place of the
    service's own answer when `after` is set; `cut` sends only that many bytes of the body. With
    `exact` the path ends with `part`.
    """

    method: str
    part: str
    times: int = 1
    before: Callable[[Seen], None] | None = None
    drop: str | None = None
    status: int | None = None
    after: bool = False
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""
    cut: int | None = None
    exact: bool = False

    def fits(self, seen: Seen) -> bool:
        return self.times > 0 and seen.is_for(self.method, self.part, exact=self.exact)


class Proxy:
    """Use as a context manager. `seen` holds every request in the order of arrival."""

    def __init__(self, target: str, delay: float = 0.0) -> None:
        self.target = urlsplit(target)
        self.delay = delay
        self.seen: list[Seen] = []
        self.rules: list[Rule] = []
        self.lock = threading.Lock()
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            # A small reply in two segments would wait for the other side's delayed ACK.
            disable_nagle_algorithm = True

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002
                pass

            def handle_any(self) -> None:
                outer.pass_on(self)

            do_GET = do_POST = do_PUT = do_DELETE = do_PATCH = handle_any  # noqa: N815

        self.server = _Server(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"

    def __enter__(self) -> Self:
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.server.shutdown()
        self.server.server_close()

    def when(self, method: str, part: str, **what: object) -> Rule:
        """Add a rule and return it."""
        rule = Rule(method, part, **what)  # type: ignore[arg-type]
        self.rules.append(rule)
        return rule

    def count(self, method: str, part: str, *, exact: bool = False) -> int:
        """Count the requests that came through."""
        return sum(seen.is_for(method, part, exact=exact) for seen in self.seen)

    @property
    def submissions(self) -> int:
        return self.count("POST", "/jobs", exact=True)

    @property
    def listings(self) -> int:
        return self.count("GET", "/jobs", exact=True)

    def rule_for(self, seen: Seen) -> Rule | None:
        """Return what is to be done with a request, if anything."""
        rule = next((r for r in self.rules if r.fits(seen)), None)
        if rule is not None:
            rule.times -= 1
        return rule

    def pass_on(self, handler: BaseHTTPRequestHandler) -> None:
        length = int(handler.headers.get("Content-Length") or 0)
        seen = Seen(handler.command, handler.path, handler.rfile.read(length))
        with self.lock:
            self.seen.append(seen)
            rule = self.rule_for(seen)
        if self.delay:
            time.sleep(self.delay)
        if rule is not None and rule.before is not None:
            rule.before(seen)
        if rule is not None and rule.drop == "before":
            self._hang_up(handler)
            return
        if rule is not None and rule.status is not None and not rule.after:
            self._answer(handler, seen, rule.status, rule.headers, rule.body, rule.cut)
            return
        status, headers, body = self.ask(handler, seen)
        if rule is not None and rule.drop == "after":
            self._hang_up(handler)
            return
        if rule is not None and rule.status is not None:
            status, headers, body = rule.status, rule.headers, rule.body
        self._answer(handler, seen, status, headers, body, rule.cut if rule else None)

    def ask(self, handler: BaseHTTPRequestHandler, seen: Seen) -> tuple[int, dict[str, str], bytes]:
        """Pass a request on; return status, headers and body of the service's answer."""
        connection = http.client.HTTPConnection(
            self.target.hostname or "", self.target.port, timeout=60
        )
        try:
            headers = {k: v for k, v in handler.headers.items() if k.lower() != "host"}
            connection.request(seen.method, seen.path, seen.body, headers)
            answer = connection.getresponse()
            body = answer.read()
            kept = {"Content-Type", "Retry-After", "Content-Encoding"}
            return answer.status, {k: v for k, v in answer.getheaders() if k.title() in kept}, body
        finally:
            connection.close()

    @staticmethod
    def _hang_up(handler: BaseHTTPRequestHandler) -> None:
        handler.close_connection = True
        handler.connection.shutdown(socket.SHUT_RDWR)

    def _answer(
        self,
        handler: BaseHTTPRequestHandler,
        seen: Seen,
        status: int,
        headers: dict[str, str],
        body: bytes,
        cut: int | None,
    ) -> None:
        seen.status = status
        handler.send_response(status)
        for name, value in headers.items():
            handler.send_header(name, value)
        if status != 204:
            handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        handler.wfile.write(body if cut is None else body[:cut])
        handler.wfile.flush()
        if cut is not None:
            self._hang_up(handler)
