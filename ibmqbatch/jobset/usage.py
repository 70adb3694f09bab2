"""Asking the service what jobs have used."""

from __future__ import annotations

from collections.abc import Mapping

from ..manifest.records import RemoteRecord
from ..service.errors import NotFound
from .metrics import read_metrics
from .work import Work, side_by_side

__all__ = ["fetch_metrics", "metrics_of"]


def fetch_metrics(work: Work) -> None:
    """Ask for the metrics of jobs that have ended, where they are not known for good.

    One request a job; nothing is known of one that the service does not have any more. Raises the
    last ServiceError, if any; what was learnt is kept.
    """
    manifest = work.manifest
    wanted = [
        remote
        for remote in manifest.snapshot().remotes
        if remote.status.final and not _known(remote)
    ]
    failure = None
    for ended in side_by_side(wanted, lambda remote: work.client.metrics(remote.id), work.clock):
        with manifest.transaction() as change:
            for remote, answer in ended:
                if isinstance(answer, Mapping):
                    change.jobs.store_metrics(remote, answer)
                elif not isinstance(answer, NotFound):
                    failure = answer
    if failure is not None:
        raise failure


def metrics_of(work: Work, remote: RemoteRecord) -> Mapping[str, object]:
    """Return the metrics of one job, asked for unless they are known for good.

    They are kept once the job has ended. Raises a ServiceError.
    """
    if remote.metrics is not None and _known(remote):
        return remote.metrics
    told = work.client.metrics(remote.id)
    if remote.status.final:
        with work.manifest.transaction() as change:
            change.jobs.store_metrics(remote, told)
    return told


def _known(remote: RemoteRecord) -> bool:
    metrics = read_metrics(remote)
    return metrics is not None and metrics.final
