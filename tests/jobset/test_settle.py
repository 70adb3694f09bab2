"""Exactly once: what a step does with answers that stay away, and with what it finds."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ibmqbatch.jobset.errors import Unsettled
from ibmqbatch.jobset.tags import set_tag
from ibmqbatch.jobset.work import Work
from ibmqbatch.manifest.manifest import Manifest
from ibmqbatch.manifest.records import JobStatus
from ibmqbatch.service.errors import NoAnswer
from ibmqbatch.service.models import JobPage
from tests.jobset.support import (
    GAP,
    SETTLE,
    FakeService,
    created_without_an_answer,
    job,
    lost_on_the_way,
    step,
)
from tests.support.accounts import account
from tests.support.manifests import begin, write_set


def test_job_whose_answer_was_lost_is_found_and_not_sent_again(work, service):
    service.answers = [created_without_an_answer]
    step(work)
    assert job(work).unsure
    step(work, 1)
    assert (service.posts, job(work).remote.id, job(work).unsure) == (1, "r0", False)


def test_job_that_never_arrived_is_sent_again_only_when_that_is_settled(work, service):
    service.answers = [lost_on_the_way]
    step(work)
    for after in (1, SETTLE - 2, 1, 1, GAP - 2):
        step(work, after)
        assert service.posts == 1
    step(work, 2)
    assert service.posts == 2
    assert (job(work).attempt, job(work).status) == (2, JobStatus.QUEUED)


def test_one_listing_however_late_settles_nothing(work, service):
    service.answers = [lost_on_the_way]
    step(work)
    step(work, 10 * SETTLE)
    assert (service.posts, job(work).unsure) == (1, True)


def test_two_listings_too_close_together_settle_nothing(work, service):
    service.answers = [lost_on_the_way]
    step(work)
    step(work, SETTLE)
    step(work, GAP - 0.1)
    assert (service.posts, job(work).unsure) == (1, True)


def test_listing_that_fails_settles_nothing(work, service):
    service.answers = [lost_on_the_way]
    step(work)
    service.listing_fails = NoAnswer("no answer")
    for _ in range(5):
        with pytest.raises(NoAnswer):
            step(work, SETTLE)
    assert (service.posts, job(work).unsure) == (1, True)


def test_listing_that_does_not_show_everything_settles_nothing(work, service, monkeypatch):
    service.answers = [lost_on_the_way]
    step(work)
    monkeypatch.setattr(service, "jobs", lambda **_: JobPage((), 1))
    for _ in range(5):
        step(work, SETTLE)
    assert (service.posts, job(work).unsure) == (1, True)


def test_job_that_shows_up_late_is_found_as_long_as_the_listing_lags_less(work, service):
    service.answers = [created_without_an_answer]
    service.hidden = {"r0"}
    step(work)
    step(work, SETTLE)
    service.hidden = set()
    step(work, GAP)
    assert (service.posts, job(work).remote.id) == (1, "r0")


def test_what_a_dead_process_was_sending_is_settled_from_now_on(work, service):
    begin(work.manifest, 0)
    step(work, 1000)
    step(work, SETTLE - 1)
    assert job(work).unsure
    step(work, 1)
    step(work, GAP)
    assert (service.posts, job(work).attempt) == (1, 2)


def test_what_a_dead_process_had_sent_is_found(work, service):
    (intent,) = begin(work.manifest, 0)
    from ibmqbatch.jobset.tags import labels

    service.create(labels(work.manifest.job_set(), intent, intent))
    step(work)
    assert (service.posts, job(work).remote.id) == (0, "r0")


def lagging(work: Work, service: FakeService) -> None:
    """Send a job whose first attempt the listing hides until it has been sent again."""
    service.answers = [created_without_an_answer]
    service.hidden = {"r0"}
    step(work)
    step(work, SETTLE)
    step(work, GAP)
    assert service.posts == 2
    service.hidden = set()


def test_duplicate_is_found_and_the_one_less_far_along_cancelled(work, service):
    lagging(work, service)
    service.say("r1", "Running")
    step(work, 1)
    assert service.cancelled == ["r0"]
    assert job(work).remote.id == "r1"
    assert "duplicate" in [event.kind for event in work.manifest.events()]


@pytest.mark.parametrize(("word", "code"), [("Failed", 1517), ("Cancelled", 1305)])
def test_found_job_that_has_failed_already_tells_why(word, code, work, service):
    service.answers = [created_without_an_answer]
    step(work)
    failed = replace(service.stored["r0"], status=word, reason="it is so", reason_code=code)
    service.stored["r0"] = failed
    step(work, 1)
    assert (job(work).status, job(work).reason) == (JobStatus.ERROR, f"it is so (code {code})")
    assert job(work).remote.finished_at is not None


def stranger(work):
    record = work.manifest.job_set()
    return [set_tag(record.id), f"ibmq_jobset_{record.id}_j0.1_c0-1_r0.1_a1_{'x' * 13}"]


def test_set_that_another_copy_has_sent_is_not_sent_again(work, service):
    service.create(stranger(work))
    with pytest.raises(Unsettled):
        step(work)
    assert len(service.stored) == 1


def test_job_of_others_under_the_sets_tag_is_never_touched(work, service):
    work.sole_sender = True
    service.answers = [created_without_an_answer]
    step(work)
    service.create(stranger(work))
    with pytest.raises(Unsettled):
        step(work, 1)
    assert job(work).remote.id == "r0"
    assert service.cancelled == []


def test_set_that_another_copy_takes_over_while_it_is_sent_is_sent_no_further(home, clock, service):
    service.account = account(pace_limit=2)
    with Manifest.open(write_set(6)) as manifest:
        work = Work(manifest, service, clock, sole_sender=True)
        step(work)
        service.create(stranger(work))
        with pytest.raises(Unsettled):
            step(work, 100)
        assert service.posts == 2


def test_set_is_not_closed_while_any_attempt_is_unsettled(work, service):
    """The first attempt turns up and ends while the second one is in doubt."""
    service.answers = [created_without_an_answer, lost_on_the_way]
    service.hidden = {"r0"}
    step(work)
    step(work, SETTLE)
    step(work, GAP)
    service.hidden = set()
    service.say("r0", "Failed")
    step(work, 1)
    assert job(work).status is JobStatus.ERROR
    assert not work.manifest.snapshot().is_settled()
    step(work, SETTLE)
    step(work, GAP)
    assert work.manifest.job_set().closed_at is not None
    assert service.posts == 2


def test_cancel_of_an_unsure_job_finds_it_first(work, service):
    service.answers = [created_without_an_answer]
    step(work)
    work.manifest.wants.cancel([0])
    step(work, 1)
    assert (service.posts, service.cancelled) == (1, ["r0"])


def test_cancelled_job_that_never_arrived_is_not_sent_again(work, service):
    service.answers = [lost_on_the_way]
    step(work)
    work.manifest.wants.cancel([0])
    step(work, SETTLE)
    step(work, GAP)
    step(work, 100)
    assert (service.posts, job(work).status) == (1, JobStatus.CANCELLED)


def test_doubt_is_committed_before_the_service_is_asked(work, service):
    begin(work.manifest, 0)
    service.listing_fails = NoAnswer("no answer")
    with pytest.raises(NoAnswer):
        step(work)
    assert [a.state for a in work.manifest.attempts()] == ["unsure"]


def test_absent_attempts_are_looked_for_until_the_set_closes(work, service):
    service.answers = [lost_on_the_way]
    step(work)
    step(work, SETTLE)
    step(work, GAP)
    old = next(a for a in work.manifest.attempts() if a.state == "absent")
    with work.manifest.transaction() as change:
        assert change.submissions.mark_orphans_unsure(0.0) == 0
    service.create(
        [
            set_tag(work.manifest.job_set().id),
            f"{set_tag(work.manifest.job_set().id)}j0.1_c0-1_r0.1_a1_{old.nonce}",
        ]
    )
    step(work, 1)
    assert len(work.manifest.remotes()) == 2
    assert len(service.cancelled) == 1
