"""Asking the service what it has of a set, and settling what is unsure.

That something is not on the service is proven once it is absent from two full listings
`settle_gap` apart, the first begun no sooner than `settle_delay` after the last instant at which it
can have been sent: both are the account's.
"""

from __future__ import annotations

import contextlib
from collections.abc import Collection
from dataclasses import dataclass, field
from enum import Enum, auto

from ..clock import Instant, in_utc
from ..errors import Argument, Call, Words
from ..manifest.lease import Begun, Claim
from ..manifest.manifest import Manifest, Transaction
from ..manifest.records import RemoteRecord, SetRecord
from ..manifest.snapshot import Snapshot
from ..service.client import PAGE
from ..service.endpoint import Account
from ..service.errors import NotFound, ServiceError, Unreadable
from ..service.limits import MOST_LISTED
from ..service.models import RemoteJob
from .errors import Unsettled
from .tags import JobTag, find_job_tag, set_tag
from .work import Work, side_by_side

__all__ = ["catch_up", "claim", "created_of", "is_overdue", "observe", "settle", "settles_in"]

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


def observe(work: Work, known: Snapshot, *, sending: bool = False) -> Snapshot:
    """Bring what is `known` of the set up to what the service says; return how it stands then.

    One listing by the set's tag, `PAGE` jobs a request: it stops early when only the states of
    known jobs are wanted and all of them have been seen. Nothing is asked when there is nothing
    to learn. Where jobs are to be sent (`sending`) there always is: another copy of the set may
    have taken over. Raises a ServiceError, or Unsettled when there are jobs to send and the service
    has some of this set that the manifest knows nothing about.
    """
    manifest = work.manifest
    known = _doubt_orphans(work, known)
    record = known.record
    in_doubt = [a for a in known.attempts if a.state in {"unsure", "absent"}]
    unfinished = {remote.id: remote for remote in known.unfinished}
    unsure = any(attempt.state == "unsure" for attempt in in_doubt)
    to_send = sending and work.lease is not None and (unsure or bool(manifest.unsent(1)))
    look = to_send and not work.sole_sender
    if not look:
        work.claim = None
    # Of a set that was planned a moment ago there is no copy.
    watch = to_send and bool(known.attempts)
    if not in_doubt and not unfinished and not look and not watch:
        return known
    listing = None if in_doubt or look or watch else _look_up(work, unfinished.keys())
    if listing is None:
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
        work.sole_sender = claim(work, listing.begun)
    if asked.error is not None:
        raise asked.error
    return manifest.snapshot()


def _look_up(work: Work, needed: Collection[str]) -> _Listing | None:
    """Look known jobs up in a listing for several sets; None where there is none, or not of all.

    It tells how these are, and proves nothing of others.
    """
    found = None if work.listing is None else work.listing.find(needed)
    if work.listing is None or found is None:
        return None
    return _Listing(dict(found), full=False, begun=work.listing.begun)


def _doubt_orphans(work: Work, known: Snapshot) -> Snapshot:
    """Mark what a process that is gone was sending as unsure; return how the set stands then."""
    # While this process holds the lease nobody else sends.
    if work.lease is None or all(attempt.state != "sending" for attempt in known.attempts):
        return known
    with work.manifest.transaction() as change:
        change.submissions.mark_orphans_unsure(work.clock.instant())
    return work.manifest.snapshot()


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
    work.note_once("strangers", f"Warning: {what}")


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
    """Return whether a tag is that of a job as this file knows it."""
    job = manifest.job(tag.job)
    if job is None or (tag.jobs, tag.repeats) != (record.total_jobs, record.total_repeats):
        return False
    place = (tag.first, tag.last, tag.repeat)
    return place == (job.first_place, job.last_place, job.repeat)


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
    created = remote.created_at
    if created is None:
        with contextlib.suppress(NotFound):
            seen = work.client.job(remote.id)
            with work.manifest.transaction() as change:
                change.jobs.note_created(remote, seen.created)
            created = in_utc(seen.created, exact=True)
    return created or remote.submitted_at


