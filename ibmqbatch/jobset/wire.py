"""A job of the set, as the body of the request that submits it."""

from __future__ import annotations

import base64
import itertools
import json
import zlib
from collections.abc import Sequence
from typing import Any

from ..manifest.records import PubRecord, SetRecord
from ..manifest.submissions import Intent
from ..service import npy
from .notes import noted
from .split import repeat_shots

__all__ = ["job_body", "pub_size", "row_size"]

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
    told = 0 if values is None else _ARRAY_BYTES + row_size(values)
    return encoded + told + (_SHOTS_BYTES if own_shots else 0)


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
    told: dict[str, Any] = {"program_id": "sampler", "backend": record.backend, "tags": list(tags)}
    if record.private:
        told["private"] = True
    if record.max_execution_time is not None:
        told["cost"] = record.max_execution_time
    if batch is not None:
        told["session_id"] = batch
    told["params"] = {
        "version": 2,
        "shots": intent.shots,
        "support_qiskit": True,
        "options": options,
        "pubs": marker,
    }
    # They are the last thing in it: nothing that comes before can be mistaken for their place.
    head, _, tail = json.dumps(told).encode().rpartition(json.dumps(marker).encode())
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
