"""What a job on the service was asked to do: its circuits, as far as they can be told unread."""

from __future__ import annotations

import base64
import binascii
import hashlib
import itertools
import math
import struct
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ..errors import UsageError
from ..manifest.draft import DraftRemote
from ..service.errors import NotFound, ServiceError
from .errors import Interrupted
from .notes import without_note
from .tags import MAX_CIRCUITS
from .work import IN_FLIGHT, side_by_side

if TYPE_CHECKING:
    from ..clock import Clock
    from ..service.client import Client
    from ..service.models import RemoteJob

__all__ = ["SentJob", "SentPub", "ask", "draft_remote", "read_params"]

_LARGEST = 2**28  # bytes of a circuit
_MOST_VALUES = 20_000_000  # of the parameters in a pub
_MOST_SHOTS = 2**31  # of a circuit; the service itself takes far fewer
_DEFAULT_SHOTS = 4096  # the service's own, where a job says nothing


@dataclass(frozen=True, slots=True)
class SentPub:
    """A pub as it was sent: its circuit, and the values of its runs as far as they can be told.

    `body` is compressed by zlib, of `kind` qpy or openqasm3; `rows` is None where the circuit has
    no values, or the order of their parameters is not told. `note` is what it tells of its set, see
    `notes`, and is not in the body any more.
    """

    kind: str
    body: bytes
    sha256: str
    runs: int
    rows: list[tuple[float, ...]] | None
    shots: int
    note: Mapping[str, Any] = field(default_factory=dict)


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


def ask(
    client: Client, jobs: Sequence[RemoteJob], clock: Clock
) -> Iterator[tuple[RemoteJob, Mapping[str, Any] | NotFound | None]]:
    """Yield the jobs in their order, each with the parameters that the service tells of it.

    Those are None where they are private. `IN_FLIGHT` jobs' are in memory at most. Raises
    ServiceErrors, and Interrupted when the clock is.
    """
    for first in range(0, len(jobs), IN_FLIGHT):
        window = jobs[first : first + IN_FLIGHT]
        told: dict[str, Mapping[str, Any] | NotFound | None] = {}
        for ended in side_by_side(window, lambda job: client.params(job.id), clock):
            for job, answer in ended:
                if isinstance(answer, ServiceError) and not isinstance(answer, NotFound):
                    raise answer
                told[job.id] = answer
        if clock.interrupted.is_set():
            raise Interrupted("Interrupted.")
        for job in window:
            yield job, told[job.id]


def read_params(params: Mapping[str, Any], job_id: str) -> SentJob:
    """Return what a job of the sampler was asked to run; raises UsageError."""
    pubs = params.get("pubs")
    if not isinstance(pubs, list) or not pubs:
        raise UsageError(
            f"Job {job_id} is none of the sampler's.", "Read it with the program that sent it."
        )
    options = params.get("options")
    options = options if isinstance(options, dict) else {}
    default = params.get("shots") or _shots_by_options(options)
    try:
        found = [_read_pub(pub, default) for pub in pubs]
    except (ValueError, TypeError, KeyError, zlib.error, binascii.Error) as error:
        raise UsageError(
            f"What job {job_id} was asked to do cannot be read ({error}).",
            "Read it with the program that sent it.",
        ) from error
    most = default if type(default) is int and default <= _MOST_SHOTS else 1
    return SentJob(found, max(most, *(pub.shots for pub in found)), options)


def _shots_by_options(options: Mapping[str, Any]) -> int:
    """Return the shots of a pub that has none of its own, by the options of IBM's sampler.

    Where twirling is on, and both of its numbers are given, their product goes first.
    """
    twirling = options.get("twirling")
    twirling = twirling if isinstance(twirling, dict) else {}
    numbers = [twirling.get(key) for key in ("num_randomizations", "shots_per_randomization")]
    on = twirling.get("enable_gates") or twirling.get("enable_measure")
    if on and all(type(number) is int for number in numbers):
        return math.prod(numbers)  # type: ignore[arg-type]
    return options.get("default_shots") or _DEFAULT_SHOTS


def draft_remote(remote: RemoteJob) -> DraftRemote:
    """Return a job of the service as it is written into a new manifest."""
    return DraftRemote(
        id=remote.id,
        status=remote.status,
        reason=remote.reason,
        reason_code=remote.reason_code,
        solution=remote.solution,
        private=remote.private,
        created=remote.created,
    )


def _read_pub(told: Any, default: int) -> SentPub:
    parts = told if isinstance(told, list) else [told]
    circuit, values, shots = [*parts, None, None][:3]
    kind, body = _circuit(circuit)
    shape, rows = _values(values)
    runs = math.prod(shape)
    shots = default if shots is None else shots
    if type(shots) is not int or not 1 <= shots <= _MOST_SHOTS or not 1 <= runs <= MAX_CIRCUITS:
        raise ValueError("shots or values that make no sense")
    unpacker = zlib.decompressobj()
    data = unpacker.decompress(body, _LARGEST)
    if not unpacker.eof:
        raise ValueError("a circuit that is cut short, or far too large")
    note: Mapping[str, Any] = {}
    if kind == "qpy":
        data, note = without_note(data)
        body = zlib.compress(data) if note else body
    return SentPub(kind, body, hashlib.sha256(data).hexdigest(), runs, rows, shots, note)


def _circuit(told: Any) -> tuple[str, bytes]:
    """Return a circuit's kind, and its bytes compressed by zlib."""
    if isinstance(told, str):
        return "openqasm3", zlib.compress(told.encode())
    return "qpy", base64.b64decode(told["__value__"], validate=True)


def _values(told: Any) -> tuple[tuple[int, ...], list[tuple[float, ...]] | None]:
    """Return the shape of a pub's runs, and the values of each, where their order is told."""
    from ..service.results import decode_array

    if isinstance(told, dict) and told.get("__type__") != "ndarray":
        # By names: which parameter comes when, only the circuit tells.
        return _broadcast([decode_array(value).shape for value in told.values()]), None
    array = decode_array(told or [])
    size = math.prod(array.shape)
    if size > _MOST_VALUES:
        raise ValueError(f"more than {_MOST_VALUES} values")
    if not size or not array.shape:
        return array.shape[:-1], None
    return array.shape[:-1], list(struct.iter_unpack(f"{array.shape[-1]}d", array.floats()))


def _broadcast(shapes: Iterable[tuple[int, ...]]) -> tuple[int, ...]:
    """Return the shape that arrays take together, as NumPy has it; raises ValueError."""
    whole: list[int] = []
    for lengths in itertools.zip_longest(*(shape[::-1] for shape in shapes), fillvalue=1):
        longer = set(lengths) - {1}
        if len(longer) > 1:
            raise ValueError("values of different shapes")
        whole.append(longer.pop() if longer else 1)
    return tuple(reversed(whole))
