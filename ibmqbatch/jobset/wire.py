"""A job of the set, as the body of the request that submits it."""

from __future__ import annotations

import base64
import json
from collections.abc import Sequence
from typing import Any

from ..manifest.attempts import Intent
from ..manifest.records import PubRecord, SetRecord
from .split import repeat_shots

__all__ = ["job_body", "pub_size"]

_CIRCUIT_OPEN = b'[{"__type__":"QuantumCircuit","__value__":"'
_CIRCUIT_CLOSE = b'"}'
_SHOTS_BYTES = len(",null,") + 10  # of a pub's own shots, at most


def pub_size(body: bytes, values: Sequence[float] | None = None, *, own_shots: bool = False) -> int:
    """Return how many bytes a circuit takes in a request, with the comma that follows it.

    Of shots of its own it is the most that they can take.
    """
    encoded = len(_CIRCUIT_OPEN) + 4 * -(-len(body) // 3) + len(_CIRCUIT_CLOSE) + len("],")
    told = 0 if values is None else len(",") + len(json.dumps(values))
    return encoded + told + (_SHOTS_BYTES if own_shots else 0)


def job_body(
    record: SetRecord, intent: Intent, pubs: Sequence[PubRecord], tags: Sequence[str]
) -> bytes:
    """Return the JSON that submits a job. The same job gives the same circuits and options always.

    A seed for the simulator is that of the job's first circuit: the n-th circuit of the set gets
    base + n, however the set is split into jobs, and every shot repeat a base of its own.
    """
    options: dict[str, Any] = json.loads(json.dumps(record.options))
    simulator = options.get("simulator")
    if simulator and "seed_simulator" in simulator:
        simulator["seed_simulator"] += intent.first_circuit + intent.repeat * record.total_circuits
    # The circuits are by far the most of it, and base64 needs no escapes: they go in as they are.
    marker = "\0pubs"
    frame = json.dumps(
        {
            "program_id": "sampler",
            "backend": record.backend,
            "tags": list(tags),
            "params": {
                "version": 2,
                "shots": intent.shots,
                "support_qiskit": True,
                "options": options,
                "pubs": marker,
            },
        }
    ).encode()
    # They are the last thing in it: nothing that comes before can be mistaken for their place.
    head, _, tail = frame.rpartition(json.dumps(marker).encode())
    return head + b"[" + b",".join(_pub(pub, intent) for pub in pubs) + b"]" + tail


def _pub(pub: PubRecord, intent: Intent) -> bytes:
    """Write a circuit with its values and shots, where it has values or shots of its own."""
    circuit = _CIRCUIT_OPEN + base64.b64encode(pub.body) + _CIRCUIT_CLOSE
    shots = repeat_shots(pub.shots, intent.shots, intent.repeat)
    if shots != intent.shots:
        return circuit + f",{json.dumps(pub.values)},{shots}]".encode()
    if pub.values is not None:
        return circuit + f",{json.dumps(pub.values)}]".encode()
    return circuit + b"]"
