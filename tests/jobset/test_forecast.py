"""How long a set still takes: unknown as long as nothing is known, and no jump for no reason."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

import pytest

from ibmqbatch.clock import iso
from ibmqbatch.jobset.forecast import Advice, Forecast, forecast
from ibmqbatch.manifest.records import JobRecord
from ibmqbatch.service.pace import PaceState
from tests.jobset.support import record
from tests.support.manifests import remote

BEGUN = 1_800_000_000.0
NOTHING_TOLD = Advice()
NO_PACE = PaceState(None, 60.0, 0.0, 0)


def job(
    index: int,
    sent: float | None = None,
    ended: float | None = None,
    *,
    running: float | None = None,
    circuits: int = 1,
    **more: object,
) -> JobRecord:
    """Return a job that was sent, seen to run and done so many seconds after the beginning."""
    told = None
    if sent is not None:
        word = "Queued" if running is None else "Running"
        told = remote(
            word if ended is None else "Completed",
            submitted_at=iso(BEGUN + sent),
            running_at=None if running is None else iso(BEGUN + running),
            finished_at=None if ended is None else iso(BEGUN + ended),
            **more,
        )
    first = index * circuits
    state = None if told is None else "accepted"
    span = first, first + circuits - 1
    return JobRecord(index, *span, *span, 0, 100, "run", 1, state, "", None, told)


def at(
    seconds: float,
    jobs: Sequence[JobRecord],
    pace: PaceState | None = NO_PACE,
    advice: Advice = NOTHING_TOLD,
    **changes: object,
) -> Forecast:
    made = replace(record(created_at=iso(BEGUN)), **changes)
    return forecast(made, jobs, BEGUN + seconds, pace, advice)


def test_without_a_job_that_has_ended_the_time_left_is_unknown():
    assert at(100, [job(0, 0), job(1, 0, running=5)]).left is None


def test_the_first_end_tells_of_the_others():
    jobs = [job(0, 0, 10), *(job(n, 0) for n in range(1, 4))]
    assert at(10, jobs).left == pytest.approx(30)


def test_a_job_counts_by_its_circuits():
    small, large = job(0, 0, 10), replace(job(1, 0), first_place=1, last_place=3)
    assert at(10, [small, large]).left == pytest.approx(30)


def test_jobs_side_by_side_are_taken_for_as_quick_as_they_are_together():
    jobs = [*(job(n, 0, 10) for n in range(5)), *(job(n, 0) for n in range(5, 10))]
    assert at(10, jobs).left == pytest.approx(10)


def test_a_pause_in_which_nothing_was_sent_does_not_count():
    jobs = [job(0, 0, 10), job(1, 86_400, 86_410), job(2, 86_400)]
    assert at(86_410, jobs).left == pytest.approx(10)


def test_a_long_queue_is_forgotten_as_jobs_end():
    queued = job(0, 0, 3600)
    ended = [job(n, 0, 3600 + 10 * n) for n in range(1, 150)]
    assert at(5090, [queued, *ended, job(150, 0)]).left == pytest.approx(10, abs=0.5)


def test_the_time_left_counts_down_and_stands_still_once_the_next_end_is_late():
    jobs = [job(0, 0, 10), *(job(n, 0) for n in range(1, 4))]
    lefts = [at(10 + second, jobs).left for second in range(0, 40, 2)]
    assert lefts[0] == pytest.approx(30)
    assert lefts[5:] == pytest.approx([20] * 15)
    assert all(now <= before for before, now in pairwise(lefts))


def test_what_takes_far_longer_than_what_was_like_it_is_unknown():
    jobs = [job(0, 0, 10), job(1, 0)]
    assert at(25, jobs).left == 0
    assert at(31, jobs).left is None


def test_a_paced_set_takes_as_long_as_its_pace():
    jobs = [*(job(n, 0, 1) for n in range(5)), *(job(n) for n in range(5, 50))]
    # 45 to send, 5 a minute, the first of them in 40 s: the last one leaves after 8 more minutes.
    left = at(20, jobs, PaceState(5, 60.0, 40.0, 5)).left
    assert left == pytest.approx(40 + 8 * 60 + 0.2)


def test_a_paced_set_counts_down_without_a_jump():
    lefts = []
    for second in range(0, 60, 5):
        jobs = [*(job(n, 0, 1) for n in range(5)), *(job(n) for n in range(5, 50))]
        lefts.append(at(second, jobs, PaceState(5, 60.0, 60.0 - second, 5)).left)
    steps = {round(before - now, 6) for before, now in pairwise(lefts)}
    assert steps == {5.0}


def test_without_the_pace_a_set_that_is_not_sent_takes_an_unknown_time():
    jobs = [job(0, 0, 10), job(1)]
    assert at(10, jobs, None).left is None
    assert at(10, jobs, None).next_submission is None


def test_a_copy_that_sends_nothing_waits_for_no_submission():
    found = at(10, [job(0, 0, 10), job(1)], copied_at=iso(BEGUN))
    assert (found.left, found.next_submission, found.unsent_jobs) == (None, None, 1)


def test_before_the_first_end_the_plan_and_the_queue_tell():
    jobs = [job(0, 0), job(1, 0)]
    known = Advice(queue_seconds=600.0)
    assert at(0, jobs, advice=known, estimated_seconds=8.0).left == pytest.approx(608)
    assert at(60, jobs, advice=known, estimated_seconds=8.0).left == pytest.approx(548)
    assert at(0, jobs, estimated_seconds=8.0).left is None


def test_of_a_job_that_runs_the_plan_tells_without_the_queue():
    jobs = [job(0, 0, running=100), job(1, 0)]
    assert at(101, jobs, estimated_seconds=8.0).left == pytest.approx(7)


def test_exact_times_count_for_more_than_observed_ones():
    told = {"timestamps": {"running": iso(BEGUN + 20), "finished": iso(BEGUN + 22)}}
    jobs = [job(0, 0, 30, metrics=told), job(1, 22)]
    assert at(22, jobs).left == pytest.approx(2)


def test_what_is_over_has_no_time_left_and_its_clock_stands():
    found = at(1000, [job(0, 0, 10), job(1, 0, 12)], None)
    assert (found.left, found.elapsed, found.done_jobs) == (0.0, pytest.approx(12), 2)


def test_a_circuit_is_done_when_all_its_repeats_are():
    jobs = [job(0, 0, 1), replace(job(0, 0), repeat=1), job(1, 0, 1)]
    assert at(2, jobs).done_circuits == 1


def test_used_seconds_are_those_that_were_fetched():
    told = {"usage": {"qpu_charge_time_seconds": 3, "status": "complete"}}
    assert at(2, [job(0, 0, 1, metrics=told), job(1, 0, 1)]).used == 3.0
    assert at(2, [job(0, 0, 1)]).used is None
