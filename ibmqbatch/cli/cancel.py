"""`ibmqbatch cancel`: stop a set's jobs, those that are not sent yet included."""

from __future__ import annotations

import contextlib

from ..jobset.catalog import find_set
from ..jobset.errors import TimedOut
from ..jobset.selection import chosen_jobs
from ..jobset.view import set_data
from ..manifest.errors import SetInUse
from ..manifest.records import count_statuses
from ..manifest.store import Manifest
from ..manifest.wants import want_cancel
from . import _options
from ._lifecycle import Verb, verb, working

_PATIENCE = 10.0  # seconds to see the cancels take effect


def command(
    job_set: _options.JobSet,
    job: _options.Jobs = None,
    json: _options.Json = False,
    verbose: _options.Verbose = 0,
) -> int:
    """Cancel a set, or some of its jobs. What has ended stays as it is.

    Example: ibmqbatch cancel latest --job 3 --job 4
    """
    with verb("cancel", json=json, verbose=verbose) as this, find_set(job_set) as manifest:
        chosen = chosen_jobs(manifest, job or None)
        wanted = want_cancel(manifest, chosen)
        try:
            _carry_out(this, manifest, chosen)
        finally:
            this.data["job_set"] = set_data(manifest.job_set(), manifest.jobs())
            if not json:
                _report(manifest, chosen, wanted)
    return this.exit_code


def _carry_out(this: Verb, manifest: Manifest, chosen: set[int]) -> None:
    """Send the cancels, and look for a while whether they take effect.

    Where another process holds the set, that one does it: the want is in the manifest.
    """
    from ..jobset.advance import follow, try_advance
    from ..jobset.standing import is_idle

    def ended(manifest: Manifest) -> bool:
        return all(job.status.final for job in manifest.jobs() if job.index in chosen)

    if is_idle(manifest):
        return
    with working(this, manifest) as work, contextlib.suppress(TimedOut, SetInUse):
        if try_advance(work, sending=False, fetching=False) is None:
            return
        this.clock.set_deadline(_PATIENCE)
        follow(work, ended, persistent=False, sending=False, fetching=False)


def _report(manifest: Manifest, chosen: set[int], wanted: int) -> None:
    from ..render.console import message
    from ..render.text import counts_text, plural

    jobs = [job for job in manifest.jobs() if job.index in chosen]
    counts = {str(status): count for status, count in count_statuses(jobs).items()}
    ending = sum(not job.status.final for job in jobs)
    message(
        ("" if wanted else "Nothing to cancel. ")
        + f"{plural(len(jobs), 'job')}: {counts_text(counts)}."
        + (f" {ending} still to end; the next `collect` sees to it." if ending else "")
    )
