"""Time, and waiting that can be interrupted."""

from __future__ import annotations

import math
import threading
import time
from datetime import UTC, datetime

__all__ = ["Clock", "in_utc", "iso"]


def iso(epoch: float) -> str:
    """Write seconds since the epoch as ISO 8601 in UTC, to the millisecond."""
    text = datetime.fromtimestamp(epoch, UTC).isoformat(timespec="milliseconds")
    return text.replace("+00:00", "Z")


def in_utc(text: object) -> str | None:
    """Write a time that is given as ISO 8601 as `iso` does; None where it is none.

    Without a zone it is taken for UTC.
    """
    try:
        moment = datetime.fromisoformat(str(text))
        return iso((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp())
    except (ValueError, OverflowError):
        return None


class Clock:
    """The clock of one command.

    `interrupted` is set by the first Ctrl-C, or SIGTERM: every wait ends at once from then on, and
    whoever loops looks at it before the next round.
    """

    def __init__(self) -> None:
        self.interrupted = threading.Event()
        self.signal: int | None = None
        self._deadline: float | None = None

    def interrupt(self, signal: int) -> None:
        """End all waits, because of this signal."""
        self.signal = signal
        self.interrupted.set()

    def now(self) -> float:
        """Return seconds since the epoch."""
        return time.time()

    def monotonic(self) -> float:
        """Return seconds that never run backwards, for deadlines within one process."""
        return time.monotonic()

    def set_deadline(self, timeout: float | None) -> None:
        """Have every wait end, at the latest, `timeout` seconds from now."""
        self._deadline = None if timeout is None else self.monotonic() + timeout

    @property
    def left(self) -> float:
        """Seconds until the deadline; infinite without one."""
        return math.inf if self._deadline is None else self._deadline - self.monotonic()

    def sleep(self, seconds: float) -> None:
        """Wait, or return early: when interrupted, or at the deadline."""
        seconds = min(seconds, self.left)
        if seconds > 0:
            self.interrupted.wait(seconds)
