"""Files of one set that do not know of each other: backups that are put back, and copies in use."""

from __future__ import annotations

import contextlib
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from ibmqbatch import paths
from ibmqbatch.jobset.advance import follow, try_advance
from ibmqbatch.jobset.errors import TimedOut, Unsettled
from ibmqbatch.jobset.observe import settles_in
from ibmqbatch.jobset.tags import find_job_tag
from ibmqbatch.jobset.work import Work
from ibmqbatch.manifest.errors import SetInUse
from ibmqbatch.manifest.lease import lease
from ibmqbatch.manifest.manifest import Manifest
from ibmqbatch.manifest.snapshot import Snapshot
from ibmqbatch.manifest.submissions import Intent
from ibmqbatch.service.errors import Unreachable
from tests.jobset.support import GAP, SETTLE, Told, lost_on_the_way, raising, step
from tests.support.accounts import account
from tests.support.manifests import begin, write_set

JOBS = 4


@pytest.fixture
def path(home) -> Path:
    return write_set(JOBS)


@pytest.fixture
def open_file(service, clock):
    """Return a function that opens a file as a process of its own would."""
    opened = []

    def open_file(path: Path) -> Work:
        opened.append(Manifest.open(path))
        return Work(opened[-1], service, clock, Told())

    yield open_file
    for manifest in opened:
        manifest.close()


def copy(path: Path, name: str = "backup") -> Path:
    """Copy a file to a folder of its own."""
    folder = path.parent / name
    folder.mkdir()
    return Path(shutil.copy(path, folder / path.name))


def forget_what_was_sent() -> None:
    """Have the machine be another one, or have been restarted."""
    shutil.rmtree(paths.runtime())


def ran(service, work: Work) -> list[int]:
    """Return which jobs of the set the service was sent, as often as it was."""
    set_id = work.manifest.job_set().id
    return sorted(find_job_tag(set_id, job.tags).job for job in service.stored.values())


def test_backup_learns_what_was_sent_since_though_no_listing_shows_it(path, open_file, service):
    backup = copy(path)
    step(open_file(path))
    service.hidden = set(service.stored)
    restored = open_file(backup)
    step(restored)
    assert service.posts == JOBS
    assert all(job.unsure for job in restored.manifest.jobs())
    service.hidden = set()
    step(restored, 1)
    assert ran(service, restored) == list(range(JOBS))
    assert all(job.remote for job in restored.manifest.jobs())


def test_backup_sends_what_never_arrived(path, open_file, service):
    backup = copy(path)
    service.answers = [lost_on_the_way]
    first = open_file(path)
    step(first)
    arrived = len(service.stored)
    assert arrived < JOBS
    restored = open_file(backup)
    step(restored)
    for after in (SETTLE, GAP, 1):
        step(restored, after)
    assert ran(service, restored) == list(range(JOBS))


def test_backup_of_before_a_retry_learns_of_the_retry(path, open_file, service):
    first = open_file(path)
    step(first)
    for job_id in list(service.stored):
        service.say(job_id, "Failed")
    step(first, 1)
    backup = copy(path)
    first.manifest.wants.retry(first.manifest.jobs())
    step(first, 1)
    service.hidden = {i for i, job in service.stored.items() if job.status != "Failed"}
    restored = open_file(backup)
    restored.manifest.wants.retry(restored.manifest.jobs())
    step(restored, 1)
    service.hidden = set()
    step(restored, 1)
    assert ran(service, restored) == sorted(2 * list(range(JOBS)))
    assert [job.attempt for job in restored.manifest.jobs()] == JOBS * [2]


def test_copies_that_take_turns_send_each_job_once(path, open_file, service):
    service.account = account(pace_limit=1)
    works = [open_file(path), open_file(copy(path))]
    service.hidden = {f"r{number}" for number in range(JOBS)}
    for turn in range(2 * JOBS):
        if turn == JOBS:
            service.hidden = set()
        step(works[turn % 2], 61)
    for work in works:
        step(work, 1)
        assert ran(service, work) == list(range(JOBS))
        assert {job.remote.id for job in work.manifest.jobs()} == set(service.stored)


def test_what_another_copy_has_sent_gets_the_labels_that_are_wanted(path, open_file, service):
    backup = copy(path)
    step(open_file(path))
    restored = open_file(backup)
    step(restored)
    step(restored, 1)
    assert sorted(service.retagged) == sorted(service.stored)


def test_file_of_another_machine_waits_until_listings_tell_all(path, open_file, service):
    forget_what_was_sent()
    work = open_file(path)
    for after in (0, 1, SETTLE - 2, 2, GAP - 2):
        step(work, after)
        assert service.posts == 0
    step(work, 2)
    assert ran(service, work) == list(range(JOBS))
    assert [note for note in work.observer.notes if "40 s" in note]


