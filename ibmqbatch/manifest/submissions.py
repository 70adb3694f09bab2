"""What is committed before, and after, each request that submits a job."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..clock import Instant, in_utc
from .ids import new_nonce
from .records import ATTEMPTS, REMOTES, AttemptRecord, RemoteRecord

if TYPE_CHECKING:
    from .lease import Begun
    from .manifest import Transaction

__all__ = ["UNSENT", "Intent", "Submissions"]

# Nothing is sent while any attempt at the same job is unsettled.
UNSENT = """
    FROM jobs j WHERE j.wanted = 'run' AND j.remote_id IS NULL AND NOT EXISTS (
        SELECT 1 FROM attempts a WHERE a.job = j.idx
        AND (a.number = j.wanted_attempt AND a.state <> 'withdrawn'
             OR a.state IN ('sending', 'unsure')))
"""
# Codes with which IBM's service fails a job for what it is, so that another like it fails as well:
# circuits that cannot be loaded, are not in the instruction set, break limits, or whose options
# contradict each other; results that are too large.
_REPEATING = (1506, 1517, 1519, 1520, 1521, 1522, 1603, 3211, 5302)


@dataclass(frozen=True, slots=True)
class Intent:
    """A job that is about to be sent: committed before it is."""

    job: int
    attempt: int
    nonce: str
    first_place: int
    last_place: int
    repeat: int
    shots: int


class Submissions:
    """The submissions of a set, inside a transaction: see `Manifest.transaction`."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction
        self._manifest = transaction.manifest
        self._write = transaction.manifest.db.write
        self._log = transaction.log

    def begin(self, jobs: Sequence[int], labels_version: int) -> list[Intent]:
        """Record the intent to send those of `jobs` that are still wanted; return the intents.

        The wants are read in this very transaction: a job that somebody has cancelled a moment ago
        is not sent. What was withdrawn is sent again as the same attempt.
        """
        intents = []
        for job in jobs:
            row = self._manifest.db.row(
                "SELECT j.idx, j.wanted_attempt, j.first_place, j.last_place, j.repeat, "
                f"j.shots {UNSENT} AND j.idx = ?",
                (job,),
            )
            if row is None:
                continue
            attempt = AttemptRecord(
                job=row[0],
                number=row[1],
                nonce=new_nonce(),
                state="sending",
                labels_version=labels_version,
                begun_at=self._transaction.at,
            )
            sql, values = ATTEMPTS.insertion(attempt)
            self._write(
                f"{sql} ON CONFLICT (job, number) DO UPDATE SET state = excluded.state, "
                "labels_version = excluded.labels_version, error = '', "
                "begun_at = excluded.begun_at",
                values,
            )
            found = self._manifest.db.row(
                "SELECT nonce FROM attempts WHERE job = ? AND number = ?", (row[0], row[1])
            )
            assert found is not None
            intents.append(Intent(row[0], row[1], found[0], *tuple(row)[2:]))
        return intents

    def change_generation(self, generation: str = "") -> str:
        """Give the file another generation, a new one unless it is given; see `lease`."""
        generation = generation or new_nonce()
        self._write("UPDATE jobset SET generation = ?", (generation,))
        return generation

    def add_sent_elsewhere(self, sent: Sequence[Begun]) -> None:
        """Record attempts that another copy of this file has begun, as if this one had.

        What became of them is to be found out, as of those of a process that is gone; which labels
        they carry is not known.
        """
        for each in sent:
            known = self._manifest.db.row(
                "SELECT state FROM attempts WHERE nonce = ?", (each.nonce,)
            )
            if known is None:
                self._add_sent_elsewhere(each)
            elif known[0] != "accepted":
                # It was sent once more, whatever had become of it here.
                self._write(
                    "UPDATE attempts SET state = 'sending', labels_version = 0 WHERE nonce = ?",
                    (each.nonce,),
                )

    def _add_sent_elsewhere(self, sent: Begun) -> None:
        row = self._manifest.db.row(
            "SELECT coalesce(max(number), 0) FROM attempts WHERE job = ?", (sent.job,)
        )
        assert row is not None
        attempt = AttemptRecord(
            job=sent.job,
            number=max(sent.attempt, row[0] + 1),
            nonce=sent.nonce,
            state="sending",
            labels_version=0,
            begun_at=self._transaction.at,
        )
        self._write(*ATTEMPTS.insertion(attempt))
        self._write(
            "UPDATE jobs SET wanted_attempt = max(wanted_attempt, ?) "
            "WHERE idx = ? AND remote_id IS NULL",
            (attempt.number, sent.job),
        )
        self._log("sent_elsewhere", job=sent.job, attempt=attempt.number)

    def accept(
        self,
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
        number = _number(attempt)
        remote = RemoteRecord(
            id=remote_id,
            job=attempt.job,
            attempt=number,
            nonce=attempt.nonce,
            service_status=status,
            submitted_at=in_utc(created) or self._transaction.at,
            labels_version=labels_version,
        )
        self._write(*REMOTES.insertion(remote))
        self._change(attempt, "state = 'accepted', error = ''")
        self._write(
            "UPDATE jobs SET remote_id = ? WHERE idx = ? AND remote_id IS NULL",
            (remote_id, attempt.job),
        )
        kind = "adopted" if adopted else "submitted"
        self._log(kind, job=attempt.job, attempt=number, remote_id=remote_id)

    def withdraw(self, intent: Intent, error: str) -> None:
        """Undo an intent that certainly created nothing: the job waits to be sent again.

        Its nonce is kept: should something have been created all the same, it is known for ours.
        """
        self._change(intent, "state = 'withdrawn', error = ?", error)
        self._log("not_sent", error, job=intent.job, attempt=intent.attempt)

    def refuse(
        self, intent: Intent, error: str, code: int | None, trace: str | None = None
    ) -> None:
        """Record that the service does not take this job as it is.

        `trace` is what its support desk wants to know; it stands among the events.
        """
        self._change(intent, "state = 'refused', error = ?, error_code = ?", error, code)
        detail = f"{error} Trace {trace}." if trace else error
        self._log("refused", detail, job=intent.job, attempt=intent.attempt)

    def mark_unsure(self, attempt: AttemptRecord | Intent, error: str, at: Instant) -> None:
        """Record that nobody knows whether a request did its work; it was sent by `at`."""
        self._change(
            attempt,
            "state = 'unsure', unsure_since = ?, missed = NULL, error = ?",
            at.write(),
            error,
        )
        self._log("unsure", error, job=attempt.job, attempt=_number(attempt))

    def mark_orphans_unsure(self, at: Instant) -> int:
        """Mark what a process that is gone was sending as unsure; return how many attempts.

        To be called while the set's lock and its lease are held: whoever was sending held them,
        from this file or a copy, so at `at`, now, nothing of theirs is on its way out any more.
        When they died is not known.
        """
        orphans = [a for a in self._manifest.attempts() if a.state == "sending"]
        for attempt in orphans:
            self.mark_unsure(attempt, "the process that sent it ended", at)
        return len(orphans)

    def miss(self, attempt: AttemptRecord, at: Instant, *, proven: bool) -> None:
        """Record that a full listing, begun at `at`, did not show an unsure attempt.

        With `proven` that was the last one needed: nothing was created, and the job may be sent
        again, as a new attempt. The old one stays watched as long as the set is open.
        """
        if not proven:
            self._change(attempt, "missed = ?", at.write())
            return
        self._change(attempt, "state = 'absent'")
        self._write(
            "UPDATE jobs SET wanted_attempt = ? WHERE idx = ? AND wanted_attempt = ?",
            (attempt.number + 1, attempt.job, attempt.number),
        )
        self._log(
            "absent",
            "absent from two full listings: it never reached the service",
            job=attempt.job,
            attempt=attempt.number,
        )

    def hold_back(self) -> int:
        """Cancel what waits, once as many jobs have failed as the set allows.

        Those count whose failure would repeat itself. Return how many are held back by that.
        """
        most = self._manifest.job_set().max_fails
        if most is None or (failed := self._count_repeating()) < most:
            return 0
        held = self._write(
            """UPDATE jobs SET wanted = 'cancel'
               WHERE wanted = 'run' AND remote_id IS NULL AND NOT EXISTS (
                   SELECT 1 FROM attempts a
                   WHERE a.job = idx AND a.number = wanted_attempt AND a.state <> 'withdrawn')"""
        )
        if held:
            self._log(
                "held_back",
                f"{held} jobs, because {failed} have failed in a way that would repeat itself",
            )
        return held

    def _count_repeating(self) -> int:
        """Count the jobs that have failed for what they are, or were refused by the service."""
        marks = ", ".join("?" * len(_REPEATING))
        row = self._manifest.db.row(
            f"""SELECT count(*) FROM jobs j
                LEFT JOIN attempts a ON a.job = j.idx AND a.number = j.wanted_attempt
                LEFT JOIN remotes r ON r.id = j.remote_id
                WHERE (r.id IS NULL AND a.state = 'refused')
                   OR (lower(r.status) = 'failed' AND r.reason_code IN ({marks}))""",  # noqa: S608
            _REPEATING,
        )
        return int(row[0]) if row else 0

    def open_batch(self, batch: str) -> None:
        """Record a new batch on the service."""
        self._write("INSERT INTO batches VALUES (?, ?, NULL)", (batch, self._transaction.at))
        self._log("batch_opened", batch)

    def close_batch(self, batch: str, why: str) -> None:
        """Record that a batch takes no jobs any more."""
        self._write("UPDATE batches SET closed_at = ? WHERE id = ?", (self._transaction.at, batch))
        self._log("batch_closed", f"{batch}: {why}")

    def _change(self, attempt: AttemptRecord | Intent, change: str, *values: object) -> None:
        self._write(
            f"UPDATE attempts SET {change} WHERE job = ? AND number = ?",  # noqa: S608
            (*values, attempt.job, _number(attempt)),
        )


def _number(attempt: AttemptRecord | Intent) -> int:
    return attempt.attempt if isinstance(attempt, Intent) else attempt.number
