"""A job of the set as the body of the request that submits it: written, and read again."""

from __future__ import annotations

import base64
import binascii
import hashlib
import itertools
import json
import math
import struct
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ..circuits.qpy import raw_metadata, with_raw_metadata
from ..errors import UsageError
from ..manifest.records import PubRecord, SetRecord
from ..manifest.submissions import Intent
from ..service import npy
from .split import repeat_shots
from .tags import MAX_CIRCUITS

if TYPE_CHECKING:
    pass

__all__ = [
    "ORDER",
    "RUN_CONFIG",
    "SentJob",
    "SentPub",
    "job_body",
    "noted",
    "pub_size",
    "read_params",
    "row_size",
    "run_config_in",
    "without_note",
]

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


def job_body(
    record: SetRecord,
    intent: Intent,
    pubs: Sequence[PubRecord],
    tags: Sequence[str],
    batch: str | None = None,
) -> bytes:
    """Return the JSON that submits a job. The same job gives the same circuits and options always.

    A seed for the simulator is that of the job's first circuit: the n-th circuit of the set gets
    base + n, however the set is split into jobs, and every shot repeat a base of its own. `batch`
    is the id of the batch on the service that the job goes into.
    """
    options: dict[str, Any] = json.loads(json.dumps(record.options))
    simulator = options.get("simulator")
    if simulator and "seed_simulator" in simulator:
        simulator["seed_simulator"] += intent.first_circuit + intent.repeat * record.total_circuits
    # The circuits are by far the most of it, and base64 needs no escapes: they go in as they are.
    marker = "\0pubs"
    request: dict[str, Any] = {
        "program_id": "sampler",
        "backend": record.backend,
        "tags": list(tags),
    }
    if record.private:
        request["private"] = True
    if record.max_execution_time is not None:
        request["cost"] = record.max_execution_time
    if batch is not None:
        request["session_id"] = batch
    request["params"] = {
        "version": 2,
        "shots": intent.shots,
        "support_qiskit": True,
        "options": options,
        "pubs": marker,
    }
    # They are the last thing in it: nothing that comes before can be mistaken for their place.
    head, _, tail = json.dumps(request).encode().rpartition(json.dumps(marker).encode())
    written = (_pub(*both, intent) for both in zip(pubs, noted(pubs, record), strict=True))
    return head + b"[" + b",".join(written) + b"]" + tail


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


# What a note holds: in which order the metadata were that tell values of parameters; and, in the
# first circuit of a job, what a program asked.
ORDER, RUN_CONFIG = "order", "run_config"
_KEY = "ibmq_jobset"
_HEAD = f'{{"{_KEY}":'.encode()
_LONGEST = 10_000  # bytes of a note; what is longer stays at home
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


def _with_note(body: bytes, note: Mapping[str, object]) -> bytes:
    text = json.dumps(note, separators=(",", ":")).encode()
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

    `body` is compressed by zlib, of `kind` qpy or openqasm3; `rows` is None where the circuit has
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


def _read_pub(pub: Any, default: int) -> SentPub:
    parts = pub if isinstance(pub, list) else [pub]
    circuit, values, shots = [*parts, None, None][:3]
    kind, body = _read_circuit(circuit)
    shape, rows = _read_values(values)
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
    array = decode_array(values or [])
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
