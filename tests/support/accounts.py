"""An account whose service is mocked, and a clock that nobody waits for."""

from __future__ import annotations

from ibmqbatch.clock import Clock
from ibmqbatch.service.endpoint import Account, Endpoint
from ibmqbatch.service.pace import Pace

API = "https://quantum.test/api/v1"
IAM = "https://iam.test"
KEY = "key-0123456789-very-secret"
TOKEN = "token-abcdef-very-secret"
CRN = "crn:v1:bluemix:public:quantum-computing:us-east:a/account:instance::"
JOBS = f"{API}/jobs"


class FakeClock(Clock):
    """A clock that moves only when somebody sleeps, and remembers for how long."""

    def __init__(self, start: float = 1_800_000_000.0) -> None:
        super().__init__()
        self.time = start
        self.slept: list[float] = []

    def now(self) -> float:
        return self.time

    def monotonic(self) -> float:
        return self.time

    def up(self) -> float:
        return self.time

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.time += max(0.0, seconds)


def account(**changes: object) -> Account:
    values: dict[str, object] = {
        "name": "test",
        "locate": lambda: Endpoint(API, IAM, KEY, CRN),
        "default_backend": None,
        "pace_limit": 5,
        "max_pending": None,
        "poll_first": 2.0,
        "poll_longest": 30.0,
        "settle_delay": 30.0,
        "settle_gap": 10.0,
        **changes,
    }
    return Account(**values)  # type: ignore[arg-type]


def error_body(code: int | str = 1208, message: str = "It is wrong", **more: object) -> dict:
    return {"errors": [{"code": code, "message": message, **more}], "trace": "trace-1"}


def sent(pace: Pace, count: int) -> int:
    """Send up to `count` submissions, each answered at once; return how many were let go."""
    grant = pace.reserve(count)
    pace.answered(grant.tickets)
    return len(grant.tickets)
