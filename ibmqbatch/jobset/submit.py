"""Sending what waits to be sent: once each.

Jobs of a set may go into a batch, which the service prepares and runs together. It is opened when
its first job is about to leave, and drained when the last one has left: it then takes no more, and
runs what it has. One that cannot be drained closes when its time is over; so does one whose opening
was answered by nobody, and it costs nothing. The service may close a batch early; what is still to
be sent gets another.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from ..errors import Argument, Call, LimitError, Words
from ..manifest.lease import Begun, Lease
from ..manifest.manifest import Transaction
from ..manifest.records import PubRecord, SetRecord
from ..manifest.submissions import Intent
from ..service.errors import (
    AuthenticationFailed,
    Busy,
    Conflict,
    Firewalled,
    NotFound,
    ProgramRefused,
    Refused,
    Reserved,
    ServiceError,
    SessionClosed,
    TooManyPending,
)
from ..service.pace import Grant, Pace, Pending
from .device import device_from_wire
from .job_writer import JobWriter, choose_program
from .request import AUTO
from .tags import labels
from .work import RequestPool, Work

__all__ = ["Sent", "current_batch", "drain_batches", "send"]

_SLICE = 10.0  # seconds after which the set's lock is offered to others
_WARY_SLICE = 1.0  # the same, where it has to be seen whether what was sent fails
_BYTES_IN_FLIGHT = 64_000_000
_BUSY_WAIT = 60.0  # seconds, when a busy service does not say how long
_PENDING_AGE = 10.0  # seconds for which what a listing told of the jobs that wait is good
_MINUTE = 60.0  # seconds
_NO_BACKEND = 1216

# Refusals that are about the account, the backend or the moment, not about this one job: every
# other job would meet the same.
_STOPPERS = (
    AuthenticationFailed,
    Busy,
    Conflict,
    NotFound,
    ProgramRefused,
    Reserved,
    TooManyPending,
)


@dataclass(frozen=True, slots=True)
class _Outgoing:
    """One job on its way: what is needed to send it, without the manifest."""

    intent: Intent
    ticket: str
    size: int
    pubs: list[PubRecord] = field(repr=False)
    tags: list[str]
    batch: str | None


@dataclass(frozen=True, slots=True)
class Sent:
    """How a round of sending ended: the seconds until more may be sent, where something holds."""

    wait: float | None = None


def send(work: Work, record: SetRecord) -> Sent:
    """Send jobs until none waits, the pace holds, an answer stays away, or a time slice is over.

    `record` is that of the set since it was observed. Each is sent after its intent has been
    committed; what came of it is committed before the place in flight is used again. Raises the
    ServiceError that stops every job, after those in flight have completed.
    """
    kept = work.lease
    if record.max_fails is not None:
        with work.manifest.transaction() as change:
            _hold_back(work, change)
    waiting = len(work.manifest.unsent(record.total_jobs))
    if not waiting:
        return Sent()
    if kept is None or kept.since(record.generation) is None:
        # Another copy of the file has claimed the set since this one looked.
        work.sole_sender = False
        return Sent(0.0)
    return _Sender(work, record, kept, waiting).run()


def _hold_back(work: Work, change: Transaction) -> None:
    """Hold the rest of a set back in which as much has failed as its owner allows."""
    held = change.submissions.hold_back()
    if held:
        set_id = work.manifest.snapshot().record.id
        retry = Call("retry", set_id, (Argument("cancelled", value=True),), method="retry")
        work.observer.note(
            Words(
                "Jobs fail in a way that would repeat itself: {} are not sent. {} sends them all "
                "the same.",
                held,
                retry,
            )
        )


class _Sender:
    def __init__(self, work: Work, record: SetRecord, kept: Lease, waiting: int) -> None:
        self._work = work
        self._record = record
        self._kept = kept
        self._generation = record.generation
        self._pace: Pace = work.client.pace()
        self._total = record.total_jobs
        self._waiting = waiting
        self._begun = work.clock.monotonic()
        self._flying_bytes = 0
        self._wait: float | None = None
        self._error: ServiceError | None = None
        self._pending: Pending | None = None  # as last counted
        self._full: TooManyPending | None = None
        self._held = False  # by the pace or the pending window: more may leave later
        self._stopped = False  # by an answer: nothing may leave in this round
        self._batch: str | None = None
        # Or will have, in this round.
        self._batch_served = record.batch and bool(work.manifest.open_batches())
        device = work.manifest.device()
        self._writer = JobWriter(
            record,
            choose_program(record.program, self._pace.refused_programs()),
            None if device is None else device_from_wire(record.backend, *device),
        )

    def run(self) -> Sent:
        with RequestPool(self._post) as pool:
            completed: list[tuple[_Outgoing, str | ServiceError]] = []
            while True:
                # First, so that none of them takes up room twice: as sent, and as listed.
                self._pace.answered(job.ticket for job, _ in completed)
                sizes = self._next(pool.room)
                tickets = self._tickets(len(sizes))
                # One transaction for what has completed and what leaves next.
                with self._work.manifest.transaction() as change:
                    for job, answer in completed:
                        self._record_answer(change, job, answer)
                    outgoing = [] if self._stopped else self._prepare(change, sizes, tickets)
                if outgoing:
                    # Before they leave: a file that does not know of them must not send any more.
                    self._kept.add(self._generation, [_begun(each.intent) for each in outgoing])
                self._pace.unused(tickets[len(outgoing) :])
                self._report()
                for job in outgoing:
                    pool.send(job)
                if not len(pool):
                    break
                completed = pool.completed()
        if self._full is not None:
            self._learn_pending(self._full)
        if self._error is not None:
            raise self._error
        return Sent(self._wait)

    def _post(self, job: _Outgoing) -> str:
        return self._work.client.submit(
            self._writer.body(job.intent, job.pubs, job.tags, job.batch)
        )

    def _next(self, room: int) -> dict[int, int]:
        """Return the jobs that may leave next, with their sizes: within what may be in flight."""
        work = self._work
        slice_ = _SLICE if self._record.max_fails is None else _WARY_SLICE
        late = work.clock.monotonic() - self._begun > slice_
        if self._stopped or self._held or late or work.clock.interrupted.is_set():
            return {}
        sizes: dict[int, int] = {}
        for job, first, last in work.manifest.unsent(room):
            size = work.manifest.pubs_size(first, last)
            flying = self._flying_bytes + sum(sizes.values())
            if flying and flying + size > _BYTES_IN_FLIGHT:
                break
            sizes[job] = size
        return sizes

    def _tickets(self, wanted: int) -> tuple[str, ...]:
        """Ask the pace, and the service where it limits how many jobs may wait, for leave."""
        if not wanted:
            return ()
        grant = Grant((), 0.0)
        try:
            grant = self._reserve(wanted)
            if grant.tickets and self._record.batch and self._batch is None:
                self._batch = current_batch(self._work)
        except ServiceError as error:
            self._pace.unused(grant.tickets)
            # What has completed is to be recorded first.
            self._error, self._stopped = self._error or error, True
            return ()
        if len(grant.tickets) < wanted:
            self._held = True
            if grant.wait:
                self._tell_pace()
                self._wait = grant.wait
            else:
                # When it ends nobody knows: the account's poll interval decides.
                self._tell_pending()
        return grant.tickets

    def _reserve(self, wanted: int) -> Grant:
        """Ask for leave; the jobs that wait are counted anew only where that may give more."""
        limit = self._pending_limit()
        if limit is None:
            return self._pace.reserve(wanted)
        counted = self._pending
        if counted is not None and self._work.clock.now() - counted.at < _PENDING_AGE:
            grant = self._pace.reserve(wanted, counted)
            if not grant.full:
                return grant
            self._pace.unused(grant.tickets)
        self._pending = Pending(0, limit, self._work.clock.now())
        self._pending = replace(self._pending, count=self._count_pending())
        return self._pace.reserve(wanted, self._pending)

    def _count_pending(self) -> int:
        return self._work.client.jobs(pending=True, limit=1).count or 0

    def _pending_limit(self) -> int | None:
        """Return how many jobs may wait: as the account says, or as the service has taught."""
        limit = self._work.client.account.max_pending
        return self._pace.pending_limit() if limit is None else limit

    def _learn_pending(self, error: TooManyPending) -> None:
        """After a refusal: keep how many may wait, as it told, or else how many do at present."""
        try:
            limit = error.limit or self._count_pending()
        except ServiceError:
            return  # the next refusal teaches it
        self._pace.learn_pending(limit, told=error.limit is not None)
        self._tell_pending()

    def _tell_pending(self) -> None:
        """Say once why sending stands still, and that it goes on by itself."""
        limit = self._pending_limit()
        if limit is None:
            return
        jobs = "waiting job" if limit == 1 else "waiting jobs"
        self._work.note_once(
            "pending", f"The service takes {limit} {jobs} at a time; the rest follow as these end."
        )

    def _tell_pace(self) -> None:
        """Say once why sending stands still, and how long all of it takes."""
        limit, window = self._pace.figures()
        if limit is None:
            return
        left = self._waiting / limit * window
        how_long = f"{left:.0f} s" if left < _MINUTE else f"{left / _MINUTE:.0f} min"
        self._work.note_once(
            "pace",
            f"Paced at {limit} submissions in {window:.0f} s: sending takes about {how_long}.",
        )

    def _prepare(
        self, change: Transaction, sizes: dict[int, int], tickets: Sequence[str]
    ) -> list[_Outgoing]:
        """Commit to the next jobs, and return what is needed to send them."""
        manifest, record = self._work.manifest, self._record
        if record.max_fails is not None:
            # What was refused a moment ago counts, too.
            _hold_back(self._work, change)
        if not tickets:
            return []
        intents = change.submissions.begin(list(sizes)[: len(tickets)], record.labels_version)
        if intents:
            self._generation = change.submissions.change_generation()
        self._flying_bytes += sum(sizes[intent.job] for intent in intents)
        return [
            _Outgoing(
                intent,
                ticket,
                sizes[intent.job],
                manifest.pubs(intent.first_place, intent.last_place),
                labels(record, intent, intent),
                self._batch,
            )
            for intent, ticket in zip(intents, tickets, strict=False)
        ]

    def _record_answer(
        self, change: Transaction, job: _Outgoing, answer: str | ServiceError
    ) -> None:
        self._flying_bytes -= job.size
        intent, submissions = job.intent, change.submissions
        if isinstance(answer, str):
            submissions.accept(intent, answer, self._record.labels_version)
            self._waiting -= 1
            self._batch_served = True
        elif not answer.nothing_created:
            submissions.mark_unsure(intent, answer.message, self._work.clock.instant())
            if isinstance(answer, Firewalled):
                # Whoever runs the network here can do something about it; waiting may not.
                self._work.observer.note(f"{answer.message} {answer.hint}")
            # Find out what came of it before more is sent to where answers get lost.
            self._stopped = True
        elif job.batch is not None and _is_about_the_batch(answer):
            submissions.withdraw(intent, answer.message)
            self._change_batch(change, job.batch, answer)
        elif isinstance(answer, ProgramRefused) and self._record.program == AUTO:
            submissions.withdraw(intent, answer.message)
            self._change_program()
        elif isinstance(answer, Refused) and not isinstance(answer, _STOPPERS):
            submissions.refuse(intent, answer.message, answer.number, answer.trace)
            self._waiting -= 1
        else:
            submissions.withdraw(intent, answer.message)
            self._stop_for(answer)

    def _change_batch(self, change: Transaction, batch: str, error: ServiceError) -> None:
        """Let the next round open another batch; one that never took a job is an error."""
        self._stopped = True
        if batch in self._work.manifest.open_batches():
            change.submissions.close_batch(batch, error.message)
        if self._batch_served:
            self._wait = 0.0
        else:
            self._error = self._error or error

    def _change_program(self) -> None:
        """Let the next round send with another program, which may say that there is none."""
        refused = self._writer.program
        self._stopped, self._wait = True, 0.0
        self._pace.learn_refused(refused)
        self._work.note_once(
            f"{refused} is refused",
            f"The service does not take the program {refused}: the next one is tried.",
        )

    def _stop_for(self, error: ServiceError) -> None:
        """Stop sending, because of something that every job would meet."""
        self._stopped = True
        if isinstance(error, Busy):
            if error.rate is not None:
                self._pace.learn(*error.rate)
                self._work.noted.discard("pace")
            window = _BUSY_WAIT if error.rate is None else error.rate[1]
            self._wait = error.retry_after or window
            self._pace.block(self._wait)
            self._work.observer.note(f"{error.message} Going on in {self._wait:.0f} s.")
        elif isinstance(error, TooManyPending):
            self._full = error
        elif isinstance(error, Conflict):
            self._error = self._error or _Exhausted(error)
        else:
            self._error = self._error or error

    def _report(self) -> None:
        self._work.observer.progress("sending", self._total - self._waiting, self._total)


def _begun(intent: Intent) -> Begun:
    return Begun(intent.job, intent.attempt, intent.nonce)


def _is_about_the_batch(error: ServiceError) -> bool:
    """Return whether a job was refused because its batch takes none, or is not there.

    Which code an unknown session has is unconfirmed; a 404 here is that, or an unknown backend.
    """
    if isinstance(error, NotFound):
        return error.number != _NO_BACKEND
    return isinstance(error, SessionClosed) or (
        isinstance(error, Refused) and "session" in error.message.lower()
    )


class _Exhausted(ServiceError, LimitError):
    """The instance has used up its time; nothing more is taken."""

    code = LimitError.code
    exit_code = LimitError.exit_code
    nothing_created = True

    def __init__(self, error: Conflict) -> None:
        super().__init__(error.message, error.hint or "Wait for the next usage period.")
        self.trace = error.trace


def current_batch(work: Work) -> str:
    """Return the batch that jobs go into, opened if there is none; raises a ServiceError."""
    manifest = work.manifest
    found = manifest.open_batches()
    if found:
        return found[-1]
    batch = work.client.open_batch(manifest.snapshot().record.backend)
    with manifest.transaction() as change:
        change.submissions.open_batch(batch)
    return batch


def drain_batches(work: Work) -> None:
    """Close batches to further jobs once nothing is left to send.

    Where that fails it is tried again by the next process: nothing waits for it.
    """
    manifest = work.manifest
    batches = manifest.open_batches()
    if not batches or work.drain_failed or manifest.unsent(1):
        return
    if any(job.unsure or job.leaving for job in manifest.snapshot().jobs):
        return
    for batch in batches:
        try:
            work.client.close_batch(batch)
        except Refused as error:
            # It is shut, or gone: either way it takes no more.
            why = error.message
        except ServiceError as error:
            work.drain_failed = True
            work.observer.note(f"The batch {batch} cannot be closed now: {error.message}")
            return
        else:
            why = "all jobs are sent"
        with manifest.transaction() as change:
            change.submissions.close_batch(batch, why)
