"""The write side of submitting: what is committed before, and after, each request.

Every function here is called inside a transaction.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass

from ..clock import Instant, in_utc, iso
from .custody import Begun
from .ids import new_nonce
from .records import AttemptRecord
from .store import Manifest

__all__ = [
    "Intent",
    "accept",
    "begin",
    "doubt",
    "doubt_again",
    "doubt_orphans",
    "miss",
    "next_unsent",
    "refuse",
    "reseal",
    "take_in",
    "withdraw",
]

# Nothing is sent while any attempt at the same job is unsettled.
_UNSENT = """
    FROM jobs j WHERE j.wanted = 'run' AND j.remote_id IS NULL AND NOT EXISTS (
        SELECT 1 FROM attempts a WHERE a.job = j.idx
        AND (a.number = j.wanted_attempt AND a.state <> 'withdrawn'
             OR a.state IN ('sending', 'unsure')))
"""


@dataclass(frozen=True, slots=True)
class Intent:
    """A job that is about to be sent: committed before it is."""

    job: int
    attempt: int
    nonce: str
    first_circuit: int
    last_circuit: int
    repeat: int
    shots: int


def next_unsent(manifest: Manifest, limit: int) -> list[tuple[int, int, int]]:
    """Return up to `limit` jobs that wait to be sent: index, first and last circuit."""
    rows = manifest.db.rows(
        f"SELECT j.idx, j.first_circuit, j.last_circuit {_UNSENT} ORDER BY j.idx LIMIT ?",
        (limit,),
    )
    return [(row[0], row[1], row[2]) for row in rows]


def begin(manifest: Manifest, jobs: Sequence[int], labels_version: int) -> list[Intent]:
    """Record the intent to send those of `jobs` that are still wanted, and return the intents.

    The wants are read in this very transaction: a job that somebody has cancelled a moment ago
    is not sent. What was withdrawn is sent again as the same attempt.
    """
    intents = []
    for job in jobs:
        row = manifest.db.row(
            "SELECT j.idx, j.wanted_attempt, j.first_circuit, j.last_circuit, j.repeat, j.shots "
            f"{_UNSENT} AND j.idx = ?",
            (job,),
        )
        if row is None:
            continue
        manifest.db.write(
            "INSERT INTO attempts (job, number, nonce, state, labels_version, begun_at) "
            "VALUES (?, ?, ?, 'sending', ?, ?) ON CONFLICT (job, number) DO UPDATE SET "
            "state = excluded.state, labels_version = excluded.labels_version, error = '', "
            "begun_at = excluded.begun_at",
            (row[0], row[1], new_nonce(), labels_version, iso(time.time())),
        )
        found = manifest.db.row(
            "SELECT nonce FROM attempts WHERE job = ? AND number = ?", (row[0], row[1])
        )
        assert found is not None
        intents.append(Intent(row[0], row[1], found[0], *tuple(row)[2:]))
    return intents


def reseal(manifest: Manifest, seal: str = "") -> str:
    """Give the file another seal, a new one unless it is given; return it. See `custody`."""
    seal = seal or new_nonce()
    manifest.db.write("UPDATE jobset SET seal = ?", (seal,))
    return seal


def take_in(manifest: Manifest, sent: Sequence[Begun]) -> None:
    """Record attempts that another copy of this file has begun, as if this one had.

    What became of them is to be found out, as of those of a process that is gone; which labels they
    carry is not known.
    """
    for each in sent:
        known = manifest.db.row("SELECT state FROM attempts WHERE nonce = ?", (each.nonce,))
        if known is None:
            row = manifest.db.row(
                "SELECT coalesce(max(number), 0) FROM attempts WHERE job = ?", (each.job,)
            )
            assert row is not None
            number = max(each.attempt, row[0] + 1)
            manifest.db.write(
                "INSERT INTO attempts (job, number, nonce, state, labels_version, begun_at) "
                "VALUES (?, ?, ?, 'sending', 0, ?)",
                (each.job, number, each.nonce, iso(time.time())),
            )
            manifest.db.write(
                "UPDATE jobs SET wanted_attempt = max(wanted_attempt, ?) "
                "WHERE idx = ? AND remote_id IS NULL",
                (number, each.job),
            )
            manifest.log("sent_elsewhere", job=each.job, attempt=number)
        elif known[0] != "accepted":
            # It was sent once more, whatever had become of it here.
            manifest.db.write(
                "UPDATE attempts SET state = 'sending', labels_version = 0 WHERE nonce = ?",
                (each.nonce,),
            )


def accept(
    manifest: Manifest,
    attempt: AttemptRecord | Intent,
    remote_id: str,
    labels_version: int,
    *,
    status: str = "Queued",
    adopted: bool = False,
    created: str = "",
) -> None:
    """Record that an attempt stands on the service as `remote_id`.

    `created` is when it was created there, in ISO 8601; empty where that was just now.
    """
    number = attempt.attempt if isinstance(attempt, Intent) else attempt.number
    submitted = in_utc(created) or iso(time.time())
    manifest.db.write(
        "INSERT INTO remotes (id, job, attempt, status, submitted_at, labels_version) "
        "VALUES (?, ?, ?, ?, ?, ?)",
        (remote_id, attempt.job, number, status, submitted, labels_version),
    )
    manifest.db.write(
        "UPDATE attempts SET state = 'accepted', error = '' WHERE job = ? AND number = ?",
        (attempt.job, number),
    )
    manifest.db.write(
        "UPDATE jobs SET remote_id = ? WHERE idx = ? AND remote_id IS NULL",
        (remote_id, attempt.job),
    )
    kind = "adopted" if adopted else "submitted"
    manifest.log(kind, job=attempt.job, attempt=number, remote_id=remote_id)


def withdraw(manifest: Manifest, intent: Intent, error: str) -> None:
    """Undo an intent that certainly created nothing: the job waits to be sent again.

    Its nonce is kept: should something have been created all the same, it is known for ours.
    """
    manifest.db.write(
        "UPDATE attempts SET state = 'withdrawn', error = ? WHERE job = ? AND number = ?",
        (error, intent.job, intent.attempt),
    )
    manifest.log("not_sent", error, job=intent.job, attempt=intent.attempt)


def refuse(
    manifest: Manifest, intent: Intent, error: str, code: int | None, trace: str | None = None
) -> None:
    """Record that the service does not take this job as it is.

    `trace` is what its support desk wants to know; it stands among the events.
    """
    manifest.db.write(
        "UPDATE attempts SET state = 'refused', error = ?, error_code = ? "
        "WHERE job = ? AND number = ?",
        (error, code, intent.job, intent.attempt),
    )
    told = f"{error} Trace {trace}." if trace else error
    manifest.log("refused", told, job=intent.job, attempt=intent.attempt)


def doubt(manifest: Manifest, intent: Intent, error: str, at: Instant) -> None:
    """Record that nobody knows whether a request did its work; it was sent no later than `at`."""
    _doubt(manifest, intent.job, intent.attempt, error, at)


def doubt_orphans(manifest: Manifest, at: Instant) -> int:
    """Doubt what a process that is gone was sending; return how many attempts.

    To be called while the set's lock and its custody are held: whoever was sending held them, from
    this file or a copy, so at `at`, now, nothing of theirs is on its way out any more. When they
    died is not known.
    """
    orphans = [a for a in manifest.attempts() if a.state == "sending"]
    for attempt in orphans:
        _doubt(manifest, attempt.job, attempt.number, "the process that sent it ended", at)
    return len(orphans)


def doubt_again(manifest: Manifest, attempt: AttemptRecord, at: Instant) -> None:
    """Doubt an attempt from `at` on, because it cannot be told how long ago it was doubted."""
    _doubt(manifest, attempt.job, attempt.number, attempt.error, at)


def _doubt(manifest: Manifest, job: int, number: int, error: str, at: Instant) -> None:
    manifest.db.write(
        "UPDATE attempts SET state = 'unsure', doubted = ?, missed = NULL, error = ? "
        "WHERE job = ? AND number = ?",
        (at.write(), error, job, number),
    )
    manifest.log("unsure", error, job=job, attempt=number)


def miss(manifest: Manifest, attempt: AttemptRecord, at: Instant, *, proven: bool) -> None:
    """Record that a full listing, begun at `at`, did not show an unsure attempt.

    With `proven` that was the last one needed: nothing was created, and the job may be sent
    again, as a new attempt. The old one stays watched as long as the set is open.
    """
    if not proven:
        manifest.db.write(
            "UPDATE attempts SET missed = ? WHERE job = ? AND number = ?",
            (at.write(), attempt.job, attempt.number),
        )
        return
    manifest.db.write(
        "UPDATE attempts SET state = 'absent' WHERE job = ? AND number = ?",
        (attempt.job, attempt.number),
    )
    manifest.db.write(
        "UPDATE jobs SET wanted_attempt = ? WHERE idx = ? AND wanted_attempt = ?",
        (attempt.number + 1, attempt.job, attempt.number),
    )
    manifest.log(
        "absent",
        "absent from two full listings: it never reached the service",
        job=attempt.job,
        attempt=attempt.number,
    )
