"""Rebuilding a set of ours from the service alone, on a machine that never saw it.

Tags tell how many jobs and circuits there are and which are where; what a job was asked to do holds
the circuits themselves, with their names and metadata. What the service does not have stays a hole:
the rest can be used all the same.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ...errors import UsageError
from ...manifest.draft import Draft, DraftJob, DraftRemote, DraftSet
from ...manifest.ids import is_set_id
from ...manifest.records import LONGEST_EXECUTION
from ...service.error_mapping import printable
from ..errors import NoSuchSet, is_retired_set
from ..job_writer import read_params
from ..listing import list_jobs
from ..request import AUTO, EXECUTOR
from ..sent import SentJob
from ..tags import MAX_TAGS, NameTag, find_name_tag, is_ours, set_tag
from .circuits import Restorer, ask, draft_remote
from .placement import Slot, newest, place

if TYPE_CHECKING:
    from ...clock import Clock
    from ...service.client import Client
    from ...service.errors import NotFound
    from ...service.models import RemoteJob

__all__ = ["Rebuilt", "rebuild_set"]

_HOLE = "the service has no job of these circuits: it was not sent, or is deleted"


@dataclass(frozen=True, slots=True)
class Rebuilt:
    """A set that was made anew: its file, and what is missing of it.

    `holes` are the indexes of jobs that the service does not have. `nameless` swept circuits keep
    their values without the parameters' names, which only a Qiskit that reads them can tell.
    `untold` circuits do not tell where they stood in the input.
    """

    path: Path
    holes: tuple[int, ...] = ()
    nameless: int = 0
    untold: int = 0


def rebuild_set(
    client: Client,
    set_id: str,
    clock: Clock,
    progress: Callable[[str, int, int], None],
    listed: Sequence[RemoteJob] | None = None,
) -> Rebuilt:
    """Make the set `set_id` of what the service has of it.

    `listed` are its jobs where they have been listed already. Nothing on the service is changed.
    Raises NoSuchSet where it has nothing of this set, UsageError where what it has cannot be one,
    Interrupted, and ServiceErrors.
    """
    if is_retired_set(set_id):
        raise NoSuchSet(
            f"'{set_id}' is a job set of the service that IBM has shut down, and its jobs and "
            "results with it.",
            "Run its circuits again.",
        )
    if not is_set_id(set_id):
        raise NoSuchSet(
            f"'{set_id}' is not the id of a job set.", "It looks like 20261120-7f3k9qa."
        )
    if listed is None:
        listed = list_jobs(client, clock, [set_tag(set_id)], progress=progress)
    slots = place(set_id, listed)
    if not slots:
        raise NoSuchSet(
            f"The account '{client.account.name}' has no jobs of the set {set_id}.",
            "Check the id, and the instance of the account.",
        )
    latest = newest(slots)
    named = find_name_tag(latest.tags) or NameTag(0, set_id)
    name = printable(named.name)
    with Draft(set_id) as draft:
        restorer = Restorer(draft, slots)
        _restore(restorer, client, clock, progress)
        restorer.finish()
        tags = [tag for tag in latest.tags if not is_ours(tag)]
        cost = latest.cost or LONGEST_EXECUTION
        path = draft.commit(
            DraftSet(
                account=client.account.name,
                instance=client.instance,
                backend=latest.backend,
                calibrated_at=None,
                once_key=None,
                shots=restorer.shots,
                seed=None,
                options=restorer.options,
                name=name,
                tags=tuple(printable(tag) for tag in tags[:MAX_TAGS]),
                program=EXECUTOR if latest.program == EXECUTOR else AUTO,
                private=latest.private,
                # The service tells the longest time where none was asked for.
                max_execution_time=cost if cost < LONGEST_EXECUTION else None,
                batch=latest.batched,
                grouped=restorer.grouped,
                run_config={**restorer.run_config, **_naming(named, name, set_id)},
            ),
            [DraftJob(slot.first, slot.last, slot.repeat, restorer.most) for slot in slots],
            [_remotes(slot) for slot in slots],
        )
    holes = tuple(index for index, slot in enumerate(slots) if not slot.found)
    return Rebuilt(path, holes, restorer.nameless, restorer.untold)


def _naming(named: NameTag, name: str, set_id: str) -> dict[str, object]:
    """Return what a program asked of the name of a set, as its jobs' tags tell it.

    What the only job of a set with a name would be called without it is not told: by the set's id.
    """
    if not named.lone:
        return {}
    return {"lone": True, "unnamed": name if named.unnamed else set_id}


def _restore(
    restorer: Restorer,
    client: Client,
    clock: Clock,
    progress: Callable[[str, int, int], None],
) -> None:
    """Ask what jobs were asked to do, those that are needed, and write the set's circuits."""
    told_by = [part.slot for part in restorer.parts if part.slot is not None]
    count = itertools.count(1)
    total = len(restorer.last_repeats) + len(told_by)

    def read(slots: Sequence[Slot]) -> Iterator[SentJob | None]:
        jobs = [slot.telling for slot in slots if slot.telling is not None]
        for job, params in ask(client, jobs, clock):
            progress("rebuilding", next(count), total)
            yield _understood(params, job)

    for slot, sent in zip(restorer.last_repeats, read(restorer.last_repeats), strict=True):
        restorer.note_shots(slot, sent)
    answers = read(told_by)
    for part in restorer.parts:
        restorer.add(part, None if part.slot is None else next(answers))


def _understood(params: Mapping[str, Any] | NotFound | None, job: RemoteJob) -> SentJob | None:
    """Return what a job was asked to do; None where nobody can tell: its results are as good."""
    if not isinstance(params, Mapping):
        return None
    try:
        return read_params(params, job.id)
    except UsageError:
        return None


def _remotes(slot: Slot) -> list[DraftRemote] | str:
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
