"""Asking the service what it has of a set, and settling what is unsure."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from ..manifest import attempts, remotes
from ..manifest.records import AttemptRecord, RemoteRecord, SetRecord
from ..manifest.store import Manifest
from ..service.client import PAGE
from ..service.errors import NotFound
from ..service.types import RemoteJob
from .tags import find_nonce, set_tag
from .work import Work, side_by_side

__all__ = ["observe", "settles_at"]

_GONE = "Deleted"
_GONE_REASON = "the service does not have this job any more"


@dataclass(frozen=True, slots=True)
class _Listing:
    """What a listing showed, by id, and whether it certainly showed everything."""

    jobs: dict[str, RemoteJob]
    full: bool
    begun: float


def observe(work: Work) -> None:
    """Bring the manifest up to what the service says of the set.

    One listing by the set's tag, `PAGE` jobs a request: it stops early when only the states of
    known jobs are wanted and all of them have been seen. Nothing is asked when there is nothing
    to learn. Raises a ServiceError.
    """
    manifest = work.manifest
    record = manifest.job_set()
    in_doubt = [a for a in manifest.attempts() if a.state in {"unsure", "absent"}]
    unfinished = {r.id: r for r in manifest.remotes() if not r.status.final}
    if not in_doubt and not unfinished:
        return
    listing = _list(work, record, None if in_doubt else unfinished.keys())
    by_id = _ask_missing(work, [r for i, r in unfinished.items() if i not in listing.jobs])
    with manifest.db.transaction():
        # What is known is brought up to date first: whatever turns up is compared with it.
        for remote in manifest.remotes():
            seen = listing.jobs.get(remote.id) or by_id.get(remote.id)
            # A listing may lag behind what has been learnt otherwise; an end is an end.
            if seen is not None and not remote.status.final:
                _record(manifest, remote, seen, listing.begun)
        _adopt(manifest, record, listing)
        if listing.full:
            _miss(work, listing)


def _list(work: Work, record: SetRecord, needed: Collection[str] | None) -> _Listing:
    """List the set's jobs: all of them, or until all of `needed` have been seen."""
    begun = work.clock.now()
    seen: dict[str, RemoteJob] = {}
    offset = 0
    while True:
        page = work.client.jobs(tags=[set_tag(record.id)], offset=offset)
        seen.update((job.id, job) for job in page.jobs)
        offset += len(page.jobs)
        at_end = len(page.jobs) < PAGE or (page.count is not None and offset >= page.count)
        if at_end:
            # Pages that shift or overlap while they are read may hide a job.
            full = page.count is None or len(seen) >= page.count
            return _Listing(seen, full, begun)
        if needed is not None and seen.keys() >= set(needed):
            return _Listing(seen, full=False, begun=begun)


def _ask_missing(work: Work, missing: list[RemoteRecord]) -> dict[str, RemoteJob]:
    """Ask by id for known jobs that a listing did not show, be it that their tags were changed."""
    now = work.clock.now()
    found: dict[str, RemoteJob] = {}
    for ended in side_by_side(missing, lambda remote: work.client.job(remote.id), work.clock):
        for remote, answer in ended:
            if isinstance(answer, RemoteJob):
                found[remote.id] = answer
            elif not isinstance(answer, NotFound):
                raise answer
            elif now - remote.seen_at > work.client.account.settle_delay:
                found[remote.id] = RemoteJob(remote.id, _GONE, _GONE_REASON)
    return found


def _adopt(manifest: Manifest, record: SetRecord, listing: _Listing) -> None:
    """Take in listed jobs that carry a nonce of ours and are not known yet."""
    known = {remote.id for remote in manifest.remotes()}
    by_nonce = {attempt.nonce: attempt for attempt in manifest.attempts()}
    for job in listing.jobs.values():
        if job.id in known:
            continue
        nonce = find_nonce(record.id, job.tags)
        attempt = by_nonce.get(nonce) if nonce else None
        if attempt is None:
            # Not ours, whatever its set tag says: it is never touched.
            continue
        attempts.accept(manifest, attempt, job.id, attempt.labels_version, adopted=True)
        adopted = next(r for r in manifest.remotes(attempt.job) if r.id == job.id)
        _record(manifest, adopted, job, listing.begun)
        remotes.choose(manifest, attempt.job)


def _record(manifest: Manifest, remote: RemoteRecord, seen: RemoteJob, at: float) -> None:
    remotes.observe(
        manifest,
        remote,
        status=seen.status,
        reason=seen.reason,
        reason_code=seen.reason_code,
        solution=seen.solution,
        private=seen.private,
        at=at,
    )


def _miss(work: Work, listing: _Listing) -> None:
    """Count a full listing as evidence against the unsure attempts that it did not show."""
    account = work.client.account
    for attempt in work.manifest.attempts():
        if attempt.state != "unsure" or attempt.doubted_at is None:
            continue
        if listing.begun < attempt.doubted_at + account.settle_delay:
            continue
        if attempt.missed_at is None:
            attempts.miss(work.manifest, attempt, listing.begun, proven=False)
        elif listing.begun >= attempt.missed_at + account.settle_gap:
            attempts.miss(work.manifest, attempt, listing.begun, proven=True)


def settles_at(work: Work, attempt: AttemptRecord) -> float:
    """Return the time (epoch) at which the next listing may say something about an attempt."""
    account = work.client.account
    if attempt.missed_at is not None:
        return attempt.missed_at + account.settle_gap
    return (attempt.doubted_at or 0.0) + account.settle_delay
