"""Decoding sampler results, in both forms that the wire has."""

from __future__ import annotations

import base64
import binascii
import io
import math
import zlib
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from numpy.lib import format as npy

from .bounds import read_json
from .outcomes import BITS_PER_BYTE, BitArray, PubResult

__all__ = ["ResultFormatError", "decode_array", "decode_circuits", "decode_results"]

_MOST_UNPACKED = 2**31  # bytes of all arrays of a body; more than any job can give
_WIDEST_REGISTER = 100_000  # bits


class ResultFormatError(Exception):
    """A result body that is not what the service's reference describes."""


class _Room:
    """What the arrays of one body may still take in memory: packed, they can be of any size."""

    def __init__(self) -> None:
        self.left = _MOST_UNPACKED

    def take(self, size: int) -> None:
        """Take up `size` bytes; raises ValueError where there is no room for them."""
        self.left -= size
        if self.left < 0:
            raise ValueError(f"arrays of more than {_MOST_UNPACKED} bytes")


def decode_circuits(body: bytes, shots: Sequence[int]) -> list[PubResult]:
    """Decode a result body into the outcomes of each circuit.

    A pub may hold several, which differ in their parameters' values; `shots` are those that each
    circuit should have. Raises ResultFormatError.
    """
    circuits: list[PubResult] = []
    for pub in decode_results(body):
        circuits += pub.circuits(shots[len(circuits) :])
    return circuits


def decode_results(body: bytes) -> list[PubResult]:
    """Decode a result body, typed or plain, whichever it is: one entry a pub.

    Raises ResultFormatError when it is cut short or of another shape.
    """
    room = _Room()
    try:
        told = read_json(body)
        if isinstance(told, dict) and told.get("__type__") == "PrimitiveResult":
            return [_typed_pub(pub["__value__"], room) for pub in told["__value__"]["pub_results"]]
        return [_plain_pub(entry, room) for entry in told["results"]]
    except Exception as error:  # whatever foreign bytes set off, it is about them
        raise ResultFormatError(f"{type(error).__name__}: {error}") from error


def decode_array(value: Mapping[str, Any]) -> npt.NDArray[Any]:
    """Decode a typed ndarray of any numbers; raises ValueError."""
    inner = value["__value__"]
    array = np.asarray(inner) if isinstance(inner, list) else _npy(inner, _Room())
    if array.size and array.dtype.kind not in "iufcb":
        raise ValueError("an array of other things than numbers")
    return array


def _typed_pub(pub: Mapping[str, Any], room: _Room) -> PubResult:
    data = pub["data"]["__value__"]
    registers: dict[str, BitArray] = {}
    levels: dict[str, npt.NDArray[np.complex128]] = {}
    for name in data.get("field_names") or data["fields"]:
        told = data["fields"][name]
        value = told["__value__"]
        if told.get("__type__") == "ndarray":
            levels[str(name)] = _levels(told, room)
            continue
        rows = _array(value["array"], room)
        num_bits = _width(value)
        expected = -(-num_bits // BITS_PER_BYTE)
        if rows.dtype != np.uint8 or rows.ndim < 2 or rows.shape[-1] != expected:
            raise ValueError(f"register {name} has rows of {rows.dtype} {rows.shape}")
        registers[str(name)] = BitArray(rows, num_bits)
    if levels:
        shape = tuple(int(length) for length in data.get("shape") or ())
        if registers or any(values.shape[: len(shape)] != shape for values in levels.values()):
            raise ValueError("registers of different shapes")
        return PubResult({}, levels, shape)
    return _checked(registers)


def _plain_pub(entry: Mapping[str, Any], room: _Room) -> PubResult:
    registers = {}
    for name, value in entry["data"].items():
        num_bits = _width(value)
        width = -(-num_bits // BITS_PER_BYTE)
        shape = _nesting(value["samples"])
        samples = _flat(value["samples"], len(shape) - 1)
        room.take(len(samples) * width)
        data = b"".join(int(sample, 16).to_bytes(width, "big") for sample in samples)
        registers[str(name)] = BitArray(
            np.frombuffer(data, np.uint8).reshape(*shape, width), num_bits
        )
    return _checked(registers)


def _checked(registers: dict[str, BitArray]) -> PubResult:
    if not registers:
        raise ValueError("a circuit without registers")
    for name, register in registers.items():
        padding = BITS_PER_BYTE * register.rows.shape[-1] - register.num_bits
        if padding and (register.rows[..., 0] >> (BITS_PER_BYTE - padding)).any():
            raise ValueError(f"register {name} has outcomes of more than its bits")
    if len({register.rows.shape[:-1] for register in registers.values()}) != 1:
        raise ValueError("registers of different lengths")
    return PubResult(registers, shape=next(iter(registers.values())).rows.shape[:-2])


def _width(value: Mapping[str, Any]) -> int:
    num_bits = value["num_bits"]
    if type(num_bits) is not int or not 0 <= num_bits <= _WIDEST_REGISTER:
        raise ValueError(f"a register of {num_bits!r} bits")
    return num_bits


def _nesting(samples: Any) -> tuple[int, ...]:
    """Return the shape of samples, which may be nested by the shape of a sweep.

    How the service nests them has not been seen; a list of all is possible, too.
    """
    shape = []
    while isinstance(samples, list):
        shape.append(len(samples))
        samples = samples[0] if samples else None
    return tuple(shape)


def _flat(samples: Iterable[Any], depth: int) -> list[str]:
    """Flatten samples that are nested `depth` deep."""
    if not depth:
        return list(samples)
    return [sample for inner in samples for sample in _flat(inner, depth - 1)]


def _all_bytes(numbers: npt.NDArray[Any]) -> bool:
    return bool(numbers.min() >= 0 and numbers.max() <= np.iinfo(np.uint8).max)


def _array(value: Mapping[str, Any], room: _Room) -> npt.NDArray[Any]:
    """Decode an ndarray of bytes, which may be a nested list."""
    inner = value["__value__"]
    if not isinstance(inner, list):
        return _npy(inner, room)
    numbers = np.asarray(inner)
    if numbers.size and (numbers.dtype.kind not in "iu" or not _all_bytes(numbers)):
        raise ValueError("an array of other things than bytes")
    return numbers.astype(np.uint8)


def _levels(value: Mapping[str, Any], room: _Room) -> npt.NDArray[np.complex128]:
    """Decode an ndarray of complex numbers."""
    numbers = _npy(value["__value__"], room)
    if numbers.dtype.kind not in "fc" or not numbers.ndim:
        raise ValueError(f"levels that are {numbers.dtype}")
    return numbers.astype(np.complex128)


def _npy(inner: str, room: _Room) -> npt.NDArray[Any]:
    """Decode base64 of zlib of an .npy file."""
    try:
        packed = base64.b64decode(inner, validate=True)
    except binascii.Error as error:
        raise ValueError(f"base64: {error}") from error
    unpacker = zlib.decompressobj()
    data = unpacker.decompress(packed, room.left + 1)
    room.take(len(data))
    if not unpacker.eof:
        raise ValueError("an array is cut short")
    file = io.BytesIO(data)
    reads = {(1, 0): npy.read_array_header_1_0, (2, 0): npy.read_array_header_2_0}
    shape, _, dtype = reads[npy.read_magic(file)](file)
    # Room for the whole is made before anything is read into it.
    if math.prod(shape) * dtype.itemsize != len(data) - file.tell():
        raise ValueError("an array of another size than it says")
    file.seek(0)
    array: npt.NDArray[Any] = np.load(file, allow_pickle=False)
    return array
