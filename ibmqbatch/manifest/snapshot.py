"""What a manifest says at one instant: read once, and asked many questions."""

from __future__ import annotations

from collections.abc import Container
from dataclasses import dataclass

from .records import AttemptRecord, JobRecord, JobStatus, RemoteRecord, SetRecord

__all__ = ["Snapshot"]

_OPEN = frozenset({"sending", "unsure"})


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A set and its jobs as they stood at one instant; see `Manifest.snapshot`.

    `others` are jobs on the service that count for no job of the set. What is sent, and which of
    two jobs on the service counts, is never decided by a snapshot, but read in the transaction.
    """

    record: SetRecord
    jobs: tuple[JobRecord, ...]
    others: tuple[RemoteRecord, ...]
    attempts: tuple[AttemptRecord, ...]
    last_event: int

    def job(self, index: int) -> JobRecord | None:
        """Return job number `index`; None when there is no such job."""
        return self.jobs[index] if 0 <= index < len(self.jobs) else None

    @property
    def remotes(self) -> list[RemoteRecord]:
        """The jobs on the service that are ours, in the order of jobs and attempts."""
        counting = (job.remote for job in self.jobs if job.remote is not None)
        return sorted([*counting, *self.others], key=lambda remote: (remote.job, remote.attempt))

    @property
    def unfinished(self) -> list[RemoteRecord]:
        """The jobs on the service that have not ended."""
        return [remote for remote in self.remotes if not remote.status.final]

    @property
    def unwanted(self) -> list[RemoteRecord]:
        """The jobs on the service that have not ended and should: cancelled ones, and doubles."""
        cancelled = {job.index for job in self.jobs if job.wanted == "cancel"}
        return [each for each in self.unfinished if each.surplus or each.job in cancelled]

    @property
    def done(self) -> list[tuple[JobRecord, RemoteRecord]]:
        """The jobs that are done, wherever their results are."""
        return [
            (job, job.remote)
            for job in self.jobs
            if job.remote is not None and job.status is JobStatus.DONE
        ]

    @property
    def unfetched(self) -> list[tuple[JobRecord, RemoteRecord]]:
        """The jobs that are done and whose results are neither here nor lost."""
        return [(job, remote) for job, remote in self.done if remote.result is None]

    @property
    def missing(self) -> list[JobRecord]:
        """The jobs whose results are not here, for whatever reason."""
        return [job for job in self.jobs if not job.stored]

    @property
    def unlabelled(self) -> list[tuple[JobRecord, RemoteRecord]]:
        """The jobs on the service that do not carry the wanted name and tags yet."""
        return [
            (job, job.remote)
            for job in self.jobs
            if job.remote is not None and job.remote.labels_version < self.record.labels_version
        ]

    def pending(self, jobs: Container[int]) -> list[JobRecord]:
        """Return those of `jobs` (indexes) that have not ended."""
        return [job for job in self.jobs if job.index in jobs and not job.status.final]

    # Of the whole set.

    def is_sent(self) -> bool:
        """Return whether every job has reached the service, or is not to."""
        held = self.record.copied_at is not None
        return not any((job.unsent and not held) or job.unsure or job.leaving for job in self.jobs)

    def is_held(self) -> bool:
        """Return whether jobs wait to be sent that this copy of the set does not send."""
        return self.record.copied_at is not None and any(job.unsent for job in self.jobs)

    def is_over(self) -> bool:
        """Return whether every job has ended, wherever its results are."""
        return all(job.status.final for job in self.jobs)

    def is_delivered(self) -> bool:
        """Return whether waiting brings no more results; see `JobRecord.delivered`."""
        return all(job.delivered for job in self.jobs)

    def is_idle(self) -> bool:
        """Return whether the service need not be asked, unless something is to be sent."""
        return (
            not self._is_unsettled()
            and not self.unfinished
            and not self.unfetched
            and not self.unlabelled
        )

    def is_settled(self) -> bool:
        """Return whether waiting brings nothing more: all ended, delivered, wants carried out."""
        return (
            self.is_delivered()
            and not self._is_unsettled()
            and not any(other.surplus and not other.status.final for other in self.others)
            and not self.unlabelled
        )

    def is_complete(self) -> bool:
        """Return whether nothing is left to do: it is settled, and no results are overdue."""
        return self.is_settled() and not self.unfetched

    def _is_unsettled(self) -> bool:
        return any(attempt.state in _OPEN for attempt in self.attempts)
