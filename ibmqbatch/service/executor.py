"""The wire of IBM's program `executor`: tensors, and the results of its items.

Its shapes are those of `ibm_quantum_schemas.executor.version_2_0`, which IBM's own client sends.
"""

from __future__ import annotations

import base64
import binascii
import math
import sys
import zlib
from collections.abc import Callable, Mapping
from typing import Any

from .npy import Array, numbers
from .outcomes import BITS_PER_BYTE, BitArray, PubResult

__all__ = ["FLIPS", "SCHEMA_VERSION", "decode_items", "read_tensor", "write_tensor"]

SCHEMA_VERSION = "v2.0"
FLIPS = "measurement_flips."  # before the name of a register: which outcomes twirling has flipped
_SIGNS = "pauli_signs"  # of what is measured, for whoever mitigates errors
_UNPACKED = ("v0.", "v1.")  # schema versions whose tensors are not compressed

# What the wire calls the kinds of elements.
_KINDS = {
    "bool": "b1",
    **{f"{sign}{bits}": f"{sign}{bits // 8}" for sign in "iu" for bits in (8, 16, 32, 64)},
    **{f"f{bits}": f"f{bits // 8}" for bits in (16, 32, 64)},
    **{f"c{bits}": f"c{bits // 8}" for bits in (64, 128)},
}
_NAMES = {kind: name for name, kind in _KINDS.items()}
# The bits of a byte, the lowest first, a byte each.
_BITS = [bytes(byte >> bit & 1 for bit in range(BITS_PER_BYTE)) for byte in range(256)]
_WIDEST_REGISTER = 100_000  # bits


def write_tensor(values: Array) -> dict[str, Any]:
    """Return an array of numbers as the wire has it: base64 of zlib of little-endian bytes."""
    data = values.data if sys.byteorder == "little" else values.swapped().data
    packed = base64.b64encode(zlib.compress(data)).decode()
    return {"data": packed, "shape": list(values.shape), "dtype": _NAMES[values.kind]}


