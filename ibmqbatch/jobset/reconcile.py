"""Carrying out wants: cancels, and the labels that jobs should carry."""

from __future__ import annotations

from ..manifest.records import JobRecord, RemoteRecord, SetRecord
from ..manifest.snapshot import Snapshot
from ..service.errors import NotFound, Refused, ServiceError
from .tags import labels
from .work import Work, side_by_side

__all__ = ["reconcile"]

_ASK_AGAIN = 30.0  # seconds after which a cancel that shows no effect is sent once more


def reconcile(work: Work, known: Snapshot) -> Refused | None:
    """Send the cancels and label changes that are wanted and not carried out, by what is `known`.

    Return what the service refused to do, if anything: that must not keep the rest of a step from
    being done. Raises every other ServiceError; what was carried out until then is recorded.
    """
    refusals = [
        *_cancel(work, known.unwanted),
        *_label(work, known.record, known.unlabelled),
    ]
    return refusals[0] if refusals else None


def _cancel(work: Work, unwanted: list[RemoteRecord]) -> list[Refused]:
    if not unwanted:
        return []
    now = work.clock.now()
    to_cancel = [
        remote
        for remote in unwanted
        if remote.cancel_asked_at is None or now - remote.cancel_asked_at > _ASK_AGAIN
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


def _label(
    work: Work, record: SetRecord, unlabelled: list[tuple[JobRecord, RemoteRecord]]
) -> list[Refused]:
    version = record.labels_version

    def put(item: tuple[JobRecord, RemoteRecord]) -> None:
        job, remote = item
        work.client.set_tags(remote.id, labels(record, job, remote))

    refusals: list[Refused] = []
    for ended in side_by_side(unlabelled, put, work.clock):
        failures: list[ServiceError] = []
        with work.manifest.transaction() as change:
            for (_, remote), error in ended:
                if error is None or isinstance(error, NotFound):
                    change.jobs.note_labels(remote, version)
                else:
                    failures.append(error)
        refusals += _refusals_among(failures)
    return refusals
