"""What can go wrong between here and the service.

    ServiceError
    ├── Unreachable           no connection: nothing was sent
    │   ├── Untrusted              a certificate is not trusted, or those to trust cannot be read
    │   └── ProxyFailed            a proxy does not let requests through
    ├── NoAnswer              sent, but no whole answer came back
    ├── Busy                  429: too many requests
    ├── ServerFault           5xx, 408, 499: anything may have happened
    ├── Unreadable            an answer, but not one that this API gives
    │   └── Firewalled             a web page in its place
    └── Refused               a 4xx with the service's own error body
        ├── AuthenticationFailed   401, 403
        │   └── WrongInstance          the CRN, or the URL, is of another place
        ├── NotFound               404
        ├── Conflict               409
        ├── Reserved               423
        ├── TooManyPending         no more jobs may wait at a time
        └── SessionClosed          the session or batch takes no jobs any more

Failures of the HTTP library become these in `service.transport`, answers of the service in
`service.error_mapping`.
"""

from __future__ import annotations

from collections.abc import Sequence

from ..errors import IbmqbatchError, Problem
from ..exitcodes import ExitCode

__all__ = [
    "AuthenticationFailed",
    "Busy",
    "Conflict",
    "Firewalled",
    "NoAnswer",
    "NotFound",
    "ProxyFailed",
    "Refused",
    "Reserved",
    "ServerFault",
    "ServiceError",
    "SessionClosed",
    "TooManyPending",
    "Unreachable",
    "Unreadable",
    "Untrusted",
    "WrongInstance",
]


class ServiceError(IbmqbatchError):
    """Base of what the service, or the way to it, can do wrong.

    `nothing_created` tells that a submission certainly left nothing behind; `transient` that the
    same request may well succeed later; `retry_after` is in seconds, where the service gave it;
    `trace` is its id of the request, for the support desk.
    """

    code = "service"
    exit_code = ExitCode.UNAVAILABLE
    nothing_created = False
    transient = False
    retry_after: float | None = None
    trace: str | None = None

    @property
    def problems(self) -> Sequence[Problem]:
        """What is wrong; the hint ends with the trace, where there is one."""
        trace = f"Trace for the support desk: {self.trace}." if self.trace else ""
        return [Problem(self.code, self.message, f"{self.hint} {trace}".strip())]


class Unreachable(ServiceError):
    """No connection could be made, or none was free: nothing was sent."""

    code = "unreachable"
    nothing_created = True
    transient = True


class Untrusted(Unreachable):
    """The other side's certificate is not trusted, or the certificates to trust are no good."""

    code = "certificate"
    exit_code = ExitCode.ERROR
    transient = False


class ProxyFailed(Unreachable):
    """A proxy does not let requests through. One that wants a password will not change its mind."""

    code = "proxy"

    def __init__(self, message: str, hint: str = "", *, transient: bool = True) -> None:
        super().__init__(message, hint)
        self.transient = transient


class NoAnswer(ServiceError):
    """The request went out, at least in part, and no whole answer came back."""

    code = "no_answer"
    transient = True


class Busy(ServiceError):
    """429: the service turned the request away because there were too many.

    `rate` is its limit, where it told: so many requests in so many seconds.
    """

    code = "busy"
    nothing_created = True
    transient = True

    def __init__(
        self,
        message: str,
        hint: str = "",
        *,
        retry_after: float | None = None,
        rate: tuple[int, float] | None = None,
        trace: str | None = None,
    ) -> None:
        super().__init__(message, hint)
        self.retry_after = retry_after
        self.rate = rate
        self.trace = trace


class ServerFault(ServiceError):
    """The service failed (5xx) or gave up waiting (408, 499); what it did before is unknown."""

    code = "server_fault"
    transient = True

    def __init__(
        self,
        message: str,
        hint: str = "",
        *,
        status: int,
        retry_after: float | None = None,
        trace: str | None = None,
    ) -> None:
        super().__init__(message, hint)
        self.status = status
        self.retry_after = retry_after
        self.trace = trace


class Unreadable(ServiceError):
    """An answer that this API never gives: cut JSON, a missing key."""

    code = "unreadable_answer"
    exit_code = ExitCode.ERROR


class Firewalled(Unreadable):
    """A web page, or a bare status, from something that stands before the service.

    A firewall may have looked at the request only, or at the answer: it proves nothing.
    """

    code = "firewall"
    exit_code = ExitCode.UNAVAILABLE


class Refused(ServiceError):
    """A 4xx with the service's own error body: the request was understood and not carried out.

    `number` is the service's error code (for example 1208).
    """

    code = "refused"
    exit_code = ExitCode.ERROR
    nothing_created = True

    def __init__(
        self, message: str, hint: str = "", *, status: int, number: int | None, trace: str | None
    ) -> None:
        super().__init__(message, hint)
        self.status = status
        self.number = number
        self.trace = trace


class AuthenticationFailed(Refused):
    """401 or 403: the key, the token or the instance is not accepted."""

    code = "authentication"
    exit_code = ExitCode.AUTHENTICATION


class WrongInstance(AuthenticationFailed):
    """The CRN is none, or the service at this URL has no such instance: every request meets it."""

    code = "wrong_instance"


class NotFound(Refused):
    """404: no such job or backend."""

    code = "not_found"


class Conflict(Refused):
    """409: not in this state; on submission, the instance has used up its time."""

    code = "conflict"


class Reserved(Refused):
    """423: the backend is reserved for others at present."""

    code = "reserved"
    exit_code = ExitCode.UNAVAILABLE


class TooManyPending(Refused):
    """As many jobs wait as may at a time: `limit` of them, where the service told."""

    code = "too_many_pending"
    exit_code = ExitCode.UNAVAILABLE
    limit: int | None = None


class SessionClosed(Refused):
    """The session or batch that a job was to be part of takes none any more."""

    code = "session_closed"
