"""Pauli operators and real sums of them: observables, as texts and as they are computed with.

The leftmost letter of a text is the highest qubit, as Qiskit has it. Qiskit is not needed.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Self

from .errors import BadInput

__all__ = ["Pauli", "PauliSum", "imaginary"]

_LETTERS = "IXZY"  # by whether there is an X, and twice whether there is a Z
_BITS = {letter: (number & 1, number >> 1) for number, letter in enumerate(_LETTERS)}
_ON_QUBIT = re.compile(r"([IXYZ])(\d+)", re.ASCII)
_ON_QUBITS = re.compile(r"(?:[IXYZ]\d+[\s*]*)+", re.ASCII)
_MOST_QUBITS = 10_000  # that a text may number: room is made for all of them
_TERM = re.compile(
    r"""\s* (?P<signs> [+-]? \s* [+-]?) \s*
    (?P<number> (?: \d+ \.? \d* | \. \d+ ) (?: [eE] [+-]? \d+ )? )?
    (?P<times> \s* \* )? \s*
    (?P<pauli> (?: [IXYZ] \d+ \s* (?: \* \s* )? )* [IXYZ] \d+ | [IXYZ]+ (?! \d ) )?
    \s* (?= [+-] | $ )""",
    re.ASCII | re.VERBOSE,
)
_IMAGINARY = re.compile(r"(?<![a-zA-Z])[\d.]*[ijJ](?![a-zA-Z\d])", re.ASCII)


@dataclass(frozen=True, slots=True, order=True)
class Pauli:
    """A Pauli operator without a factor: bit k of `x` and `z` tell what is on qubit k.

    Both are set for a Y, none for the identity.
    """

    x: int = 0
    z: int = 0

    @classmethod
    def read(cls, text: str) -> Self:
        """Read `ZZI`, or `Z2Z1` (`*` and blanks may stand between); raises ValueError."""
        x = z = 0
        if not _ON_QUBITS.fullmatch(text):
            if len(text) > _MOST_QUBITS:
                raise ValueError(f"there are no {len(text)} qubits")
            for letter in text:
                if letter not in _BITS:
                    raise ValueError(f"'{letter}' is not a Pauli operator")
                x, z = x << 1 | _BITS[letter][0], z << 1 | _BITS[letter][1]
            return cls(x, z)
        for letter, number in _ON_QUBIT.findall(text):
            if len(number) > len(str(_MOST_QUBITS)) or int(number) >= _MOST_QUBITS:
                raise ValueError(f"there is no qubit {number[:20]}")
            bit = 1 << int(number)
            if (x | z) & bit:
                raise ValueError(f"qubit {number} stands twice in one product")
            x, z = x | bit * _BITS[letter][0], z | bit * _BITS[letter][1]
        return cls(x, z)

    @property
    def support(self) -> int:
        """The qubits that it is not the identity on, as bits."""
        return self.x | self.z

    @property
    def qubits(self) -> list[int]:
        """The qubits that it is not the identity on, in ascending order."""
        support = self.support
        return [qubit for qubit in range(support.bit_length()) if support >> qubit & 1]

    def letter(self, qubit: int) -> str:
        """Return what is on a qubit: I, X, Y or Z."""
        return _LETTERS[(self.x >> qubit & 1) | (self.z >> qubit & 1) << 1]

    def agrees(self, other: Pauli) -> bool:
        """Tell whether both commute qubit by qubit: where neither is the identity, they agree."""
        both = self.support & other.support
        return not ((self.x ^ other.x) | (self.z ^ other.z)) & both

    def merged(self, other: Pauli) -> Pauli:
        """Return the product of two that agree, without what they have in common twice."""
        return Pauli(self.x | other.x, self.z | other.z)

    def label(self, width: int | None) -> str:
        """Write it as a text of `width` letters; without a width as `X0Y3`."""
        if width is None:
            return "".join(f"{self.letter(qubit)}{qubit}" for qubit in self.qubits)
        return "".join(self.letter(qubit) for qubit in reversed(range(width)))


@dataclass(frozen=True, slots=True)
class PauliSum:
    """A sum of Pauli operators with real coefficients.

    `constant` is that of the identity. `width` is the number of qubits that it is written for; None
    where it numbers its qubits, and fits any circuit that has these.
    """

    terms: tuple[tuple[Pauli, float], ...]
    constant: float = 0.0
    width: int | None = None

    @classmethod
    def of(cls, terms: Iterable[tuple[Pauli, float]], width: int | None) -> Self:
        """Return the sum of terms: those of one operator added up, none with a coefficient of 0.

        Raises ValueError for coefficients that are beyond all numbers.
        """
        added: dict[Pauli, float] = {}
        for pauli, coefficient in terms:
            added[pauli] = added.get(pauli, 0.0) + coefficient
        if not all(map(math.isfinite, added.values())):
            raise ValueError("a coefficient is not a finite number")
        constant = added.pop(Pauli(), 0.0)
        return cls(tuple((p, c) for p, c in added.items() if c), constant, width)

    @classmethod
    def read(cls, text: str, where: str) -> Self:
        """Read a text such as `0.5*ZZI - 1.2*XIX + 3` or `Z0*Z5 - X2`; raises BadInput.

        `where` names it for a person.
        """
        terms: list[tuple[Pauli, float]] = []
        widths: dict[int, None] = {}
        position = 0
        while position < len(text.rstrip()) or not terms:
            found = _TERM.match(text, position)
            rest = text[position:].strip()
            if found is None or not _makes_sense(found, first=not terms):
                raise _unreadable(where, text, rest)
            label = found["pauli"]
            try:
                pauli = Pauli.read(label or "")
            except ValueError as error:
                raise _bad(f"{where}: {error} ('{_cut(rest)}').", "Mend it.") from error
            if label and label.isalpha():
                widths[len(label)] = None
            elif label:
                widths[0] = None
            sign = -1.0 if found["signs"].count("-") == 1 else 1.0
            terms.append((pauli, sign * float(found["number"] or 1)))
            position = found.end()
        if len(widths) > 1:
            several = ", ".join(f"{width} letters" if width else "numbers" for width in widths)
            raise _bad(
                f"{where}: its terms are written in several ways ({several}).",
                "Write each with one letter for every qubit, as in ZZI, or each with the numbers "
                "of its qubits, as in Z1*Z2.",
            )
        width = next(iter(widths), 0) or None
        try:
            return cls.of(terms, width)
        except ValueError as error:
            raise _bad(f"{where}: {error}.", "Give finite numbers.") from error

    @property
    def least_width(self) -> int:
        """How many qubits a circuit must have at least."""
        return self.width or max((pauli.support.bit_length() for pauli, _ in self.terms), default=0)

    def __str__(self) -> str:
        parts = [f"{_factor(c)}{pauli.label(self.width)}" for pauli, c in self.terms]
        if self.constant or not parts:
            parts.append(f"{self.constant:+.12g}")
        first, *others = parts
        signed = [f"{part[0]} {part[1:]}" for part in others]
        return " ".join([first.removeprefix("+"), *signed])


def _factor(coefficient: float) -> str:
    sign = "-" if coefficient < 0 else "+"
    return sign if abs(coefficient) == 1 else f"{coefficient:+.12g}*"


def _makes_sense(found: re.Match[str], *, first: bool) -> bool:
    """Tell whether what was found of a term is one, whose parts are all there."""
    factors = found["number"] is not None, found["pauli"] is not None
    if not any(factors) or (found["times"] is not None and not all(factors)):
        return False
    return first or bool(found["signs"].strip())


def _unreadable(where: str, text: str, rest: str) -> BadInput:
    if not text.strip():
        return _bad(f"{where} is empty.", "Write it as in 0.5*ZZI - 1.2*XIX.")
    if _IMAGINARY.search(text):
        return imaginary(where)
    return _bad(
        f"{where} cannot be read as a sum of Pauli operators from '{_cut(rest)}' on.",
        "Write it as in 0.5*ZZI - 1.2*XIX, the leftmost letter for the highest qubit, or with the "
        "numbers of its qubits, as in 0.5*Z1*Z2.",
    )


def imaginary(where: str) -> BadInput:
    """Return the error that tells of a coefficient which is no real number."""
    return _bad(
        f"{where} has an imaginary coefficient: what it would be the value of, nobody can measure.",
        "Give real numbers; measure the real and the imaginary part as two observables.",
    )


def _bad(message: str, hint: str) -> BadInput:
    return BadInput("bad_observable", message, hint)


def _cut(text: str, length: int = 40) -> str:
    return text if len(text) <= length else f"{text[:length]}…"
