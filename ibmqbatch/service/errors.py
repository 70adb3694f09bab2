"""What can go wrong between here and the service.

    ServiceError
    ├── Unreachable           no connection: nothing was sent
    ├── NoAnswer              sent, but no whole answer came back
    ├── Busy                  429: too many requests
    ├── ServerFault           5xx, 408, 499: anything may have happened
    ├── Unreadable            an answer, but not one that this API gives
    └── Refused               a 4xx with the service's own error body
        ├── AuthenticationFailed   401, 403
        ├── NotFound               404
        ├── Conflict               409
        ├── Reserved               423
        └── SessionClosed          400 of code 1217

Failures of the HTTP library and answers of the service are turned into these in one place,
`service.transport`.
"""

from __future__ import annotations

from ..errors import IbmqbatchError
from ..exitcodes import ExitCode

__all__ = [
    "AuthenticationFailed",
    "Busy",
    "Conflict",
    "NoAnswer",
    "NotFound",
    "Refused",
    "Reserved",
    "ServerFault",
    "ServiceError",
    "SessionClosed",
    "Unreachable",
    "Unreadable",
]


class ServiceError(IbmqbatchError):
    """Base of what the service, or the way to it, can do wrong.

    `nothing_created` tells that a submission certainly left nothing behind; `transient` that the
    same request may well succeed later; `retry_after` is in seconds, where the service gave it.
    """

    code = "service"
    exit_code = ExitCode.UNAVAILABLE
    nothing_created = False
    transient = False
    retry_after: float | None = None


class Unreachable(ServiceError):
    """No connection could be made, or none was free: nothing was sent."""

    code = "unreachable"
    nothing_created = True
    transient = True


class NoAnswer(ServiceError):
    """The request went out, at least in part, and no whole answer came back."""

    code = "no_answer"
    transient = True


class Busy(ServiceError):
    """429: the service turned the request away because there were too many."""

    code = "busy"
    nothing_created = True
    transient = True

    def __init__(self, message: str, hint: str = "", *, retry_after: float | None = None) -> None:
        super().__init__(message, hint)
        self.retry_after = retry_after


class ServerFault(ServiceError):
    """The service failed (5xx) or gave up waiting (408, 499); what it did before is unknown."""

    code = "server_fault"
    transient = True

    def __init__(
        self, message: str, hint: str = "", *, status: int, retry_after: float | None = None
    ) -> None:
        super().__init__(message, hint)
        self.status = status
        self.retry_after = retry_after


class Unreadable(ServiceError):
    """An answer that this API never gives: a web page, cut JSON, a missing key."""

    code = "unreadable_answer"
    exit_code = ExitCode.ERROR


class Refused(ServiceError):
    """A 4xx with the service's own error body: the request was understood and not carried out.

    `number` is the service's error code (for example 1208), `trace` its id for the support desk.
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


class NotFound(Refused):
    """404: no such job, backend or instance."""

    code = "not_found"


class Conflict(Refused):
    """409: not in this state; on submission, the instance has used up its time."""

    code = "conflict"


class Reserved(Refused):
    """423: the backend is reserved for others at present."""

    code = "reserved"
    exit_code = ExitCode.UNAVAILABLE


class SessionClosed(Refused):
    """400 of code 1217: the session or batch takes no more jobs."""

    code = "session_closed"
