"""Numbers in letters and digits, none of which looks like another (Crockford's base 32)."""

from __future__ import annotations

__all__ = ["BITS", "letters"]

BITS = 5  # in one letter
_LETTERS = "0123456789abcdefghjkmnpqrstvwxyz"


def letters(number: int, width: int) -> str:
    """Write the lowest bits of `number` in `width` letters, which sort as the numbers do."""
    return "".join(_LETTERS[(number >> BITS * place) & 31] for place in reversed(range(width)))
