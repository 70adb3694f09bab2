"""Decoding sampler results, in both forms that the wire has."""

from __future__ import annotations

import base64
import binascii
import io
import json
import math
import zlib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

__all__ = ["BitArray", "PubResult", "ResultFormatError", "decode_results"]

_BITS_PER_BYTE = 8
_LARGEST_ARRAY = 2**33  # bytes; more than any job can give
_WIDEST_REGISTER = 100_000  # bits


class ResultFormatError(Exception):
    """A result body that is not what the service's reference describes."""


@dataclass(frozen=True, slots=True)
class BitArray:
    """The outcomes of one classical register, in shot order.

    `rows` is uint8 of shape (*pub shape, shots, ceil(num_bits / 8)): each row is a big-endian
    number, its lowest bit the register's bit 0, with padding zeros at the top.
    """

    rows: npt.NDArray[np.uint8]
    num_bits: int

    @property
    def shots(self) -> int:
        """How many shots one element of the pub holds."""
        return int(self.rows.shape[-2])

    def flat(self) -> npt.NDArray[np.uint8]:
        """Return the rows of all elements of the pub, one after another: (all shots, bytes)."""
        return self.rows.reshape(math.prod(self.rows.shape[:-1]), self.rows.shape[-1])

    def bits(self) -> npt.NDArray[np.uint8]:
        """Return 0 and 1 as uint8 of shape (all shots, num_bits), bit k in column k."""
        bits = np.unpackbits(self.flat()[:, ::-1], axis=1, bitorder="little")
        return bits[:, : self.num_bits]


@dataclass(frozen=True, slots=True)
class PubResult:
    """One circuit's outcomes: its registers by name, in the order of declaration."""

    registers: Mapping[str, BitArray]

    def only(self, names: Collection[str]) -> PubResult:
        """Return the outcomes of the registers `names` alone, in the order of declaration."""
        return PubResult({name: r for name, r in self.registers.items() if name in names})

    def joined(self, others: Sequence[PubResult]) -> PubResult:
        """Return the shots of this circuit with those of the same circuit's other repeats."""
        if not others:
            return self
        return PubResult(
            {
                name: BitArray(
                    np.concatenate([pub.registers[name].flat() for pub in (self, *others)]),
                    register.num_bits,
                )
                for name, register in self.registers.items()
            }
        )

    @property
    def shots(self) -> int:
        """How many shots it holds, over all elements of its shape."""
        first = next(iter(self.registers.values()))
        return math.prod(first.rows.shape[:-1])

    def counts(self) -> dict[str, int]:
        """Count the outcomes, written as Qiskit does: first register rightmost, bit 0 rightmost.

        Sorted by outcome. Bits of several registers are separated by spaces.
        """
        keys = self._keys()
        if keys is None:
            return {"": self.shots} if self.shots else {}
        distinct, counts = np.unique(keys, return_counts=True)
        outcomes = zip(self._written(distinct), map(int, counts), strict=True)
        return dict(sorted(outcomes))

    def memory(self) -> list[str]:
        """Return the outcome of every shot, in their order, written as in `counts`."""
        keys = self._keys()
        if keys is None:
            return [""] * self.shots
        distinct, which = np.unique(keys, return_inverse=True)
        written = self._written(distinct)
        return [written[number] for number in which.ravel().tolist()]

    def _keys(self) -> npt.NDArray[np.void] | None:
        """Return one key a shot, the bytes of all registers; None where there are no bits."""
        joined = np.concatenate([register.flat() for register in self.registers.values()], axis=1)
        width = joined.shape[1]
        return np.ascontiguousarray(joined).view(f"V{width}").ravel() if width else None

    def _written(self, keys: npt.NDArray[np.void]) -> list[str]:
        registers = list(self.registers.values())
        cuts = np.cumsum([register.rows.shape[-1] for register in registers])[:-1].tolist()
        return [_outcome(key.tobytes(), cuts, registers) for key in keys]


def _outcome(key: bytes, cuts: Sequence[int], registers: Sequence[BitArray]) -> str:
    edges = [0, *cuts, len(key)]
    words = []
    for number, register in enumerate(registers):
        value = int.from_bytes(key[edges[number] : edges[number + 1]], "big")
        words.append(f"{value:0{register.num_bits}b}" if register.num_bits else "")
    return " ".join(reversed(words)).strip()


