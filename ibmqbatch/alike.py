"""Telling what is alike in one go: how many there are of a kind, and the first of them.

What differs from one to the next are numbers, and the names of things; what stays is the kind.
"""

from __future__ import annotations

import re
from collections.abc import Hashable, Iterator
from dataclasses import dataclass, field
from typing import Generic, TypeVar

__all__ = ["Group", "Groups", "shape"]

Item = TypeVar("Item")

_FEW = 5  # of a kind are all shown
_FIRST = 3  # of more
_DIGIT = re.compile(r"\d")


def shape(text: str, about: str = "") -> str:
    """Return what a sentence has in common with others of its kind.

    `about` is the name of what it is about, as it stands in it.
    """
    words = (text.replace(about, "") if about else text).split()
    # A number, or a name with one in it: of a job, a file, a qubit.
    return " ".join("#" if _DIGIT.search(word) else word for word in words)


@dataclass(slots=True)
class Group(Generic[Item]):
    """Things of a kind: how many there are, and the first of them."""

    number: int = 0
    first: list[Item] = field(default_factory=list)

    @property
    def shown(self) -> list[Item]:
        """Those that are shown: all of a few, the first of many."""
        return self.first if self.number <= _FEW else self.first[:_FIRST]

    @property
    def hidden(self) -> int:
        """How many are not."""
        return self.number - len(self.shown)


class Groups(Generic[Item]):
    """Things by their kinds, in the order in which these came; memory does not grow with things."""

    def __init__(self) -> None:
        self._groups: dict[Hashable, Group[Item]] = {}

    def add(self, kind: Hashable, item: Item) -> None:
        """Take in one more."""
        group = self._groups.setdefault(kind, Group())
        group.number += 1
        if group.number <= _FEW:
            group.first.append(item)

    def __iter__(self) -> Iterator[Group[Item]]:
        return iter(self._groups.values())
