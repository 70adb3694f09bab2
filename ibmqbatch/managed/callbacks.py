"""Calling back now and then while a job is waited for."""

from __future__ import annotations

import threading
from collections.abc import Callable

from ..clock import Clock

__all__ = ["BeatingClock"]

_SHORTEST = 0.01  # seconds between two calls


class BeatingClock(Clock):
    """A clock whose waits are interrupted every `interval` seconds to call `beat`.

    Only by the thread that made it: requests that wait on others do not count.
    """

    def __init__(self, interval: float, beat: Callable[[], None]) -> None:
        super().__init__()
        self._interval = max(interval, _SHORTEST)
        self._beat = beat
        self._thread = threading.get_ident()
        self._next = self.monotonic() + self._interval

    def sleep(self, seconds: float) -> None:
        """Wait, and beat meanwhile."""
        if threading.get_ident() != self._thread:
            super().sleep(seconds)
            return
        end = self.monotonic() + min(seconds, self.left)
        while not self.interrupted.is_set():
            now = self.monotonic()
            if now >= self._next:
                self._beat()
                self._next = max(now, self._next) + self._interval
                continue
            if now >= end:
                return
            super().sleep(min(end, self._next) - now)
