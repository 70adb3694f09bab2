"""What listings prove about requests that nobody has answered, or nobody here knows of.

That something is not on the service is proven once it is absent from two full listings
`settle_gap` apart, the first begun no sooner than `settle_delay` after the last instant at which it
can have been sent: both are the account's.
"""

from __future__ import annotations

from enum import Enum, auto

from ..clock import Instant
from ..manifest.lease import Claim
from ..manifest.manifest import Transaction
from ..service.endpoint import Account
from .work import Work

__all__ = ["catch_up", "claim", "is_overdue", "settle", "settles_in"]


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


def catch_up(work: Work) -> None:
    """Take in what other copies of this file have sent from this machine."""
    assert work.lease is not None
    manifest = work.manifest
    record = manifest.snapshot().record
    missed = work.lease.since(record.generation)
    if missed is None:
        work.looked = False
    elif missed[0] != record.generation:
        generation, sent = missed
        with manifest.transaction() as change:
            change.submissions.add_sent_elsewhere(sent)
            change.submissions.change_generation(generation)


def claim(work: Work, begun: Instant) -> bool:
    """Tell whether this file may send its jobs; where it must not yet, claim that right.

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
    if not work.told_claim:
        work.told_claim = True
        work.observer.note(
            "Another copy of this set may have sent jobs that the service does not list yet: "
            f"looking for them for {account.settle_delay + account.settle_gap:.0f} s."
        )
    return False


def _proof(
    account: Account, unsure_since: Instant, missed: Instant | None, begun: Instant
) -> _Proof:
    if missed is None:
        return _Proof.FIRST if begun.since(unsure_since) >= account.settle_delay else _Proof.NONE
    return _Proof.WHOLE if begun.since(missed) >= account.settle_gap else _Proof.NONE


def is_overdue(account: Account, missed: Instant, begun: Instant) -> bool:
    """Tell whether a known job has been missing for as long as listings may lag."""
    return begun.since(missed) >= account.settle_delay + account.settle_gap


def settles_in(work: Work) -> float | None:
    """Return the seconds until a listing may prove something; None where nothing is open.

    What is due already, and was not proven, is due again with the next poll.
    """
    now, account = work.clock.instant(), work.client.account
    open_ = [
        (a.unsure_since, a.missed) for a in work.manifest.snapshot().attempts if a.state == "unsure"
    ]
    if work.claim is not None:
        open_.append((work.claim.since, work.claim.missed))
    waits = [
        account.settle_delay - now.since(unsure_since)
        if missed is None
        else account.settle_gap - now.since(missed)
        for unsure_since, missed in open_
        if unsure_since is not None
    ]
    return min((wait if wait > 0 else account.poll_first for wait in waits), default=None)
