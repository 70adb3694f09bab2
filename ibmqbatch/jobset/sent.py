"""A job as it was sent, whichever program it was sent to."""

from __future__ import annotations

import hashlib
import itertools
import math
import struct
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from ..service import npy
from .notes import without_note
from .tags import MAX_CIRCUITS

__all__ = ["MOST_SHOTS", "TEMPLATE", "SentJob", "SentPub", "rows_of", "sent_pub", "unpacked"]

TEMPLATE = "template"
_LARGEST = 2**28  # bytes of a circuit
_MOST_VALUES = 20_000_000  # of the parameters in a pub
MOST_SHOTS = 2**31  # of a circuit; the service itself takes far fewer


@dataclass(frozen=True, slots=True)
class SentPub:
    """A pub as it was sent: its circuit, and the values of its runs as far as they can be told.

    `body` is compressed by zlib, of `kind` qpy, openqasm3, or TEMPLATE: QPY of what twirling or
    decoupling made of a circuit that is not told. `rows` is None where the circuit has
    no values, or the order of their parameters is not told. `note` is what it tells of its set (see
    `notes.noted`), and is not in the body any more.
    """

    kind: str
    body: bytes
    sha256: str
    runs: int
    rows: list[tuple[float, ...]] | None
    shots: int
    note: Mapping[str, Any] = field(default_factory=dict)

    @property
    def kept_as(self) -> str:
        """The kind that a manifest keeps it as: what stands for another cannot be sent again."""
        return "unknown" if self.kind == TEMPLATE else self.kind


@dataclass(frozen=True, slots=True)
class SentJob:
    """What a job was asked to do: its pubs, and `shots` and `options` of all of them."""

    pubs: list[SentPub]
    shots: int
    options: Mapping[str, Any]

    @property
    def circuits(self) -> int:
        """How many circuits it holds: one for each run of its pubs."""
        return sum(pub.runs for pub in self.pubs)

    def shots_of_circuits(self) -> Iterator[int]:
        """Yield the shots of each circuit."""
        for pub in self.pubs:
            yield from itertools.repeat(pub.shots, pub.runs)


def sent_pub(
    kind: str, body: bytes, runs: int, rows: list[tuple[float, ...]] | None, shots: object
) -> SentPub:
    """Return a pub as it was sent, its note taken out; raises ValueError where it makes no sense.

    `body` is compressed by zlib.
    """
    if type(shots) is not int or not 1 <= shots <= MOST_SHOTS or not 1 <= runs <= MAX_CIRCUITS:
        raise ValueError("shots or values that make no sense")
    data = unpacked(body)
    note: Mapping[str, Any] = {}
    if kind != "openqasm3":
        data, note = without_note(data)
        body = zlib.compress(data) if note else body
    return SentPub(kind, body, hashlib.sha256(data).hexdigest(), runs, rows, shots, note)


def unpacked(body: bytes) -> bytes:
    """Return circuits that are compressed by zlib; raises ValueError for what is far too large."""
    unpacker = zlib.decompressobj()
    data = unpacker.decompress(body, _LARGEST)
    if not unpacker.eof:
        raise ValueError("a circuit that is cut short, or far too large")
    return data


def rows_of(values: npy.Array) -> tuple[tuple[int, ...], list[tuple[float, ...]] | None]:
    """Return the shape of a circuit's runs, and the values of each; raises ValueError."""
    size = math.prod(values.shape)
    if size > _MOST_VALUES:
        raise ValueError(f"more than {_MOST_VALUES} values")
    if not size or not values.shape:
        return values.shape[:-1], None
    return values.shape[:-1], list(struct.iter_unpack(f"{values.shape[-1]}d", values.floats()))
