"""Asking the service what it has of a set, and settling what is unsure."""

from __future__ import annotations

import contextlib
from collections.abc import Collection
from dataclasses import dataclass, field

from ..clock import Instant, in_utc
from ..errors import Argument, Call, Words
from ..manifest.lease import Begun
from ..manifest.manifest import Manifest, Transaction
from ..manifest.records import RemoteRecord, SetRecord
from ..manifest.snapshot import Snapshot
from ..service.bounds import MOST_LISTED
from ..service.client import PAGE
from ..service.errors import NotFound, ServiceError, Unreadable
from ..service.types import RemoteJob
from .errors import Unsettled
from .settle import claim, is_overdue, settle
from .tags import JobTag, find_job_tag, set_tag
from .work import Work, side_by_side

__all__ = ["created_of", "observe"]

_GONE = "Deleted"
_GONE_REASON = "the service does not have this job any more"


@dataclass(frozen=True, slots=True)
class _Listing:
    """What a listing showed, by id, and whether it certainly showed everything."""

    jobs: dict[str, RemoteJob]
    full: bool
    begun: Instant


@dataclass(slots=True)
class _Asked:
    """What became of questions by id: jobs found, ids that there are none of, the last failure."""

    found: dict[str, RemoteJob] = field(default_factory=dict)
    gone: set[str] = field(default_factory=set)
    error: ServiceError | None = None


def observe(work: Work, *, sending: bool = False) -> None:
    """Bring the manifest up to what the service says of the set.

    One listing by the set's tag, `PAGE` jobs a request: it stops early when only the states of
    known jobs are wanted and all of them have been seen. Nothing is asked when there is nothing
    to learn. Where jobs are to be sent (`sending`) there always is: another copy of the set may
    have taken over. Raises a ServiceError, or Unsettled when there are jobs to send and the service
    has some of this set that the manifest knows nothing about.
    """
    manifest = work.manifest
    known = manifest.snapshot()
    record = known.record
    in_doubt = [a for a in known.attempts if a.state in {"unsure", "absent"}]
    unfinished = {r.id: r for r in known.remotes if not r.status.final}
    unsure = any(attempt.state == "unsure" for attempt in in_doubt)
    to_send = sending and work.lease is not None and (unsure or bool(manifest.unsent(1)))
    look = to_send and not work.looked
    if not look:
        work.claim = None
    # Of a set that was planned a moment ago there is no copy.
    watch = to_send and bool(known.attempts)
    if not in_doubt and not unfinished and not look and not watch:
        return
    listing = _list(work, record, None if in_doubt or look else unfinished.keys())
    asked = _ask_missing(work, [r for i, r in unfinished.items() if i not in listing.jobs])
    with manifest.transaction() as change:
        # What is known is brought up to date first: whatever turns up is compared with it.
        known = manifest.snapshot()
        for remote in known.remotes:
            seen = listing.jobs.get(remote.id) or asked.found.get(remote.id)
            # A listing may lag behind what has been learnt otherwise; an end is an end.
            if seen is not None and (not remote.status.final or remote.service_status == _GONE):
                _record(change, remote, seen, listing.begun)
                if remote.service_status == _GONE:
                    # It is back, and something else may have taken its place.
                    change.jobs.choose(remote.job)
            elif remote.id in asked.gone:
                _miss_known(work, change, remote, listing.begun)
        for job in manifest.doubled_jobs():
            # The other one may have got further by now.
            change.jobs.choose(job)
        strangers = _adopt(work, change, known, listing)
        if listing.full and work.lease is not None:
            settle(work, change, listing.begun)
    if strangers:
        _report_strangers(work, record.id, strangers, sending=to_send)
    if look and listing.full:
        work.looked = claim(work, listing.begun)
    if asked.error is not None:
        raise asked.error


def _report_strangers(work: Work, set_id: str, count: int, *, sending: bool) -> None:
    """Warn of jobs that another copy of the file has sent; before any are sent, raise Unsettled."""
    jobs = "1 job" if count == 1 else f"{count} jobs"
    what = (
        f"The service has {jobs} of this set that this file does not know: another copy of it has "
        "sent them."
    )
    if sending:
        resume = Call("resume", set_id, (Argument("take_over", value=True),), method="resume")
        hint = Words("Go on with that copy. If it is gone, go on from this one: {}.", resume)
        if work.taking_over:
            hint = Words(
                "Go on with that copy. If it is gone, have it made anew from what the service has: "
                "{}, then {}.",
                Call("forget", set_id),
                Call("recover", set_id),
            )
        raise Unsettled(what, hint)
    if not work.told_strangers:
        work.told_strangers = True
        work.observer.note(f"Warning: {what}")


