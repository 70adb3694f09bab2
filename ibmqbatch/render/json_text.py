"""JSON as it is shown: in the letters of its texts, but for what could steer a terminal."""

from __future__ import annotations

import json
import re

__all__ = ["json_text"]

# JSON itself escapes only those below a blank. Halves of characters no file can hold.
_UNSEEN = re.compile(r"[\x7f-\x9f\xad\u200b-\u200f\u2028-\u202e\u2060-\u206f\ud800-\udfff\ufeff]")


def json_text(value: object, indent: int | None = None) -> str:
    """Write a value as JSON."""
    text = json.dumps(value, ensure_ascii=False, indent=indent)
    return _UNSEEN.sub(lambda found: f"\\u{ord(found[0]):04x}", text)
