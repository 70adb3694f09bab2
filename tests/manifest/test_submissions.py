"""What is committed before a request and after it, and which jobs may be sent."""

from __future__ import annotations

import pytest

from ibmqbatch.clock import Instant
from ibmqbatch.manifest.compression import pack
from ibmqbatch.manifest.manifest import Manifest
from ibmqbatch.manifest.records import JobStatus
from tests.support.manifests import begin, kinds, sent


def at(seconds: float) -> Instant:
    return Instant(1e9 + seconds, seconds, "boot")


def unsent(manifest: Manifest) -> list[int]:
    return [job for job, _, _ in manifest.unsent(100)]


def doubted(manifest: Manifest, job: int = 0):
    (intent,) = begin(manifest, job)
    with manifest.transaction() as change:
        change.submissions.mark_unsure(intent, "no answer", at(1000))
    return next(a for a in manifest.attempts() if (a.job, a.number) == (job, intent.attempt))


def found_absent(manifest: Manifest, job: int = 0):
    attempt = doubted(manifest, job)
    with manifest.transaction() as change:
        change.submissions.miss(attempt, at(2000), proven=True)
    return attempt


def stand(manifest: Manifest, remote_id: str, word: str) -> None:
    """Have the service say `word` of a job."""
    remote = next(r for r in manifest.remotes() if r.id == remote_id)
    with manifest.transaction() as change:
        change.jobs.observe(
            remote,
            status=word,
            reason="",
            reason_code=None,
            solution="",
            private=False,
            at=3000.0,
        )


def test_planned_jobs_wait_in_order(manifest):
    assert manifest.unsent(2) == [(0, 0, 1), (1, 2, 3)]


def test_job_with_an_intent_waits_no_more(manifest):
    begin(manifest, 0, 1)
    assert unsent(manifest) == [2]


def test_intent_is_durable_before_anything_is_sent(manifest, path):
    (intent,) = begin(manifest, 1)
    with Manifest.open(path) as other:
        (attempt,) = other.attempts()
    assert (attempt.job, attempt.number, attempt.state) == (1, 1, "sending")
    assert attempt.nonce == intent.nonce


def test_nonces_are_unique_and_of_60_bits_or_more(manifest):
    nonces = {intent.nonce for intent in begin(manifest, 0, 1, 2)}
    assert len(nonces) == 3
    assert all(len(nonce) * 5 >= 60 for nonce in nonces)


def test_intent_is_made_once(manifest):
    begin(manifest, 0)
    assert begin(manifest, 0) == []


def test_job_that_somebody_cancelled_meanwhile_gets_no_intent(manifest, path):
    waiting = unsent(manifest)
    with Manifest.open(path) as other:
        other.wants.cancel([1])
    assert [intent.job for intent in begin(manifest, *waiting)] == [0, 2]


def test_accepted_job_is_queued(manifest):
    sent(manifest, 0, "r1")
    job = manifest.jobs()[0]
    assert (job.status, job.remote.id, job.unsure) == (JobStatus.QUEUED, "r1", False)


def test_withdrawn_job_waits_again_as_the_same_attempt(manifest):
    (intent,) = begin(manifest, 0)
    with manifest.transaction() as change:
        change.submissions.withdraw(intent, "no connection")
    assert unsent(manifest) == [0, 1, 2]
    assert begin(manifest, 0)[0].attempt == 1


def test_refused_job_has_failed_and_is_not_sent_again(manifest):
    (intent,) = begin(manifest, 0)
    with manifest.transaction() as change:
        change.submissions.refuse(intent, "bad circuit", 1208)
    job = manifest.jobs()[0]
    assert (job.status, job.reason) == (JobStatus.ERROR, "bad circuit")
    assert unsent(manifest) == [1, 2]


def test_doubted_job_is_unsure_and_is_not_sent_again(manifest):
    doubted(manifest)
    job = manifest.jobs()[0]
    assert job.unsure
    assert job.status is JobStatus.INITIALIZING
    assert "unsure" in job.reason
    assert unsent(manifest) == [1, 2]


def test_job_under_way_is_leaving_and_waits_no_more(manifest):
    begin(manifest, 0)
    job = manifest.jobs()[0]
    assert job.leaving
    assert not job.unsent
    assert job.status is JobStatus.INITIALIZING


def test_what_a_dead_process_was_sending_is_doubted(manifest):
    begin(manifest, 0, 1)
    with manifest.transaction() as change:
        assert change.submissions.mark_orphans_unsure(at(5000)) == 2
    assert {(a.state, a.unsure_since) for a in manifest.attempts()} == {("unsure", at(5000))}


def test_doubt_is_not_renewed(manifest):
    doubted(manifest)
    with manifest.transaction() as change:
        assert change.submissions.mark_orphans_unsure(at(5000)) == 0
    assert manifest.attempts()[0].unsure_since == at(1000)


