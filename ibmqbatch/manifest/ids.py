"""The ids that are made here: of job sets, and the nonces of attempts.

They are written in Crockford's base 32, whose letters and digits cannot be mistaken for another.
"""

from __future__ import annotations

import os
import re
from datetime import UTC, datetime

from .. import paths
from .files import DRAFT_SUFFIX, SUFFIX

__all__ = ["is_set_id", "new_nonce", "new_set_id"]

_SET_ID = re.compile(r"[0-9]{8}-[0-9a-z]{7}")
_BITS = 5  # in one letter
_NONCE_LETTERS = 13  # 65 bits
_LETTERS = "0123456789abcdefghjkmnpqrstvwxyz"


def new_set_id() -> str:
    """Make an id that sorts by time, is easy to type, and is not taken on this machine.

    That is the day, the time of day in units of a twelfth of a second (4 letters), and 15 random
    bits (3 letters).
    """
    folder = paths.sets()
    while True:
        now = datetime.now(UTC)
        seconds = 3600 * now.hour + 60 * now.minute + now.second + now.microsecond / 1e6
        tail = _base32(int(12 * seconds), 4) + _random(3)
        set_id = f"{now:%Y%m%d}-{tail}"
        taken = (folder / f"{set_id}{suffix}" for suffix in (SUFFIX, DRAFT_SUFFIX))
        if not any(path.exists() for path in taken):
            return set_id


def is_set_id(text: object) -> bool:
    """Return whether this is an id as `new_set_id` makes them: nothing else may name a file."""
    return isinstance(text, str) and _SET_ID.fullmatch(text) is not None


def new_nonce() -> str:
    """Make what tells an attempt from all others."""
    return _random(_NONCE_LETTERS)


def _random(width: int) -> str:
    """Return random letters, from the system's source for secrets."""
    return "".join(_LETTERS[byte % len(_LETTERS)] for byte in os.urandom(width))


def _base32(number: int, width: int) -> str:
    """Write the lowest bits of `number` in `width` letters, which sort as the numbers do."""
    return "".join(_LETTERS[(number >> _BITS * place) & 31] for place in reversed(range(width)))
