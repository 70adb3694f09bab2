"""Which experiment of a set is meant."""

from __future__ import annotations

from collections.abc import Sequence

from ..arguments import as_index
from ..errors import UsageError
from ..jobset.results import CircuitIndex
from ..manifest.records import CircuitRecord
from .exceptions import IBMQJobManagerJobNotFound, message_of

__all__ = ["Lookup"]


class Lookup:
    """The experiments of a set by index, name, and circuit."""

    def __init__(self, circuits: Sequence[CircuitRecord]) -> None:
        self._known = CircuitIndex(circuits)

    def find(self, experiment: object) -> int:
        """Return the index of an experiment, counted from 0.

        It is meant by its index, of whichever kind of whole number, by its name, or by a circuit,
        whose name is looked up. Raises IBMQJobManagerJobNotFound, with all indexes where a name
        stands several times.
        """
        index = as_index(experiment)
        if index is not None and 0 <= index < len(self._known):
            return index
        name = experiment if isinstance(experiment, str) else getattr(experiment, "name", None)
        try:
            if not isinstance(name, str):
                raise self._known.unknown(experiment)
            return self._known.named(name)
        except UsageError as error:
            raise IBMQJobManagerJobNotFound(
                f"Unable to find the job for experiment {name or experiment!r}. {message_of(error)}"
            ) from error
