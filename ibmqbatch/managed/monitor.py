"""Watching a job on a line of its own, as programs did with `job_monitor`."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, TextIO

from qiskit.providers import JobStatus

if TYPE_CHECKING:
    from .job import IBMQJob
    from .times import QueueInfo

__all__ = ["job_monitor"]


def job_monitor(
    job: IBMQJob,
    interval: float | None = None,
    quiet: bool = False,
    output: TextIO | None = None,
    line_discipline: str = "\r",
) -> None:
    """Wait for a job's end, and write meanwhile how it stands: one line, written over and over.

    It goes to `output`, which is stdout unless it is given, each time behind `line_discipline`;
    with `quiet` nothing is written. `interval` is how many seconds are between two looks; without
    it the account's own pause is. A service that is away is waited for. Raises
    IBMQJobInvalidStateError for an interval that is no time.
    """
    stream = sys.stdout if output is None else output
    shown = ""

    def show(text: str) -> None:
        nonlocal shown
        if text != shown and not quiet:
            line = f"{line_discipline}Job Status: {text.ljust(len(shown))}"
            print(line, end="", file=stream, flush=True)
            shown = text

    def tell(
        _job_id: str, status: JobStatus, _job: IBMQJob, queue_info: QueueInfo | None = None
    ) -> None:
        place = None if queue_info is None else queue_info.position
        show(str(status.value) if place is None else f"{status.value} ({place})")

    job.wait_for_final_state(wait=interval, callback=tell)
    status = job.status()
    why = f": {job.error_message()}" if status is JobStatus.ERROR else ""
    show(f"{status.value}{why}")
    if not quiet:
        print(file=stream)
