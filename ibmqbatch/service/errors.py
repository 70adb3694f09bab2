"""What can go wrong on the way to the service, and in it.

    ServiceError
    ├── Unreachable           no connection: nothing was sent
    │   ├── Untrusted              a certificate is not trusted, or those to trust are unreadable
    │   └── ProxyFailed            a proxy does not forward requests
    ├── NoAnswer              sent, but no complete answer came back
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
        ├── TooManyPending         the limit of pending jobs is reached
        ├── ProgramRefused         jobs of this program are not taken, or not any more
        └── SessionClosed          the session or batch accepts no more jobs

Failures of the HTTP library become these in `service.transport`, answers of the service in
`service.error_mapping`.
"""

from __future__ import annotations

from collections.abc import Sequence

from ..errors import IbmqbatchError, Problem, Words
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
    """Base of all errors of the service, and of the connection to it.

    `nothing_created`: a submission certainly created nothing; `transient`: the same request may
    succeed later; `retry_after` is in seconds, if the service gave it; `trace` is its id of the
    request, for the support desk.
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
        hint = Words("{} {}", self.hint, trace) if self.hint and trace else self.hint or trace
        return [Problem(self.code, self.message, hint)]


class Unreachable(ServiceError):
    """No connection could be made, or none was free: nothing was sent."""

    code = "unreachable"
    nothing_created = True
    transient = True


class Untrusted(Unreachable):
    """The server's certificate is not trusted, or the certificates to trust are unreadable."""

    code = "certificate"
    exit_code = ExitCode.ERROR
    transient = False


class ProxyFailed(Unreachable):
    """A proxy does not forward requests. One that requires a password is not transient."""

    code = "proxy"

    def __init__(self, message: str, hint: str = "", *, transient: bool = True) -> None:
        super().__init__(message, hint)
        self.transient = transient


class NoAnswer(ServiceError):
    """The request was sent, at least in part, and no complete answer came back."""

    code = "no_answer"
    transient = True


class Busy(ServiceError):
    """429: too many requests.

    `rate` is the limit, if the service named it: so many requests in so many seconds.
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
    """An answer that this API never gives, such as truncated JSON or a missing key."""

    code = "unreadable_answer"
    exit_code = ExitCode.ERROR


class Firewalled(Unreadable):
    """A web page, or a bare status, from something in front of the service.

    A firewall may have blocked the request or the answer: it proves nothing.
    """

    code = "firewall"
    exit_code = ExitCode.UNAVAILABLE


class Refused(ServiceError):
    """A 4xx with the service's own error body: the request was understood and not carried out.

    `status` is None where that was known before anything was sent; `number` is the service's error
    code (for example 1208).
    """

    code = "refused"
    exit_code = ExitCode.ERROR
    nothing_created = True

    def __init__(
        self,
        message: str,
        hint: str = "",
        *,
        status: int | None = None,
        number: int | None = None,
        trace: str | None = None,
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
    """The CRN is invalid, or the service at this URL has no such instance."""

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
    """The limit of pending jobs is reached; `limit` is it, if the service named it."""

    code = "too_many_pending"
    exit_code = ExitCode.UNAVAILABLE
    limit: int | None = None


class ProgramRefused(Refused):
    """The service does not take jobs of this program, or not any more."""

    code = "program_refused"


class SessionClosed(Refused):
    """The session or batch of a submission accepts no more jobs."""

    code = "session_closed"
