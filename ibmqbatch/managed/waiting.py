"""Waiting for a set, with a bar where somebody looks on."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from typing import TYPE_CHECKING

from ..manifest.records import JobRecord
from ..manifest.snapshot import Snapshot
from ..render.console import is_terminal
from ..render.notebook import NotebookBar, in_notebook
from ..render.progress import ProgressBars

if TYPE_CHECKING:
    from ..jobset.advance import Goal
    from ..jobset.job_set import JobSet

__all__ = ["wait_for"]


def wait_for(
    handle: JobSet,
    goal: Goal,
    timeout: float | None = None,
    *,
    counted: Callable[[JobRecord], bool],
    at_least_once: bool = False,
) -> None:
    """Move a set on until `goal` holds; see `JobSet.follow`.

    In a notebook, and on a terminal's stderr, a bar shows how many jobs are `counted`.
    """
    bars = _bars()
    if bars is None:
        handle.follow(goal, timeout, at_least_once=at_least_once)
        return
    with bars:

        def watched(known: Snapshot) -> bool:
            bars.progress("waiting", sum(map(counted, known.jobs)), len(known.jobs))
            return goal(known)

        handle.follow(watched, timeout, observer=bars, at_least_once=at_least_once)


def _bars() -> NotebookBar | ProgressBars | None:
    """Return what shows a bar; None where nobody looks."""
    if in_notebook():
        return NotebookBar()
    with contextlib.suppress(AttributeError, ValueError):  # a program may run without any stderr
        if is_terminal(stderr=True):
            return ProgressBars()
    return None
