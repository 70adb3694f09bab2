"""What people read in words: numbers of things, lists, sizes, states, reasons; and JSON."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence

from ..alike import Group, Groups

__all__ = [
    "clean",
    "counts_text",
    "duration_text",
    "first_of",
    "json_text",
    "listed",
    "plural",
    "reason_lines",
    "short_span",
    "size_text",
    "span_text",
    "status_word",
]

_MOST_LISTED = 10
_WORDS = {"INITIALIZING": "PLANNED"}
# JSON itself escapes only those below a blank. Halves of characters no file can hold.
_UNSEEN = re.compile(r"[\x7f-\x9f\xad\u200b-\u200f\u2028-\u202e\u2060-\u206f\ud800-\udfff\ufeff]")


def clean(text: str) -> str:
    """Replace what could steer a terminal: names and reasons may come from anywhere."""
    return "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text)


def plural(number: int, thing: str) -> str:
    """Write a number of things."""
    return f"{number} {thing}{'' if number == 1 else 's'}"


def listed(thing: str, which: Sequence[object]) -> str:
    """Write which things are meant: `job 3`, or `jobs 3, 4`; of many the first."""
    return f"{thing}{'' if len(which) == 1 else 's'} {first_of(which)}"


def first_of(items: Sequence[object]) -> str:
    """Write a list; of a long one the first."""
    named = [str(item) for item in items[:_MOST_LISTED]]
    return ", ".join(named if len(items) <= _MOST_LISTED else [*named, "…"])


def size_text(size: int) -> str:
    """Write a number of bytes for a person, in units of a thousand."""
    number, unit = float(size), "bytes"
    for larger in ("kB", "MB", "GB", "TB"):
        if number < 999.5:
            break
        number, unit = number / 1000, larger
    places = 1 if unit != "bytes" and number < 99.95 else 0
    return f"{number:.{places}f} {unit}"


def duration_text(seconds: float) -> str:
    """Write a time span for a person: `48 s`, `3:05 min`, `2:10 h`, `3 d 4 h`."""
    whole = int(seconds)
    if whole < 60:
        return f"{whole} s"
    minutes = whole // 60
    if minutes < 60:
        return f"{minutes}:{whole % 60:02} min"
    hours = minutes // 60
    if hours < 48:
        return f"{hours}:{minutes % 60:02} h"
    return f"{hours // 24} d {hours % 24} h"


def span_text(thing: str, first: int, last: int, total: int) -> str:
    """Write which things of a range these are: `circuit 3`, `circuits 3 to 5`.

    Both ends are of them; where not all between are, it is `4 of the circuits 3 to 9`.
    """
    if first == last:
        return f"{thing} {first}"
    share = "" if total > last - first else f"{total} of the "
    return f"{share}{thing}s {first} to {last}"


def short_span(first: int, last: int, total: int) -> str:
    """Write the same without words: `3`, `3-5`, `4 of 3-9`."""
    if first == last:
        return str(first)
    share = "" if total > last - first else f"{total} of "
    return f"{share}{first}-{last}"


def status_word(status: str) -> str:
    """Return the word that a person reads for a job's status; JSON has Qiskit's own names."""
    return _WORDS.get(status, status)


def counts_text(counts: Mapping[str, int]) -> str:
    """Write how many jobs have which status, leaving out those that none has."""
    return ", ".join(
        f"{count} {status_word(status).lower()}" for status, count in counts.items() if count
    )


def reason_lines(jobs: Iterable[tuple[int, str]]) -> list[str]:
    """Return a line for each reason there is; jobs are given by their indexes."""
    groups: Groups[tuple[int, str]] = Groups()
    for index, reason in jobs:
        if reason:
            groups.add(reason, (index, reason))
    return [f"{_which(group)}: {group.first[0][1]}" for group in groups]


def _which(group: Group[tuple[int, str]]) -> str:
    """Write which jobs are meant: `Job 3`, `Jobs 3, 4`, or `500 jobs (0, 1, 2, …)`."""
    first = ", ".join(str(index) for index, _ in group.shown)
    if group.hidden:
        return f"{plural(group.number, 'job')} ({first}, …)"
    return f"Job{'' if group.number == 1 else 's'} {first}"


def json_text(value: object, indent: int | None = None) -> str:
    """Write a value as JSON."""
    text = json.dumps(value, ensure_ascii=False, indent=indent)
    return _UNSEEN.sub(lambda found: f"\\u{ord(found[0]):04x}", text)
