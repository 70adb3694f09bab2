"""Rebuilding a set of ours from the service alone, on a machine that never saw it.

Tags tell how many jobs and circuits there are and which are where; what a job was asked to do holds
the circuits themselves, with their names and metadata. What the service does not have stays a hole:
the rest can be used all the same.
"""

from __future__ import annotations

import hashlib
import itertools
import zlib
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from ..circuits.qpyfile import read_header
from ..errors import UsageError
from ..manifest import remotes
from ..manifest.draft import Draft, DraftCircuit, DraftJob, DraftRemote, DraftSet, is_set_id
from ..manifest.store import Manifest
from ..service.client import PAGE
from ..service.errors import NotFound, ServiceError
from ..service.failures import printable
from .errors import NoSuchSet
from .retired import is_retired_set
from .sent import SentPub, draft_remote, sent_pubs
from .tags import MAX_TAGS, JobTag, find_job_tag, find_name_tag, is_ours, set_tag
from .work import IN_FLIGHT, side_by_side

if TYPE_CHECKING:
    from ..clock import Clock
    from ..service.client import Client
    from ..service.types import RemoteJob

__all__ = ["rebuild_set"]

_HOLE = "the service has no job of these circuits: it was not sent, or is deleted"
_UNKNOWN_SHOTS = 4096  # of a circuit that nothing is known of


@dataclass(frozen=True, slots=True)
class _Tagged:
    """A job of the set on the service, and what its tag says."""

    tag: JobTag
    remote: RemoteJob


@dataclass(frozen=True, slots=True)
class _Slot:
    """A job of the set, with all that the service has of it; none for a hole."""

    first: int
    last: int
    repeat: int
    found: tuple[_Tagged, ...]


def rebuild_set(
    client: Client, set_id: str, clock: Clock, progress: Callable[[str, int, int], None]
) -> tuple[Path, list[int]]:
    """Make the set `set_id` of what the service has of it; return its file, and the holes.

    Holes are the indexes of jobs that the service does not have. Nothing on the service is changed.
    Raises NoSuchSet where it has nothing of this set, UsageError where what it has cannot be one,
    and ServiceErrors.
    """
    if is_retired_set(set_id):
        raise NoSuchSet(
            f"'{set_id}' is a job set of the service that IBM has shut down, and its jobs and "
            "results with it.",
            "Run its circuits again.",
        )
    if not is_set_id(set_id):
        raise NoSuchSet(f"'{set_id}' is no id of a job set.", "It looks like 20261120-7f3k9qa.")
    tagged = _list(client, set_id)
    if not tagged:
        raise NoSuchSet(
            f"The account '{client.account.name}' has no jobs of the set {set_id}.",
            "Check the id, and the instance of the account.",
        )
    slots = _slots(tagged, set_id)
    newest = max(tagged, key=lambda item: item.remote.created).remote
    total_circuits, name = find_name_tag(newest.tags) or (None, set_id)
    total = max(slot.last for slot in slots) + 1
    if total_circuits is not None and total_circuits != total:
        raise UsageError(
            f"The jobs of the set {set_id} do not tell how its {total_circuits} circuits are "
            "divided among them.",
            "Are some of its last jobs deleted? Recover single jobs with --job.",
        )
    with Draft(set_id) as draft:
        jobs = _fill(draft, client, slots, clock, progress)
        tags = [tag for tag in newest.tags if not is_ours(tag)]
        path = draft.commit(
            DraftSet(
                account=client.account.name,
                instance=client.instance,
                backend=newest.backend,
                calibrated_at=None,
                once_key=None,
                shots=max(job.shots for job in jobs),
                seed=None,
                options={},
                name=printable(name),
                tags=tuple(printable(tag) for tag in tags[:MAX_TAGS]),
                private=newest.private,
            ),
            jobs,
            [_remotes(slot) for slot in slots],
        )
    with Manifest.open(path) as manifest, manifest.db.transaction():
        for index, slot in enumerate(slots):
            if len(slot.found) > 1:
                remotes.choose(manifest, index)
    return path, [index for index, slot in enumerate(slots) if not slot.found]


def _list(client: Client, set_id: str) -> list[_Tagged]:
    """Return all jobs that carry the set's tag, the oldest attempt of each first."""
    seen: dict[str, RemoteJob] = {}
    offset = 0
    while True:
        page = client.jobs(tags=[set_tag(set_id)], offset=offset)
        seen.update((job.id, job) for job in page.jobs)
        offset += len(page.jobs)
        if not page.jobs or (len(page.jobs) < PAGE if page.count is None else offset >= page.count):
            break
    tagged = []
    for job in seen.values():
        tag = find_job_tag(set_id, job.tags)
        if tag is not None and tag.plausible:
            tagged.append(_Tagged(tag, job))
    return sorted(tagged, key=lambda item: (item.tag.job, item.tag.attempt, item.remote.created))


def _slots(tagged: Sequence[_Tagged], set_id: str) -> list[_Slot]:
    """Put what was found in its places; holes get the circuits that are between their neighbours.

    Several holes side by side share them evenly, as jobs of a set mostly do.
    """
    totals = Counter((item.tag.jobs, item.tag.repeats) for item in tagged)
    if len(totals) > 1:
        raise UsageError(
            f"The jobs of the set {set_id} do not agree on how many there are.",
            "Somebody has changed their tags; recover single jobs with --job.",
        )
    ((jobs, _),) = totals
    by_job: dict[int, list[_Tagged]] = {}
    for item in tagged:
        by_job.setdefault(item.tag.job, []).append(item)
    named = find_name_tag(tagged[-1].remote.tags)
    end = named[0] if named else None
    slots: list[_Slot] = []
    present: Iterator[tuple[bool, Iterator[int]]] = itertools.groupby(
        range(jobs), key=by_job.__contains__
    )
    for here, indexes in present:
        if here:
            for index in indexes:
                tag = by_job[index][0].tag
                slots.append(_Slot(tag.first, tag.last, tag.repeat, tuple(by_job[index])))
        else:
            holes = list(indexes)
            after = by_job.get(holes[-1] + 1)
            slots += _holes(slots, len(holes), after[0].tag if after else None, end, set_id)
    return slots


