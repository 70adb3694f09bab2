"""What a circuit gave: the outcomes of its classical registers."""

from __future__ import annotations

import math
import struct
import sys
from array import array
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from operator import itemgetter
from typing import Any

from .npy import Array

__all__ = ["BITS_PER_BYTE", "BitArray", "PubResult"]

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
    the shots were averaged. `shape` is the pub's: empty for a circuit that was run once. `flat`: it
    may be that of several runs, one behind the other, because its form tells no shapes.
    """

    registers: Mapping[str, BitArray]
    levels: Mapping[str, Array] = field(default_factory=dict)
    shape: tuple[int, ...] = ()
    flat: bool = False

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
            not self.flat
            or not 2 <= runs <= len(shots)
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

    def ordered(self, names: Sequence[str]) -> PubResult:
        """Return the same outcomes with their registers in the order of `names`; others follow."""
        first = {name: place for place, name in enumerate(names)}

        def place(item: tuple[str, object]) -> int:
            return first.get(item[0], len(first))

        return PubResult(
            dict(sorted(self.registers.items(), key=place)),
            dict(sorted(self.levels.items(), key=place)),
            self.shape,
            self.flat,
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
