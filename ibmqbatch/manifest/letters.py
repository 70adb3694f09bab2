"""Numbers in letters and digits, none of which looks like another (Crockford's base 32)."""

from __future__ import annotations

import secrets

__all__ = ["letters", "new_nonce"]

_BITS = 5  # in one letter
_NONCE_LETTERS = 13  # 65 bits
_LETTERS = "0123456789abcdefghjkmnpqrstvwxyz"


def letters(number: int, width: int) -> str:
    """Write the lowest bits of `number` in `width` letters, which sort as the numbers do."""
    return "".join(_LETTERS[(number >> _BITS * place) & 31] for place in reversed(range(width)))


def new_nonce() -> str:
    """Make what tells an attempt from all others."""
    return letters(secrets.randbits(_BITS * _NONCE_LETTERS), _NONCE_LETTERS)