def test_wait_goes_on_in_another_process(path, open_file, service):
    """As a command does that takes one step each time that cron calls it."""
    forget_what_was_sent()
    for after in (0, SETTLE, GAP):
        assert service.posts == 0
        step(open_file(path), after)
    assert service.posts == JOBS


def test_wait_is_over_for_good(path, open_file, service):
    forget_what_was_sent()
    service.account = account(pace_limit=1)
    for after in (0, SETTLE, GAP, 61, 61, 61):
        step(open_file(path), after)
    assert service.posts == JOBS


def test_no_other_copy_here_sends_while_one_waits(path, open_file, service):
    service.account = account(pace_limit=1)
    first = open_file(path)
    backup = copy(path)
    forget_what_was_sent()
    second = open_file(backup)
    step(second)
    step(first, 1)
    assert service.posts == 0
    for after in (SETTLE, GAP, 61, 61, 61, 61):
        step(second, after)
        with contextlib.suppress(Unsettled):
            step(first)
    assert ran(service, first) == list(range(JOBS))


def test_jobs_that_show_up_while_a_file_waits_stop_it(path, open_file, service):
    backup = copy(path)
    step(open_file(path))
    forget_what_was_sent()
    service.hidden = set(service.stored)
    restored = open_file(backup)
    step(restored)
    service.hidden = set()
    with pytest.raises(Unsettled) as caught:
        step(restored, SETTLE - 1)
    assert "take_over=True" in caught.value.hint
    assert service.posts == JOBS


def test_file_that_takes_over_goes_on_with_what_others_have_sent(path, open_file, service):
    service.account = account(pace_limit=2)
    backup = copy(path)
    step(open_file(path))
    forget_what_was_sent()
    restored = open_file(backup)
    restored.taking_over = True
    for after in (1, SETTLE, GAP, 61, 61):
        step(restored, after)
    assert ran(service, restored) == list(range(JOBS))
    assert {job.remote.id for job in restored.manifest.jobs()} == set(service.stored)
    assert service.cancelled == []


def test_job_that_is_not_one_of_the_sets_is_not_taken_over(path, open_file, service):
    forget_what_was_sent()
    work = open_file(path)
    set_id = work.manifest.job_set().id
    service.create([f"ibmq_jobset_{set_id}_", f"ibmq_jobset_{set_id}_j0.9_c0-1_r0.1_a1_{'x' * 13}"])
    work.taking_over = True
    with pytest.raises(Unsettled):
        step(work)
    assert service.posts == 0


def test_copy_does_not_send_while_another_one_does(path, open_file, service):
    work = open_file(path)
    with lease(work.manifest.job_set().id):
        assert try_advance(work) is None
        with pytest.raises(SetInUse):
            follow(work, Snapshot.is_sent, persistent=False)
    assert service.posts == 0
    follow(work, Snapshot.is_sent)
    assert ran(service, work) == list(range(JOBS))


def test_what_is_overdue_is_asked_for_no_more_often_than_anything_else(
    path, open_file, service, monkeypatch
):
    """Listings that are never full prove nothing, however much time goes by."""
    forget_what_was_sent()
    work = open_file(path)
    listed = service.jobs
    monkeypatch.setattr(
        service, "jobs", lambda **words: replace(listed(**words), count=len(service.stored) + 1)
    )
    work.clock.set_deadline(10 * SETTLE)
    with pytest.raises(TimedOut):
        follow(work, Snapshot.is_sent)
    assert service.posts == 0
    assert min(work.clock.slept[1:]) > 0
    assert service.listings < 10 * SETTLE / work.client.account.poll_first


def test_claim_that_is_needed_no_more_keeps_nobody_awake(path, open_file, service):
    forget_what_was_sent()
    work = open_file(path)
    step(work)
    work.manifest.wants.cancel(range(JOBS))
    step(work, 2 * SETTLE)
    assert settles_in(work, work.manifest.snapshot()) is None


def test_setting_the_clock_settles_nothing(path, open_file, service, clock, monkeypatch):
    service.answers = [lost_on_the_way] * JOBS
    work = open_file(path)
    step(work)
    posts, up = service.posts, clock.up()
    monkeypatch.setattr(clock, "up", lambda: up)
    for after in (10 * SETTLE, 10 * SETTLE, 10 * GAP):
        step(work, after)
    assert (service.posts, work.manifest.jobs()[0].unsure) == (posts, True)


def test_what_another_copy_is_sending_is_not_doubted(path, open_file, service):
    """It may take minutes to get there."""
    first = open_file(path)
    begin(first.manifest, 0, 1, 2, 3)
    second = open_file(copy(path))
    with lease(first.manifest.job_set().id):  # which the first one holds as long as it sends
        for after in (0, SETTLE, GAP, 1):
            step(second, after)
        assert {attempt.state for attempt in second.manifest.attempts()} == {"sending"}
    assert service.posts == 0


