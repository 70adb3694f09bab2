"""Observables of circuits: what is to be measured of which, however that is given."""

from __future__ import annotations

import cmath
import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeGuard

from ..arguments import as_index
from ..errors import Problem
from .errors import BadInput
from .paulis import Pauli, PauliSum, imaginary

__all__ = ["ALL", "Choice", "Observable", "as_observables", "is_text"]

ALL = "*"  # in the place of a circuit
_CIRCUIT, _NAME, _OBSERVABLE = "circuit", "name", "observable"
_NAMED = "name:"  # before a name that is a number
_LONGEST_NAME = 60  # of a text that names itself
_UNFIT = frozenset({"Cc", "Cs", "Zl", "Zp"})  # of characters: controls, halves, ends of lines
_ROUNDING = 1e-10  # of the largest coefficient: imaginary parts that sums of complex numbers leave
_PHASED = re.compile(r"([-i]*)([IXYZ]*)")
_PHASES = {"": 1.0, "-": -1.0, "i": 1j, "-i": -1j}
_HINT = (
    'Give texts, as "0.5*ZZI - 1.2*XIX", or Pauli and SparsePauliOp of Qiskit: one, a list of '
    "them, or by names in a dictionary; and these by circuits in another."
)


@dataclass(frozen=True, slots=True)
class Observable:
    """What is to be measured of a circuit: of its index (an int), its name, or of all (`ALL`)."""

    circuit: int | str
    name: str
    sum: PauliSum


def as_observables(given: object, called: str = "observables") -> list[Observable]:
    """Return what is given as observables, which errors call `called`; raises BadInput.

    That is a text, an object of Qiskit, or several: in a list, by their names in a mapping, or, by
    the circuits they are of, in a mapping of these. In a list a mapping is a row as files have
    them: `observable`, and where wanted `name` and `circuit`.
    """
    found = _of_circuits(given, called) if _is_by_circuit(given) else _named(ALL, given, called)
    if not found:
        raise _bad(f"{called} holds none.", "Leave it out, or give some.")
    return found


def _is_by_circuit(given: object) -> bool:
    """Tell whether a mapping is one of circuits: by numbers, or to several observables."""
    return isinstance(given, Mapping) and any(
        as_index(key) is not None or _is_several(value) for key, value in given.items()
    )


def _of_circuits(given: Any, called: str) -> list[Observable]:
    return [
        observable
        for circuit, value in given.items()
        for observable in _named(_circuit(circuit, called), value, f"{called}[{circuit!r}]")
    ]


def _named(circuit: int | str, given: Any, called: str) -> list[Observable]:
    """Return the observables of one circuit, or of all."""
    if isinstance(given, Mapping):
        return [
            Observable(circuit, _checked(name, called), _sum(value, f"{called}[{name!r}]"))
            for name, value in given.items()
        ]
    items, several = _items(given)
    found = []
    for number, item in enumerate(items):
        where = f"{called}[{number}]" if several else called
        if isinstance(item, Mapping):
            found.append(_row(item, circuit, number, where))
        else:
            value = _sum(item, where)
            text = item if isinstance(item, str) else str(value)
            found.append(Observable(circuit, _own_name(text, number), value))
    return found


def _row(row: Mapping[Any, Any], circuit: int | str, number: int, where: str) -> Observable:
    """Return a row of a file as an observable."""
    unknown = [key for key in row if key not in {_CIRCUIT, _NAME, _OBSERVABLE}]
    if unknown or _OBSERVABLE not in row:
        raise _bad(
            f"{where} has " + (f"'{unknown[0]}' in it." if unknown else f"no '{_OBSERVABLE}'."),
            f"Give '{_OBSERVABLE}', and '{_NAME}' and '{_CIRCUIT}' where wanted, and nothing else.",
        )
    value = _sum(row[_OBSERVABLE], where)
    name, of = row.get(_NAME), row.get(_CIRCUIT)
    text = row[_OBSERVABLE] if isinstance(row[_OBSERVABLE], str) else str(value)
    return Observable(
        circuit if _is_empty(of) else _circuit(of, where),
        _own_name(text, number) if _is_empty(name) else _checked(name, where),
        value,
    )


def _is_empty(cell: object) -> bool:
    """Return whether nothing stands in a cell: data frames have NaN there."""
    return cell is None or cell == "" or cell != cell  # noqa: PLR0124


def _own_name(text: str, number: int) -> str:
    """Return the name of what has none: its text, or its number where that is long."""
    text = " ".join(text.split())
    return text if len(text) <= _LONGEST_NAME else f"observable{number}"


def is_text(value: object) -> TypeGuard[str]:
    """Return whether it is a text that can be shown in a line, and steers no terminal."""
    return isinstance(value, str) and not any(
        unicodedata.category(character) in _UNFIT for character in value
    )


def _checked(name: object, where: str) -> str:
    if not is_text(name) or not name.strip():
        raise _bad(
            f"{where}: {name!r} cannot be a name.", "Give a text without control characters."
        )
    return name.strip()


def _circuit(given: object, where: str) -> int | str:
    """Return a circuit's index or name; a text of digits is an index."""
    if isinstance(given, str) and given.strip():
        text = given.strip()
        return int(text) if text.isascii() and text.isdecimal() and len(text) < 10 else text
    number = as_index(given)
    if number is not None and number >= 0:
        return number
    raise _bad(
        f"{where}: {given!r} is not a circuit.",
        f"Give its name, its number from 0, or {ALL} for all.",
    )


