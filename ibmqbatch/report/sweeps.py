"""Sweeps: circuits that differ in numbers of their metadata, and what these gave."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from ..jobset.expectation_values import ExpectationValue
from ..jobset.results import CircuitResult

__all__ = ["PARITY", "Quantity", "Sweep", "Tally", "find_sweeps", "sweep_of_values"]

PARITY = "⟨Z…Z⟩, the parity of all bits"
_FEWEST = 3  # points of a sweep
_MOST_OUTCOMES = 24  # that can be chosen, the most frequent of the whole sweep
_MOST_CELLS = 400_000  # values of marginals that a sweep holds


@dataclass(frozen=True, slots=True)
class Quantity:
    """A figure of each circuit of a sweep, with its standard error; None where it is not known.

    `kind` is `outcome` (its share of the shots), `marginal` (the share of shots in which a bit
    is 1) or `expectation` (the mean of an observable).
    """

    kind: str
    label: str
    values: Sequence[float | None]
    errors: Sequence[float | None]

    @property
    def title(self) -> str:
        """What it is, in words, for an axis."""
        words = {"outcome": "share of shots with ", "marginal": "probability of 1 in "}
        return words.get(self.kind, "") + self.label

    @property
    def names(self) -> tuple[str, ...]:
        """What it may be called by those who choose it."""
        return ("parity", self.label) if self.label == PARITY else (self.label,)


@dataclass(frozen=True, slots=True)
class Sweep:
    """Circuits of one name, and the numbers in which they differ: a column for each parameter."""

    name: str
    circuits: Sequence[int]
    parameters: Mapping[str, Sequence[float]]
    quantities: Sequence[Quantity] = ()

    @property
    def chosen(self) -> int:
        """Which quantity to show first: of those of the first kind the one that varies most."""

        def spread(at: int) -> float:
            known = [value for value in self.quantities[at].values if value is not None]
            return max(known) - min(known) if known else -1.0

        alike = [at for at, q in enumerate(self.quantities) if q.kind == self.quantities[0].kind]
        return max(reversed(alike), key=spread)


def find_sweeps(circuits: Iterable[tuple[int, str, Mapping[str, object]]]) -> list[Sweep]:
    """Return the sweeps among circuits, given as index, name and metadata, without quantities.

    The runs of one circuit with rows of values, `name@0` and so on, belong together, and so do all
    circuits that are no such runs and have the same keys of numbers.
    """
    families: dict[tuple[str, tuple[str, ...]], list[tuple[int, dict[str, float]]]] = {}
    for index, name, metadata in circuits:
        own, mark, number = name.rpartition("@")
        family = own if mark and number.isdecimal() else ""
        numbers = {
            key: value for key, given in metadata.items() if (value := _number(given)) is not None
        }
        if numbers:
            families.setdefault((family, tuple(numbers)), []).append((index, numbers))
    sweeps = []
    for (name, keys), members in families.items():
        columns = {key: [numbers[key] for _, numbers in members] for key in keys}
        varied = {key: column for key, column in columns.items() if len(set(column)) > 1}
        if len(members) >= _FEWEST and varied:
            sweeps.append(Sweep(name, [index for index, _ in members], varied))
    return sweeps


def _number(value: object) -> float | None:
    """Return a value of metadata as a number, also where a table has it as text."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        number = float(value)
    except (ValueError, OverflowError):
        return None
    return number if math.isfinite(number) else None


@dataclass(slots=True)
class Tally:
    """Counts what the circuits of a sweep gave, in two rounds through their results.

    The first (`see`) finds the most frequent outcomes of all; the second (`add`) how often each
    circuit gave them, and in how many shots each bit was 1.
    """

    sweep: Sweep
    _totals: Counter[str] = field(default_factory=Counter)
    _registers: tuple[tuple[str, int], ...] = ()
    _alike: bool = True
    _rows: dict[int, tuple[int, list[int], list[int], int]] = field(default_factory=dict)
    _chosen: list[str] = field(default_factory=list)

    def see(self, result: CircuitResult) -> None:
        """Take note of the outcomes of one circuit, in the first round."""
        registers = tuple((name, r.num_bits) for name, r in result.outcomes.registers.items())
        self._alike &= self._registers in {(), registers}
        self._registers = registers
        self._totals.update(result.counts)
        if len(self._totals) > 100 * 1024:  # those that never come again need no place
            self._totals = Counter(dict(self._totals.most_common(10 * 1024)))

    def add(self, result: CircuitResult) -> None:
        """Count the outcomes of one circuit, in the second round."""
        if not self._chosen:
            frequent = sorted(self._totals, key=lambda key: (-self._totals[key], key))
            self._chosen = sorted(frequent[:_MOST_OUTCOMES])
        counts = result.counts
        ones = [0] * sum(bits for _, bits in self._registers) if self._alike else []
        even = 0
        for outcome, count in counts.items():
            bits = outcome.replace(" ", "")
            number = int(bits or "0", 2)
            even += 0 if number.bit_count() & 1 else count
            while number and ones:
                lowest = number & -number
                ones[lowest.bit_length() - 1] += count
                number ^= lowest
        row = [counts.get(outcome, 0) for outcome in self._chosen]
        self._rows[result.index] = result.shots, row, ones, even

    def counted(self) -> Sweep | None:
        """Return the sweep with its quantities; None where no bits were measured at all."""
        if not self._rows or not self._registers:
            return None
        found = [self._rows.get(index) for index in self.sweep.circuits]
        quantities = [
            _shares("outcome", outcome, [row and (row[1][at], row[0]) for row in found])
            for at, outcome in enumerate(self._chosen)
        ]
        most = _MOST_CELLS // len(found)
        quantities += [
            _shares("marginal", label, [row and (row[2][at], row[0]) for row in found])
            for at, label in enumerate(self._labels()[:most] if self._alike else [])
        ]
        parity = [None if row is None else 2 * row[3] / row[0] - 1 for row in found]
        errors = [
            None if row is None or mean is None else math.sqrt((1 - mean * mean) / row[0])
            for row, mean in zip(found, parity, strict=True)
        ]
        quantities.append(Quantity("expectation", PARITY, parity, errors))
        return Sweep(self.sweep.name, self.sweep.circuits, self.sweep.parameters, quantities)

    def _labels(self) -> list[str]:
        return [f"{name}[{bit}]" for name, bits in self._registers for bit in range(bits)]


def _shares(kind: str, label: str, counts: Sequence[tuple[int, int] | None]) -> Quantity:
    """Return shares of shots, given as counts and shots, with their binomial standard errors."""
    shares = [None if pair is None else pair[0] / pair[1] for pair in counts]
    errors = [
        None if pair is None or share is None else math.sqrt(share * (1 - share) / pair[1])
        for pair, share in zip(counts, shares, strict=True)
    ]
    return Quantity(kind, label, shares, errors)


def sweep_of_values(sweep: Sweep, values: Sequence[ExpectationValue]) -> Sweep:
    """Return a sweep of circuits with observables, with a quantity for each observable."""
    by_name: dict[str, dict[int, ExpectationValue]] = {}
    for value in values:
        by_name.setdefault(value.observable, {})[value.index] = value
    members = set(sweep.circuits)
    quantities = []
    for name, found in by_name.items():
        if members.isdisjoint(found):
            continue
        row = [found.get(index) for index in sweep.circuits]
        quantities.append(
            Quantity(
                "expectation",
                name,
                [each.value if each else None for each in row],
                [each.standard_error if each else None for each in row],
            )
        )
    return Sweep(sweep.name, sweep.circuits, sweep.parameters, quantities)
