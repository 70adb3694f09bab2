"""Notes: what a circuit tells of its set while it is on the service, in its metadata."""

from __future__ import annotations

import json
import zlib
from collections.abc import Mapping, Sequence
from typing import Any

from ..circuits.qpy import raw_metadata, read_header, with_raw_metadata
from ..manifest.records import PubRecord, SetRecord

__all__ = [
    "INDEX",
    "MEASURED",
    "ORDER",
    "RUN_CONFIG",
    "VALUES",
    "fits",
    "noted",
    "run_config_in",
    "values_in",
    "without_note",
]

# What a note holds: in which order the metadata were that tell values of parameters; what a circuit
# tells of observables; values of its parameters that what is sent does not tell by their names, a
# list for each, of all runs; its index, or that of its first run, where that is not its place; and,
# in the first circuit of a job, what a program asked.
ORDER, MEASURED, VALUES, INDEX = "order", "measured", "values", "index"
RUN_CONFIG = "run_config"
_KEY = "ibmq_jobset"
_HEAD = f'{{"{_KEY}":'.encode()
_LONGEST = 20_000  # bytes of a note; what is longer stays at home
_SHORT = 2_000  # bytes, of what is told of parameters and by programs
_KNOWN: Mapping[str, type] = {"header": dict, "memory": bool, "client_version": dict}


def noted(pubs: Sequence[PubRecord], record: SetRecord, *, hidden: bool = False) -> list[bytes]:
    """Return the bodies of a job's circuits, compressed by zlib, with what they are to tell.

    What the service has no place for stands in the metadata of circuits, in an entry of our own,
    while these are on the service: a set that is rebuilt from there is the one that it was. What is
    sent as text has no metadata. Notes are small: the planned size of a job leaves them out.
    `hidden`: the circuits' parameters are not those of what is sent: they are twirled here.
    """
    asked = {name: record.run_config[name] for name in _KNOWN if name in record.run_config}
    bodies = []
    for pub in pubs:
        note: dict[str, object] = {}
        if pub.kind == "qpy" and len(pub.order) > 1:
            note[ORDER] = pub.order
        if pub.kind == "qpy" and pub.measured is not None:
            # Where there is no room, at least that something is missing is told.
            name = {"circuit": pub.measured.get("circuit")}
            note[MEASURED] = pub.measured if fits(pub.measured) else name
        if pub.kind == "qpy" and (values := _untold_values(pub, hidden=hidden)):
            note[VALUES] = values
        if pub.kind == "qpy" and record.grouped:
            note[INDEX] = pub.indexes[0]
        if pub.kind == "qpy" and asked:
            note[RUN_CONFIG], asked = asked, {}
        bodies.append(_with_note(pub.body, note) if note else pub.body)
    return bodies


def _untold_values(pub: PubRecord, *, hidden: bool) -> dict[str, list[object]]:
    """Return values that stand in metadata and that nothing else tells, where there is room."""
    if not pub.metadata:
        return {}
    own = read_header(zlib.decompress(pub.body))[1]
    runs = [json.loads(text) for text in pub.metadata]
    names = [name for name in runs[0] if name not in own]
    if not hidden and len(names) == len(pub.rows[0] if pub.rows else ()):
        return {}
    values = {name: [run.get(name) for run in runs] for name in names}
    return values if fits(values) else {}


def values_in(note: Mapping[str, Any], runs: int) -> list[dict[str, object]]:
    """Return the values that a note tells of each run, as far as they make sense."""
    told = note.get(VALUES)
    columns = {} if not isinstance(told, dict) else told
    sound = {
        name: column
        for name, column in columns.items()
        if isinstance(column, list)
        and len(column) == runs
        and all(type(value) in {int, float} for value in column)
    }
    return [{name: column[run] for name, column in sound.items()} for run in range(runs)]


def without_note(data: bytes) -> tuple[bytes, Mapping[str, Any]]:
    """Return a circuit's QPY as it was before it got a note, and the note; empty where it has none.

    Whatever anybody has written there is read: see `run_config_in`.
    """
    raw = raw_metadata(data)
    if raw is None or not raw.startswith(_HEAD):
        return data, {}
    try:
        text = raw[len(_HEAD) :].decode()
        note, end = json.JSONDecoder().raw_decode(text)
    except (ValueError, RecursionError):
        return data, {}
    rest = text[end:].removeprefix(",")
    return with_raw_metadata(data, f"{{{rest}".encode()), note if isinstance(note, dict) else {}


def run_config_in(note: Mapping[str, Any]) -> dict[str, object]:
    """Return what a program asked, as far as a note tells it and it makes sense."""
    asked = note.get(RUN_CONFIG)
    if not isinstance(asked, dict):
        return {}
    return {name: asked[name] for name, kind in _KNOWN.items() if isinstance(asked.get(name), kind)}


def _written(note: Mapping[str, object]) -> bytes:
    return json.dumps(note, separators=(",", ":")).encode()


def fits(part: Mapping[str, object]) -> bool:
    """Return whether there is room for a part of a note beside the others, which are short."""
    return len(_written(part)) < _LONGEST - _SHORT


def _with_note(body: bytes, note: Mapping[str, object]) -> bytes:
    text = _written(note)
    data = zlib.decompress(body)
    raw = raw_metadata(data)
    if len(text) > _LONGEST or raw is None or not raw.startswith(b"{"):
        return body
    rest = raw[1:].lstrip()
    comma = b"" if rest == b"}" else b","
    return zlib.compress(with_raw_metadata(data, _HEAD + text + comma + rest))
