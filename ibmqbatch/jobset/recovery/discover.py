"""Finding what the service has and this machine does not: sets, and jobs of other programs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ...manifest.peek import peek_foreign
from ..catalog import set_paths
from ..listing import list_jobs
from ..tags import find_set_id

if TYPE_CHECKING:
    from ...clock import Clock
    from ...service.client import Client
    from ...service.models import RemoteJob

__all__ = ["Discovery", "discover"]


@dataclass(frozen=True, slots=True)
class Discovery:
    """What was found, oldest first.

    `sets` are the sets of ours that are not here, by id, each with all of its jobs; None where not
    all have been listed. `here` are the ids of those that are here; `others` the jobs that another
    program has sent and no set of this machine has, by backend.
    """

    sets: dict[str, list[RemoteJob] | None] = field(default_factory=dict)
    here: list[str] = field(default_factory=list)
    others: dict[str, list[RemoteJob]] = field(default_factory=dict)


def discover(
    client: Client, clock: Clock, tag: str | None, progress: Callable[[str, int, int], None]
) -> Discovery:
    """List the jobs of the account's instance, and tell which sets they are of.

    With a `tag` of the user's only those that carry it count, and those of other programs as well.
    Raises Interrupted, and ServiceErrors.
    """
    known = {path.stem for path in set_paths()}
    here: dict[str, None] = {}

    def is_new(job: RemoteJob) -> bool:
        set_id = find_set_id(job.tags)
        if set_id in known:
            here[set_id] = None
            return False
        return set_id is not None or tag is not None

    jobs = list_jobs(client, clock, [] if tag is None else [tag], wanted=is_new, progress=progress)
    sets: dict[str, list[RemoteJob] | None] = {}
    others: dict[str, list[RemoteJob]] = {}
    foreign = {job: path.stem for path in set_paths() for job in peek_foreign(path)} if tag else {}
    for job in jobs:
        set_id = find_set_id(job.tags)
        if set_id is None and job.id in foreign:
            here[foreign[job.id]] = None
        elif set_id is None:
            others.setdefault(job.backend, []).append(job)
        elif tag is not None:
            # Other jobs of the set may lack the tag: changing tags takes a request each.
            sets[set_id] = None
        else:
            listed = sets.setdefault(set_id, [])
            assert listed is not None
            listed.append(job)
    return Discovery(sets, list(here), others)