class _Proof(Enum):
    NONE = auto()
    FIRST = auto()  # of two
    WHOLE = auto()


def settle(work: Work, change: Transaction, begun: Instant) -> None:
    """Count a full listing, begun at `begun`, as evidence against the attempts that are unsure.

    Those that it has shown are so no more.
    """
    for attempt in work.manifest.attempts():
        if attempt.state != "unsure" or attempt.unsure_since is None:
            continue
        if any(
            begun.since(at) < 0 for at in (attempt.unsure_since, attempt.missed) if at is not None
        ):
            # The clock was ahead then, and the machine has been started since.
            change.submissions.mark_unsure(attempt, attempt.error, begun)
            continue
        proof = _proof(work.client.account, attempt.unsure_since, attempt.missed, begun)
        if proof is not _Proof.NONE:
            change.submissions.miss(attempt, begun, proven=proof is _Proof.WHOLE)


def catch_up(work: Work, known: Snapshot) -> Snapshot:
    """Take in what other copies of the file have sent from this machine; return how it stands then.

    The file may be one that was put back: its generation tells which of that it knows.
    """
    assert work.lease is not None
    generation = known.record.generation
    missed = work.lease.since(generation)
    if missed is None:
        work.sole_sender = False
    elif missed[0] != generation:
        latest, sent = missed
        with work.manifest.transaction() as change:
            change.submissions.add_sent_elsewhere(sent)
            change.submissions.change_generation(latest)
        return work.manifest.snapshot()
    return known


def claim(work: Work, begun: Instant) -> bool:
    """Return whether this file may send its jobs; where it must not yet, claim that right.

    A full listing, begun at `begun`, has shown no job of the set that the file does not know.
    """
    assert work.lease is not None
    account, record = work.client.account, work.manifest.snapshot().record
    if work.lease.since(record.generation) is not None:
        work.claim = None
        return True
    work.claim = work.lease.claim(record.generation, work.clock.instant())
    proof = _proof(account, work.claim.since, work.claim.missed, begun)
    if proof is _Proof.FIRST:
        work.lease.miss(record.generation, begun)
        work.claim = Claim(work.claim.since, begun)
    elif proof is _Proof.WHOLE:
        with work.manifest.transaction() as change:
            generation = change.submissions.change_generation()
        work.lease.begin(generation)
        work.claim = None
        return True
    work.note_once(
        "claim",
        "Another copy of this set may have sent jobs that the service does not list yet: "
        f"looking for them for {account.settle_delay + account.settle_gap:.0f} s.",
    )
    return False


def _proof(
    account: Account, unsure_since: Instant, missed: Instant | None, begun: Instant
) -> _Proof:
    if missed is None:
        return _Proof.FIRST if begun.since(unsure_since) >= account.settle_delay else _Proof.NONE
    return _Proof.WHOLE if begun.since(missed) >= account.settle_gap else _Proof.NONE


def is_overdue(account: Account, missed: Instant, begun: Instant) -> bool:
    """Return whether a known job has been missing for as long as listings may lag."""
    return begun.since(missed) >= account.settle_delay + account.settle_gap


def settles_in(work: Work, known: Snapshot) -> float | None:
    """Return the seconds until a listing may prove something; None where nothing is open.

    What is due already, and was not proven, is due again with the next poll.
    """
    open_ = [(a.unsure_since, a.missed) for a in known.attempts if a.state == "unsure"]
    if work.claim is not None:
        open_.append((work.claim.since, work.claim.missed))
    if not open_:
        return None
    now, account = work.clock.instant(), work.client.account
    waits = [
        account.settle_delay - now.since(unsure_since)
        if missed is None
        else account.settle_gap - now.since(missed)
        for unsure_since, missed in open_
        if unsure_since is not None
    ]
    return min((wait if wait > 0 else account.poll_first for wait in waits), default=None)
