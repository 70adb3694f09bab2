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
from .observables import Observable, is_text
from .paulis import Pauli

__all__ = ["REGISTER", "Measured", "Terms", "measured_circuits"]

REGISTER = "observed"  # of what is measured for observables

Terms = tuple[tuple[Pauli, float], ...]


@dataclass(frozen=True, slots=True)
class Measured:
    """What one measured circuit tells: `part` (from 0) of `parts` of the circuit named `circuit`.

    `index` is what that circuit would have without observables, and `runs` how often it is run,
    with as many rows of values. The qubits of `basis` are measured into the register `REGISTER`,
    the lowest first. `terms` are those of observables, by their number in the circuit and their
    names; in part 0 every observable has an entry, and its constant is the term of the identity.
    `width` is that of texts, None where these number their qubits. `needed` tells of every
    observable for how many qubits it is written, None for any number, and how many there must be.
    """

    circuit: str
    index: int
    part: int
    parts: int
    runs: int
    basis: Pauli
    width: int | None
    terms: tuple[tuple[int, str, Terms], ...]
    needed: tuple[tuple[str, int | None, int], ...] = ()

    @property
    def name(self) -> str:
        """What the measured circuit is called: as the circuit, and the basis."""
        return f"{self.circuit}/{self.basis.label(self.width)}"

    def document(self) -> dict[str, object]:
        """Return it as JSON has it, all but `width` and `needed`; qubits are numbered."""
        return {
            "circuit": self.circuit,
            "index": self.index,
            "part": self.part,
            "parts": self.parts,
            "runs": self.runs,
            "basis": self.basis.label(None),
            "observables": [
                [number, name, [[c, pauli.label(None)] for pauli, c in terms]]
                for number, name, terms in self.terms
            ],
        }

    @classmethod
    def read(cls, document: object) -> Self:
        """Read what `document` has written; raises ValueError for anything else."""
        try:
            return cls._read(document)
        except (TypeError, KeyError, AttributeError, OverflowError) as error:
            raise ValueError("not what a measured circuit tells") from error

    @classmethod
    def _read(cls, document: Any) -> Self:
        basis = Pauli.read(document["basis"])
        numbers = {key: document[key] for key in ("index", "part", "parts", "runs")}
        if not all(type(number) is int and number >= 0 for number in numbers.values()):
            raise ValueError("a number that is none")
        if numbers["part"] >= numbers["parts"] or not numbers["runs"] or not basis.support:
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
        circuit = _text(document["circuit"])
        return cls(circuit, **numbers, basis=basis, width=None, terms=tuple(terms))

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
    circuit: str, observables: Sequence[Observable], *, index: int = 0, runs: int = 1
) -> list[Measured]:
    """Return what is to be measured of a circuit; nothing for constants alone.

    Raises BadInput for observables that cannot be of the same circuit.
    """
    width = _common_width(circuit, observables)
    parts = parts_of(tuple(each.sum for each in observables))
    needed = tuple((each.name, each.sum.width, each.sum.least_width) for each in observables)
    found = []
    for number, part in enumerate(parts):
        terms = []
        for at, (observable, told) in enumerate(zip(observables, part.terms, strict=True)):
            if number == 0 and observable.sum.constant:
                told = ((Pauli(), observable.sum.constant), *told)  # noqa: PLW2901
            if told or number == 0:
                terms.append((at, observable.name, told))
        found.append(
            Measured(
                circuit=circuit,
                index=index,
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


def _common_width(circuit: str, observables: Sequence[Observable]) -> int | None:
    """Return for how many qubits observables are written; raises BadInput where that differs."""
    first = next((each for each in observables if each.sum.width is not None), None)
    if first is None:
        return None
    width = first.sum.width
    assert width is not None
    for each in observables:
        if each.sum.width not in {None, width} or each.sum.least_width > width:
            raise BadInput(
                "bad_observable",
                f"The observables '{first.name}' and '{each.name}' of the circuit '{circuit}' are "
                f"written for {width} and {each.sum.least_width} qubits.",
                "Write one letter for each qubit of the circuit, the leftmost for the highest.",
            )
    return width


def _text(value: Any) -> str:
    if not is_text(value):
        raise ValueError("a text that is none")
    return value
