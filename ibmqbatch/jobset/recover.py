"""Rebuilding a set from the service: of jobs that another program has sent.

What a job was asked to do tells which circuits it holds and how many shots each gets; they need not
be read for that.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import math
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import UsageError
from ..manifest.draft import Draft, DraftCircuit, DraftJob, DraftRemote, DraftSet, new_set_id
from .errors import NoSuchJob
from .tags import MAX_NAME, MAX_TAGS

if TYPE_CHECKING:
    from ..service.client import Client
    from ..service.types import RemoteJob

__all__ = ["recover_jobs"]

_PROGRAM = "sampler"
_DEFAULT_SHOTS = 4096  # the service's own, where a job says nothing


@dataclass(frozen=True, slots=True)
class _Pub:
    """A pub as it was sent: its circuit, and the values of its runs as far as they can be told."""

    kind: str
    body: bytes  # compressed by zlib
    sha256: str
    runs: int
    rows: list[tuple[float, ...]] | None
    shots: int


@dataclass(frozen=True, slots=True)
class _Found:
    remote: RemoteJob
    pubs: list[_Pub]
    options: Mapping[str, Any]

    @property
    def circuits(self) -> int:
        return sum(pub.runs for pub in self.pubs)


def recover_jobs(client: Client, job_ids: Sequence[str], name: str | None) -> Path:
    """Make a set of jobs that were sent by another program, in the order given; return its file.

    Nothing of the jobs is changed. Raises NoSuchJob, UsageError for jobs that cannot be made a set,
    and ServiceErrors.
    """
    found = [_look_at(client, job_id) for job_id in dict.fromkeys(job_ids)]
    backends = {item.remote.backend for item in found}
    if len(backends) > 1:
        raise UsageError(
            f"The jobs ran on different backends: {', '.join(sorted(backends))}.",
            "Make a set of those of each.",
        )
    shots = max(pub.shots for item in found for pub in item.pubs)
    common = set.intersection(*(set(item.remote.tags) for item in found))
    tags = [tag for tag in found[0].remote.tags if tag in common]
    with Draft(new_set_id()) as draft:
        jobs = []
        first = 0
        for item in found:
            _add_circuits(draft, item)
            most = max(pub.shots for pub in item.pubs)
            jobs.append(DraftJob(first, first + item.circuits - 1, 0, most))
            first += item.circuits
        return draft.commit(
            DraftSet(
                account=client.account.name,
                instance=client.instance,
                backend=backends.pop(),
                calibrated_at=None,
                once_key=None,
                shots=shots,
                seed=None,
                options=found[0].options,
                name=name or f"recovered {found[0].remote.id}"[:MAX_NAME],
                tags=tuple(tags[:MAX_TAGS]),
                private=any(item.remote.private for item in found),
                made_elsewhere=True,
            ),
            jobs,
            [_draft_remote(item.remote) for item in found],
        )


def _draft_remote(remote: RemoteJob) -> DraftRemote:
    return DraftRemote(
        id=remote.id,
        status=remote.status,
        reason=remote.reason,
        reason_code=remote.reason_code,
        solution=remote.solution,
        private=remote.private,
        created=remote.created,
    )


def _add_circuits(draft: Draft, item: _Found) -> None:
    for number, pub in enumerate(item.pubs):
        body = draft.add_body(pub.sha256, pub.body, kind=pub.kind)
        base = item.remote.id if len(item.pubs) == 1 else f"{item.remote.id}.{number}"
        draft.add_circuits(
            [
                DraftCircuit(
                    name=base if pub.runs == 1 else f"{base}@{run}",
                    metadata={},
                    source=item.remote.id,
                    position=number,
                    shots=pub.shots,
                    body=body,
                    values=None if pub.rows is None else pub.rows[run],
                )
                for run in range(pub.runs)
            ]
        )


def _look_at(client: Client, job_id: str) -> _Found:
    from ..service.errors import NotFound

    try:
        remote = client.job(job_id)
        params = client.params(job_id)
    except NotFound as error:
        raise NoSuchJob(
            f"The account '{client.account.name}' has no job '{job_id}'.",
            "Check the id, and the instance of the account.",
        ) from error
    if params is None:
        raise UsageError(
            f"Job {job_id} is private: the service does not tell what circuits it holds.",
            "Read its result, which is given once, with the program that sent it.",
        )
    pubs = params.get("pubs")
    if remote.program not in {"", _PROGRAM} or not isinstance(pubs, list) or not pubs:
        raise UsageError(
            f"Job {job_id} is none of the sampler's.",
            "Read it with the program that sent it.",
        )
    options = params.get("options")
    options = options if isinstance(options, dict) else {}
    default = params.get("shots") or options.get("default_shots") or _DEFAULT_SHOTS
    try:
        found = [_read_pub(pub, default) for pub in pubs]
    except (ValueError, TypeError, KeyError, zlib.error, binascii.Error) as error:
        raise UsageError(
            f"What job {job_id} was asked to do cannot be read ({error}).",
            "Read it with the program that sent it.",
        ) from error
    return _Found(remote, found, options)


def _read_pub(told: Any, default: int) -> _Pub:
    parts = told if isinstance(told, list) else [told]
    circuit, values, shots = [*parts, None, None][:3]
    kind, body = _circuit(circuit)
    shape, rows = _values(values)
    runs = math.prod(shape)
    shots = default if shots is None else shots
    if type(shots) is not int or shots < 1 or runs < 1:
        raise ValueError("shots or values that make no sense")
    sha256 = hashlib.sha256(zlib.decompress(body)).hexdigest()
    return _Pub(kind, body, sha256, runs, rows, shots)


def _circuit(told: Any) -> tuple[str, bytes]:
    """Return a circuit's kind, and its bytes compressed by zlib."""
    if isinstance(told, str):
        return "openqasm3", zlib.compress(told.encode())
    return "qpy", base64.b64decode(told["__value__"], validate=True)


def _values(told: Any) -> tuple[tuple[int, ...], list[tuple[float, ...]] | None]:
    """Return the shape of a pub's runs, and the values of each, where their order is told."""
    import numpy as np

    from ..service.results import decode_array

    if isinstance(told, dict) and told.get("__type__") != "ndarray":
        # By names: which parameter comes when, only the circuit tells.
        arrays = [np.asarray(_plain(value), dtype=float) for value in told.values()]
        return np.broadcast_shapes(*(array.shape for array in arrays)), None
    array = decode_array(told) if isinstance(told, dict) else np.asarray(told or [], dtype=float)
    if not array.size or array.ndim < 1:
        return array.shape[:-1], None
    rows = array.reshape(-1, array.shape[-1]).astype(float)
    return array.shape[:-1], [tuple(row) for row in rows.tolist()]


def _plain(value: Any) -> Any:
    from ..service.results import decode_array

    return decode_array(value) if isinstance(value, dict) else value
