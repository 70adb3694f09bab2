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

__all__ = ["LOG", "LOGGER", "RequestTrace", "no_address", "stopped_by_proxy", "unreachable"]

# Is told of every request, by method, path, outcome, time and trace: of nothing else.
LOGGER = "ibmqbatch.http"
LOG = logging.getLogger(LOGGER)


@dataclass(slots=True)
class RequestTrace:
    """One request: how far it has got, and what is to be known of it.

    The HTTP library calls it with the name of each thing it does. `target` is the service's host as
    the library writes it, `dialled` the host and port that a connection was made to, where one was;
    `at_proxy` holds between asking a proxy to be let through and being so.
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
        """Hear of a thing that the HTTP library does."""
        if event == "connection.connect_tcp.started":
            self.dialled = info["host"], info["port"]
        elif event.endswith(".connect_tcp.complete"):
            _end_with_process(info["return_value"].get_extra_info("socket"))
        elif event.endswith(".send_request_headers.started"):
            self.at_proxy = info["request"].method == b"CONNECT"

    @property
    def host(self) -> str:
        """The service's host and port, fit to be shown."""
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
        """Tell the log how it ended."""
        address = urlsplit(self.url)
        words = [
            self.method,
            printable(address.path + (f"?{address.query}" if address.query else "")),
            str(self.status) if self.status is not None else "",
            # Where the status tells of success, or there is none.
            type(error).__name__ if error is not None and (self.status or 0) < 300 else "",
            f"{1000 * seconds:.0f} ms",
        ]
        trace = getattr(error, "trace", None) or self.trace
        if trace:
            words.append(f"trace {self.concealed(trace)}")
        LOG.info("%s", " ".join(filter(None, words)))

    def concealed(self, text: str) -> str:
        """Take out what a service may have echoed of the secrets that were sent to it."""
        for secret in self.secrets:
            text = text.replace(secret, "***")
        return text


def _end_with_process(connection: socket.socket) -> None:
    """Have what is still to be sent die with the process.

    The kernel would go on for minutes: a request could arrive when it is long taken for lost.
    """
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def unreachable(request: RequestTrace, error: Exception) -> Unreachable:
    """Return the error of a request for which no connection was made."""
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
    """Find what made a connection fail, where that is the other side's certificate."""
    while error is not None and not isinstance(error, ssl.SSLCertVerificationError):
        error = error.__cause__ or error.__context__
    return error


def stopped_by_proxy(request: RequestTrace, reason: str) -> ProxyFailed:
    """Return the error of a request that a proxy has not let through: nothing was sent."""
    proxy = request.proxy
    hint = "Check the proxy (HTTPS_PROXY, NO_PROXY, or the account's own); nothing was sent."
    if reason.startswith("407"):
        hint = (
            "It wants a name and a password: write them into its address, as in "
            "http://name:password@host:port."
        )
    return ProxyFailed(
        f"The proxy{f' {proxy}' if proxy else ''} does not let requests through to "
        f"{request.host}: {reason}.",
        hint,
        # "No" and "not without a password" are for good; the rest may pass.
        transient=re.match("4(?!08|29)", reason) is None,
    )


def no_address(url: str) -> Unreachable:
    """Return the error of an address that leads nowhere."""
    return Unreachable(
        f"{_without_password(url)} is not an address of a service.",
        "Check the account's URL.",
    )


def _without_password(url: str) -> str:
    """Make an address fit to be shown, whatever is wrong with it."""
    return re.sub(r"//.*@", "//", printable(url))  # a password may hold anything