def _holes(
    before: Sequence[_Slot], count: int, after: JobTag | None, end: int | None, set_id: str
) -> list[_Slot]:
    repeat = before[-1].repeat if before else 0
    first = before[-1].last + 1 if before else 0
    last = after.first - 1 if after is not None and after.repeat == repeat else (end or 0) - 1
    if last - first + 1 < count:
        raise UsageError(
            f"The jobs of the set {set_id} do not tell which circuits the missing ones held.",
            "Recover single jobs with --job.",
        )
    edges = [first + round(n * (last - first + 1) / count) for n in range(count + 1)]
    return [_Slot(a, b - 1, repeat, ()) for a, b in itertools.pairwise(edges)]


def _fill(
    draft: Draft,
    client: Client,
    slots: Sequence[_Slot],
    clock: Clock,
    progress: Callable[[str, int, int], None],
) -> list[DraftJob]:
    """Write the circuits, and return the jobs; `IN_FLIGHT` jobs' circuits are in memory at most."""
    count = itertools.count(1)

    def read(wanted: Sequence[_Slot]) -> Iterator[tuple[_Slot, Sequence[SentPub]]]:
        for first in range(0, len(wanted), IN_FLIGHT):
            window = wanted[first : first + IN_FLIGHT]
            told = _ask(client, window, clock)
            for slot in window:
                progress("reading", next(count), len(slots))
                yield slot, told.get(slot.first, ())

    # The shots of a circuit are those of all its repeats.
    more: Counter[int] = Counter()
    for slot, pubs in read([slot for slot in slots if slot.repeat]):
        for circuit, pub in enumerate(_runs(pubs), slot.first):
            more[circuit] += pub.shots
    most = 1
    for slot, pubs in read([slot for slot in slots if not slot.repeat]):
        most = max([most, *(pub.shots for pub in pubs)])
        if sum(pub.runs for pub in pubs) == slot.last - slot.first + 1:
            _add(draft, pubs, slot.first, more)
        else:
            _add_unknown(draft, slot)
    return [DraftJob(slot.first, slot.last, slot.repeat, most) for slot in slots]


def _ask(client: Client, slots: Sequence[_Slot], clock: Clock) -> dict[int, Sequence[SentPub]]:
    """Return what jobs were asked to do, by their first circuits, where that can be had."""
    present = [slot for slot in slots if slot.found]
    told: dict[int, Sequence[SentPub]] = {}

    def ask(slot: _Slot) -> Mapping[str, object] | None:
        return client.params(slot.found[0].remote.id)

    for ended in side_by_side(present, ask, clock):
        for slot, answer in ended:
            if isinstance(answer, ServiceError) and not isinstance(answer, NotFound):
                raise answer
            if isinstance(answer, Mapping):
                told[slot.first] = sent_pubs(answer, slot.found[0].remote.id)
    return told


def _runs(pubs: Sequence[SentPub]) -> Iterator[SentPub]:
    for pub in pubs:
        yield from itertools.repeat(pub, pub.runs)


def _add(draft: Draft, pubs: Sequence[SentPub], first: int, more: Mapping[int, int]) -> None:
    """Write the circuits of a job, with the names and metadata that they were sent with."""
    circuit = itertools.count(first)
    for pub in pubs:
        data = zlib.decompress(pub.body)
        name, metadata = read_header(data) if pub.kind == "qpy" else (None, {})
        body = draft.add_body(pub.sha256, pub.body, kind=pub.kind)
        draft.add_circuits(
            [
                DraftCircuit(
                    name=(name or f"circuit{index}") + ("" if pub.rows is None else f"@{run}"),
                    metadata=metadata,
                    source="service",
                    position=index,
                    shots=pub.shots + more.get(index, 0),
                    body=body,
                    values=None if pub.rows is None else pub.rows[run],
                )
                for run, index in zip(range(pub.runs), circuit, strict=False)
            ]
        )


def _add_unknown(draft: Draft, slot: _Slot) -> None:
    """Write circuits that nothing is known of but that there are some."""
    body = draft.add_body(hashlib.sha256(b"").hexdigest(), zlib.compress(b""), kind="unknown")
    draft.add_circuits(
        [
            DraftCircuit(
                name=f"circuit{index}",
                metadata={},
                source="service",
                position=index,
                shots=0,
                body=body,
            )
            for index in range(slot.first, slot.last + 1)
        ]
    )


def _remotes(slot: _Slot) -> list[DraftRemote] | str:
    """Return the jobs on the service that stand for one of the set; for a hole, what it is."""
    if not slot.found:
        return _HOLE
    # An attempt can stand there twice; and attempts of two copies of a set may be of one number.
    numbers: dict[str, int] = {}
    for item in slot.found:
        numbers.setdefault(
            item.tag.nonce, max(item.tag.attempt, 1 + max(numbers.values(), default=0))
        )
    return [
        replace(draft_remote(item.remote), attempt=numbers[item.tag.nonce], nonce=item.tag.nonce)
        for item in slot.found
    ]
