"""The outcomes of circuits, and how they are decoded from the forms that the wire has.

The program `sampler` gives them typed or plain, `executor` as tensors of truth values.
"""

from __future__ import annotations

import base64
import binascii
import math
import struct
import sys
import zlib
from array import array
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from operator import itemgetter
from typing import Any

from . import npy
from .limits import read_json
from .npy import Array

__all__ = [
    "BITS_PER_BYTE",
    "BitArray",
    "PubResult",
    "ResultFormatError",
    "decode_array",
    "decode_circuits",
    "decode_results",
]

BITS_PER_BYTE = 8


_BITS = [bytes(number >> bit & 1 for number in range(256)) for bit in range(BITS_PER_BYTE)]
_NUMBERS = {1: "B", 2: "H", 4: "I", 8: "Q"}  # of so many bytes


@dataclass(frozen=True, slots=True)
class BitArray:
    """The outcomes of one classical register, in shot order.

    `rows` are bytes of shape (*pub shape, shots, ceil(num_bits / 8)): each row is a big-endian
    number, its lowest bit the register's bit 0, with padding zeros at the top.
    """

    rows: Array
    num_bits: int

    @property
    def width(self) -> int:
        """How many bytes a row has."""
        return self.rows.shape[-1]

    def flat(self) -> Array:
        """Return the rows of all runs of the pub, one after another: (all shots, bytes)."""
        return self.rows.merged(len(self.rows.shape) - 1)

    def bits(self) -> Array:
        """Return 0 and 1 as bytes of shape (all shots, num_bits), bit k in column k."""
        shots = self.flat().shape[0]
        data = bytes(self.rows.data)
        # A register without bits takes no memory, however many the shots.
        bits = bytearray(shots * self.num_bits)
        for bit in range(self.num_bits):
            column = data[self.width - 1 - bit // BITS_PER_BYTE :: self.width]
            bits[bit :: self.num_bits] = column.translate(_BITS[bit % BITS_PER_BYTE])
        return Array((shots, self.num_bits), "u1", memoryview(bits))


@dataclass(frozen=True, slots=True)
class PubResult:
    """The outcomes of a pub: its registers by name, in the order of declaration.

    Where measurements were not classified into bits, `registers` is empty and `levels` holds the
    measured values, complex, of shape (*pub shape, shots, values), or (*pub shape, values) where
    the shots were averaged. `shape` is the pub's: empty for a circuit that was run once.
    """

    registers: Mapping[str, BitArray]
    levels: Mapping[str, Array] = field(default_factory=dict)
    shape: tuple[int, ...] = ()

    def circuits(self, shots: Sequence[int]) -> Iterator[PubResult]:
        """Yield the outcomes of every run of the pub, in C order of its shape.

        `shots` are those expected of this run and all later ones: a service may concatenate the
        runs of a pub, without a shape.
        """
        if self.shape:
            # Runs without a single bit take no memory: a shape may claim any number of them.
            if math.prod(self.shape) > len(shots):
                yield self
                return
            for number in range(math.prod(self.shape)):
                yield PubResult(
                    {
                        name: BitArray(self._part(r.rows, number), r.num_bits)
                        for name, r in self.registers.items()
                    },
                    {name: self._part(values, number) for name, values in self.levels.items()},
                )
            return
        runs, rest = divmod(self.shots, shots[0]) if shots and shots[0] else (1, 0)
        if (
            not 2 <= runs <= len(shots)
            or rest
            or any(wanted != shots[0] for wanted in shots[:runs])
        ):
            yield self
            return
        for first in range(0, self.shots, shots[0]):
            yield PubResult(
                {
                    name: BitArray(register.rows.cut(first, first + shots[0]), register.num_bits)
                    for name, register in self.registers.items()
                }
            )

    def _part(self, values: Array, number: int) -> Array:
        """Return the values of one run of the pub."""
        return values.merged(len(self.shape)).part(number)

    def only(self, names: Collection[str]) -> PubResult:
        """Return the outcomes of the registers `names` alone, in the order of declaration."""
        return PubResult(
            {name: r for name, r in self.registers.items() if name in names},
            {name: values for name, values in self.levels.items() if name in names},
            self.shape,
        )

    def joined(self, others: Sequence[PubResult]) -> PubResult:
        """Return the shots of this circuit and of its other repeats as one."""
        if not others:
            return self
        return PubResult(
            {
                name: BitArray(
                    register.flat().joined([pub.registers[name].flat() for pub in others]),
                    register.num_bits,
                )
                for name, register in self.registers.items()
            },
            {
                name: values.joined([pub.levels[name] for pub in others])
                for name, values in self.levels.items()
            },
        )

    @property
    def shots(self) -> int:
        """How many shots it holds, over all elements of its shape; 0 where they are averaged."""
        for register in self.registers.values():
            return math.prod(register.rows.shape[:-1])
        averaged = any(len(values.shape) < len(self.shape) + 2 for values in self.levels.values())
        return 0 if averaged else math.prod(next(iter(self.levels.values())).shape[:-1])

    def counts(self) -> dict[str, int]:
        """Count the outcomes, written as by Qiskit: first register rightmost, bit 0 rightmost.

        Sorted by outcome. Bits of several registers are separated by spaces.
        """
        if not self.registers:
            return {}
        rows, width = self._rows()
        if not width:
            return {"": self.shots} if self.shots else {}
        counted = Counter(_keys(rows, width))
        # As numbers they are in the order of what is written.
        keys = sorted(counted)
        return dict(zip(self._written(keys), map(counted.__getitem__, keys), strict=True))

    def memory(self) -> list[str]:
        """Return the outcome of every shot, in their order, written as in `counts`."""
        if not self.registers:
            return []
        rows, width = self._rows()
        if not width:
            return [""] * self.shots
        keys = set(_keys(rows, width))
        written = dict(zip(keys, self._written(keys), strict=True))
        return list(map(written.__getitem__, _keys(rows, width)))

    def _rows(self) -> tuple[bytes | bytearray, int]:
        """Return the rows of all registers joined, and how many bytes each then has.

        The register that is declared first has the lowest bytes. A row of more than one byte and
        up to eight is a number as this machine has it, of 2, 4 or 8 bytes; wider ones are
        big-endian.
        """
        registers = [register for register in self.registers.values() if register.width]
        width = sum(register.width for register in registers)
        if not width:
            return b"", 0
        if len(registers) == 1 and (width == 1 or width > max(_NUMBERS)):
            return bytes(registers[0].rows.data), width
        size = next((size for size in _NUMBERS if size >= width), width)
        little = size in _NUMBERS and sys.byteorder == "little"
        columns = iter(range(size) if little else reversed(range(size)))  # the lowest bytes first
        rows = bytearray(self.shots * size)
        for register in registers:
            data = bytes(register.rows.data)
            for column in range(register.width)[::-1]:
                rows[next(columns) :: size] = data[column :: register.width]
        return rows, size

    def _written(self, keys: Collection[Any]) -> list[str]:
        """Write outcomes, the numbers of rows as `_keys` gives them."""
        cuts = []  # where the bits of each register are
        end = BITS_PER_BYTE * sum(register.width for register in self.registers.values())
        top = 1 << end  # so that zeros at the top are written
        end += len(bin(1))
        for register in self.registers.values():
            cuts.append(slice(end - register.num_bits, end))
            end -= BITS_PER_BYTE * register.width
        numbers = (key if isinstance(key, int) else int.from_bytes(key, "big") for key in keys)
        whole = (bin(top | number) for number in numbers)
        if len(cuts) == 1:
            return [bits[cuts[0]] for bits in whole]
        cuts.reverse()
        return [" ".join([bits[cut] for cut in cuts]).strip() for bits in whole]


def _keys(rows: bytes | bytearray, width: int) -> Iterable[Any]:
    """Return a number or the bytes of each row, whichever is faster to count."""
    if width == 1:
        return rows
    if width in _NUMBERS:
        numbers = array(_NUMBERS[width])
        numbers.frombytes(rows)
        return numbers
    return map(itemgetter(0), struct.iter_unpack(f"{width}s", rows))


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
    """Decode a result body of either program: one entry a pub, or item.

    Raises ResultFormatError.
    """
    room = _MemoryLeft()
    try:
        told = read_json(body)
        if isinstance(told, dict) and told.get("__type__") == "PrimitiveResult":
            return [_typed_pub(pub["__value__"], room) for pub in told["__value__"]["pub_results"]]
        if isinstance(told, dict) and "schema_version" in told:
            return _executor_items(told, room)
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
    return _checked(registers)


_FLIPS = "measurement_flips."
_UNCOMPRESSED = ("v0.", "v1.")  # schema versions
_EXPANDED = [bytes(number >> bit & 1 for bit in range(BITS_PER_BYTE)) for number in range(256)]


def _executor_items(told: Mapping[str, Any], room: _MemoryLeft) -> list[PubResult]:
    """Decode the result of a quantum program.

    Outcomes that a samplex has flipped are flipped back. Where the passthrough data say that the
    first axis counts randomizations, as IBM's sampler has it, these are shots like others.
    """
    passed = told.get("passthrough_data")
    processed = passed.get("post_processor") if isinstance(passed, dict) else None
    randomized = isinstance(processed, dict) and processed.get("twirling") is True
    compressed = not told["schema_version"].startswith(_UNCOMPRESSED)
    pubs = []
    for item in told["data"]:
        tensors = item["results"]
        registers: dict[str, BitArray] = {}
        for name, tensor in tensors.items():
            if tensor["dtype"] != "bool" or name.startswith((_FLIPS, "pauli_signs")):
                continue
            register = _truth_values(tensor, room, compressed=compressed)
            if f"{_FLIPS}{name}" in tensors:
                flips = _truth_values(tensors[f"{_FLIPS}{name}"], room, compressed=compressed)
                register = _flipped(register, flips)
            registers[name] = _shots_together(register) if randomized else register
        pubs.append(_checked(registers))
    return pubs


def _truth_values(tensor: Mapping[str, Any], room: _MemoryLeft, *, compressed: bool) -> BitArray:
    """Decode a tensor (*shape, shots, bits), bit 0 first, packed without gaps."""
    *shape, num_bits = tensor["shape"]
    if not shape or not all(type(n) is int and n >= 0 for n in tensor["shape"]):
        raise ValueError(f"outcomes of shape {tensor['shape']}")
    count = math.prod(shape)
    width = -(-_width({"num_bits": num_bits}) // BITS_PER_BYTE)
    data = _inflated(tensor["data"], room) if compressed else base64.b64decode(tensor["data"])
    if len(data) != -(-count * num_bits // BITS_PER_BYTE):
        raise ValueError("a tensor of another size than its shape")
    room.take(BITS_PER_BYTE * len(data) + count * width)
    bits = b"".join(map(_EXPANDED.__getitem__, data))[: count * num_bits]
    rows = bytearray(count * width)
    for byte in range(width):
        number = 0  # whose bytes are those of all rows
        for bit in range(min(BITS_PER_BYTE, num_bits - BITS_PER_BYTE * byte)):
            column = bits[BITS_PER_BYTE * byte + bit :: num_bits]
            number |= int.from_bytes(column, "little") << bit
        rows[width - 1 - byte :: width] = number.to_bytes(count, "little")
    return BitArray(Array((*shape, width), "u1", memoryview(rows)), num_bits)


def _flipped(register: BitArray, flips: BitArray) -> BitArray:
    """Return outcomes with those bits flipped that each run says."""
    *shape, shots, width = register.rows.shape
    if flips.rows.shape != (*shape, 1, width) or flips.num_bits != register.num_bits:
        raise ValueError("flips of another shape than the outcomes")
    rows, size = bytearray(register.rows.data), shots * width
    for run in range(math.prod(shape)):
        mask = int.from_bytes(bytes(flips.rows.data[run * width : (run + 1) * width]) * shots)
        place = slice(run * size, (run + 1) * size)
        rows[place] = (int.from_bytes(rows[place]) ^ mask).to_bytes(size)
    return BitArray(Array(register.rows.shape, "u1", memoryview(rows)), register.num_bits)


def _shots_together(register: BitArray) -> BitArray:
    """Return (randomizations, *shape, shots) as (*shape, shots of all randomizations)."""
    randomizations, *shape, shots, width = register.rows.shape
    size, runs = shots * width, math.prod(shape)
    data = b"".join(
        register.rows.data[(number * runs + run) * size : (number * runs + run + 1) * size]
        for run in range(runs)
        for number in range(randomizations)
    )
    rows = Array((*shape, randomizations * shots, width), "u1", memoryview(data))
    return BitArray(rows, register.num_bits)


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
    return npy.read(_inflated(inner, room))


def _inflated(inner: str, room: _MemoryLeft) -> bytes:
    """Decode base64 of zlib."""
    try:
        packed = base64.b64decode(inner, validate=True)
    except binascii.Error as error:
        raise ValueError(f"base64: {error}") from error
    unpacker = zlib.decompressobj()
    data = unpacker.decompress(packed, room.left + 1)
    room.take(len(data))
    if not unpacker.eof:
        raise ValueError("an array is cut short")
    return data
