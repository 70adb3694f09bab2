"""Result bodies: of outcomes drawn at random, in every form that the wire has for them."""

from __future__ import annotations

import base64
import io
import json
import zlib
from collections import Counter
from typing import Any

import numpy as np
from hypothesis import strategies as st

# One circuit: its registers, by name: how many bits, and the outcome of each shot as a number.
Registers = dict[str, tuple[int, list[int]]]


@st.composite
def circuits(draw: st.DrawFn, widths: tuple[int, int] = (0, 70)) -> Registers:
    shots = draw(st.integers(1, 20))
    names = draw(st.lists(st.text(max_size=4), min_size=1, max_size=3, unique=True))
    registers: Registers = {}
    for name in names:
        width = draw(st.integers(*widths))
        outcomes = st.lists(st.integers(0, 2**width - 1), min_size=shots, max_size=shots)
        registers[name] = width, draw(outcomes)
    return registers


def written(registers: Registers) -> list[str]:
    """Write the outcome of each shot the naive way, as Qiskit does."""
    words = [
        [f"{value:b}".zfill(width) if width else "" for value in outcomes]
        for width, outcomes in registers.values()
    ]
    return [" ".join(reversed(shot)).strip() for shot in zip(*words, strict=True)]


def counted(registers: Registers) -> dict[str, int]:
    """Count outcomes the naive way."""
    return dict(sorted(Counter(written(registers)).items()))


def plain(*pubs: Registers) -> bytes:
    results = [
        {
            "data": {
                name: {"samples": [hex(value) for value in outcomes], "num_bits": width}
                for name, (width, outcomes) in pub.items()
            },
            "metadata": {},
        }
        for pub in pubs
    ]
    return json.dumps({"results": results, "metadata": {"version": 2}}).encode()


def rows(width: int, outcomes: list[int]) -> np.ndarray:
    size = -(-width // 8)
    data = b"".join(value.to_bytes(size, "big") for value in outcomes)
    return np.frombuffer(data, np.uint8).reshape(len(outcomes), size)


def npy(array: np.ndarray) -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, array)
    return buffer.getvalue()


def packed(data: bytes) -> str:
    return base64.b64encode(zlib.compress(data)).decode()


def typed(*pubs: dict[str, tuple[int, Any]]) -> bytes:
    """Write the typed form; what stands for an array is taken as it is."""
    return json.dumps(
        {
            "__type__": "PrimitiveResult",
            "__value__": {"pub_results": [_typed_pub(pub) for pub in pubs], "metadata": {}},
        }
    ).encode()


def _typed_pub(pub: dict[str, tuple[int, Any]]) -> dict[str, Any]:
    fields = {
        name: {
            "__type__": "BitArray",
            "__value__": {
                "array": {"__type__": "ndarray", "__value__": array},
                "num_bits": width,
            },
        }
        for name, (width, array) in pub.items()
    }
    data = {"field_names": list(pub), "field_types": [], "shape": [], "fields": fields}
    return {
        "__type__": "SamplerPubResult",
        "__value__": {"data": {"__type__": "DataBin", "__value__": data}, "metadata": {}},
    }


def typed_of(*pubs: Registers) -> bytes:
    return typed(
        *(
            {name: (width, packed(npy(rows(width, values)))) for name, (width, values) in p.items()}
            for p in pubs
        )
    )


def typed_lists(*pubs: Registers) -> bytes:
    return typed(
        *(
            {name: (width, rows(width, values).tolist()) for name, (width, values) in p.items()}
            for p in pubs
        )
    )


def levels(array: np.ndarray, shape: tuple[int, ...]) -> bytes:
    """Write results of measurements that were not classified."""
    body = json.loads(typed({"c": (1, packed(npy(np.zeros((1, 1), np.uint8))))}))
    data = body["__value__"]["pub_results"][0]["__value__"]["data"]["__value__"]
    level = {"__type__": "ndarray", "__value__": packed(npy(array))}
    data.update(shape=list(shape), fields={"c": level})
    return json.dumps(body).encode()


def tensor(array: Any, version: str = "v2.0") -> dict[str, Any]:
    """Return truth values as results of `executor` have them."""
    data = np.packbits(np.asarray(array, bool), bitorder="little").tobytes()
    data = zlib.compress(data) if version == "v2.0" else data
    shape = list(np.shape(array))
    return {"data": base64.b64encode(data).decode(), "shape": shape, "dtype": "bool"}


def program_of(*items: dict[str, Any], version: str = "v2.0", **more: Any) -> bytes:
    """Write the result of a quantum program, whose items are tensors by name."""
    data = [{"results": item, "metadata": {}} for item in items]
    return json.dumps({"schema_version": version, "data": data, **more}).encode()


def executed(*pubs: Registers, version: str = "v2.0") -> bytes:
    """Write a body as `executor` does."""
    items = []
    for registers in pubs:
        item = {}
        for name, (width, outcomes) in registers.items():
            bits = [[value >> bit & 1 for bit in range(width)] for value in outcomes]
            item[name] = tensor(np.array(bits, bool).reshape(len(outcomes), width), version)
        items.append(item)
    return program_of(*items, version=version)


def executed_before(*pubs: Registers) -> bytes:
    """Write a body as earlier versions of `executor` did."""
    return executed(*pubs, version="v1.1")
