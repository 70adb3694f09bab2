"""What is known of one request on its way: for the log, and for the errors it may end in."""

from __future__ import annotations

import logging
import re
import socket
import ssl
import struct
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from .error_mapping import header_trace, printable
from .errors import ProxyFailed, Unreachable, Untrusted

__all__ = ["LOG", "LOGGER", "RequestTrace", "invalid_address", "stopped_by_proxy", "unreachable"]

# Logs every request: method, path, outcome, time and trace, nothing else.
LOGGER = "ibmqbatch.http"
LOG = logging.getLogger(LOGGER)


@dataclass(slots=True)
class RequestTrace:
    """How far one request has got, and what its log line and its errors need to know.

    The HTTP library calls it with the name of each of its steps. `target` is the service's host as
    the library writes it, `dialled` the host and port that a connection was made to; `at_proxy` is
    true while a proxy has been asked for a tunnel and has not granted it.
    """

    method: str
    url: str
    target: str
    secrets: list[str] = field(repr=False)
    dialled: tuple[str, int] | None = None
    at_proxy: bool = False
    status: int | None = None
    trace: str | None = None

    def __call__(self, event: str, info: Mapping[str, Any]) -> None:
        """Note a step of the HTTP library."""
        if event == "connection.connect_tcp.started":
            self.dialled = info["host"], info["port"]
        elif event.endswith(".connect_tcp.complete"):
            _end_with_process(info["return_value"].get_extra_info("socket"))
        elif event.endswith(".send_request_headers.started"):
            self.at_proxy = info["request"].method == b"CONNECT"

    @property
    def host(self) -> str:
        """The service's host and port, without credentials."""
        return urlsplit(self.url).netloc.rpartition("@")[2]

    @property
    def proxy(self) -> str | None:
        """The host and port of the proxy that was dialled, if it was one."""
        if self.dialled is None or self.dialled[0] == self.target:
            return None
        return f"{self.dialled[0]}:{self.dialled[1]}"

    def note(self, status: int, headers: Mapping[str, str]) -> None:
        """Take note of the answer's head."""
        self.status = status
        self.trace = header_trace(headers)

    def log(self, seconds: float, error: BaseException | None) -> None:
        """Log how the request ended."""
        address = urlsplit(self.url)
        words = [
            self.method,
            printable(address.path + (f"?{address.query}" if address.query else "")),
            str(self.status) if self.status is not None else "",
            # Only where the status does not tell that it failed.
            type(error).__name__ if error is not None and (self.status or 0) < 300 else "",
            f"{1000 * seconds:.0f} ms",
        ]
        trace = getattr(error, "trace", None) or self.trace
        if trace:
            words.append(f"trace {self.concealed(trace)}")
        LOG.info("%s", " ".join(filter(None, words)))

    def concealed(self, text: str) -> str:
        """Return a text without the secrets of the request, which a service may have echoed."""
        for secret in self.secrets:
            text = text.replace(secret, "***")
        return text


def _end_with_process(connection: socket.socket) -> None:
    """Have the kernel drop unsent data when the process ends.

    It would go on sending for minutes: a request could arrive long after it counts as lost.
    """
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def unreachable(request: RequestTrace, error: Exception) -> Unreachable:
    """Return the error of a request without a connection."""
    reason = printable(error) or type(error).__name__
    proxy = request.proxy
    distrust = _distrust(error)
    if distrust is not None:
        other = proxy if proxy and not request.at_proxy else request.host
        why = printable(distrust.verify_message).rstrip(".")
        return Untrusted(
            f"The certificate of {other} is not trusted: {why}.",
            "Name the file of certificates to trust with IBMQBATCH_CA_BUNDLE, where a firewall "
            "puts its own in the service's place; nothing was sent.",
        )
    if proxy is not None:
        return ProxyFailed(
            f"No connection to {request.host}, through the proxy {proxy}: {reason}.",
            "Check the proxy (HTTPS_PROXY, NO_PROXY, or the account's own); nothing was sent.",
        )
    return Unreachable(
        f"No connection to {request.host}: {reason}.",
        "Check the network; nothing was sent, and the same command can be run again.",
    )


def _distrust(error: BaseException | None) -> ssl.SSLCertVerificationError | None:
    """Return the certificate error behind a failed connection, if that was the cause."""
    while error is not None and not isinstance(error, ssl.SSLCertVerificationError):
        error = error.__cause__ or error.__context__
    return error


def stopped_by_proxy(request: RequestTrace, reason: str) -> ProxyFailed:
    """Return the error of a request that a proxy refused to forward: nothing was sent."""
    proxy = request.proxy
    hint = "Check the proxy (HTTPS_PROXY, NO_PROXY, or the account's own); nothing was sent."
    if reason.startswith("407"):
        hint = (
            "It requires a name and a password: write them into its address, as in "
            "http://name:password@host:port."
        )
    return ProxyFailed(
        f"The proxy{f' {proxy}' if proxy else ''} refuses to forward requests to "
        f"{request.host}: {reason}.",
        hint,
        # "No" and "not without a password" are for good; the rest may pass.
        transient=re.match("4(?!08|29)", reason) is None,
    )


def invalid_address(url: str) -> Unreachable:
    """Return the error of an address that is not a valid URL."""
    return Unreachable(
        f"{_without_password(url)} is not a valid URL of a service.",
        "Check the account's URL.",
    )


def _without_password(url: str) -> str:
    """Return an address without credentials, however malformed it is."""
    return re.sub(r"//.*@", "//", printable(url))  # a password may hold anything