def test_first_miss_proves_nothing(manifest):
    attempt = doubted(manifest)
    with manifest.transaction() as change:
        change.submissions.miss(attempt, at(2000), proven=False)
    (attempt,) = manifest.attempts()
    assert (attempt.state, attempt.missed) == ("unsure", at(2000))
    assert 0 not in unsent(manifest)


def test_proven_miss_has_the_job_sent_as_a_new_attempt(manifest):
    first = found_absent(manifest)
    (intent,) = begin(manifest, 0)
    assert intent.attempt == 2
    assert intent.nonce != first.nonce


def test_absent_attempt_stays_on_record(manifest):
    found_absent(manifest)
    assert [(a.number, a.state) for a in manifest.attempts()] == [(1, "absent")]


def test_cancelled_job_that_never_arrived_is_cancelled(manifest):
    attempt = doubted(manifest)
    manifest.wants.cancel([0])
    with manifest.transaction() as change:
        change.submissions.miss(attempt, at(2000), proven=True)
    assert manifest.jobs()[0].status is JobStatus.CANCELLED
    assert 0 not in unsent(manifest)


def test_doubted_job_that_is_found_stands(manifest):
    attempt = doubted(manifest)
    with manifest.transaction() as change:
        change.submissions.accept(attempt, "r1", 1, status="Running", adopted=True)
    job = manifest.jobs()[0]
    assert (job.status, job.unsure) == (JobStatus.RUNNING, False)
    assert "adopted" in kinds(manifest)


def found_twice(manifest: Manifest, first: str, second: str) -> None:
    """Find job 0 twice on the service: attempt 1 late, after attempt 2 had been sent."""
    attempt = found_absent(manifest)
    sent(manifest, 0, "r2", status=second)
    with manifest.transaction() as change:
        change.submissions.accept(attempt, "r1", 1, status=first, adopted=True)
        change.jobs.choose(0)


@pytest.mark.parametrize(
    ("first", "second", "kept"),
    [
        ("Queued", "Running", "r2"),
        ("Running", "Queued", "r1"),
        ("Completed", "Running", "r1"),
        ("Running", "Completed", "r2"),
        ("Failed", "Queued", "r2"),
        ("Queued", "Failed", "r1"),
        ("Cancelled", "Queued", "r2"),
        ("Queued", "Cancelled", "r1"),
        ("Queued", "Queued", "r1"),
        ("Completed", "Completed", "r1"),
    ],
)
def test_of_two_the_one_furthest_along_is_kept(first, second, kept, manifest):
    found_twice(manifest, first, second)
    assert manifest.jobs()[0].remote.id == kept


@pytest.mark.parametrize(
    ("first", "second", "surplus"),
    [
        ("Queued", "Running", {"r1"}),
        ("Running", "Queued", {"r2"}),
        ("Completed", "Completed", {"r2"}),
        ("Failed", "Queued", set()),
        ("Queued", "Cancelled", set()),
    ],
)
def test_live_one_besides_is_surplus(first, second, surplus, manifest):
    found_twice(manifest, first, second)
    assert {remote.id for remote in manifest.remotes() if remote.surplus} == surplus


def test_duplicate_is_reported_once(manifest):
    found_twice(manifest, "Queued", "Running")
    with manifest.transaction() as change:
        change.jobs.choose(0)
    assert kinds(manifest).count("duplicate") == 1


@pytest.mark.parametrize(("known", "found"), [("r1", "r2"), ("r2", "r1")])
def test_of_two_alike_every_machine_keeps_the_same_one(known, found, manifest):
    """Each knows another one first: the one that has sent it, the one that looks later."""
    sent(manifest, 0, known)
    (attempt,) = (a for a in manifest.attempts() if a.job == 0)
    with manifest.transaction() as change:
        change.submissions.accept(attempt, found, 1, adopted=True)
        change.jobs.choose(0)
    assert manifest.jobs()[0].remote.id == "r1"


def test_of_two_that_are_done_the_one_whose_results_are_here_is_kept(manifest):
    remote = sent(manifest, 0, "r2", status="Completed")
    (attempt,) = (a for a in manifest.attempts() if a.job == 0)
    with manifest.transaction() as change:
        change.jobs.store_result(remote, pack(b"{}"))
        change.submissions.accept(attempt, "r1", 1, status="Completed", adopted=True)
        change.jobs.choose(0)
    assert manifest.jobs()[0].remote.id == "r2"


def test_job_that_was_surplus_and_is_chosen_is_surplus_no_more(manifest):
    found_twice(manifest, "Queued", "Running")
    stand(manifest, "r2", "Failed")
    with manifest.transaction() as change:
        change.jobs.choose(0)
    chosen = manifest.jobs()[0].remote
    assert (chosen.id, chosen.surplus) == ("r1", False)