def read_tensor(
    told: Mapping[str, Any], take: Callable[[int], None], *, packed: bool = True
) -> Array:
    """Return a tensor, `packed` by zlib; truth values are bytes of 0 and 1. Raises ValueError.

    `take` is called with how many bytes it takes up in memory, before it does, and may raise.
    """
    kind, shape = _KINDS[told["dtype"]], told["shape"]
    if not all(type(length) is int and length >= 0 for length in shape):
        raise ValueError(f"a tensor of shape {shape!r}")
    elements = math.prod(shape)
    size = -(-elements // BITS_PER_BYTE) if kind == "b1" else elements * int(kind[1:])
    take(elements if kind == "b1" else size)
    try:
        data = base64.b64decode(told["data"], validate=True)
    except binascii.Error as error:
        raise ValueError(f"base64: {error}") from error
    whole = True
    if packed:
        unpacker = zlib.decompressobj()
        data = unpacker.decompress(data, size + 1)
        whole = unpacker.eof
    if len(data) != size or not whole:
        raise ValueError(f"a tensor of shape {shape} with other than {size} bytes")
    if kind == "b1":
        data = b"".join(map(_BITS.__getitem__, data))[:elements]
    values = Array(tuple(shape), kind, memoryview(data))
    return values if sys.byteorder == "little" else values.swapped()


def decode_items(told: Mapping[str, Any], take: Callable[[int], None]) -> list[PubResult]:
    """Return the outcomes of each item of a quantum program; raises ValueError, and KeyError.

    Outcomes that twirling has flipped are flipped back, and the shots of an item's randomizations
    stand one behind the other. The program's `passthrough_data` tell of twirling and of the level
    of measurements, as those of IBM's sampler do; without them there is no twirling.
    """
    passed = told.get("passthrough_data")
    processing = passed.get("post_processor") if isinstance(passed, dict) else None
    facts = processing if isinstance(processing, dict) else {}
    averaged = facts.get("meas_type") == "avg_kerneled"
    twirled = facts.get("twirling") is True
    packed = not told["schema_version"].startswith(_UNPACKED)
    items = []
    for entry in told["data"]:
        arrays = {
            name: read_tensor(tensor, take, packed=packed)
            for name, tensor in entry["results"].items()
            if not name.startswith(_SIGNS)
        }
        items.append(_item(arrays, twirled=twirled, averaged=averaged))
    return items


def _item(arrays: dict[str, Array], *, twirled: bool, averaged: bool) -> PubResult:
    flips = {
        name.removeprefix(FLIPS): arrays.pop(name) for name in [*arrays] if name.startswith(FLIPS)
    }
    if not arrays or not flips.keys() <= arrays.keys():
        raise ValueError("an item without registers, or with flips of none of them")
    registers: dict[str, BitArray] = {}
    levels: dict[str, Array] = {}
    for name, array in arrays.items():
        if array.kind == "b1":
            rows, num_bits = _rows(array, flips.get(name))
            registers[name] = BitArray(_shots_joined(rows) if twirled else rows, num_bits)
        else:
            values = array.complexes()
            if twirled:
                values = _mean(values) if averaged else _shots_joined(values)
            levels[_plain(name)] = values
    whole = {**{name: bits.rows for name, bits in registers.items()}, **levels}
    if len({array.shape[:-1] for array in whole.values()}) != 1 or (registers and levels):
        raise ValueError("registers of different shapes")
    runs = next(iter(whole.values())).shape[: -1 if averaged else -2]
    return PubResult(registers, levels, runs)


def _plain(name: str) -> str:
    """Return the name of a register whose levels are told under one of their own."""
    return name.removesuffix("_iq").removesuffix("_avg")


def _rows(bits: Array, flips: Array | None) -> tuple[Array, int]:
    """Return the outcomes of a register as rows of bytes, as `BitArray` has them, and its width.

    `bits` are of shape (..., shots, bits), bit 0 first, `flips` of shape (..., 1, bits).
    """
    *shape, num_bits = bits.shape
    if not shape or num_bits > _WIDEST_REGISTER:
        raise ValueError(f"a register of shape {bits.shape}")
    rows = _packed(bits)
    if flips is None:
        return rows, num_bits
    if flips.kind != "b1" or flips.shape != (*shape[:-1], 1, num_bits):
        raise ValueError(f"flips of shape {flips.shape} for outcomes of shape {bits.shape}")
    marks, row, shots = _packed(flips), rows.shape[-1], shape[-1]
    mask = b"".join(
        bytes(marks.data[start : start + row]) * shots
        for start in range(0, len(marks.data) if row else 0, row or 1)
    )
    flipped = int.from_bytes(rows.data, "big") ^ int.from_bytes(mask, "big")
    return Array(rows.shape, "u1", memoryview(flipped.to_bytes(len(rows.data), "big"))), num_bits


def _packed(bits: Array) -> Array:
    """Return bits, bit 0 first along the last axis, as big-endian numbers of whole bytes."""
    *shape, num_bits = bits.shape
    width, shots = -(-num_bits // BITS_PER_BYTE), math.prod(shape)
    rows, data = bytearray(shots * width), bytes(bits.data)
    for byte in range(width):
        # All shots at once: as numbers with a byte for each shot, none of which overflows.
        column = 0
        for bit in range(BITS_PER_BYTE * byte, min(BITS_PER_BYTE * (byte + 1), num_bits)):
            column |= int.from_bytes(data[bit::num_bits], "big") << bit % BITS_PER_BYTE
        rows[width - 1 - byte :: width] = column.to_bytes(shots, "big")
    return Array((*shape, width), "u1", memoryview(bytes(rows)))


def _shots_joined(values: Array) -> Array:
    """Return values of shape (randomizations, *runs, shots, n) as (*runs, all shots, n)."""
    if len(values.shape) < 3:
        raise ValueError(f"outcomes of shape {values.shape} without randomizations")
    randomizations, *runs, shots, last = values.shape
    pieces = values.merged(len(values.shape) - 2)  # one for each randomization and run
    number = math.prod(runs)
    data = b"".join(
        pieces.part(randomization * number + run).data
        for run in range(number)
        for randomization in range(randomizations)
    )
    return Array((*runs, randomizations * shots, last), values.kind, memoryview(data))


def _mean(values: Array) -> Array:
    """Return the mean of complex values over their first axis."""
    number = values.shape[0]
    if len(values.shape) < 2 or not number:
        raise ValueError(f"values of shape {values.shape} without randomizations")
    parts = [memoryview(values.part(index).data).cast("d") for index in range(number)]
    return numbers(
        "c16", (sum(each) / number for each in zip(*parts, strict=True)), values.shape[1:]
    )
