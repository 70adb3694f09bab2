"""Small real servers on loopback, in threads: raw bytes, a CONNECT proxy, and HTTPS."""

from __future__ import annotations

import base64
import contextlib
import json
import socket
import socketserver
import ssl
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self


def read_head(connection: socket.socket) -> bytes:
    """Read a request up to its empty line; what follows of its body is read, too."""
    head = b""
    while b"\r\n\r\n" not in head:
        piece = connection.recv(65536)
        if not piece:
            return head
        head += piece
    return head


class _Server(socketserver.ThreadingTCPServer):
    """Calls `handle` with each connection, on a thread of its own."""

    allow_reuse_address = True
    daemon_threads = True

    def __init__(self, handle: Callable[[socket.socket], None]) -> None:
        class Handler(socketserver.BaseRequestHandler):
            def handle(self) -> None:
                handle(self.request)

        super().__init__(("127.0.0.1", 0), Handler)

    def handle_error(self, *_: object) -> None:
        """Clients hang up: that is no matter."""


class Listening:
    """A server that runs while the block does. `url` leads to it."""

    server: socketserver.BaseServer
    scheme = "http"

    @property
    def port(self) -> int:
        return int(self.server.server_address[1])

    @property
    def url(self) -> str:
        return f"{self.scheme}://127.0.0.1:{self.port}"

    def __enter__(self) -> Self:
        threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.server.shutdown()
        self.server.server_close()


class Raw(Listening):
    """Answers every request with the same bytes, whatever they are, and hangs up."""

    def __init__(self, answer: bytes) -> None:
        def handle(connection: socket.socket) -> None:
            read_head(connection)
            connection.sendall(answer)

        self.server = _Server(handle)


class Endless(Listening):
    """Begins an answer, and goes on with it until the other side hangs up."""

    def __init__(self, head: bytes, piece: bytes) -> None:
        def handle(connection: socket.socket) -> None:
            read_head(connection)
            connection.sendall(head)
            while True:
                connection.sendall(piece)

        self.server = _Server(handle)


class ConnectProxy(Listening):
    """Lets CONNECT requests through to the ports that stand for their hosts.

    `login` is the name:password that it wants; `answer` is sent instead of letting anyone through.
    `seen` holds what it was asked for: "CONNECT host:port", or "GET http://…" of a plain request,
    which it answers itself.
    """

    def __init__(
        self, ports: dict[str, int] | None = None, *, login: str = "", answer: bytes | None = None
    ) -> None:
        self.ports = ports or {}
        self.login = login
        self.answer = answer
        self.seen: list[str] = []
        self.server = _Server(self._handle)

    def _handle(self, connection: socket.socket) -> None:
        head = read_head(connection).decode("latin-1")
        method, target = head.split(" ", 2)[:2]
        self.seen.append(f"{method} {target}")
        wanted = base64.b64encode(self.login.encode()).decode()
        if self.login and f"proxy-authorization: basic {wanted}".lower() not in head.lower():
            connection.sendall(b"HTTP/1.1 407 Proxy Authentication Required\r\n\r\n")
        elif self.answer is not None:
            connection.sendall(self.answer)
        elif method == "CONNECT":
            self._relay(connection, target)
        else:
            body = json.dumps({"devices": []}).encode()
            head = f"HTTP/1.1 200 OK\r\nContent-Length: {len(body)}\r\n\r\n"
            connection.sendall(head.encode() + body)

    def _relay(self, connection: socket.socket, target: str) -> None:
        host, _, port = target.rpartition(":")
        address = ("127.0.0.1", self.ports.get(host, int(port)))
        with socket.create_connection(address) as other:
            connection.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
            back = threading.Thread(target=_pump, args=(other, connection), daemon=True)
            back.start()
            _pump(connection, other)
            back.join()


def _pump(source: socket.socket, sink: socket.socket) -> None:
    """Pass on what comes, and that no more comes, be it because the other side has hung up."""
    with contextlib.suppress(OSError):
        while piece := source.recv(65536):
            sink.sendall(piece)
    with contextlib.suppress(OSError):
        sink.shutdown(socket.SHUT_WR)


class Https(Listening):
    """A service with a certificate, that gives tokens and knows no jobs. `seen` holds the paths."""

    scheme = "https"

    def __init__(self, certificate: Any) -> None:
        seen = self.seen = []

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002
                pass

            def answer(self) -> None:
                self.rfile.read(int(self.headers.get("Content-Length") or 0))
                seen.append(self.path)
                told = {"access_token": "t", "expires_in": 3600, "jobs": [], "count": 0}
                body = json.dumps({**told, "devices": [], "id": "job-1"}).encode()
                self.send_response(200)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            do_GET = do_POST = answer  # noqa: N815

        class Server(ThreadingHTTPServer):
            daemon_threads = True

            def handle_error(self, *_: object) -> None:
                """Clients that do not trust the certificate hang up."""

        self.server = Server(("127.0.0.1", 0), Handler)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        certificate.configure_cert(context)
        # The handshake belongs to the thread of the connection, not to the one that accepts.
        self.server.socket = context.wrap_socket(
            self.server.socket, server_side=True, do_handshake_on_connect=False
        )
