"""Asking the service what jobs have used."""

from __future__ import annotations

from collections.abc import Mapping

from ..manifest.records import RemoteRecord
from ..manifest.remotes import store_metrics
from ..service.errors import NotFound
from .metrics import read_metrics
from .work import Work, side_by_side

__all__ = ["fetch_metrics"]


def fetch_metrics(work: Work) -> None:
    """Ask for the metrics of jobs that have ended, where they are not known for good.

    One request a job; nothing is known of one that the service does not have any more. Raises the
    last ServiceError, if any; what was learnt is kept.
    """
    manifest = work.manifest
    wanted = [remote for remote in manifest.remotes() if remote.status.final and not _known(remote)]
    failure = None
    for ended in side_by_side(wanted, lambda remote: work.client.metrics(remote.id), work.clock):
        with manifest.db.transaction():
            for remote, answer in ended:
                if isinstance(answer, Mapping):
                    store_metrics(manifest, remote, answer)
                elif not isinstance(answer, NotFound):
                    failure = answer
    if failure is not None:
        raise failure


def _known(remote: RemoteRecord) -> bool:
    metrics = read_metrics(remote)
    return metrics is not None and metrics.final
