"""The measured circuits that a circuit with observables becomes, and what each of them tells.

What is to be known for putting values together again goes with each measured circuit, so that it
can be kept beside it, and found again wherever the circuit is.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Self

from .bases import parts_of
from .errors import BadInput
from .observables import Observable
from .paulis import Pauli

__all__ = ["REGISTER", "Measured", "Terms", "measured_circuits"]

REGISTER = "observed"  # of what is measured for observables
_MOST_PARTS = 1_000_000

Terms = tuple[tuple[Pauli, float], ...]


@dataclass(frozen=True, slots=True)
class Measured:
    """What one measured circuit tells: `part` (from 0) of `parts` of the circuit named `circuit`.

    It measures the qubits of `basis` into the register `REGISTER`, the lowest first. `terms` are
    those of observables, by their number in the circuit and their names; in part 0 every observable
    has an entry, and its constant is the term of the identity. `width` is that of texts, None where
    these number their qubits. `needed` tells of every observable for how many qubits it is written,
    None for any number, and how many there must be.
    """

    circuit: str
    part: int
    parts: int
    runs: int
    basis: Pauli
    width: int | None
    terms: tuple[tuple[int, str, Terms], ...]
    needed: tuple[tuple[str, int | None, int], ...] = ()

    @property
    def label(self) -> str:
        """The basis as a text."""
        return self.basis.label(self.width)

    @property
    def name(self) -> str:
        """What the measured circuit is called."""
        return f"{self.circuit}/{self.label}"

    def document(self) -> dict[str, object]:
        """Return it as JSON has it; `needed` is not part of it."""
        return {
            "circuit": self.circuit,
            "part": self.part,
            "parts": self.parts,
            "runs": self.runs,
            "basis": self.label,
            "observables": [
                [number, name, [[c, pauli.label(self.width)] for pauli, c in terms]]
                for number, name, terms in self.terms
            ],
        }

    @classmethod
    def read(cls, document: object) -> Self:
        """Read what `document` has written; raises ValueError for anything else."""
        try:
            return cls._read(document)
        except (TypeError, KeyError, AttributeError) as error:
            raise ValueError("not what a measured circuit tells") from error

    @classmethod
    def _read(cls, document: Any) -> Self:
        label = document["basis"]
        basis = Pauli.read(label)
        numbers = part, parts, runs = [document[key] for key in ("part", "parts", "runs")]
        if not all(type(number) is int for number in numbers):
            raise ValueError("a number that is none")
        if not (0 <= part < parts <= _MOST_PARTS and runs > 0 and basis.support):
            raise ValueError("numbers that do not fit one another")
        terms = []
        for number, name, listed in document["observables"]:
            if type(number) is not int or number < 0:
                raise ValueError("an observable without a number")
            read = tuple((Pauli.read(text), float(c)) for c, text in listed)
            for pauli, coefficient in read:
                if not math.isfinite(coefficient) or not pauli.agrees(basis):
                    raise ValueError("a term that makes no sense")
                if pauli.support & ~basis.support:
                    raise ValueError("a term that is not measured")
            terms.append((number, _text(name), read))
        width = len(label) if label.isalpha() else None
        return cls(_text(document["circuit"]), part, parts, runs, basis, width, tuple(terms))

    def check_width(self, num_qubits: int, where: str) -> None:
        """Raise BadInput for observables that are not of a circuit of so many qubits."""
        for name, width, least in self.needed:
            if width is not None and width != num_qubits:
                raise BadInput(
                    "bad_observable",
                    f"{where} has {num_qubits} qubits, and its observable '{name}' is written for "
                    f"{width}.",
                    "Write one letter for each qubit of the circuit, the leftmost for the highest.",
                )
            if least > num_qubits:
                raise BadInput(
                    "bad_observable",
                    f"{where} has {num_qubits} qubits, and its observable '{name}' names qubit "
                    f"{least - 1}.",
                    "Qubits are numbered from 0.",
                )


def measured_circuits(
    circuit: str, observables: Sequence[Observable], *, runs: int = 1
) -> list[Measured]:
    """Return what is to be measured of the circuit of this name; none for constants alone."""
    parts = parts_of(tuple(each.sum for each in observables))
    width = next((each.sum.width for each in observables if each.sum.width is not None), None)
    needed = tuple((each.name, each.sum.width, each.sum.least_width) for each in observables)
    found = []
    for number, part in enumerate(parts):
        terms = []
        for index, (observable, told) in enumerate(zip(observables, part.terms, strict=True)):
            if number == 0 and observable.sum.constant:
                told = ((Pauli(), observable.sum.constant), *told)  # noqa: PLW2901
            if told or number == 0:
                terms.append((index, observable.name, told))
        found.append(
            Measured(
                circuit=circuit,
                part=number,
                parts=len(parts),
                runs=runs,
                basis=part.basis,
                width=width,
                terms=tuple(terms),
                needed=needed,
            )
        )
    return found


def _text(value: Any) -> str:
    if not isinstance(value, str) or not value.isprintable():
        raise ValueError("a text that is none")
    return value
