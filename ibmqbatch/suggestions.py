"""What somebody may have meant who has written a name that is not known."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import islice

from .errors import Words

__all__ = ["close_to", "did_you_mean", "with_suggestion"]

_ALIKE = (0.85, 0.65)  # how much a name must be like another: a slip of one letter, of several
_MOST = 3  # that are offered
_SHORTEST = 3  # characters of a name that is looked for within others
_LOOKED_AT = 10_000  # of those that are known: a set may have more circuits


def close_to(given: str, known: Iterable[str]) -> list[str]:
    """Return the known names that `given` is like, the likeliest first, or else is a part of.

    One that differs in the case of its letters alone is the one that is meant.
    """
    from difflib import get_close_matches

    names: dict[str, str] = {}
    for name in islice(known, _LOOKED_AT):
        names.setdefault(name.casefold(), name)
    typed = given.casefold()
    if typed in names:
        return [names[typed]]
    for alike in _ALIKE:
        found = get_close_matches(typed, names, _MOST, alike)
        if found:
            return [names[name] for name in found]
    parts = [name for name in names if typed in name] if len(typed) >= _SHORTEST else []
    return [names[name] for name in parts[:_MOST]]


def did_you_mean(names: Iterable[str]) -> str:
    """Return the question whether one of these is meant; nothing where there are none."""
    meant = " or ".join(names)
    return f"Did you mean {meant}?" if meant else ""


def with_suggestion(hint: str, given: str, known: Iterable[str]) -> str:
    """Return a hint with the question before it whether another name was meant, if one is like."""
    question = did_you_mean(f"'{name}'" for name in close_to(given, known))
    return Words("{} {}", question, hint) if question else hint
