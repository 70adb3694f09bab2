"""Asking what jobs were asked to do, and writing the circuits of a set anew out of that.

Each circuit is told by one job, that of its lowest repeat that is there; how many shots it gets in
all, by that of its highest. The repeats between these two are full.
"""

from __future__ import annotations

import hashlib
import itertools
import json
import zlib
from array import array
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ...circuits.measured import Measured
from ...circuits.qpy import parameter_names, read_header
from ...manifest.draft import Draft, DraftCircuit, DraftRemote
from ...service.errors import NotFound, ServiceError
from ..errors import Interrupted
from ..expectation_values import circuit_of
from ..notes import INDEX, MEASURED, ORDER, run_config_in, values_in
from ..sent import TEMPLATE, SentJob, SentPub
from ..work import IN_FLIGHT, side_by_side
from .placement import Slot

if TYPE_CHECKING:
    from ...clock import Clock
    from ...service.client import Client
    from ...service.models import RemoteJob

__all__ = ["CircuitName", "Part", "Restorer", "ask", "draft_remote", "measured_in", "name_of"]


def ask(
    client: Client, jobs: Sequence[RemoteJob], clock: Clock
) -> Iterator[tuple[RemoteJob, Mapping[str, Any] | NotFound | None]]:
    """Yield the jobs in their order, each with the parameters that the service tells of it.

    Those are None where they are private. `IN_FLIGHT` jobs' are in memory at most. Raises
    ServiceErrors, and Interrupted when the clock is.
    """
    for first in range(0, len(jobs), IN_FLIGHT):
        window = jobs[first : first + IN_FLIGHT]
        answers: dict[str, Mapping[str, Any] | NotFound | None] = {}
        for ended in side_by_side(window, lambda job: client.params(job.id), clock):
            for job, answer in ended:
                if isinstance(answer, ServiceError) and not isinstance(answer, NotFound):
                    raise answer
                answers[job.id] = answer
        if clock.interrupted.is_set():
            raise Interrupted("Interrupted.")
        for job in window:
            yield job, answers[job.id]


def draft_remote(remote: RemoteJob) -> DraftRemote:
    """Return a job of the service as it is written into a new manifest."""
    return DraftRemote(
        id=remote.id,
        status=remote.status,
        reason=remote.reason,
        reason_code=remote.reason_code,
        solution=remote.solution,
        private=remote.private,
        created=remote.created,
    )


@dataclass(frozen=True, slots=True)
class Part:
    """Circuits `first` to `last`, and the job that tells of them; None: none does."""

    first: int
    last: int
    slot: Slot | None


@dataclass(frozen=True, slots=True)
class CircuitName:
    """What a circuit is called, and what stands beside its counts; see `name_of`.

    `parameters` are the names of those that it is run with values of, None where these are not
    told; `order` is that of the metadata, with them, as far as it is told.
    """

    name: str
    metadata: Mapping[str, object]
    parameters: Sequence[str] | None = ()
    order: Sequence[str] = ()

    def run(
        self, number: int, row: Sequence[float], told: Mapping[str, object]
    ) -> tuple[str, Mapping[str, object]]:
        """Return the name and metadata of its run with a row of values, and those of its note."""
        values = {**self.metadata, **dict(zip(self.parameters or (), row, strict=False)), **told}
        first = {key: values[key] for key in self.order if key in values}
        return f"{self.name}@{number}", {**first, **values}


def name_of(pub: SentPub, otherwise: str) -> CircuitName:
    """Read what a circuit of ours is called; `otherwise` where it does not tell."""
    if pub.kind == "openqasm3":
        return CircuitName(otherwise, {})
    data = zlib.decompress(pub.body)
    name, metadata = read_header(data)
    parameters = () if pub.rows is None or pub.kind == TEMPLATE else parameter_names(data)
    keys = pub.note.get(ORDER)
    order = [key for key in keys if isinstance(key, str)] if isinstance(keys, list) else ()
    return CircuitName(name or otherwise, metadata, parameters, order)


@dataclass(frozen=True, slots=True)
class _Sweep:
    """A circuit that was run with many values: `body` is its number in the draft."""

    pub: SentPub
    first: int
    body: int
    called: CircuitName


