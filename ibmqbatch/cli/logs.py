"""`ibmqbatch logs`: why jobs failed, in the service's own words."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..jobset.catalog import find_set
from ..jobset.selection import chosen_jobs
from ..manifest.records import JobRecord, JobStatus
from . import _options
from ._lifecycle import verb, working

if TYPE_CHECKING:
    from ..jobset.work import Work
    from ..manifest.store import Manifest


def command(
    job_set: _options.JobSet,
    job: _options.Jobs = None,
    json: _options.Json = False,
    verbose: _options.Verbose = 0,
) -> int:
    """Show why jobs failed, with the service's log of each. Without --job: all that failed.

    Example: ibmqbatch logs latest --job 3
    """
    from ..render.console import message
    from ..render.tables import show_logs

    with verb("logs", json=json, verbose=verbose) as this, find_set(job_set) as manifest:
        jobs = _chosen(manifest, job)
        texts: dict[int, str] = {}
        try:
            if any(record.remote is not None for record in jobs):
                with working(this, manifest) as work:
                    texts = _texts(work, jobs)
        finally:
            # What the manifest knows of the reasons is here in any case.
            this.data["logs"] = [_describe(record, texts.get(record.index)) for record in jobs]
            if not json:
                show_logs(this.data["logs"])
        if not jobs and not json:
            message("No job has failed.")
    return this.exit_code


def _chosen(manifest: Manifest, indexes: list[int] | None) -> list[JobRecord]:
    jobs = manifest.jobs()
    chosen = chosen_jobs(manifest, indexes or None)
    return [
        record
        for record in jobs
        if record.index in chosen and (indexes or record.status is JobStatus.ERROR)
    ]


def _texts(work: Work, jobs: list[JobRecord]) -> dict[int, str]:
    """Ask for the logs; raises a ServiceError when the last one cannot be had."""
    from ..jobset.work import side_by_side

    found: dict[int, str] = {}
    failure = None
    asked = [(record.index, record.remote.id) for record in jobs if record.remote is not None]
    for ended in side_by_side(asked, lambda item: work.client.logs(item[1]), work.clock):
        for (index, _), answer in ended:
            if isinstance(answer, str):
                found[index] = answer
            else:
                failure = answer
    if failure is not None and not found:
        raise failure
    return found


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
