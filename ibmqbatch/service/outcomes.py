"""What a circuit gave: the outcomes of its classical registers."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

__all__ = ["BITS_PER_BYTE", "BitArray", "PubResult"]

BITS_PER_BYTE = 8


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
    """The outcomes of a pub: its registers by name, in the order of declaration.

    Where measurements were not classified into bits, `registers` is empty and `levels` holds what
    was measured, complex, of shape (*pub shape, shots, values), or (*pub shape, values) where the
    shots were averaged. `shape` is the pub's: empty for a circuit that was run once.
    """

    registers: Mapping[str, BitArray]
    levels: Mapping[str, npt.NDArray[np.complex128]] = field(default_factory=dict)
    shape: tuple[int, ...] = ()

    def circuits(self, shots: Sequence[int]) -> Iterator[PubResult]:
        """Yield the outcomes of every run of the pub, in C order of its shape.

        `shots` are those that this run and all later ones should have: a service may write the runs
        of a pub one behind the other, without a shape.
        """
        if self.shape:
            # Runs without a single bit take no room, and there may be any number of them.
            if math.prod(self.shape) > len(shots):
                yield self
                return
            for index in np.ndindex(self.shape):
                yield PubResult(
                    {n: BitArray(r.rows[index], r.num_bits) for n, r in self.registers.items()},
                    {name: values[index] for name, values in self.levels.items()},
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
                    name: BitArray(register.rows[first : first + shots[0]], register.num_bits)
                    for name, register in self.registers.items()
                }
            )

    def only(self, names: Collection[str]) -> PubResult:
        """Return the outcomes of the registers `names` alone, in the order of declaration."""
        return PubResult(
            {name: r for name, r in self.registers.items() if name in names},
            {name: values for name, values in self.levels.items() if name in names},
            self.shape,
        )

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
            },
            {
                name: np.concatenate([pub.levels[name] for pub in (self, *others)])
                for name in self.levels
            },
        )

    @property
    def shots(self) -> int:
        """How many shots it holds, over all elements of its shape; 0 where they are averaged."""
        for register in self.registers.values():
            return math.prod(register.rows.shape[:-1])
        averaged = any(values.ndim < len(self.shape) + 2 for values in self.levels.values())
        return 0 if averaged else math.prod(next(iter(self.levels.values())).shape[:-1])

    def counts(self) -> dict[str, int]:
        """Count the outcomes, written as Qiskit does: first register rightmost, bit 0 rightmost.

        Sorted by outcome. Bits of several registers are separated by spaces.
        """
        if not self.registers:
            return {}
        keys = self._keys()
        if keys is None:
            return {"": self.shots} if self.shots else {}
        distinct, counts = np.unique(keys, return_counts=True)
        outcomes = zip(self._written(distinct), map(int, counts), strict=True)
        return dict(sorted(outcomes))

    def memory(self) -> list[str]:
        """Return the outcome of every shot, in their order, written as in `counts`."""
        if not self.registers:
            return []
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