def test_what_another_copy_has_sent_once_more_is_doubted_anew(path, open_file, service):
    service.answers = [raising(Unreachable("no connection"))] * JOBS
    first = open_file(path)
    begin(first.manifest, *range(JOBS))
    second = open_file(copy(path))
    with first.manifest.transaction() as change:
        for intent in intents(first):
            change.submissions.withdraw(intent, "no connection")
    service.answers = []
    step(second)
    step(first, SETTLE - 1)
    service.hidden = set(service.stored)
    for after in (2, GAP + 1, 1):
        step(second, after)
    assert ran(service, first) == list(range(JOBS))


def intents(work: Work) -> list[Intent]:
    return [
        Intent(attempt.job, attempt.number, attempt.nonce, 0, 0, 0, 1)
        for attempt in work.manifest.attempts()
    ]


def test_labels_of_what_another_copy_has_sent_once_more_are_those_wanted_here(
    path, open_file, service
):
    service.answers = [raising(Unreachable("no connection"))] * JOBS
    first = open_file(path)
    with pytest.raises(Unreachable):
        step(first)
    second = open_file(copy(path))
    first.manifest.wants.retag(name="another name")
    service.answers = []
    step(first, 1)
    step(second, 1)
    step(second, 1)
    assert {job.tags[-1].partition("_8_")[2] for job in service.stored.values()} == {"a set"}


def test_file_with_nothing_to_send_learns_what_another_one_has_sent(path, open_file, service):
    first = open_file(path)
    step(first)
    service.say("r0", "Failed")
    step(first, 1)
    second = open_file(copy(path))
    second.manifest.wants.retry([job for job in second.manifest.jobs() if job.status == "ERROR"])
    step(second, 1)
    step(first, 1)
    assert {remote.id for remote in first.manifest.remotes()} == set(service.stored)
    assert first.observer.notes == []


def test_jobs_of_others_stop_no_file_that_has_nothing_to_send(path, open_file, service):
    service.answers = [lost_on_the_way]
    work = open_file(path)
    for after in (0, SETTLE, GAP, 1):
        step(work, after)
    set_id = work.manifest.job_set().id
    service.create([f"ibmq_jobset_{set_id}_", f"ibmq_jobset_{set_id}_j0.4_c0-1_r0.1_a1_{'x' * 13}"])
    step(work, 1)
    assert ["does not know" in note for note in work.observer.notes] == [True]


def test_copies_that_both_find_the_others_job_keep_the_same_one(path, open_file, service):
    first = open_file(path)
    second = open_file(copy(path))
    step(first)
    forget_what_was_sent()
    service.hidden = set(service.stored)
    for after in (0, SETTLE, GAP):
        step(second, after)
    assert service.posts == 2 * JOBS  # nothing told of the first ones for too long
    service.hidden = set()
    service.cancel = lambda job_id: not service.cancelled.append(job_id)  # and it goes on
    for work in (first, second):
        work.taking_over = True
        with contextlib.suppress(Unsettled):
            step(work, 1)
    kept = [{job.remote.id for job in work.manifest.jobs()} for work in (first, second)]
    assert kept[0] == kept[1]
    assert kept[0].isdisjoint(service.cancelled)


@pytest.mark.parametrize("when", ["unsure_since", "missed"])
def test_doubt_of_a_time_that_is_still_to_come_begins_anew(path, open_file, service, clock, when):
    service.answers = [lost_on_the_way] * JOBS
    work = open_file(path)
    clock.time += 1e6 if when == "unsure_since" else 0.0
    step(work)
    if when == "missed":
        step(work, 1e6)
    clock.time -= 1e6
    sent = service.posts
    with work.manifest.transaction():
        # The machine has been started since, with another clock.
        work.manifest.db.write(f"UPDATE attempts SET {when} = replace({when}, '-', '+')")
    for after in (0, SETTLE, GAP):
        assert service.posts == sent
        step(work, after)
    assert service.posts > sent


def test_set_that_does_not_fit_what_was_sent_is_to_be_made_anew(path, open_file, service):
    forget_what_was_sent()
    work = open_file(path)
    set_id = work.manifest.job_set().id
    service.create([f"ibmq_jobset_{set_id}_", f"ibmq_jobset_{set_id}_j0.9_c0-1_r0.1_a1_{'x' * 13}"])
    work.taking_over = True
    with pytest.raises(Unsettled) as caught:
        step(work)
    assert f"`ibmqbatch recover {set_id}`" in caught.value.hint
