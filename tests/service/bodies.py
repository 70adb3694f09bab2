"""Answers as bytes, and what the transport makes of them."""

from __future__ import annotations

import io

from ibmqbatch.service.transport import Transport
from tests.support.sockets import Raw


def answer(body: bytes, *headers: str, length: int | None = None, status: str = "200 OK") -> bytes:
    lines = [f"HTTP/1.1 {status}", "Content-Type: application/json", *headers]
    if length is not None:
        lines.append(f"Content-Length: {length}")
    return "\r\n".join([*lines, "", ""]).encode() + body


def chunked(*pieces: bytes, end: bool = True) -> bytes:
    body = b"".join(f"{len(piece):x}\r\n".encode() + piece + b"\r\n" for piece in pieces)
    return body + (b"0\r\n\r\n" if end else b"")


GZIP = "Content-Encoding: gzip"


CHUNKED = "Transfer-Encoding: chunked"


def ask(raw: Raw):
    transport = Transport(raw.url)
    try:
        return transport.send("GET", f"{raw.url}/jobs")
    finally:
        transport.close()


def download(raw: Raw) -> bytes:
    transport = Transport(raw.url)
    file = io.BytesIO()
    try:
        transport.download(f"{raw.url}/results", file)
        return file.getvalue()
    finally:
        transport.close()
