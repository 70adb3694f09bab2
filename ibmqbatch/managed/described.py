"""What describes a backend, or a part of it, by what the service tells.

These were classes of Qiskit's (`qiskit.providers.models`) before Qiskit 2. They have the names,
arguments, attributes and dictionaries that they had there.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self

__all__ = ["MODELS", "Described"]

MODELS = "qiskit.providers.models"  # where Terra has them


class Described:
    """What is told of something, as attributes: what is not told is none."""

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """Return the object that `to_dict` told of."""
        return cls(**data)

    def to_dict(self) -> dict[str, Any]:
        """Return all of it by the names of the constructor's arguments."""
        return {name: _plain(value) for name, value in vars(self).items() if name[0] != "_"}

    def __getattr__(self, name: str) -> Any:
        # Only what is no attribute comes here.
        raise AttributeError(f"{type(self).__name__} has no attribute {name!r}: it was not told.")

    def __eq__(self, other: object) -> bool:
        if type(other) is not type(self):
            return NotImplemented
        return self.to_dict() == other.to_dict()

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        told = ", ".join(f"{name}={value!r}" for name, value in self.to_dict().items())
        return f"{type(self).__name__}({told})"


def _plain(value: Any) -> Any:
    if isinstance(value, Described):
        return value.to_dict()
    return [_plain(item) for item in value] if isinstance(value, list) else value
