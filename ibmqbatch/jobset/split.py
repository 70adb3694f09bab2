"""Splitting circuits into jobs: in input order, into as few jobs as the limits allow."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ..circuits.cost import Cost

__all__ = ["Chunk", "Limits", "Splitter", "repeat_shots", "repeats"]

_SOFT_EXECUTIONS = 5_000_000  # the service fails a job above 10 million
_SOFT_BYTES = 50_000_000  # what the service once documented; it takes more today
# Of outcomes, before they are encoded: a result that is too large (code 5302) is lost after it has
# been paid for, and how large that is, is not documented.
_SOFT_RESULT_BYTES = 50_000_000
_SOFT_INSTRUCTIONS = 25_000_000  # of the control system on one qubit; the limit is 26.8 million


@dataclass(frozen=True, slots=True)
class Limits:
    """What one job may hold at most; an execution is one shot of one circuit.

    `shots` are those of one circuit in one job: who wants more gets them in several repeats.
    """

    circuits: int | None = None
    executions: int = _SOFT_EXECUTIONS
    bytes: int = _SOFT_BYTES
    result_bytes: int = _SOFT_RESULT_BYTES
    instructions: int = _SOFT_INSTRUCTIONS
    shots: int | None = None


@dataclass(frozen=True, slots=True)
class Chunk:
    """A job: the circuits `first` to `last`, both included, in shot repeat `repeat` (from 0).

    `bytes` are what they take on the wire, `executions` their shots, summed up.
    """

    first: int
    last: int
    bytes: int
    repeat: int
    executions: int


def repeats(shots: int, most: int) -> int:
    """Return in how many repeats a circuit gets its `shots`, `most` of them in each."""
    return -(-shots // most)


def repeat_shots(shots: int, most: int, repeat: int) -> int:
    """Return how many of a circuit's `shots` it gets in one repeat, `most` in each but the last."""
    return max(0, min(most, shots - repeat * most))


class Splitter:
    """Takes circuits one by one and gives back chunks as they fill.

    A circuit that is over a limit by itself is a chunk of its own.
    """

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._next = 0
        self._open: list[_OpenChunk] = []  # one a repeat

    def add(self, load: Cost, shots: int, size: int, row: int | None = None) -> Iterator[Chunk]:
        """Take the next circuit; yield the chunks that it did not fit into.

        `load` is that of one of its runs, `size` the bytes that it takes on the wire; `row` those
        that it takes there behind the circuit before it, where it differs from that one in its
        parameters' values alone.
        """
        most = self._limits.shots or shots
        for repeat in range(repeats(shots, most)):
            if repeat == len(self._open):
                self._open.append(_OpenChunk(repeat, self._limits))
            yield from self._open[repeat].add(
                self._next, load, repeat_shots(shots, most, repeat), size, row
            )
        self._next += 1

    def finish(self) -> Iterator[Chunk]:
        """Yield what is left."""
        for chunk in self._open:
            yield from chunk.close()


class _OpenChunk:
    def __init__(self, repeat: int, limits: Limits) -> None:
        self._repeat = repeat
        self._limits = limits
        self._first = self._next = 0
        self._clear()

    def _clear(self) -> None:
        self._bytes = self._executions = self._result_bytes = self._instructions = 0

    def add(
        self, index: int, load: Cost, shots: int, size: int, row: int | None
    ) -> Iterator[Chunk]:
        limits = self._limits
        count = self._next - self._first
        added = size if row is None or not count else row
        result = load.result_bytes * shots
        if (
            # A job's circuits follow one another, and not all need this repeat.
            index != self._next
            or count >= (limits.circuits or count + 1)
            or self._executions + shots > limits.executions
            or self._bytes + added > limits.bytes
            or self._result_bytes + result > limits.result_bytes
            or self._instructions + load.instructions > limits.instructions
        ):
            yield from self.close()
            self._first, added = index, size
        self._next = index + 1
        self._bytes += added
        self._executions += shots
        self._result_bytes += result
        self._instructions += load.instructions

    def close(self) -> Iterator[Chunk]:
        if self._next > self._first:
            last = self._next - 1
            yield Chunk(self._first, last, self._bytes, self._repeat, self._executions)
        self._first = self._next
        self._clear()
