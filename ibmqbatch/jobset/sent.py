"""What a job on the service was asked to do: its circuits, as far as they can be told unread."""

from __future__ import annotations

import base64
import binascii
import hashlib
import math
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ..errors import UsageError
from ..manifest.draft import DraftRemote

if TYPE_CHECKING:
    from ..service.types import RemoteJob

__all__ = ["SentPub", "draft_remote", "sent_options", "sent_pubs"]

_DEFAULT_SHOTS = 4096  # the service's own, where a job says nothing


@dataclass(frozen=True, slots=True)
class SentPub:
    """A pub as it was sent: its circuit, and the values of its runs as far as they can be told.

    `body` is compressed by zlib, of `kind` qpy or openqasm3; `rows` is None where the circuit has
    no values, or the order of their parameters is not told.
    """

    kind: str
    body: bytes
    sha256: str
    runs: int
    rows: list[tuple[float, ...]] | None
    shots: int


def sent_options(params: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the sampler's options that a job was sent with."""
    options = params.get("options")
    return options if isinstance(options, dict) else {}


def sent_pubs(params: Mapping[str, Any], job_id: str) -> list[SentPub]:
    """Return what a job of the sampler was asked to run; raises UsageError."""
    pubs = params.get("pubs")
    if not isinstance(pubs, list) or not pubs:
        raise UsageError(
            f"Job {job_id} is none of the sampler's.", "Read it with the program that sent it."
        )
    default = params.get("shots") or sent_options(params).get("default_shots") or _DEFAULT_SHOTS
    try:
        return [_read_pub(pub, default) for pub in pubs]
    except (ValueError, TypeError, KeyError, zlib.error, binascii.Error) as error:
        raise UsageError(
            f"What job {job_id} was asked to do cannot be read ({error}).",
            "Read it with the program that sent it.",
        ) from error


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
    if type(shots) is not int or shots < 1 or runs < 1:
        raise ValueError("shots or values that make no sense")
    sha256 = hashlib.sha256(zlib.decompress(body)).hexdigest()
    return SentPub(kind, body, sha256, runs, rows, shots)


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
