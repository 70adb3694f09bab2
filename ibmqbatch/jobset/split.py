"""Splitting circuits into jobs: in input order, into as few jobs as the limits allow."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ..circuits.cost import Cost

__all__ = ["Chunk", "Limits", "Splitter", "randomizations", "repeat_shots", "repeats"]

_SOFT_EXECUTIONS = 5_000_000  # the service fails a job above 10 million
_SOFT_BYTES = 50_000_000  # what the service once documented; it takes more today
# Of outcomes, before they are encoded: a result that is too large (code 5302) is lost after it has
# been paid for, and how large that is, is not documented.
_SOFT_RESULT_BYTES = 50_000_000
_SOFT_INSTRUCTIONS = 25_000_000  # of the control system on one qubit; the limit is 26.8 million
_SHOTS_EACH, _RANDOMIZATIONS = 64, 32  # at least so many shots, and about so many of them


@dataclass(frozen=True, slots=True)
class Limits:
    """What one job may hold at most; an execution is one shot of one circuit.

    `shots` are those of one circuit in one job: who wants more gets them in several repeats. In
    `alike` jobs all circuits have the same shots and are of one kind.
    """

    circuits: int | None = None
    executions: int = _SOFT_EXECUTIONS
    bytes: int = _SOFT_BYTES
    result_bytes: int = _SOFT_RESULT_BYTES
    instructions: int = _SOFT_INSTRUCTIONS
    shots: int | None = None
    alike: bool = False


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


def randomizations(shots: int, twirling: Mapping[str, Any]) -> tuple[int, int]:
    """Return how many randomizations a twirled circuit gets, and the shots of each.

    Their number is that of IBM's `TwirlingOptions`: "auto" for both takes 32 randomizations of at
    least 64 shots; where one number is given the other follows. The shots that were asked for go
    first, as they do on IBM's service: they are shared out, and rounded up by less than one for
    each randomization.
    """
    number = twirling.get("num_randomizations", "auto")
    if number == "auto":
        each = twirling.get("shots_per_randomization", "auto")
        if each == "auto":
            each = max(_SHOTS_EACH, math.ceil(shots / _RANDOMIZATIONS))
        number = math.ceil(shots / each)
    number = min(number, shots)
    return number, math.ceil(shots / number)


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

    def add(
        self, load: Cost, shots: int, size: int, row: int | None = None, kind: str = "qpy"
    ) -> Iterator[Chunk]:
        """Take the next circuit; yield the chunks that it did not fit into.

        `load` is that of one of its runs, `size` the bytes that it takes on the wire; `row` those
        that it takes there behind the circuit before it, where it differs from that one in its
        parameters' values alone. `kind` is how it is encoded.
        """
        most = self._limits.shots or shots
        for repeat in range(repeats(shots, most)):
            if repeat == len(self._open):
                self._open.append(_OpenChunk(repeat, self._limits))
            like = repeat_shots(shots, most, repeat), kind
            yield from self._open[repeat].add(self._next, load, like, size, row)
        self._next += 1

    @property
    def unlike(self) -> int:
        """How many chunks there are, at most, because circuits in one are alike."""
        return sum(chunk.unlike for chunk in self._open)

    def finish(self) -> Iterator[Chunk]:
        """Yield what is left."""
        for chunk in self._open:
            yield from chunk.close()


class _OpenChunk:
    def __init__(self, repeat: int, limits: Limits) -> None:
        self._repeat = repeat
        self._limits = limits
        self._first = self._next = 0
        self._like: tuple[int, str] = 0, ""  # shots and kind of its circuits
        self.unlike = 0  # circuits that began a chunk only because of what was before them
        self._clear()

    def _clear(self) -> None:
        self._bytes = self._executions = self._result_bytes = self._instructions = 0

    def add(
        self, index: int, load: Cost, like: tuple[int, str], size: int, row: int | None
    ) -> Iterator[Chunk]:
        limits, shots = self._limits, like[0]
        count = self._next - self._first
        added = size if row is None or not count else row
        result = load.result_bytes * shots
        full = (
            # A job's circuits follow one another, and not all need this repeat.
            index != self._next
            or count >= (limits.circuits or count + 1)
            or self._executions + shots > limits.executions
            or self._bytes + added > limits.bytes
            or self._result_bytes + result > limits.result_bytes
            or self._instructions + load.instructions > limits.instructions
        )
        unlike = limits.alike and count > 0 and like != self._like
        self.unlike += unlike and not full
        if full or unlike:
            yield from self.close()
            self._first, added = index, size
        self._next, self._like = index + 1, like
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