def _list(work: Work, record: SetRecord, needed: Collection[str] | None) -> _Listing:
    """List the set's jobs: all of them, or until all of `needed` have been seen."""
    begun = work.clock.instant()
    seen: dict[str, RemoteJob] = {}
    offset = most = 0
    while True:
        page = work.client.jobs(tags=[set_tag(record.id)], offset=offset)
        most = max(most, page.count or 0)
        before = len(seen)
        seen.update((job.id, job) for job in page.jobs)
        offset += len(page.jobs)
        if page.count is None:
            at_end = len(page.jobs) < PAGE
        else:
            at_end = offset >= page.count or not page.jobs
        if not at_end and offset > MOST_LISTED:
            raise Unreadable(
                f"The service lists more than {MOST_LISTED} jobs with the tag of one set.",
                "If this stays so, look at what stands between here and the service.",
            )
        if at_end or len(seen) == before:
            # Pages that shift or overlap while they are read may hide a job, and so may one that
            # comes from a copy of the records which knows fewer than the page before.
            full = at_end and len(seen) >= most
            return _Listing(seen, full, begun)
        if needed is not None and seen.keys() >= set(needed):
            return _Listing(seen, full=False, begun=begun)


def _ask_missing(work: Work, missing: list[RemoteRecord]) -> _Asked:
    """Ask by id for known jobs that a listing did not show, be it that their tags were changed."""
    asked = _Asked()
    for ended in side_by_side(missing, lambda remote: work.client.job(remote.id), work.clock):
        for remote, answer in ended:
            if isinstance(answer, RemoteJob):
                asked.found[remote.id] = answer
            elif isinstance(answer, NotFound):
                asked.gone.add(remote.id)
            else:
                asked.error = answer
    return asked


def _miss_known(work: Work, change: Transaction, remote: RemoteRecord, at: Instant) -> None:
    """Take a known job for deleted once it has been missing for as long as a listing may lag."""
    if remote.missed is None:
        change.jobs.miss(remote, at)
    elif is_overdue(work.client.account, remote.missed, at):
        gone = RemoteJob(remote.id, _GONE, _GONE_REASON)
        _record(change, remote, gone, at)


def _adopt(work: Work, change: Transaction, before: Snapshot, listing: _Listing) -> int:
    """Take in listed jobs that carry a nonce of ours and are not known yet.

    Return how many are of this set and carry a nonce that is not ours: they are not touched, unless
    this file has taken over.
    """
    manifest, record = work.manifest, before.record
    strangers = 0
    known = {remote.id for remote in before.remotes}
    by_nonce = {attempt.nonce: attempt for attempt in before.attempts}
    for job in listing.jobs.values():
        if job.id in known:
            continue
        tag = find_job_tag(record.id, job.tags)
        if tag is None:
            continue
        if tag.nonce not in by_nonce and work.taking_over and _fits(manifest, record, tag):
            change.submissions.add_sent_elsewhere([Begun(tag.job, tag.attempt, tag.nonce)])
            by_nonce = {attempt.nonce: attempt for attempt in manifest.attempts()}
        attempt = by_nonce.get(tag.nonce)
        if attempt is None:
            strangers += 1
            continue
        change.submissions.accept(
            attempt, job.id, attempt.labels_version, adopted=True, created=job.created
        )
        adopted = next(r for r in manifest.remotes(attempt.job) if r.id == job.id)
        _record(change, adopted, job, listing.begun)
        change.jobs.choose(attempt.job)
    return strangers


def _fits(manifest: Manifest, record: SetRecord, tag: JobTag) -> bool:
    """Tell whether a tag is that of a job as this file knows it."""
    job = manifest.job(tag.job)
    if job is None or (tag.jobs, tag.repeats) != (record.total_jobs, record.total_repeats):
        return False
    told = (tag.first, tag.last, tag.repeat)
    return told == (job.first_circuit, job.last_circuit, job.repeat)


def _record(change: Transaction, remote: RemoteRecord, seen: RemoteJob, at: Instant) -> None:
    change.jobs.observe(
        remote,
        status=seen.status,
        reason=seen.reason,
        reason_code=seen.reason_code,
        solution=seen.solution,
        private=seen.private,
        at=at.at,
        created=seen.created,
    )


def created_of(work: Work, remote: RemoteRecord) -> str:
    """Return when the service created a job, in ISO 8601; it is asked unless it has told already.

    Of a job that it does not have any more, or does not tell it of, that is when it was sent.
    Raises a ServiceError.
    """
    told = remote.created_at
    if told is None:
        with contextlib.suppress(NotFound):
            seen = work.client.job(remote.id)
            with work.manifest.transaction() as change:
                change.jobs.note_created(remote, seen.created)
            told = in_utc(seen.created, exact=True)
    return told or remote.submitted_at
