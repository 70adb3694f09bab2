"""A job of the set as the program `sampler` takes it: written, and read again."""

from __future__ import annotations

import base64
import hashlib
import itertools
import json
import math
import struct
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ..circuits.qpy import raw_metadata, with_raw_metadata
from ..manifest.records import PubRecord, SetRecord
from ..manifest.submissions import Intent
from ..service import npy
from .options import is_twirled
from .split import repeat_shots
from .tags import MAX_CIRCUITS

__all__ = [
    "INDEX",
    "MEASURED",
    "ORDER",
    "RUN_CONFIG",
    "TEMPLATE",
    "SentJob",
    "SentPub",
    "noted",
    "pub_size",
    "read_sampler_params",
    "row_size",
    "rows_of",
    "run_config_in",
    "sampler_params",
    "sent_pub",
    "unpacked",
    "without_note",
]

TEMPLATE = "template"
_TYPED = b'{"__type__":"%s","__value__":"'
_CLOSE = b'"}'
_FRAME_BYTES = len('[{"__type__":"QuantumCircuit","__value__":""}],')
_SHOTS_BYTES = len(",null,") + 10  # of a pub's own shots, at most
_ARRAY_BYTES = 250  # of an array of values, besides the values


def pub_size(body_bytes: int, *, values: int | None = None, own_shots: bool = False) -> int:
    """Return how many bytes a circuit takes in a request, with the comma that follows it.

    `body_bytes` are those of the compressed circuit, `values` the number of its parameters, None
    for a circuit without. Of values and shots of its own it is the most that they can take.
    """
    encoded = _FRAME_BYTES + _base64_bytes(body_bytes)
    more = 0 if values is None else _ARRAY_BYTES + row_size(values)
    return encoded + more + (_SHOTS_BYTES if own_shots else 0)


def row_size(values: int) -> int:
    """Return how many bytes, at most, one more row of values adds to a circuit's."""
    # Compression may gain nothing, and adds a little then.
    return _base64_bytes(8 * values) + 4


