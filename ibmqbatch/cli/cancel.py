"""`ibmqbatch cancel`: stop a set's jobs, those that are not sent yet included."""

from __future__ import annotations

from collections.abc import Sequence

from ..manifest.records import JobRecord, count_statuses
from ..render.console import message
from ..render.text import counts_text, plural
from . import _options
from ._lifecycle import running


def command(
    job_set: _options.JobSet,
    job: _options.Jobs = None,
    json: _options.Json = False,
    verbose: _options.Verbose = 0,
) -> int:
    """Cancel a set, or some of its jobs. What has ended stays as it is.

    Example: ibmqbatch cancel latest --job 3 --job 4
    """
    with running("cancel", json=json, verbose=verbose) as context, context.opened(job_set) as found:
        chosen = found.choose(job or None)
        unfinished = not all(each.status.final for each in chosen)
        try:
            found.cancel(chosen)
        finally:
            context.data["job_set"] = found.describe()
            if not json:
                _report(found.choose(chosen), unfinished=unfinished)
    return context.exit_code


def _report(jobs: Sequence[JobRecord], *, unfinished: bool) -> None:

    counts = {str(status): count for status, count in count_statuses(jobs).items()}
    ending = sum(not job.status.final for job in jobs)
    message(
        ("" if unfinished else "Nothing to cancel. ")
        + f"{plural(len(jobs), 'job')}: {counts_text(counts)}."
        + (f" {ending} still to end; the next `collect` sees to it." if ending else "")
    )
