"""The pace of submissions: so many in any window, over all processes that use one key.

The last send times of a key stand in a small locked file. A submission is entered before it is sent
and again when it is answered: the service counts it at some instant between the two, and the later
one is safe. The same file holds the limits that the service's refusals have named: how many in
which time, and how many jobs may be pending; and the programs that it has refused.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from .. import paths
from ..clock import Clock
from ..files import FileLock, replacing

__all__ = ["Grant", "Pace", "PaceState", "Pending"]

_LONGEST_BLOCK = 3600.0  # seconds; a later end means that a clock was wrong
# Seconds after which a submission without an answer counts as sent.
_IN_FLIGHT = 10.0
# The same for the pending window, where too short means a refusal, and too long a wait.
_LONGEST_FLIGHT = 60.0
# Seconds for which send times are kept at least: listings of pending jobs may be as old.
_KEPT = 60.0
# How long a learnt limit is relied on: it may have been raised.
_DAY = 86_400.0
_HOUR = 3600.0


@dataclass(frozen=True, slots=True)
class Grant:
    """Permission to send: one ticket a submission, and the seconds until there may be more.

    `full`: fewer were granted than the pace allows, because so many jobs are pending already; how
    long that lasts is unknown.
    """

    tickets: tuple[str, ...]
    wait: float
    full: bool = False


@dataclass(frozen=True, slots=True)
class PaceState:
    """The pace at one instant: `limit` submissions in any `window`, the next in `wait` seconds.

    `limit` None: as many as one likes. `free` may leave then, before the window is full.
    """

    limit: int | None
    window: float
    wait: float
    free: int

    def seconds_for(self, number: int) -> float:
        """Return in how many seconds the last of `number` submissions may leave."""
        if self.limit is None or number <= self.free:
            return self.wait
        return self.wait + self.window * math.ceil((number - self.free) / self.limit)


@dataclass(frozen=True, slots=True)
class Pending:
    """`count` jobs of `limit` were pending in a listing that was begun at `at` (epoch)."""

    count: int
    limit: int
    at: float


@dataclass(frozen=True, slots=True)
class _Learnt:
    """A limit that the service named: so many (in so many seconds), relied on `until` a time."""

    limit: int
    window: float
    until: float

    def holds(self, now: float) -> bool:
        return now < self.until <= now + _DAY


@dataclass(slots=True)
class _Log:
    """What the file holds.

    Send times by ticket; grant times of tickets without an answer; when a busy service may be asked
    again; learnt limits; programs that were refused, with the time until which that is relied on.
    """

    sent: dict[str, float] = field(default_factory=dict)
    flying: dict[str, float] = field(default_factory=dict)
    blocked_until: float = 0.0
    counter: int = 0
    rate: _Learnt | None = None
    pending: _Learnt | None = None
    refused: dict[str, float] = field(default_factory=dict)


class Pace:
    """The pace of one API key: `limit` submissions in any `window`, or a learnt limit.

    `limit` None: no limit until one is learnt. `fixed`: none is ever learnt.
    """

    def __init__(
        self,
        key_id: str,
        limit: int | None,
        window: float,
        clock: Clock,
        *,
        fixed: bool = False,
    ) -> None:
        self._limit = limit
        self._window = window
        self._fixed = fixed or limit is None
        self._clock = clock
        self._path = paths.pace() / f"{key_id}.json"

    def figures(self) -> tuple[int | None, float]:
        """Return the limit and the window (seconds) at present."""
        return self._figures(self._read())

    def state(self) -> PaceState:
        """Return how the pace stands now. It is a look: nothing is reserved."""
        log, now = self._read(), self._clock.now()
        limit, window = self._figures(log)
        wait = log.blocked_until - now if now < log.blocked_until <= now + _LONGEST_BLOCK else 0.0
        if limit is None:
            return PaceState(None, window, wait, 0)
        # A submission without an answer is taken for one that leaves now.
        sent = sorted(min(at, now) for at in log.sent.values() if at > now - window)
        if len(sent) >= limit:
            wait = max(wait, sent[len(sent) - limit] + window - now)
        free = limit - sum(at > now + wait - window for at in sent)
        return PaceState(limit, window, wait, max(1, free))

    def pending_limit(self) -> int | None:
        """Return the learnt limit of pending jobs, if there is one."""
        learnt = self._read().pending
        return learnt.limit if learnt is not None and learnt.holds(self._clock.now()) else None

    def reserve(self, wanted: int, pending: Pending | None = None) -> Grant:
        """Request permission to send `wanted` submissions now; some or none may be granted.

        With `pending`, no more than still fit among the pending jobs. Grants since that was
        counted, of whichever process, take up room.
        """
        if self._limit is None and pending is None and not self._path.exists():
            return Grant(("",) * wanted, 0.0)
        with self._locked():
            log = self._read()
            now = self._clock.now()
            if now < log.blocked_until <= now + _LONGEST_BLOCK:
                return Grant((), log.blocked_until - now)
            if self._limit is None and pending is None:
                return Grant(("",) * wanted, 0.0)
            limit, window = self._figures(log)
            self._forget_old(log, max(window, _KEPT))
            counted = [at for at in log.sent.values() if at > now - window]
            allowed = wanted if limit is None else max(0, min(wanted, limit - len(counted)))
            room = allowed if pending is None else min(allowed, _room(log, pending))
            tickets = []
            for _ in range(room):
                log.counter += 1
                ticket = str(log.counter)
                # Its answer moves this to the true time; without one, assume that it took a while.
                log.sent[ticket] = now + _IN_FLIGHT
                log.flying[ticket] = now
                tickets.append(ticket)
            self._write(log)
            counted = sorted(at for at in log.sent.values() if at > now - window)
            wait = 0.0
            if len(tickets) < wanted and limit is not None and len(counted) >= limit:
                # So many of the oldest have to leave the window before one more may go.
                wait = max(0.1, counted[len(counted) - limit] + window - now)
            return Grant(tuple(tickets), wait, full=room < allowed)

    def answered(self, tickets: Iterable[str]) -> None:
        """Note that the submissions of `tickets` have just been answered."""
        self._update(tickets, answered=True)

    def unused(self, tickets: Iterable[str]) -> None:
        """Give back tickets for which nothing was sent."""
        self._update(tickets, answered=False)

    def block(self, seconds: float) -> None:
        """Grant nothing for so long: the service is busy."""
        with self._locked():
            log = self._read()
            now = self._clock.now()
            until = log.blocked_until if log.blocked_until <= now + _LONGEST_BLOCK else 0.0
            log.blocked_until = max(until, now + min(seconds, _LONGEST_BLOCK))
            self._write(log)

    def learn(self, limit: int, window: float) -> None:
        """Keep the rate limit that a busy service named."""
        if self._fixed:
            return
        with self._locked():
            log = self._read()
            log.rate = _Learnt(limit, window, self._clock.now() + _DAY)
            self._write(log)

    def learn_pending(self, limit: int, *, told: bool) -> None:
        """Keep the limit of pending jobs. One that was only counted, not `told`, expires soon."""
        with self._locked():
            log = self._read()
            until = self._clock.now() + (_DAY if told else _HOUR)
            log.pending = _Learnt(max(1, limit), 0.0, until)
            self._write(log)

    def refused_programs(self) -> frozenset[str]:
        """Return the programs that the service has refused within an hour."""
        now = self._clock.now()
        told = self._read().refused
        return frozenset(name for name, until in told.items() if now < until <= now + _HOUR)

    def learn_refused(self, program: str) -> None:
        """Keep that the service refuses a program, for an hour: then it is tried again."""
        with self._locked():
            log = self._read()
            log.refused[program] = self._clock.now() + _HOUR
            self._write(log)

    def _figures(self, log: _Log) -> tuple[int | None, float]:
        if not self._fixed and log.rate is not None and log.rate.holds(self._clock.now()):
            return log.rate.limit, log.rate.window
        return self._limit, self._window

    def _forget_old(self, log: _Log, age: float) -> None:
        now = self._clock.now()
        log.sent = {ticket: at for ticket, at in log.sent.items() if now - age < at <= now + 60}
        log.flying = {
            ticket: at for ticket, at in log.flying.items() if now - _LONGEST_FLIGHT < at <= now
        }

    def _update(self, tickets: Iterable[str], *, answered: bool) -> None:
        known = [ticket for ticket in tickets if ticket]
        if not known:
            return
        now = self._clock.now()
        with self._locked():
            log = self._read()
            for ticket in known:
                log.flying.pop(ticket, None)
                if answered:
                    # Even when it has been forgotten meanwhile: only now the service is done.
                    log.sent[ticket] = now
                else:
                    log.sent.pop(ticket, None)
            self._write(log)

    def _locked(self) -> FileLock:
        paths.ensure_folder(self._path.parent)
        return FileLock(self._path.with_suffix(".lock"))

    def _read(self) -> _Log:
        """Read the file; a damaged one counts as missing, as the service has the last word."""
        try:
            told: Any = json.loads(self._path.read_bytes())
            return _Log(
                _times(told["sent"]),
                _times(told.get("flying", {})),
                float(told["blocked_until"]),
                int(told["counter"]),
                _learnt(told.get("rate")),
                _learnt(told.get("pending")),
                _times(told.get("refused", {})),
            )
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            return _Log()
        except (OverflowError, RecursionError):
            return _Log()

    def _write(self, log: _Log) -> None:
        told = {
            "sent": log.sent,
            "flying": log.flying,
            "blocked_until": log.blocked_until,
            "counter": log.counter,
            "refused": log.refused,
        }
        for name, learnt in (("rate", log.rate), ("pending", log.pending)):
            if learnt is not None:
                told[name] = [learnt.limit, learnt.window, learnt.until]
        with replacing(Path(self._path)) as file:
            file.write(json.dumps(told).encode())


def _times(told: Any) -> dict[str, float]:
    return {str(ticket): float(at) for ticket, at in told.items()}


def _learnt(told: Any) -> _Learnt | None:
    if told is None:
        return None
    limit, window, until = told
    return _Learnt(max(1, int(limit)), max(0.0, float(window)), float(until))


def _room(log: _Log, pending: Pending) -> int:
    """Return how many jobs still fit among the pending ones.

    Submissions under way, and those answered since the listing, may not have been counted.
    """
    since = sum(at >= pending.at for ticket, at in log.sent.items() if ticket not in log.flying)
    return max(0, pending.limit - pending.count - len(log.flying) - since)
