"""The pace of submissions: so many in any window, over all processes that use one key.

The last send times of a key stand in a small locked file. A submission is entered when it is about
to go and again when its answer is here: the service counts it at some instant between the two, and
the later one is safe.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from .. import paths
from ..clock import Clock
from ..files import FileLock, replacing

__all__ = ["Grant", "Pace"]

_LONGEST_BLOCK = 3600.0  # seconds; a later end than this comes of a clock that was wrong
# Seconds after which a submission that was never reported back counts as sent at the latest.
_IN_FLIGHT = 10.0


@dataclass(frozen=True, slots=True)
class Grant:
    """Leave to send: one ticket a submission, and the seconds until there may be more."""

    tickets: tuple[str, ...]
    wait: float


@dataclass(slots=True)
class _Log:
    """What the file holds: send times by ticket, and when a busy service may be asked again."""

    sent: dict[str, float] = field(default_factory=dict)
    blocked_until: float = 0.0
    counter: int = 0


class Pace:
    """The pace of one API key. `limit` None admits everything that the service does."""

    def __init__(self, key_id: str, limit: int | None, window: float, clock: Clock) -> None:
        self._limit = limit
        self._window = window
        self._clock = clock
        self._path = paths.pace() / f"{key_id}.json"

    def reserve(self, wanted: int) -> Grant:
        """Ask for leave to send `wanted` submissions now; some or none of them may be granted."""
        if self._limit is None and not self._path.exists():
            return Grant(("",) * wanted, 0.0)
        with self._locked():
            log = self._read()
            now = self._clock.now()
            if now < log.blocked_until <= now + _LONGEST_BLOCK:
                return Grant((), log.blocked_until - now)
            if self._limit is None:
                return Grant(("",) * wanted, 0.0)
            log.sent = {
                ticket: at for ticket, at in log.sent.items() if now - self._window < at <= now + 60
            }
            free = max(0, self._limit - len(log.sent))
            tickets = []
            for _ in range(min(wanted, free)):
                log.counter += 1
                ticket = str(log.counter)
                # Its answer moves this to the true time; without one, assume that it took a while.
                log.sent[ticket] = now + _IN_FLIGHT
                tickets.append(ticket)
            self._write(log)
            oldest = min(log.sent.values(), default=now)
            wait = 0.0 if len(tickets) == wanted else max(0.1, oldest + self._window - now)
            return Grant(tuple(tickets), wait)

    def answered(self, tickets: Iterable[str]) -> None:
        """Enter that the submissions of `tickets` have been answered just now."""
        self._update(tickets, self._clock.now())

    def unused(self, tickets: Iterable[str]) -> None:
        """Give back tickets for which nothing was sent."""
        self._update(tickets, None)

    def block(self, seconds: float) -> None:
        """Let nobody send for so long: the service has said that it is busy."""
        with self._locked():
            log = self._read()
            now = self._clock.now()
            until = log.blocked_until if log.blocked_until <= now + _LONGEST_BLOCK else 0.0
            log.blocked_until = max(until, now + min(seconds, _LONGEST_BLOCK))
            self._write(log)

    def _update(self, tickets: Iterable[str], at: float | None) -> None:
        known = [ticket for ticket in tickets if ticket]
        if not known:
            return
        with self._locked():
            log = self._read()
            for ticket in known:
                if at is None:
                    log.sent.pop(ticket, None)
                else:
                    # Even when it has been forgotten meanwhile: only now the service is done.
                    log.sent[ticket] = at
            self._write(log)

    def _locked(self) -> FileLock:
        paths.ensure_folder(self._path.parent)
        return FileLock(self._path.with_suffix(".lock"))

    def _read(self) -> _Log:
        """Read the log; a damaged one is as good as none, for the service has the last word."""
        try:
            told: Any = json.loads(self._path.read_bytes())
            return _Log(
                {str(ticket): float(at) for ticket, at in told["sent"].items()},
                float(told["blocked_until"]),
                int(told["counter"]),
            )
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            return _Log()
        except (OverflowError, RecursionError):
            return _Log()

    def _write(self, log: _Log) -> None:
        with replacing(Path(self._path)) as file:
            told = {
                "sent": log.sent,
                "blocked_until": log.blocked_until,
                "counter": log.counter,
            }
            file.write(json.dumps(told).encode())
