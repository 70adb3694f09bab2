"""How far a set is, and how long the rest takes: an estimate that learns from what has ended.

A pure function of what is written down, of the time and of what the service has told. Where nothing
is known of how long jobs take, the time that is left is unknown: no figure is invented.

Jobs that have ended tell the *pace of running*: the time during which any of them was on the
service, for each execution of a circuit in them. A pause in which none was, because of the pace or
because nobody sent any, does not count. Only the latest jobs do, so that a queue that was long in
the beginning is forgotten. Before the first job has ended the plan's estimate of the quantum
processor stands in, with the service's own estimate of how long jobs wait.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from ..manifest.records import JobRecord, JobStatus, SetRecord
from ..service.pace import PaceState
from .usage import read_metrics

__all__ = ["Advice", "Forecast", "forecast"]

_LATEST = 100  # jobs that have ended are learnt from
_PATIENCE = 2.0  # times what was left: what takes longer is not understood


@dataclass(frozen=True, slots=True)
class Advice:
    """What the service tells besides: None where it does not.

    `queue_length` jobs wait at the backend, for `queue_seconds` as a rule; `instance_left` are the
    seconds of the quantum processor that the instance may still use.
    """

    queue_length: int | None = None
    queue_seconds: float | None = None
    instance_left: float | None = None


@dataclass(frozen=True, slots=True)
class Forecast:
    """Times are in seconds; None is unknown.

    `elapsed` is counted from the plan to now, or to the end of the last job. `done_circuits` have
    run in all of their repeats; the results of `stored_jobs` are here. Of `unsent_jobs` the next
    may leave in `next_submission`. `left` is the time until all jobs have ended. `used` is what
    jobs have used of the quantum processor, as far as that was fetched.
    """

    elapsed: float
    left: float | None
    done_jobs: int
    done_circuits: int
    stored_jobs: int
    unsent_jobs: int
    next_submission: float | None
    used: float | None
    advice: Advice


@dataclass(frozen=True, slots=True)
class _Run:
    """A job on the service: how much is in it, and from when until when it was there (epoch)."""

    weight: int
    begun: float
    ended: float


def forecast(
    record: SetRecord,
    jobs: Sequence[JobRecord],
    now: float,
    pace: PaceState | None = None,
    advice: Advice = Advice(),
) -> Forecast:
    """Tell how far a set is at `now` (epoch); `pace` None: it is not known when jobs may leave."""
    unsent = [job for job in jobs if job.unsent]
    over = all(job.status.final for job in jobs)
    ends = [_epoch(job.remote.finished_at) for job in jobs if job.remote]
    last = max((end for end in ends if end is not None), default=None)
    begun = _epoch(record.created_at) or now
    held = record.copied_at is not None  # nobody sends from here
    sending = None if held or not unsent or pace is None else pace
    return Forecast(
        elapsed=max(0.0, (last if over and last is not None else now) - begun),
        left=0.0 if over else _left(record, jobs, now, pace, advice),
        done_jobs=sum(job.status is JobStatus.DONE for job in jobs),
        done_circuits=_done_circuits(jobs),
        stored_jobs=sum(job.stored for job in jobs),
        unsent_jobs=len(unsent),
        next_submission=None if sending is None else sending.wait,
        used=_used(jobs),
        advice=advice,
    )


def _left(
    record: SetRecord,
    jobs: Sequence[JobRecord],
    now: float,
    pace: PaceState | None,
    advice: Advice,
) -> float | None:
    """Return the seconds until the last job has ended.

    That is the later of two: when the last one can have left and run, and when as much as is left
    has run.
    """
    waiting = [job for job in jobs if not job.status.final]
    unsent = [job for job in waiting if job.unsent]
    if unsent and (pace is None or record.copied_at is not None):
        return None
    per_weight, spacing, last_end = _pace_of_running(jobs)
    begun = [_begun(job) for job in waiting]
    started = [at for at in begun if at is not None]
    queue = 0.0
    if per_weight is None:
        if record.estimated_seconds is None:
            return None
        total = sum(map(_weight, jobs))
        per_weight = record.estimated_seconds / total
        spacing = per_weight * _weight(waiting[0])
        running = [
            at
            for job in waiting
            if job.remote is not None and (at := _epoch(job.remote.running_at)) is not None
        ]
        if running:
            last_end = min(running)
        elif advice.queue_seconds is None:
            return None
        else:
            queue = advice.queue_seconds
            last_end = min(started, default=now)
    # Since when the next one is due: as long as none was on the service, none was.
    since = max(last_end, min(started)) if started else now
    passed = max(0.0, now - since)
    work = queue + per_weight * sum(map(_weight, waiting))
    # What is late moves the end away, and is not understood in the end.
    if not unsent and passed > _PATIENCE * work:
        return None
    running_left = max(0.0, work - min(passed, queue + spacing))
    if not unsent:
        return running_left
    assert pace is not None
    return max(running_left, pace.seconds_for(len(unsent)) + per_weight * _weight(unsent[-1]))


def _pace_of_running(jobs: Iterable[JobRecord]) -> tuple[float | None, float, float]:
    """Return the seconds that an execution takes, those between two ends, and the last end (epoch).

    None, and two zeroes, where no job has ended as it should.
    """
    runs = heapq.nlargest(_LATEST + 1, _runs(jobs), key=lambda run: run.ended)
    # Of the time before the latest ones nothing is counted.
    until = runs.pop().ended if len(runs) > _LATEST else 0.0
    weight = sum(run.weight for run in runs)
    if not weight:
        return None, 0.0, 0.0
    busy = 0.0
    for run in sorted(runs, key=lambda run: run.begun):
        busy += max(0.0, run.ended - max(run.begun, until))
        until = max(until, run.ended)
    # Several whose ends were seen by one look count as one.
    ends = len({run.ended for run in runs})
    return busy / weight, busy / ends, until


def _runs(jobs: Iterable[JobRecord]) -> Iterable[_Run]:
    """Yield the jobs that have run to their end, by the exact times where these were fetched."""
    for job in jobs:
        if job.status is not JobStatus.DONE or job.remote is None:
            continue
        exact = read_metrics(job.remote)
        ended = _epoch(exact.finished_at if exact else None) or _epoch(job.remote.finished_at)
        begun = _epoch(exact.running_at if exact else None) or _begun(job)
        if ended is not None and begun is not None:
            yield _Run(_weight(job), min(begun, ended), ended)


def _begun(job: JobRecord) -> float | None:
    """Return since when a job runs, as far as that was seen, or else is on the service."""
    remote = job.remote
    return None if remote is None else _epoch(remote.running_at) or _epoch(remote.submitted_at)


def _weight(job: JobRecord) -> int:
    return job.shots * job.total_circuits


def _done_circuits(jobs: Iterable[JobRecord]) -> int:
    """Count circuits whose repeats are all done: each repeat has jobs of the same circuits."""
    spans: dict[tuple[int, int], bool] = {}
    for job in jobs:
        span = job.first_place, job.last_place
        spans[span] = spans.get(span, True) and job.status is JobStatus.DONE
    return sum(last - first + 1 for (first, last), done in spans.items() if done)


def _used(jobs: Iterable[JobRecord]) -> float | None:
    known = [
        metrics.seconds
        for job in jobs
        if job.remote is not None
        and (metrics := read_metrics(job.remote)) is not None
        and metrics.seconds is not None
    ]
    return sum(known) if known else None


def _epoch(at: str | None) -> float | None:
    return None if at is None else datetime.fromisoformat(at).timestamp()
