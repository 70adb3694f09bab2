"""Carrying out wants: cancels, and the labels that jobs should carry."""

from __future__ import annotations

from ..manifest.records import JobRecord, RemoteRecord
from ..manifest.snapshot import Snapshot
from ..service.errors import NotFound, Refused, ServiceError
from .tags import labels
from .work import Work, side_by_side

__all__ = ["reconcile"]

_ASK_AGAIN = 30.0  # seconds after which a cancel that shows no effect is sent once more


def reconcile(work: Work) -> Refused | None:
    """Send the cancels and label changes that are wanted and not carried out yet.

    Return what the service refused to do, if anything: that must not keep the rest of a step from
    being done. Raises every other ServiceError; what was carried out until then is recorded.
    """
    known = work.manifest.snapshot()  # a cancel changes nothing for the labels
    refusals = [*_cancel(work, known), *_label(work, known)]
    return refusals[0] if refusals else None


def _cancel(work: Work, known: Snapshot) -> list[Refused]:
    now = work.clock.now()
    unwanted = {job.index for job in known.jobs if job.wanted == "cancel"}
    to_cancel = [
        remote
        for remote in known.remotes
        if not remote.status.final
        and (remote.surplus or remote.job in unwanted)
        and (remote.cancel_asked_at is None or now - remote.cancel_asked_at > _ASK_AGAIN)
    ]
    refusals: list[Refused] = []
    for ended in side_by_side(to_cancel, lambda r: work.client.cancel(r.id), work.clock):
        failures = [answer for _, answer in ended if not isinstance(answer, bool)]
        with work.manifest.transaction() as change:
            for remote, answer in ended:
                if isinstance(answer, bool):
                    # Whether it took effect is read from the job's state.
                    change.jobs.note_cancel(remote, now)
        refusals += _refusals_among(failures)
    return refusals


def _refusals_among(failures: list[ServiceError]) -> list[Refused]:
    """Return `failures` when all are refusals; raise the first that is none."""
    for failure in failures:
        if not isinstance(failure, Refused):
            raise failure
    return [failure for failure in failures if isinstance(failure, Refused)]


def _label(work: Work, known: Snapshot) -> list[Refused]:
    record = known.record
    version = record.labels_version

    def put(item: tuple[JobRecord, RemoteRecord]) -> None:
        job, remote = item
        work.client.set_tags(remote.id, labels(record, job, remote))

    refusals: list[Refused] = []
    for ended in side_by_side(known.unlabelled, put, work.clock):
        failures: list[ServiceError] = []
        with work.manifest.transaction() as change:
            for (_, remote), error in ended:
                if error is None or isinstance(error, NotFound):
                    change.jobs.note_labels(remote, version)
                else:
                    failures.append(error)
        refusals += _refusals_among(failures)
    return refusals