def decode_results(body: bytes) -> list[PubResult]:
    """Decode a result body, typed or plain, whichever it is.

    Raises ResultFormatError when it is cut short or of another shape.
    """
    try:
        told = json.loads(body)
        if isinstance(told, dict) and told.get("__type__") == "PrimitiveResult":
            return [_typed_pub(pub["__value__"]) for pub in told["__value__"]["pub_results"]]
        return [_plain_pub(entry) for entry in told["results"]]
    except Exception as error:  # whatever foreign bytes set off, it is about them
        raise ResultFormatError(f"{type(error).__name__}: {error}") from error


def _typed_pub(pub: Mapping[str, Any]) -> PubResult:
    data = pub["data"]["__value__"]
    registers = {}
    for name in data.get("field_names") or data["fields"]:
        value = data["fields"][name]["__value__"]
        rows = _array(value["array"])
        num_bits = _width(value)
        expected = -(-num_bits // _BITS_PER_BYTE)
        if rows.dtype != np.uint8 or rows.ndim < 2 or rows.shape[-1] != expected:
            raise ValueError(f"register {name} has rows of {rows.dtype} {rows.shape}")
        registers[str(name)] = BitArray(rows, num_bits)
    return _checked(registers)


def _plain_pub(entry: Mapping[str, Any]) -> PubResult:
    registers = {}
    for name, value in entry["data"].items():
        num_bits = _width(value)
        width = -(-num_bits // _BITS_PER_BYTE)
        samples = _flat(value["samples"])
        data = b"".join(int(sample, 16).to_bytes(width, "big") for sample in samples)
        rows = np.frombuffer(data, np.uint8).reshape(len(samples), width)
        registers[str(name)] = BitArray(rows, num_bits)
    return _checked(registers)


def _checked(registers: dict[str, BitArray]) -> PubResult:
    if not registers:
        raise ValueError("a circuit without registers")
    for name, register in registers.items():
        padding = _BITS_PER_BYTE * register.rows.shape[-1] - register.num_bits
        if padding and (register.rows[..., 0] >> (_BITS_PER_BYTE - padding)).any():
            raise ValueError(f"register {name} has outcomes of more than its bits")
    if len({register.rows.shape[:-1] for register in registers.values()}) != 1:
        raise ValueError("registers of different lengths")
    return PubResult(registers)


def _width(value: Mapping[str, Any]) -> int:
    num_bits = value["num_bits"]
    if type(num_bits) is not int or not 0 <= num_bits <= _WIDEST_REGISTER:
        raise ValueError(f"a register of {num_bits!r} bits")
    return num_bits


def _flat(samples: Sequence[Any]) -> list[str]:
    """Flatten the samples of a sweep, which may be nested by the sweep's shape."""
    flat: list[str] = []
    for sample in samples:
        if isinstance(sample, list):
            flat += _flat(sample)
        else:
            flat.append(sample)
    return flat


def _all_bytes(numbers: npt.NDArray[Any]) -> bool:
    return bool(numbers.min() >= 0 and numbers.max() <= np.iinfo(np.uint8).max)


def _array(value: Mapping[str, Any]) -> npt.NDArray[Any]:
    """Decode an ndarray: base64 of zlib of an .npy file, or a nested list."""
    inner = value["__value__"]
    if isinstance(inner, list):
        numbers = np.asarray(inner)
        if numbers.size and (numbers.dtype.kind not in "iu" or not _all_bytes(numbers)):
            raise ValueError("an array of other things than bytes")
        return numbers.astype(np.uint8)
    try:
        packed = base64.b64decode(inner, validate=True)
    except binascii.Error as error:
        raise ValueError(f"base64: {error}") from error
    unpacker = zlib.decompressobj()
    data = unpacker.decompress(packed, _LARGEST_ARRAY)
    if not unpacker.eof:
        raise ValueError("an array is cut short, or far too large")
    array: npt.NDArray[Any] = np.load(io.BytesIO(data), allow_pickle=False)
    return array
