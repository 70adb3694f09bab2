"""Carrying out wants: cancels, and the labels that jobs should carry."""

from __future__ import annotations

from ..manifest import remotes
from ..manifest.records import JobRecord, RemoteRecord
from ..manifest.store import Manifest
from ..service.errors import NotFound
from .tags import labels
from .work import Work, side_by_side

__all__ = ["reconcile", "unlabelled"]

_ASK_AGAIN = 30.0  # seconds after which a cancel that shows no effect is sent once more


def reconcile(work: Work) -> None:
    """Send the cancels and label changes that are wanted and not carried out yet.

    Raises a ServiceError; what was carried out until then is recorded.
    """
    _cancel(work)
    _label(work)


def unlabelled(manifest: Manifest) -> list[tuple[JobRecord, RemoteRecord]]:
    """Return the jobs on the service that do not carry the wanted labels yet."""
    version = manifest.job_set().labels_version
    return [
        (job, job.remote)
        for job in manifest.jobs()
        if job.remote is not None and job.remote.labels_version < version
    ]


def _cancel(work: Work) -> None:
    manifest = work.manifest
    now = work.clock.now()
    unwanted = {job.index for job in manifest.jobs() if job.wanted == "cancel"}
    to_cancel = [
        remote
        for remote in manifest.remotes()
        if not remote.status.final
        and (remote.surplus or remote.job in unwanted)
        and (remote.cancel_asked_at is None or now - remote.cancel_asked_at > _ASK_AGAIN)
    ]
    for ended in side_by_side(to_cancel, lambda r: work.client.cancel(r.id), work.clock):
        failures = [answer for _, answer in ended if not isinstance(answer, bool)]
        with manifest.db.transaction():
            for remote, answer in ended:
                if isinstance(answer, bool):
                    # Whether it took effect is read from the job's state.
                    remotes.ask_cancel(manifest, remote, now)
        if failures:
            raise failures[0]


def _label(work: Work) -> None:
    manifest = work.manifest
    record = manifest.job_set()
    version = record.labels_version

    def put(item: tuple[JobRecord, RemoteRecord]) -> None:
        job, remote = item
        work.client.set_tags(remote.id, labels(record, job, remote))

    for ended in side_by_side(unlabelled(manifest), put, work.clock):
        failures = []
        with manifest.db.transaction():
            for (_, remote), error in ended:
                if error is None or isinstance(error, NotFound):
                    remotes.relabelled(manifest, remote, version)
                else:
                    failures.append(error)
        if failures:
            raise failures[0]