class Restorer:
    """Writes circuits into a draft, as they were sent, and learns what else jobs tell of the set.

    `parts` are to be added one by one, after the shots of `last_repeats` have been noted. `most`
    are the shots of a circuit in one repeat, `shots` those of one in all repeats, at most;
    `options` are those of the sampler; `run_config` is what a program asked besides.
    """

    def __init__(self, draft: Draft, slots: Sequence[Slot]) -> None:
        self._draft = draft
        self._total = 1 + max(slot.last for slot in slots)
        self.grouped = any(item.tag.grouped for slot in slots for item in slot.found)
        self._taken = bytearray(self._total)  # indexes that circuits have told
        self._untold: list[int] = []  # the places of others
        self._unknown: int | None = None
        self._sweep: _Sweep | None = None
        # Circuits whose parameters have no names, for want of a Qiskit that reads them.
        self.nameless = 0
        self.most = self.shots = 1
        self.options: Mapping[str, Any] = {}
        self.run_config: Mapping[str, object] = {}
        self.parts = list(_parts(slots))
        # Of each circuit: the last repeat that the service has, and its shots in that one.
        self._last_repeat = bytearray(self._total)
        self._last_shots = array("q", bytes(8 * self._total))
        repeats = [slot for slot in slots if slot.repeat and slot.telling]
        for slot in repeats:
            size = slot.last - slot.first + 1
            self._last_repeat[slot.first : slot.last + 1] = bytes([slot.repeat]) * size
        self.last_repeats = [
            slot
            for slot in repeats
            if bytes([slot.repeat]) in self._last_repeat[slot.first : slot.last + 1]
        ]

    def note_shots(self, slot: Slot, sent: SentJob | None) -> None:
        """Take in how many shots circuits get in their last repeat; None: nobody tells."""
        sent = _whole(slot, sent)
        if sent is None:
            return
        self.most = max(self.most, sent.shots)
        for circuit, shots in enumerate(sent.shots_of_circuits(), slot.first):
            if self._last_repeat[circuit] == slot.repeat:
                self._last_shots[circuit] = shots

    def add(self, part: Part, sent: SentJob | None) -> None:
        """Write the next circuits, as their job was asked to run them; None: nobody tells."""
        slot = part.slot
        sent = None if slot is None else _whole(slot, sent)
        if slot is None or sent is None:
            self._add_unknown(part)
            return
        self.most = max(self.most, sent.shots)
        if not self.options:
            self.options = self._common_options(sent.options, slot)
        for pub in () if self.run_config else sent.pubs:
            self.run_config = {**run_config_in(pub.note), **self.run_config}
        first = slot.first
        for pub in sent.pubs:
            start, end = max(first, part.first), min(first + pub.runs - 1, part.last)
            if start <= end:
                self._add_pub(pub, first, range(start, end + 1), slot)
            first += pub.runs

    def _add_pub(self, pub: SentPub, first: int, circuits: range, slot: Slot) -> None:
        """Write the `circuits` that are of a pub whose first one is `first`."""
        sweep = self._sweep
        # Rows that did not fit into one job go on in the next.
        goes_on = (
            sweep is not None
            and pub.rows is not None
            and first == slot.first
            and _alike(sweep.pub) == _alike(pub)
        )
        if sweep is None or not goes_on:
            sweep = self._begin(pub, first)
        self._sweep = None if pub.rows is None else sweep
        rows = None if pub.rows is None else pub.rows[circuits.start - first :]
        told = values_in(pub.note, pub.runs)[circuits.start - first :]
        self._draft.add_circuits(
            [
                self._circuit(
                    sweep,
                    place,
                    slot,
                    None if rows is None else row,
                    told=values,
                    shots=pub.shots,
                    index=index,
                )
                for place, row, values, index in zip(
                    circuits,
                    rows or itertools.repeat(()),
                    told,
                    self._indexes(pub, first, circuits),
                    strict=False,
                )
            ]
        )

    def _indexes(self, pub: SentPub, first: int, places: range) -> Iterator[int]:
        """Yield the indexes of circuits; below 0, for now, of those that do not tell theirs.

        Whatever anybody has written there is read: what makes no sense is as good as nothing.
        """
        if not self.grouped:
            yield from places
            return
        told = pub.note.get(INDEX)
        for place in places:
            index = told + place - first if type(told) is int else -1
            if 0 <= index < self._total and not self._taken[index]:
                self._taken[index] = True
                yield index
            else:
                yield self._unknown_index(place)

    def _unknown_index(self, place: int) -> int:
        if not self.grouped:
            return place
        self._untold.append(place)
        return -1 - place

    def finish(self) -> None:
        """Give the circuits that have not told theirs the indexes that are left, in their order."""
        left = (index for index, taken in enumerate(self._taken) if not taken)
        if self._untold:
            self._draft.renumber(zip([-1 - place for place in self._untold], left, strict=True))

    @property
    def untold(self) -> int:
        """How many circuits have not told where they stand in the input."""
        return len(self._untold)

    def _begin(self, pub: SentPub, first: int) -> _Sweep:
        called = name_of(pub, "" if self.grouped else f"circuit{first}")
        measured = measured_in(pub.note)
        body = self._draft.add_body(pub.sha256, pub.body, kind=pub.kept_as, measured=measured)
        self.nameless += called.parameters is None
        return _Sweep(pub, first, body, called)

    def _circuit(
        self,
        sweep: _Sweep,
        place: int,
        slot: Slot,
        row: tuple[float, ...] | None,
        *,
        told: Mapping[str, object],
        shots: int,
        index: int,
    ) -> DraftCircuit:
        last = self._last_repeat[place]
        shots = last * self.most + (shots if slot.repeat == last else self._last_shots[place])
        self.shots = max(self.shots, shots)
        called = sweep.called
        name = called.name
        metadata: Mapping[str, object] = {**called.metadata, **told}
        if row is not None:
            name, metadata = called.run(place - sweep.first, row, told)
        return DraftCircuit(
            name=name,
            metadata=metadata,
            source="service",
            position=place,
            shots=shots,
            body=sweep.body,
            values=row,
            index=index,
        )

    def _add_unknown(self, part: Part) -> None:
        """Write circuits that nothing is known of but that there are some."""
        if self._unknown is None:
            nothing = hashlib.sha256(b"").hexdigest()
            self._unknown = self._draft.add_body(nothing, zlib.compress(b""), kind="unknown")
        self._draft.add_circuits(
            [
                DraftCircuit(
                    name="" if self.grouped else f"circuit{place}",
                    metadata={},
                    source="service",
                    position=place,
                    shots=0,
                    body=self._unknown,
                    index=self._unknown_index(place),
                )
                for place in range(part.first, part.last + 1)
            ]
        )

    def _common_options(self, options: Mapping[str, Any], slot: Slot) -> Mapping[str, Any]:
        """Return the options of the set: those of a job, but for the seed; see `JobWriter`."""
        found: dict[str, Any] = json.loads(json.dumps(options))
        simulator = found.get("simulator")
        if isinstance(simulator, dict) and type(simulator.get("seed_simulator")) is int:
            simulator["seed_simulator"] -= slot.first + slot.repeat * self._total
        return found


