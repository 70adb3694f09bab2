"""Looking up the circuits of a set: by index, which is never ambiguous, or by name."""

from __future__ import annotations

from collections.abc import Sequence

from ..errors import UsageError
from ..manifest.records import CircuitRecord
from ..suggestions import with_suggestion

__all__ = ["CircuitIndex"]

_MOST_LISTED = 20


class CircuitIndex:
    """The circuits of a set by their names."""

    def __init__(self, circuits: Sequence[CircuitRecord]) -> None:
        self._total = len(circuits)
        self._named: dict[str, list[int]] = {}
        self._runs: dict[str, list[int]] | None = None
        for circuit in circuits:
            self._named.setdefault(circuit.name, []).append(circuit.index)

    def __len__(self) -> int:
        return self._total

    def __contains__(self, name: object) -> bool:
        return name in self._named

    def named(self, name: str) -> int:
        """Return the index of the circuit of this name.

        The name of a circuit that was run with several values, `name@0` and so on, may be given
        without its number. Raises UsageError, with the indexes where there are several.
        """
        found = self._named.get(name) or self._numbered().get(name, [])
        if len(found) > 1:
            listed = ", ".join(map(str, found[:_MOST_LISTED]))
            more = ", …" if len(found) > _MOST_LISTED else ""
            raise UsageError(
                f"{len(found)} circuits are named '{name}': {listed}{more}.",
                "Use the index of one.",
            )
        if not found:
            raise self.unknown(name)
        return found[0]

    def unknown(self, what: object) -> UsageError:
        """Return the error that tells that there is no such circuit."""
        if self._total == 1:
            (only,) = self._named
            hint = f"Its only circuit is '{only}', of index 0."
        else:
            hint = f"Use a circuit's name, or an index from 0 to {self._total - 1}."
        known = {*self._named, *self._numbered()}
        return UsageError(
            f"The set has no circuit '{what}'.", with_suggestion(hint, str(what), sorted(known))
        )

    def _numbered(self) -> dict[str, list[int]]:
        """Return the runs of each circuit that was run with values, by its own name."""
        if self._runs is None:
            self._runs = {}
            for name, indexes in self._named.items():
                own, mark, number = name.rpartition("@")
                if mark and number.isascii() and number.isdecimal():
                    self._runs.setdefault(own, []).extend(indexes)
        return self._runs
