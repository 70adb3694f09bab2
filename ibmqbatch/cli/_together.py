"""Waiting for several sets: what `wait` and `collect --wait` share."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from ..errors import IbmqbatchError
from ..exitcodes import ExitCode
from ..jobset.together import Connections, wait_together
from ..render.progress import live_view, live_view_of_sets
from ..render.tables import show_outcomes
from ._lifecycle import Context, outcome

if TYPE_CHECKING:
    from ..jobset.job_set import JobSet

__all__ = ["wait_for"]

# The worst first.
_BY_BADNESS = (ExitCode.UNSETTLED, ExitCode.UNFINISHED, ExitCode.PARTIAL, ExitCode.DONE)


def wait_for(context: Context, job_sets: Sequence[JobSet], timeout: float | None) -> None:
    """Wait until nothing is left to do of any set, showing how they stand, and report on them.

    The exit code is the worst of them; what fails of one is reported, and does not keep the others
    waiting.
    """
    items: dict[JobSet, dict[str, Any]] = {}
    single = len(job_sets) == 1
    codes: dict[JobSet, ExitCode] = {}

    def moved(job_set: JobSet) -> None:
        items[job_set] = job_set.describe(with_jobs=single, progress=True)
        codes[job_set] = outcome(job_set.jobs)
        context.tell(job_set)

    def describe() -> list[dict[str, Any]]:
        return [items[job_set] for job_set in job_sets if job_set in items]

    names = " ".join(job_set.reference for job_set in job_sets[:3])
    more = " ..." if len(job_sets) > 3 else ""
    advice = f"Nothing is lost, and what is sent goes on; `ibmqbatch wait {names}{more}` waits on."
    failures: dict[JobSet, IbmqbatchError] = {}
    context.clock.set_deadline(timeout)
    try:
        with context.interruptible(advice), Connections(context.clock) as connections:
            for job_set in job_sets:
                try:
                    with job_set.open():
                        moved(job_set)
                except IbmqbatchError as error:
                    failures[job_set] = error
            view = (
                live_view(
                    lambda: describe()[0],
                    stderr=True,
                    enabled=context.talkative,
                    bars=context.bars,
                )
                if single
                else live_view_of_sets(describe, enabled=context.talkative, bars=context.bars)
            )
            readable = [job_set for job_set in job_sets if job_set in items]
            with view as show:
                if readable:
                    show()
                failures |= wait_together(
                    readable, connections, context.bars, moved=moved, shown=show
                )
    finally:
        context.data["job_sets"] = describe()
        if context.talkative:
            show_outcomes(describe())
    for failure in failures.values():
        context.fail(failure)
    if not failures:
        context.exit_code = min(codes.values(), key=_BY_BADNESS.index, default=ExitCode.DONE)
