"""Splitting circuits into jobs: in input order, into as few jobs as the limits allow."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

__all__ = ["Chunk", "Limits", "Splitter"]

_SOFT_EXECUTIONS = 5_000_000  # the service fails a job above 10 million
_SOFT_BYTES = 50_000_000  # what the service once documented; it takes more today


@dataclass(frozen=True, slots=True)
class Limits:
    """What one job may hold at most; an execution is one shot of one circuit."""

    circuits: int | None = None
    executions: int = _SOFT_EXECUTIONS
    bytes: int = _SOFT_BYTES


@dataclass(frozen=True, slots=True)
class Chunk:
    """The circuits `first` to `last`, both included, and the bytes that they take on the wire."""

    first: int
    last: int
    bytes: int


class Splitter:
    """Takes circuits one by one and gives back chunks as they fill.

    A circuit that is over a limit by itself is a chunk of its own.
    """

    def __init__(self, limits: Limits, shots: int) -> None:
        by_executions = max(1, limits.executions // shots)
        self._most = min(limits.circuits or by_executions, by_executions)
        self._most_bytes = limits.bytes
        self._first = 0
        self._next = 0
        self._bytes = 0

    def add(self, size: int) -> Iterator[Chunk]:
        """Take the next circuit, of `size` bytes; yield the chunk that it did not fit into."""
        count = self._next - self._first
        if count and (count >= self._most or self._bytes + size > self._most_bytes):
            yield from self.finish()
        self._next += 1
        self._bytes += size

    def finish(self) -> Iterator[Chunk]:
        """Yield what is left."""
        if self._next > self._first:
            yield Chunk(self._first, self._next - 1, self._bytes)
        self._first, self._bytes = self._next, 0
