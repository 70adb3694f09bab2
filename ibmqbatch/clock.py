"""Time, and waiting that can be interrupted."""

from __future__ import annotations

import functools
import math
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Self

__all__ = ["Clock", "Instant", "in_utc", "iso"]

# Goes on while the machine sleeps; so does the monotonic clock where there is no such one.
_UP = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)
_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")


def iso(epoch: float) -> str:
    """Write seconds since the epoch as ISO 8601 in UTC, to the millisecond."""
    text = datetime.fromtimestamp(epoch, UTC).isoformat(timespec="milliseconds")
    return text.replace("+00:00", "Z")


def in_utc(text: object, *, exact: bool = False) -> str | None:
    """Write a time that is given as ISO 8601 as `iso` does; None where it is none.

    Without a zone it is taken for UTC. `exact` keeps its microseconds.
    """
    try:
        moment = datetime.fromisoformat(str(text))
        moment = (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
        return moment.isoformat() if exact else iso(moment.timestamp())
    except (ValueError, OverflowError):
        return None


@functools.cache
def _boot() -> str:
    """Return what names the time since this machine was started; empty where nothing does."""
    try:
        return _BOOT_ID.read_text().strip()
    except OSError:
        return ""


@dataclass(frozen=True, slots=True)
class Instant:
    """An instant that can be kept: setting a clock does not shorten waits that are measured by it.

    `at` is in seconds since the epoch, as the machine's clock told; `up` in seconds since the
    machine was started, which nobody sets, and `boot` names that start.
    """

    at: float
    up: float
    boot: str

    def since(self, earlier: Instant) -> float:
        """Return how many seconds have certainly passed since an instant before this one.

        Beyond a restart, or from another machine, the clocks have to be believed.
        """
        if self.boot and self.boot == earlier.boot:
            return self.up - earlier.up
        return min(self.at - earlier.at, self.up)

    def write(self) -> str:
        """Return it as text."""
        return f"{self.at!r} {self.up!r} {self.boot}"

    @classmethod
    def read(cls, text: str) -> Self:
        """Read what `write` has returned; raises ValueError."""
        at, up, boot = text.split(" ")
        return cls(float(at), float(up), boot)


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

    def up(self) -> float:
        """Return the seconds since the machine was started: the same for all its processes."""
        return time.clock_gettime(_UP)

    def instant(self) -> Instant:
        """Return the present as one that can be kept."""
        return Instant(self.now(), self.up(), _boot())

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

    def tries(self, patience: float, pause: float) -> Iterator[None]:
        """Yield at once, and again after every `pause`, for `patience` seconds; see `sleep`.

        For what may succeed later: whoever has succeeded leaves the loop.
        """
        deadline = self.monotonic() + min(patience, self.left)
        while True:
            yield
            if self.monotonic() >= deadline or self.interrupted.is_set():
                return
            self.sleep(pause)

    def sleep(self, seconds: float) -> None:
        """Wait, or return early: when interrupted, or at the deadline."""
        seconds = min(seconds, self.left)
        if seconds > 0:
            self.interrupted.wait(seconds)
