"""Splitting circuits into jobs: into as few as the limits allow, in the order of the input.

Where the circuits of a job are to be alike, those that are alike are put together.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
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
    """A job: the circuits at the places `first` to `last`, in shot repeat `repeat` (from 0).

    Both are included; `first_circuit` and `last_circuit` are the lowest and the highest of their
    indexes. `bytes` are what they take on the wire, `executions` their shots, summed up.
    """

    first: int
    last: int
    first_circuit: int
    last_circuit: int
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
    """Takes circuits one by one, and splits them into chunks.

    A circuit's place is that in the input. Where jobs are `alike`, the circuits of a group, which
    have equal shots and are of one kind, follow one another instead, and groups as their first
    circuits do: where a group begins is known at the end. A circuit that is over a limit by itself
    is a chunk of its own.
    """

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._next = 0
        self._groups: dict[tuple[int, str] | None, _Group] = {}
        # As if the circuits of a job need not be alike.
        self._mixed = _Group(limits)

    def add(
        self, load: Cost, shots: int, size: int, row: int | None = None, kind: str = "qpy"
    ) -> None:
        """Take the next circuit.

        `load` is that of one of its runs, `size` the bytes that it takes on the wire; `row` those
        that it takes there behind the circuit before it, where it differs from that one in its
        parameters' values alone. `kind` is how it is encoded.
        """
        key = (shots, kind) if self._limits.alike else None
        if key not in self._groups:
            self._groups[key] = _Group(self._limits)
        self._groups[key].add(self._next, load, shots, size, row)
        if key is not None:
            self._mixed.add(self._next, load, shots, size, row)
        self._next += 1

    @property
    def grouped(self) -> bool:
        """Whether any circuit's place is another than that in the input."""
        return any(group.scattered for group in self._groups.values())

    def finish(self) -> tuple[list[Chunk], int]:
        """Return the chunks, and how many fewer they were if circuits in one need not be alike.

        All circuits come first, then the repeats of those that have more shots than go into one.
        """
        chunks: list[Chunk] = []
        start = 0
        for group in self._groups.values():
            chunks += (
                replace(chunk, first=start + chunk.first, last=start + chunk.last)
                for chunk in group.finish()
            )
            start += group.total
        chunks.sort(key=lambda chunk: (chunk.repeat, chunk.first))
        return chunks, max(0, len(chunks) - len(self._mixed.finish())) if self._limits.alike else 0


class _Group:
    """Circuits that may share a job; places are counted from that of the first of them."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._open: list[_OpenChunk] = []  # one a repeat
        self._closed: list[Chunk] = []
        self._first = self._last = 0
        self.total = 0

    @property
    def scattered(self) -> bool:
        """Whether there are others between them in the input."""
        return self._last - self._first + 1 > self.total

    def add(self, index: int, load: Cost, shots: int, size: int, row: int | None) -> None:
        if not self.total:
            self._first = index
        self._last = index
        most = self._limits.shots or shots
        for repeat in range(repeats(shots, most)):
            if repeat == len(self._open):
                self._open.append(_OpenChunk(repeat, self._limits))
            runs = repeat_shots(shots, most, repeat)
            self._closed += self._open[repeat].add(
                self.total, index, load, runs, size=size, row=row
            )
        self.total += 1

    def finish(self) -> list[Chunk]:
        return [*self._closed, *(chunk for each in self._open for chunk in each.close())]


class _OpenChunk:
    def __init__(self, repeat: int, limits: Limits) -> None:
        self._repeat = repeat
        self._limits = limits
        self._first = self._next = 0
        self._first_circuit = self._last_circuit = 0
        self._clear()

    def _clear(self) -> None:
        self._bytes = self._executions = self._result_bytes = self._instructions = 0

    def add(
        self, place: int, index: int, load: Cost, shots: int, *, size: int, row: int | None
    ) -> Iterator[Chunk]:
        limits = self._limits
        count = self._next - self._first
        added = size if row is None or not count else row
        result = load.result_bytes * shots
        if (
            # A job's circuits follow one another, and not all need this repeat.
            place != self._next
            or count >= (limits.circuits or count + 1)
            or self._executions + shots > limits.executions
            or self._bytes + added > limits.bytes
            or self._result_bytes + result > limits.result_bytes
            or self._instructions + load.instructions > limits.instructions
        ):
            yield from self.close()
            self._first, added = place, size
        if self._first == place:
            self._first_circuit = index
        self._next, self._last_circuit = place + 1, index
        self._bytes += added
        self._executions += shots
        self._result_bytes += result
        self._instructions += load.instructions

    def close(self) -> Iterator[Chunk]:
        if self._next > self._first:
            yield Chunk(
                first=self._first,
                last=self._next - 1,
                first_circuit=self._first_circuit,
                last_circuit=self._last_circuit,
                bytes=self._bytes,
                repeat=self._repeat,
                executions=self._executions,
            )
        self._first = self._next
        self._clear()