def _base64_bytes(size: int) -> int:
    return 4 * -(-size // 3)


def sampler_params(
    intent: Intent, pubs: Sequence[PubRecord], bodies: Sequence[bytes], options: Mapping[str, Any]
) -> bytes:
    """Return the parameters of a job of the sampler, as JSON.

    `bodies` are the circuits of the pubs as they are sent, compressed by zlib.
    """
    told = {"version": 2, "shots": intent.shots, "support_qiskit": True, "options": options}
    # The circuits are by far the most of it, and base64 needs no escapes: they go in as they are.
    written = (_pub(pub, body, intent) for pub, body in zip(pubs, bodies, strict=True))
    return json.dumps(told).encode()[:-1] + b', "pubs": [' + b",".join(written) + b"]}"


def _pub(pub: PubRecord, body: bytes, intent: Intent) -> bytes:
    """Write circuits that are sent as one, with values and shots where they have any."""
    parts = [_circuit(pub.kind, body)]
    shots = repeat_shots(pub.shots, intent.shots, intent.repeat)
    if pub.rows is not None:
        shape = len(pub.rows), len(pub.rows[0])
        rows = npy.numbers("f8", itertools.chain.from_iterable(pub.rows), shape)
        parts.append(_typed("ndarray", zlib.compress(b"".join(npy.write(rows)))))
    elif shots != intent.shots:
        parts.append(b"null")
    if shots != intent.shots:
        parts.append(str(shots).encode())
    return b"[" + b",".join(parts) + b"]"


def _circuit(kind: str, body: bytes) -> bytes:
    if kind == "openqasm3":
        return json.dumps(zlib.decompress(body).decode()).encode()
    return _typed("QuantumCircuit", body)


def _typed(kind: str, data: bytes) -> bytes:
    return _TYPED % kind.encode() + base64.b64encode(data) + _CLOSE


# What a note holds: in which order the metadata were that tell values of parameters; what a circuit
# tells of observables; its index, or that of its first run, where that is not its place; and, in
# the first circuit of a job, what a program asked.
ORDER, MEASURED, INDEX, RUN_CONFIG = "order", "measured", "index", "run_config"
_KEY = "ibmq_jobset"
_HEAD = f'{{"{_KEY}":'.encode()
_LONGEST = 20_000  # bytes of a note; what is longer stays at home
_SHORT = 2_000  # bytes, of what is told of parameters and by programs
_KNOWN: Mapping[str, type] = {"header": dict, "memory": bool, "client_version": dict}


def noted(pubs: Sequence[PubRecord], record: SetRecord) -> list[bytes]:
    """Return the bodies of a job's circuits, compressed by zlib, with what they are to tell.

    What the service has no place for stands in the metadata of circuits, in an entry of our own,
    while these are on the service: a set that is rebuilt from there is the one that it was. What is
    sent as text has no metadata. Notes are small: the planned size of a job leaves them out.
    """
    asked = {name: record.run_config[name] for name in _KNOWN if name in record.run_config}
    bodies = []
    for pub in pubs:
        note: dict[str, object] = {}
        if pub.kind == "qpy" and len(pub.order) > 1:
            note[ORDER] = pub.order
        if pub.kind == "qpy" and pub.measured is not None:
            # Where there is no room, at least that something is missing is told.
            name = {"circuit": pub.measured.get("circuit")}
            note[MEASURED] = pub.measured if _fits(pub.measured) else name
        if pub.kind == "qpy" and record.grouped:
            note[INDEX] = pub.indexes[0]
        if pub.kind == "qpy" and asked:
            note[RUN_CONFIG], asked = asked, {}
        bodies.append(_with_note(pub.body, note) if note else pub.body)
    return bodies


def without_note(data: bytes) -> tuple[bytes, Mapping[str, Any]]:
    """Return a circuit's QPY as it was before it got a note, and the note; empty where it has none.

    Whatever anybody has written there is read: see `run_config_in`.
    """
    raw = raw_metadata(data)
    if raw is None or not raw.startswith(_HEAD):
        return data, {}
    try:
        text = raw[len(_HEAD) :].decode()
        note, end = json.JSONDecoder().raw_decode(text)
    except (ValueError, RecursionError):
        return data, {}
    rest = text[end:].removeprefix(",")
    return with_raw_metadata(data, f"{{{rest}".encode()), note if isinstance(note, dict) else {}


def run_config_in(note: Mapping[str, Any]) -> dict[str, object]:
    """Return what a program asked, as far as a note tells it and it makes sense."""
    asked = note.get(RUN_CONFIG)
    if not isinstance(asked, dict):
        return {}
    return {name: asked[name] for name, kind in _KNOWN.items() if isinstance(asked.get(name), kind)}


def _written(note: Mapping[str, object]) -> bytes:
    return json.dumps(note, separators=(",", ":")).encode()


def _fits(part: Mapping[str, object]) -> bool:
    """Return whether there is room for a part of a note beside the others, which are short."""
    return len(_written(part)) < _LONGEST - _SHORT


def _with_note(body: bytes, note: Mapping[str, object]) -> bytes:
    text = _written(note)
    data = zlib.decompress(body)
    raw = raw_metadata(data)
    if len(text) > _LONGEST or raw is None or not raw.startswith(b"{"):
        return body
    rest = raw[1:].lstrip()
    comma = b"" if rest == b"}" else b","
    return zlib.compress(with_raw_metadata(data, _HEAD + text + comma + rest))


_LARGEST = 2**28  # bytes of a circuit
_MOST_VALUES = 20_000_000  # of the parameters in a pub
_MOST_SHOTS = 2**31  # of a circuit; the service itself takes far fewer
_DEFAULT_SHOTS = 4096  # the service's own, where a job says nothing


@dataclass(frozen=True, slots=True)
class SentPub:
    """A pub as it was sent: its circuit, and the values of its runs as far as they can be told.

    `body` is compressed by zlib, of `kind` qpy, openqasm3, or TEMPLATE: QPY of what twirling or
    decoupling made of a circuit that is not told. `rows` is None where the circuit has
    no values, or the order of their parameters is not told. `note` is what it tells of its set (see
    `noted`), and is not in the body any more.
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


def read_sampler_params(params: Mapping[str, Any]) -> SentJob:
    """Return what a job of the sampler was asked to run; raises ValueError and the like."""
    options = params.get("options")
    options = options if isinstance(options, dict) else {}
    default = params.get("shots") or _shots_by_options(options)
    found = [_read_pub(pub, default) for pub in params["pubs"]]
    most = default if type(default) is int and default <= _MOST_SHOTS else 1
    return SentJob(found, max(most, *(pub.shots for pub in found)), options)


def _shots_by_options(options: Mapping[str, Any]) -> int:
    """Return the shots of a pub that has none of its own, by the options of IBM's sampler.

    Where twirling is on, and both of its numbers are given, their product goes first.
    """
    twirling = options.get("twirling")
    twirling = twirling if isinstance(twirling, dict) else {}
    numbers = [twirling.get(key) for key in ("num_randomizations", "shots_per_randomization")]
    if is_twirled(options) and all(type(number) is int for number in numbers):
        return math.prod(numbers)  # type: ignore[arg-type]
    return options.get("default_shots") or _DEFAULT_SHOTS


def _read_pub(pub: Any, default: int) -> SentPub:
    parts = pub if isinstance(pub, list) else [pub]
    circuit, values, shots = [*parts, None, None][:3]
    kind, body = _read_circuit(circuit)
    shape, rows = _read_values(values)
    return sent_pub(kind, body, math.prod(shape), rows, default if shots is None else shots)


def sent_pub(
    kind: str, body: bytes, runs: int, rows: list[tuple[float, ...]] | None, shots: object
) -> SentPub:
    """Return a pub as it was sent, its note taken out; raises ValueError where it makes no sense.

    `body` is compressed by zlib.
    """
    if type(shots) is not int or not 1 <= shots <= _MOST_SHOTS or not 1 <= runs <= MAX_CIRCUITS:
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


def _read_circuit(circuit: Any) -> tuple[str, bytes]:
    """Return a circuit's kind, and its bytes compressed by zlib."""
    if isinstance(circuit, str):
        return "openqasm3", zlib.compress(circuit.encode())
    return "qpy", base64.b64decode(circuit["__value__"], validate=True)


def _read_values(values: Any) -> tuple[tuple[int, ...], list[tuple[float, ...]] | None]:
    """Return the shape of a pub's runs, and the values of each, where their order is told."""
    from ..service.results import decode_array

    if isinstance(values, dict) and values.get("__type__") != "ndarray":
        # By names: which parameter comes when, only the circuit tells.
        return _broadcast([decode_array(value).shape for value in values.values()]), None
    return rows_of(decode_array(values or []))


def rows_of(values: npy.Array) -> tuple[tuple[int, ...], list[tuple[float, ...]] | None]:
    """Return the shape of a circuit's runs, and the values of each; raises ValueError."""
    size = math.prod(values.shape)
    if size > _MOST_VALUES:
        raise ValueError(f"more than {_MOST_VALUES} values")
    if not size or not values.shape:
        return values.shape[:-1], None
    return values.shape[:-1], list(struct.iter_unpack(f"{values.shape[-1]}d", values.floats()))


def _broadcast(shapes: Iterable[tuple[int, ...]]) -> tuple[int, ...]:
    """Return the shape that arrays take together, as NumPy has it; raises ValueError."""
    whole: list[int] = []
    for lengths in itertools.zip_longest(*(shape[::-1] for shape in shapes), fillvalue=1):
        longer = set(lengths) - {1}
        if len(longer) > 1:
            raise ValueError("values of different shapes")
        whole.append(longer.pop() if longer else 1)
    return tuple(reversed(whole))
