"""When to send a request again, and when not.

A request that is idempotent (reading, replacing tags, cancelling) is sent again after every
transient failure. One that creates something is sent again only when no connection was made:
waiting for a busy service is up to the caller. After a firewall's answer there is one more attempt.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from ..clock import Clock
from .errors import Busy, Firewalled, ServiceError

__all__ = ["RetryPolicy"]

Answer = TypeVar("Answer")


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """How often, and how long, to try.

    Both bounds hold: `attempts` in all, and no new attempt that would begin later than `deadline`
    seconds after the first. Waits double from `first` to at most `longest` seconds, each drawn
    at random from its upper half so that many clients do not come back together; an answer that
    says when to come back (Retry-After) is obeyed instead. Without one, a busy service and a
    firewall are left alone for `patience` seconds at least.
    """

    attempts: int = 6
    deadline: float = 90.0
    first: float = 0.5
    longest: float = 60.0
    patience: float = 5.0

    def run(self, send: Callable[[], Answer], clock: Clock, *, repeatable: bool) -> Answer:
        """Call `send` until it answers, and return the answer.

        Raises the last ServiceError when another attempt is not allowed or would not help.
        """
        begun = clock.monotonic()
        pause = self.first
        attempt = 1
        walls = 0
        while True:
            try:
                return send()
            except ServiceError as error:
                walls += isinstance(error, Firewalled)
                if walls > 1 or not self._may_repeat(error, repeatable=repeatable):
                    raise
                wait = error.retry_after
                if wait is None:
                    wait = pause * random.uniform(0.5, 1.0)  # noqa: S311 - jitter, not a secret
                    if isinstance(error, Busy | Firewalled):
                        wait = max(wait, self.patience)
                late = clock.monotonic() - begun + wait > self.deadline or wait > clock.left
                if attempt >= self.attempts or late or clock.interrupted.is_set():
                    raise
                clock.sleep(wait)
            attempt += 1
            pause = min(2 * pause, self.longest)

    @staticmethod
    def _may_repeat(error: ServiceError, *, repeatable: bool) -> bool:
        may_help = error.transient or isinstance(error, Firewalled)
        if repeatable:
            return may_help
        return may_help and error.nothing_created and not isinstance(error, Busy)