def _is_several(value: object) -> bool:
    return isinstance(value, Mapping) or _items(value)[1]


def _items(given: Any) -> tuple[list[Any], bool]:
    """Return what is given as a list, and whether it may be several."""
    if hasattr(given, "to_labels") and not hasattr(given, "coeffs"):  # a PauliList of Qiskit
        return list(given), True
    if isinstance(given, str) or _is_operator(given) or not isinstance(given, Iterable):
        return [given], False
    return list(given), True


def _is_operator(given: object) -> bool:
    return hasattr(given, "num_qubits")


def _sum(given: Any, where: str) -> PauliSum:
    """Return a text, or an operator of Qiskit, as a sum."""
    if isinstance(given, str):
        return PauliSum.read(given, where)
    if not _is_operator(given):
        raise _bad(f"{where} is of type {type(given).__name__}: no observable.", _HINT)
    if hasattr(given, "as_paulis"):  # a SparseObservable, which may hold projectors
        listed = [
            (_on_qubits(letters, qubits), coefficient)
            for letters, qubits, coefficient in given.as_paulis().to_sparse_list()
        ]
    elif hasattr(given, "to_list") and hasattr(given, "coeffs"):  # a SparsePauliOp
        listed = [(Pauli.read(label), coefficient) for label, coefficient in given.to_list()]
    elif hasattr(given, "to_label"):  # a Pauli, with its phase before it
        phase, letters = _PHASED.fullmatch(given.to_label()).groups()  # type: ignore[union-attr]
        listed = [(Pauli.read(letters), _PHASES[phase])]
    else:
        raise _bad(f"{where} is of type {type(given).__name__}: no sum of Pauli operators.", _HINT)
    return _real(listed, given.num_qubits, where)


def _on_qubits(letters: str, qubits: Sequence[int]) -> Pauli:
    on_qubits = zip(letters, qubits, strict=True)
    return Pauli.read("".join(f"{letter}{qubit}" for letter, qubit in on_qubits))


def _real(listed: Sequence[tuple[Pauli, Any]], width: int, where: str) -> PauliSum:
    """Return the sum of terms with complex coefficients whose imaginary parts come of rounding."""
    try:
        terms = [(pauli, complex(coefficient)) for pauli, coefficient in listed]
    except (TypeError, ValueError) as error:  # of Qiskit's parameters
        raise _bad(f"{where} has a coefficient that is not a number.", "Bind it.") from error
    if not all(cmath.isfinite(coefficient) for _, coefficient in terms):
        raise _bad(f"{where} has a coefficient that is not a finite number.", "Mend it.")
    largest = max((abs(coefficient) for _, coefficient in terms), default=0.0)
    if any(abs(coefficient.imag) > _ROUNDING * largest for _, coefficient in terms):
        raise imaginary(where)
    return PauliSum.of(((pauli, coefficient.real) for pauli, coefficient in terms), width)


class Choice:
    """Finds the observables of each circuit, and what is wrong with how circuits are named."""

    def __init__(self, observables: Sequence[Observable]) -> None:
        self._by_circuit: dict[int | str, list[tuple[int, Observable]]] = {}
        for number, observable in enumerate(observables):
            self._by_circuit.setdefault(observable.circuit, []).append((number, observable))
        self._met: dict[int | str, list[int]] = {
            circuit: [] for circuit in self._by_circuit if circuit != ALL
        }

    def of(self, index: int, name: str) -> tuple[Observable, ...]:
        """Return what is to be measured of a circuit, in the order in which it was given.

        Raises BadInput where two of them have the same name.
        """
        if not self._by_circuit:
            return ()
        keys: list[int | str] = [index, name, f"{_NAMED}{name}"]
        for key in keys:
            if key in self._met:
                self._met[key].append(index)
        numbered = dict(
            pair for key in dict.fromkeys((ALL, *keys)) for pair in self._by_circuit.get(key, ())
        )
        found = tuple(numbered[number] for number in sorted(numbered))
        names = Counter(each.name for each in found)
        twice = next((each for each, count in names.items() if count > 1), None)
        if twice is not None:
            raise _bad(
                f"Circuit {index} ({name}) has two observables that are named '{twice}'.",
                "Give each a name of its own.",
            )
        return found

    def problems(self) -> list[Problem]:
        """Tell, once all circuits were asked for, what no circuit is called, or several are."""
        found = []
        for key, indexes in self._met.items():
            called = f"index {key}" if isinstance(key, int) else f"name '{key}'"
            if not indexes:
                message = f"There is no circuit of the {called}, which an observable is of."
                found.append(_bad(message, f"Name another, or all of them with {ALL}."))
            elif len(indexes) > 1:
                listed = ", ".join(map(str, indexes[:10])) + (", …" if len(indexes) > 10 else "")
                message = f"{len(indexes)} circuits are of the {called}: {listed}."
                found.append(_bad(message, "Use the index of one, or of each."))
        return [error.problem for error in found]


def _bad(message: str, hint: str) -> BadInput:
    return BadInput("bad_observable", message, hint)
