"""A job of the set, as the body of the request that submits it."""

from __future__ import annotations

import base64
import json
from collections.abc import Sequence
from typing import Any

from ..manifest.attempts import Intent
from ..manifest.records import SetRecord

__all__ = ["job_body", "pub_size"]

_PUB_OPEN = b'[{"__type__":"QuantumCircuit","__value__":"'
_PUB_CLOSE = b'"}]'


def pub_size(body: bytes) -> int:
    """Return how many bytes a circuit of this encoded body takes in a request."""
    return len(_PUB_OPEN) + 4 * -(-len(body) // 3) + len(_PUB_CLOSE) + 1


def job_body(
    record: SetRecord, intent: Intent, bodies: Sequence[bytes], tags: Sequence[str]
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
    pubs = b",".join(_PUB_OPEN + base64.b64encode(body) + _PUB_CLOSE for body in bodies)
    return head + b"[" + pubs + b"]" + tail
