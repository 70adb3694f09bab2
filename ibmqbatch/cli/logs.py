"""`ibmqbatch logs`: why jobs failed, in the service's own words."""

from __future__ import annotations

from typing import Any

from ..manifest.records import JobRecord, JobStatus
from ..render.console import message
from . import _options
from ._lifecycle import running


def command(
    job_set: _options.JobSet,
    job: _options.Jobs = None,
    json: _options.Json = False,
    verbose: _options.Verbose = 0,
) -> int:
    """Show why jobs failed, with the service's log of each. Without --job: all that failed.

    Example: ibmqbatch logs latest --job 3
    """
    from ..render.tables import show_logs

    with running("logs", json=json, verbose=verbose) as context, context.opened(job_set) as found:
        jobs = found.choose(job or None)
        if not job:
            jobs = [each for each in jobs if each.status is JobStatus.ERROR]
        texts: dict[int, str] = {}
        try:
            texts = found.logs(jobs)
        finally:
            # What is known here of the reasons is shown in any case.
            context.data["logs"] = [_describe(each, texts.get(each.index)) for each in jobs]
            if not json:
                show_logs(context.data["logs"])
        if not jobs and not json:
            message("No job has failed.")
    return context.exit_code


def _describe(record: JobRecord, text: str | None) -> dict[str, Any]:
    return {
        "index": record.index,
        "id": record.remote.id if record.remote else None,
        "status": str(record.status),
        "reason": record.reason,
        "code": record.code,
        "solution": record.remote.solution if record.remote else "",
        "text": text,
    }
