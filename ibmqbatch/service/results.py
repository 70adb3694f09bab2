"""Decoding results, in all forms that the wire has."""

from __future__ import annotations

import base64
import binascii
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from . import npy
from .executor import decode_items
from .limits import read_json
from .npy import Array
from .outcomes import BITS_PER_BYTE, BitArray, PubResult

__all__ = ["ResultFormatError", "decode_array", "decode_circuits", "decode_results"]

_MOST_UNPACKED = 2**31  # bytes of all arrays of a body; more than any job can give
_WIDEST_REGISTER = 100_000  # bits


class ResultFormatError(Exception):
    """A result body that is not as the service's reference describes it."""


class _MemoryLeft:
    """The memory that arrays of one body may still take: compressed, they can be of any size."""

    def __init__(self) -> None:
        self.left = _MOST_UNPACKED

    def take(self, size: int) -> None:
        """Take `size` bytes; raises ValueError where that is too much."""
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
    """Decode a result body, typed or plain: one entry a pub. Raises ResultFormatError."""
    room = _MemoryLeft()
    try:
        told = read_json(body)
        if isinstance(told, dict) and told.get("__type__") == "PrimitiveResult":
            return [_typed_pub(pub["__value__"], room) for pub in told["__value__"]["pub_results"]]
        if isinstance(told, dict) and "schema_version" in told:
            return decode_items(told, room.take)
        return [_plain_pub(entry, room) for entry in told["results"]]
    except Exception as error:  # foreign bytes can set off anything
        raise ResultFormatError(f"{type(error).__name__}: {error}") from error


def decode_array(value: Any) -> Array:
    """Decode numbers, one or a nested list or a typed ndarray of them; raises ValueError."""
    if isinstance(value, dict):
        value = value["__value__"]
        if not isinstance(value, list):
            return _npy(value, _MemoryLeft())
    shape, flat = npy.flatten(value)
    try:
        return npy.numbers("f8", flat, shape)
    except (TypeError, OverflowError) as error:
        raise ValueError("an array of other things than numbers") from error


def _typed_pub(pub: Mapping[str, Any], room: _MemoryLeft) -> PubResult:
    data = pub["data"]["__value__"]
    registers: dict[str, BitArray] = {}
    levels: dict[str, Array] = {}
    for name in data.get("field_names") or data["fields"]:
        told = data["fields"][name]
        value = told["__value__"]
        if told.get("__type__") == "ndarray":
            levels[str(name)] = _levels(told, room)
            continue
        rows = _array(value["array"], room)
        num_bits = _width(value)
        expected = -(-num_bits // BITS_PER_BYTE)
        if rows.kind != "u1" or len(rows.shape) < 2 or rows.shape[-1] != expected:
            raise ValueError(f"register {name} has rows of {rows.kind} {rows.shape}")
        registers[str(name)] = BitArray(rows, num_bits)
    if levels:
        shape = tuple(int(length) for length in data.get("shape") or ())
        if registers or any(values.shape[: len(shape)] != shape for values in levels.values()):
            raise ValueError("registers of different shapes")
        return PubResult({}, levels, shape)
    return _checked(registers)


def _plain_pub(entry: Mapping[str, Any], room: _MemoryLeft) -> PubResult:
    registers = {}
    for name, value in entry["data"].items():
        num_bits = _width(value)
        width = -(-num_bits // BITS_PER_BYTE)
        # How the service nests the samples of a sweep is not known: it may list all in one.
        shape, samples = npy.flatten(value["samples"])
        if not shape:
            raise ValueError(f"register {name} has no list of samples")
        room.take(len(samples) * width)
        rows = {sample: int(sample, 16).to_bytes(width, "big") for sample in set(samples)}
        data = b"".join(map(rows.__getitem__, samples))
        registers[str(name)] = BitArray(Array((*shape, width), "u1", memoryview(data)), num_bits)
    return replace(_checked(registers), flat=True)


def _checked(registers: dict[str, BitArray]) -> PubResult:
    if not registers:
        raise ValueError("a circuit without registers")
    for name, register in registers.items():
        padding = BITS_PER_BYTE * register.width - register.num_bits
        if not padding:
            continue
        fitting = bytes(range(1 << (BITS_PER_BYTE - padding)))
        if bytes(register.rows.data)[:: register.width].translate(None, fitting):
            raise ValueError(f"register {name} has outcomes of more than its bits")
    if len({register.rows.shape[:-1] for register in registers.values()}) != 1:
        raise ValueError("registers of different lengths")
    return PubResult(registers, shape=next(iter(registers.values())).rows.shape[:-2])


def _width(value: Mapping[str, Any]) -> int:
    num_bits = value["num_bits"]
    if type(num_bits) is not int or not 0 <= num_bits <= _WIDEST_REGISTER:
        raise ValueError(f"a register of {num_bits!r} bits")
    return num_bits


def _array(value: Mapping[str, Any], room: _MemoryLeft) -> Array:
    """Decode an ndarray of bytes, which may be a nested list."""
    inner = value["__value__"]
    if not isinstance(inner, list):
        return _npy(inner, room)
    shape, flat = npy.flatten(inner)
    if not {type(number) for number in flat} <= {int}:
        raise ValueError("an array of other things than bytes")
    return Array(shape, "u1", memoryview(bytes(flat)))


def _levels(value: Mapping[str, Any], room: _MemoryLeft) -> Array:
    """Decode an ndarray of complex numbers."""
    numbers = _npy(value["__value__"], room)
    if numbers.kind[0] not in "fc" or not numbers.shape:
        raise ValueError(f"levels that are {numbers.kind}")
    return numbers.complexes()


def _npy(inner: str, room: _MemoryLeft) -> Array:
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
    return npy.read(data)