def test_retried_job_waits_to_be_sent_as_a_new_attempt(manifest):
    sent(manifest, 0)
    stand(manifest, "r1", "Failed")
    manifest.wants.retry([manifest.jobs()[0]])
    assert unsent(manifest) == [0, 1, 2]
    assert begin(manifest, 0)[0].attempt == 2


def retried(manifest: Manifest, *, why: str = "failed") -> None:
    """Retry job 0, whose first run brought nothing; find the second one on the service."""
    remote = sent(manifest, 0)
    if why != "failed":
        stand(manifest, "r1", "Completed")
        with manifest.transaction() as change:
            give_up = change.jobs.lose_result if why == "lost" else change.jobs.note_overdue
            give_up(remote, "gone")
    else:
        stand(manifest, "r1", "Failed")
    manifest.wants.retry([manifest.jobs()[0]])


@pytest.mark.parametrize("why", ["failed", "lost", "overdue"])
@pytest.mark.parametrize("word", ["Queued", "Running", "Completed"])
def test_retried_job_that_is_found_counts_instead_of_the_old_one(word, why, manifest):
    retried(manifest, why=why)
    attempt = doubted(manifest)
    with manifest.transaction() as change:
        change.submissions.accept(attempt, "r2", 1, status=word, adopted=True)
        change.jobs.choose(0)
    assert manifest.jobs()[0].remote.id == "r2"
    assert not any(remote.surplus for remote in manifest.remotes())


@pytest.mark.parametrize("word", ["Failed", "Cancelled"])
def test_retried_job_that_failed_again_shows_its_last_failure(word, manifest):
    retried(manifest)
    attempt = doubted(manifest)
    with manifest.transaction() as change:
        change.submissions.accept(attempt, "r2", 1, status=word, adopted=True)
        change.jobs.choose(0)
    assert manifest.jobs()[0].remote.id == "r2"


def test_two_retries_at_the_same_time_send_the_job_once(manifest, path):
    sent(manifest, 0)
    stand(manifest, "r1", "Failed")
    seen_by_both = manifest.jobs()[:1]
    manifest.wants.retry(seen_by_both)
    sent(manifest, 0, "r2")
    with Manifest.open(path) as other:
        assert other.wants.retry(seen_by_both) == []
        assert 0 not in unsent(other)


def test_a_job_whose_results_have_come_meanwhile_is_not_run_again(manifest):
    remote = sent(manifest, 0)
    stand(manifest, "r1", "Completed")
    seen = manifest.jobs()[:1]
    with manifest.transaction() as change:
        change.jobs.store_result(remote, pack(b"results"))
    assert manifest.wants.retry(seen) == []
    assert manifest.jobs()[0].remote.result == "stored"


def test_retry_waits_until_an_older_attempt_is_settled(manifest):
    """Attempt 1 turned up late and failed while attempt 2 is in doubt: a third must wait."""
    attempt = found_absent(manifest)
    doubted(manifest)
    with manifest.transaction() as change:
        change.submissions.accept(attempt, "r1", 1, status="Failed", adopted=True)
        change.jobs.choose(0)
    manifest.wants.retry(manifest.jobs()[:1])
    assert 0 not in unsent(manifest)
    assert begin(manifest, 0) == []


def test_cancel_is_wanted_once(manifest):
    assert manifest.wants.cancel([0, 1]) == 2
    assert manifest.wants.cancel([0, 1]) == 0


def test_job_that_has_ended_is_not_to_be_cancelled(manifest):
    sent(manifest, 0, status="Completed")
    assert manifest.wants.cancel([0]) == 0


def test_unsent_job_that_is_cancelled_has_ended(manifest):
    manifest.wants.cancel([0])
    assert manifest.jobs()[0].status is JobStatus.CANCELLED


def test_new_labels_get_a_new_version(manifest):
    assert manifest.wants.retag(change=lambda _: ["three"])
    record = manifest.job_set()
    assert (record.tags, record.labels_version, record.name) == (("three",), 2, "a set")


def test_labels_that_are_the_same_change_nothing(manifest):
    assert not manifest.wants.retag(name="a set", change=lambda _: ["one", "two"])
    assert manifest.job_set().labels_version == 1


@pytest.mark.parametrize(
    "want",
    [
        lambda m: m.wants.cancel([0]),
        lambda m: m.wants.retag(name="b"),
        lambda m: m.wants.retry(m.jobs()[:1]),
    ],
)
def test_want_opens_a_closed_set(want, manifest):

    with manifest.transaction() as change:
        change.jobs.close()
    want(manifest)
    assert manifest.job_set().closed_at is None
