"""A job as the program `executor` takes it: circuits in one file, their values, one shot count.

The shapes are those of `ibm_quantum_schemas.executor.version_2_0`. What stands in `semantic_role`
and `passthrough_data` comes back with the results, so that IBM's own client reads them as those of
its sampler.
"""

from __future__ import annotations

import base64
import itertools
import math
import zlib
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from ..circuits.qpy import join_qpy, read_header, split_qpy
from ..service import npy
from ..service.executor import SCHEMA_VERSION, read_tensor, write_tensor
from .sent import TEMPLATE, SentJob, SentPub, rows_of, sent_pub, unpacked

if TYPE_CHECKING:
    from ..circuits.randomization import Template
    from ..manifest.records import PubRecord

__all__ = ["executor_params", "read_executor_params"]

_ROLE = "sampler_v2"
_PROCESSOR_VERSION = "v0.1"
_LARGEST_TENSOR = 2**28  # bytes


def executor_params(
    pubs: Sequence[PubRecord],
    bodies: Sequence[bytes],
    shots: int,
    options: Mapping[str, Any],
    *,
    templates: Sequence[Template] | None = None,
    randomizations: int = 0,
) -> dict[str, Any]:
    """Return the parameters of a job of the executor.

    `bodies` are the circuits' own, compressed by zlib, all QPY or all OpenQASM 3, and run `shots`
    times each. `options` are those of the sampler. Twirled and decoupled circuits are sent as their
    `templates`; twirled ones with so many `randomizations`, and `shots` for each of these.
    """
    execution = options.get("execution", {})
    level = execution.get("meas_type", "classified")
    experimental = dict(options.get("experimental", {}))
    if simulator := options.get("simulator"):
        experimental["simulator"] = simulator
    return {
        "schema_version": SCHEMA_VERSION,
        "quantum_program": {
            "shots": shots,
            "circuits": _circuits(pubs, bodies, templates),
            "items": [
                _item(pub, templates[number] if templates else None, randomizations)
                for number, pub in enumerate(pubs)
            ],
            "meas_level": level,
            "semantic_role": _ROLE,
            "passthrough_data": {
                "post_processor": {
                    "version": _PROCESSOR_VERSION,
                    "twirling": bool(randomizations),
                    "meas_type": level,
                    "shots": shots,
                    "circuits_metadata": [
                        dict(read_header(zlib.decompress(pub.body))[1]) for pub in pubs
                    ],
                    "options": dict(options),
                }
            },
        },
        "options": {
            "init_qubits": execution.get("init_qubits", True),
            "rep_delay": execution.get("rep_delay"),
            "scheduler_timing": False,
            "stretch_values": False,
            "experimental": experimental,
        },
    }


def _circuits(
    pubs: Sequence[PubRecord], bodies: Sequence[bytes], templates: Sequence[Template] | None
) -> dict[str, Any]:
    if pubs[0].kind == "openqasm3" and templates is None:
        return {"data": [zlib.decompress(body).decode() for body in bodies]}
    files = [template.qpy for template in templates] if templates else map(zlib.decompress, bodies)
    joined = join_qpy([*files])
    return {
        "b64_data": base64.b64encode(zlib.compress(joined)).decode(),
        "qpy_version": joined[6],
        "num_programs": len(bodies),
    }


def _item(pub: PubRecord, template: Template | None, randomizations: int) -> dict[str, Any]:
    rows = pub.rows or ()
    shape = (len(rows), len(rows[0])) if rows else (0,)
    values = write_tensor(npy.numbers("f8", itertools.chain.from_iterable(rows), shape))
    if template is None or template.samplex is None:
        return {
            "item_type": "circuit",
            "circuit_arguments": values,
            "shape": [],
            "chunk_size": "auto",
        }
    return {
        "item_type": "samplex",
        "samplex": {"ssv": template.version, "samplex_json": template.samplex},
        "samplex_arguments": {"parameter_values": values} if rows else {},
        "shape": [randomizations, *shape[:-1]],
        "chunk_size": "auto",
    }


def read_executor_params(params: Mapping[str, Any]) -> SentJob:
    """Return what a job of the executor was asked to run.

    Of twirled circuits the one before twirling is not told: see `TEMPLATE`. Their randomizations
    are shots of one circuit where the job says that it is twirled as by IBM's sampler, else runs of
    their own. Options are those of the sampler where such a job was made of them. Raises ValueError
    and the like.
    """
    program = params["quantum_program"]
    circuits, items, shots = program["circuits"], program["items"], program["shots"]
    if "b64_data" in circuits:
        kind = "qpy"
        data = unpacked(base64.b64decode(circuits["b64_data"], validate=True))
        bodies = [zlib.compress(single) for single in split_qpy(data)]
    else:
        kind, bodies = "openqasm3", [zlib.compress(text.encode()) for text in circuits["data"]]
    options = _sampler_options(program)
    if options.get("dynamical_decoupling", {}).get("enable"):
        kind = TEMPLATE
    joined = _processing(program).get("twirling") is True
    pubs = [
        _read_item(kind, *both, shots, joined=joined) for both in zip(bodies, items, strict=True)
    ]
    return SentJob(pubs, max(pub.shots for pub in pubs), options)


def _read_item(
    kind: str, body: bytes, item: Mapping[str, Any], shots: int, *, joined: bool
) -> SentPub:
    if item["item_type"] == "circuit":
        runs, rows = rows_of(read_tensor(item["circuit_arguments"], _check_size))
        return sent_pub(kind, body, math.prod(runs), rows, shots)
    if not joined:
        return sent_pub(TEMPLATE, body, math.prod(item["shape"]), None, shots)
    # The first axis is that of the randomizations.
    number, *shape = item["shape"]
    values = item["samplex_arguments"].get("parameter_values")
    runs, rows = ((), None) if values is None else rows_of(read_tensor(values, _check_size))
    told = rows if list(runs) == shape else None
    return sent_pub(TEMPLATE, body, math.prod(shape), told, number * shots)


def _check_size(size: int) -> None:
    if size > _LARGEST_TENSOR:
        raise ValueError(f"values of more than {_LARGEST_TENSOR} bytes")


def _processing(program: Mapping[str, Any]) -> dict[str, Any]:
    passed = program.get("passthrough_data")
    processing = passed.get("post_processor") if isinstance(passed, dict) else None
    return processing if isinstance(processing, dict) else {}


def _sampler_options(program: Mapping[str, Any]) -> dict[str, Any]:
    options = _processing(program).get("options")
    return options if isinstance(options, dict) else {}
