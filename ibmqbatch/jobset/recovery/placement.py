"""Where the jobs of a set are among each other, told from their tags alone.

Each has its place, its circuits and its shot repeat in its tag. What the service does not have
stays a hole, between its neighbours.
"""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ...errors import Argument, UsageError, Words
from ...manifest.records import JobStatus, status_of
from ..tags import MAX_CIRCUITS, JobTag, find_job_tag, find_name_tag

if TYPE_CHECKING:
    from ...service.models import RemoteJob

__all__ = ["Found", "Slot", "newest", "place"]


_HINT = Words("Somebody has changed their tags; recover single jobs with {}.", Argument("job"))


@dataclass(frozen=True, slots=True)
class Found:
    """A job of the set on the service, and what its tag says."""

    tag: JobTag
    remote: RemoteJob


@dataclass(frozen=True, slots=True)
class Slot:
    """A job of the set, with all that the service has of it, the oldest first; none for a hole.

    `first` and `last` are the places of its circuits, both included.
    """

    first: int
    last: int
    repeat: int
    found: tuple[Found, ...] = ()

    @property
    def telling(self) -> RemoteJob | None:
        """The job to be asked what it was asked to do: one that is done, or else the newest.

        None where there is none, or where that is private.
        """
        remotes = [item.remote for item in self.found if not item.remote.private]
        done = [job for job in remotes if status_of(job.status, None) is JobStatus.DONE]
        return next(reversed(done or remotes), None)


def newest(slots: Iterable[Slot]) -> RemoteJob:
    """Return the job that was made last, of at least one."""
    remotes = (item.remote for slot in slots for item in slot.found)
    return max(remotes, key=lambda remote: remote.created)


def place(set_id: str, jobs: Iterable[RemoteJob]) -> list[Slot]:
    """Return the places of a set, with those of `jobs` that are of it; empty where none is.

    Raises UsageError where their tags contradict each other, or do not tell enough.
    """
    found = []
    for job in jobs:
        tag = find_job_tag(set_id, job.tags)
        if tag is not None and tag.plausible:
            found.append(Found(tag, job))
    if not found:
        return []
    found.sort(key=lambda item: (item.tag.job, item.tag.attempt, item.remote.created))
    if len(Counter((item.tag.jobs, item.tag.repeats, item.tag.grouped) for item in found)) > 1:
        raise UsageError(
            f"The jobs of the set {set_id} do not agree on how many there are.",
            _HINT,
        )
    by_job = {
        job: tuple(items) for job, items in itertools.groupby(found, key=lambda item: item.tag.job)
    }
    named = find_name_tag(max(found, key=lambda item: item.remote.created).remote.tags)
    end = named.circuits if named else 1 + max(item.tag.last for item in found)
    slots = _fill(by_job, found[0].tag, end) if end <= MAX_CIRCUITS else None
    if slots is None or not _fit(slots, end):
        raise UsageError(
            f"The jobs of the set {set_id} do not tell how its {end} circuits are divided among "
            "them.",
            _HINT,
        )
    return slots


def _fill(by_job: dict[int, tuple[Found, ...]], any_tag: JobTag, end: int) -> list[Slot] | None:
    """Put the jobs in their order, with holes between them; None where there is no room for one."""
    slots: list[Slot] = []
    for here, indexes in itertools.groupby(range(any_tag.jobs), key=by_job.__contains__):
        if here:
            for found in map(by_job.__getitem__, indexes):
                tag = found[0].tag
                slots.append(Slot(tag.first, tag.last, tag.repeat, found))
            continue
        missing = list(indexes)
        before = (slots[-1].repeat, slots[-1].last + 1) if slots else (0, 0)
        after = (any_tag.repeats - 1, end)
        if missing[-1] + 1 in by_job:
            tag = by_job[missing[-1] + 1][0].tag
            after = (tag.repeat, tag.first)
        holes = _holes(before, after, end, len(missing))
        if holes is None:
            return None
        slots += holes
    return slots


def _holes(
    before: tuple[int, int], after: tuple[int, int], end: int, count: int
) -> list[Slot] | None:
    """Share the circuits that are between two places (repeat, circuit) among `count` holes.

    Jobs come by repeat, and by circuit in each. In every repeat that has circuits to share there is
    a hole as long as there are enough; later ones need not have all circuits.
    """
    spans = []
    for repeat in range(before[0], after[0] + 1):
        first = before[1] if repeat == before[0] else 0
        stop = after[1] if repeat == after[0] else end
        if first < stop:
            spans.append((repeat, first, stop))
    spans.sort(key=lambda span: (span[0] > 0, span[1] - span[2]))
    sizes = {span: span[2] - span[1] for span in spans[:count]}
    if sum(sizes.values()) < count:
        return None
    shares = dict.fromkeys(sizes, 1)
    for _ in range(count - len(shares)):
        shares[max(shares, key=lambda span: sizes[span] / shares[span])] += 1
    return [
        Slot(first + start, first + stop - 1, repeat)
        for (repeat, first, _), share in sorted(shares.items())
        for start, stop in itertools.pairwise(_edges(sizes[repeat, first, _], share))
    ]


def _edges(size: int, parts: int) -> list[int]:
    return [round(number * size / parts) for number in range(parts + 1)]


def _fit(slots: Sequence[Slot], end: int) -> bool:
    """Return whether each circuit is in the first repeat once, and in each other at most once."""
    follows = all(
        (a.repeat, a.last) < (b.repeat, b.first) for a, b in itertools.pairwise(slots)
    ) and all(slot.last < end for slot in slots)
    return follows and sum(s.last - s.first + 1 for s in slots if not s.repeat) == end
