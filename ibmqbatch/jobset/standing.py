"""How a set stands: what is left to do, told from its manifest alone.

Apart from `advance`, so that who only looks need not load what speaks to services.
"""

from __future__ import annotations

from ..manifest.store import Manifest
from .catalog import reference_to
from .errors import HeldCopy
from .fetch import unfetched
from .reconcile import unlabelled

__all__ = [
    "check_held",
    "is_complete",
    "is_delivered",
    "is_held",
    "is_idle",
    "is_over",
    "is_sent",
    "is_settled",
]


def is_sent(manifest: Manifest) -> bool:
    """Tell whether every job has reached the service, or is not to."""
    held = manifest.job_set().copied_at is not None
    return not any(
        (job.unsent and not held) or job.unsure or job.leaving for job in manifest.jobs()
    )


def is_held(manifest: Manifest) -> bool:
    """Tell whether jobs wait to be sent that this copy of the set does not send."""
    return manifest.job_set().copied_at is not None and any(job.unsent for job in manifest.jobs())


def check_held(manifest: Manifest) -> None:
    """Raise HeldCopy where jobs wait to be sent that this copy of the set does not send."""
    if not is_held(manifest):
        return
    record = manifest.job_set()
    unsent = sum(job.unsent for job in manifest.jobs())
    raise HeldCopy(
        f"The set {record.id} is a copy, with {unsent} unsent job{'' if unsent == 1 else 's'} that "
        "may yet be sent from where it was copied.",
        f"`ibmqbatch resume {reference_to(manifest.path)} --take-over` sends them from here; "
        "the other copy should then be left alone.",
    )


def is_over(manifest: Manifest) -> bool:
    """Tell whether every job has ended, wherever its results are."""
    return all(job.status.final for job in manifest.jobs())


def is_delivered(manifest: Manifest) -> bool:
    """Tell whether waiting brings no more results; see `JobRecord.delivered`."""
    return all(job.delivered for job in manifest.jobs())


def is_idle(manifest: Manifest) -> bool:
    """Tell whether the service need not be asked, unless something is to be sent."""
    return (
        not any(a.state in {"sending", "unsure"} for a in manifest.attempts())
        and all(remote.status.final for remote in manifest.remotes())
        and not unfetched(manifest)
        and not unlabelled(manifest)
    )


def is_settled(manifest: Manifest) -> bool:
    """Tell whether waiting brings nothing more: all final, results here, wants carried out."""
    return (
        is_delivered(manifest)
        and not any(a.state in {"sending", "unsure"} for a in manifest.attempts())
        and not any(r.surplus and not r.status.final for r in manifest.remotes())
        and not unlabelled(manifest)
    )


def is_complete(manifest: Manifest) -> bool:
    """Tell whether nothing is left to do: it is settled, and no results are overdue."""
    return is_settled(manifest) and not unfetched(manifest)
