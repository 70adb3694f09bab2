"""Why jobs have ended as they did, or are not here: told once of all that are alike."""

from __future__ import annotations

from collections.abc import Iterable

from ..alike import Group, Groups
from .console import plural

__all__ = ["reason_lines"]


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
