"""A job of the set as the program `sampler` takes it: written, and read again."""

from __future__ import annotations

import base64
import itertools
import json
import math
import zlib
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ..manifest.records import PubRecord
from ..manifest.submissions import Intent
from ..service import npy
from .options import is_twirled
from .sent import MOST_SHOTS, SentJob, SentPub, rows_of, sent_pub
from .split import repeat_shots

__all__ = ["pub_size", "read_sampler_params", "row_size", "sampler_params"]

_TYPED = b'{"__type__":"%s","__value__":"'
_CLOSE = b'"}'
_FRAME_BYTES = len('[{"__type__":"QuantumCircuit","__value__":""}],')
_SHOTS_BYTES = len(",null,") + 10  # of a pub's own shots, at most
_ARRAY_BYTES = 250  # of an array of values, besides the values
_DEFAULT_SHOTS = 4096  # the service's own, where a job says nothing


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


def read_sampler_params(params: Mapping[str, Any]) -> SentJob:
    """Return what a job of the sampler was asked to run; raises ValueError and the like."""
    options = params.get("options")
    options = options if isinstance(options, dict) else {}
    default = params.get("shots") or _shots_by_options(options)
    found = [_read_pub(pub, default) for pub in params["pubs"]]
    most = default if type(default) is int and default <= MOST_SHOTS else 1
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


def _broadcast(shapes: Iterable[tuple[int, ...]]) -> tuple[int, ...]:
    """Return the shape that arrays take together, as NumPy has it; raises ValueError."""
    whole: list[int] = []
    for lengths in itertools.zip_longest(*(shape[::-1] for shape in shapes), fillvalue=1):
        longer = set(lengths) - {1}
        if len(longer) > 1:
            raise ValueError("values of different shapes")
        whole.append(longer.pop() if longer else 1)
    return tuple(reversed(whole))
