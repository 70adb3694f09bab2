"""The runs of a circuit with several values, as curves in a line each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

__all__ = ["Curve", "Sweep"]

_BLOCKS = "▁▂▃▄▅▆▇█"
_MOST_CURVES = 8
_FEWEST_RUNS = 3  # that make a curve


@dataclass(frozen=True, slots=True)
class Curve:
    """The values that something has in runs that follow one another; None where it is missing."""

    name: str
    values: tuple[float | None, ...]

    @property
    def low(self) -> float:
        """The lowest value."""
        return min(value for value in self.values if value is not None)

    @property
    def high(self) -> float:
        """The highest value."""
        return max(value for value in self.values if value is not None)

    def drawn(self, width: int) -> str:
        """Draw it in as many columns as there are values, or `width`; of more, means are drawn."""
        number = len(self.values)
        columns = min(width, number)
        low, span = self.low, self.high - self.low
        drawn = []
        for column in range(columns):
            part = self.values[column * number // columns : (column + 1) * number // columns]
            there = [value for value in part if value is not None]
            if not there:
                drawn.append(" ")
                continue
            height = (sum(there) / len(there) - low) / span if span else 0.5
            drawn.append(_BLOCKS[min(len(_BLOCKS) - 1, int(height * len(_BLOCKS)))])
        return "".join(drawn)


class Sweep:
    """The runs of a circuit as they come, `name@0` and so on.

    What does not stand among the values of a run is `missing` there.
    """

    def __init__(self, missing: float | None = None) -> None:
        self.name = ""
        self._missing = missing
        self._numbers: list[int] = []
        self._values: dict[str, dict[int, float]] = {}

    @property
    def runs(self) -> int:
        """How many runs have come."""
        return len(self._numbers)

    def goes_on(self, name: str) -> bool:
        """Return whether the circuit of this name is a run that belongs to those that are here."""
        own, mark, number = name.rpartition("@")
        is_run = bool(mark) and number.isascii() and number.isdecimal()
        if not self._numbers:
            return True
        return is_run and own == self.name and int(number) > self._numbers[-1]

    def add(self, name: str, values: Mapping[str, float]) -> None:
        """Add a run, with its values by what they are of; what is no run is left out."""
        own, mark, number = name.rpartition("@")
        if mark and number.isascii() and number.isdecimal():
            self.name = own
            self._numbers.append(int(number))
            for key, value in values.items():
                self._values.setdefault(key, {})[self.runs - 1] = value

    def curves(self) -> list[Curve]:
        """Return the curves of what has the largest values, by names; none of fewer than 3 runs."""
        if self.runs < _FEWEST_RUNS:
            return []
        largest = sorted(
            self._values, key=lambda key: (-sum(map(abs, self._values[key].values())), key)
        )
        return [
            Curve(key, tuple(self._values[key].get(run, self._missing) for run in range(self.runs)))
            for key in sorted(largest[:_MOST_CURVES])
        ]