def _alike(pub: SentPub) -> tuple[object, ...]:
    """Return what the parts of a sweep have in common, whichever job each of them is in."""
    # Each job twirls a circuit anew: nothing but its name stays.
    what = read_header(zlib.decompress(pub.body))[0] if pub.kind == TEMPLATE else pub.sha256
    return pub.kind, what, pub.shots, pub.note.get(ORDER), pub.note.get(MEASURED)


def measured_in(note: Mapping[str, Any]) -> Mapping[str, object] | None:
    """Return what a circuit tells of observables, or, where that cannot be used, its name alone."""
    told = note.get(MEASURED)
    if told is None:
        return None
    try:
        return Measured.read(told).document()
    except ValueError:
        return {"circuit": circuit_of(told)}


def _parts(slots: Sequence[Slot]) -> Iterator[Part]:
    """Divide the circuits by the job that tells of them."""
    telling = [slot for slot in slots if slot.repeat and slot.telling]
    for slot in slots:
        if slot.repeat:
            return
        if slot.telling:
            yield Part(slot.first, slot.last, slot)
            continue
        first = slot.first
        while first <= slot.last:
            other = next((s for s in telling if s.first <= first <= s.last), None)
            later = [s.first - 1 for s in telling if s.first > first]
            last = min([slot.last, other.last] if other else [slot.last, *later])
            yield Part(first, last, other)
            first = last + 1


def _whole(slot: Slot, sent: SentJob | None) -> SentJob | None:
    """Return what a job was asked to do if it holds as many circuits as its tag says."""
    return sent if sent is not None and sent.circuits == slot.last - slot.first + 1 else None
