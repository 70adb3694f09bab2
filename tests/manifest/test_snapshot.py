"""A manifest is read once for many questions, and anew where it has changed."""

from __future__ import annotations

import dataclasses

import pytest

from ibmqbatch.manifest.manifest import Manifest
from ibmqbatch.manifest.snapshot import Snapshot
from tests.support.manifests import begin, count_reads, sent


@pytest.fixture
def reads(monkeypatch) -> list[str]:
    """Count the statements that read the jobs of a set, joined with all that is known of them."""
    return count_reads(monkeypatch)


def test_what_has_not_changed_is_read_once(manifest, reads):
    first = manifest.snapshot()
    assert manifest.snapshot() is first
    assert manifest.jobs() == list(first.jobs)
    assert len(reads) == 1


def test_what_this_connection_changes_is_read_anew(manifest, reads):
    before = manifest.snapshot()
    with manifest.transaction():
        assert manifest.snapshot() is before
        manifest.db.write("UPDATE jobs SET wanted = 'cancel' WHERE idx = 1")
        assert [job.wanted for job in manifest.snapshot().jobs] == ["run", "cancel", "run"]
    assert [job.wanted for job in manifest.snapshot().jobs] == ["run", "cancel", "run"]
    assert [job.wanted for job in before.jobs] == ["run"] * 3
    assert len(reads) == 2


def test_what_another_one_changes_is_read_anew(manifest, path):
    manifest.snapshot()
    with Manifest.open(path) as other:
        other.wants.cancel([1])
        assert manifest.snapshot().jobs[1].wanted == "cancel"
        with manifest.transaction():
            assert manifest.snapshot().jobs[1].wanted == "cancel"


def test_what_is_rolled_back_was_never_there(manifest):
    with pytest.raises(ZeroDivisionError), manifest.transaction():
        manifest.db.write("UPDATE jobs SET wanted = 'cancel' WHERE idx = 1")
        assert manifest.snapshot().jobs[1].wanted == "cancel"
        raise ZeroDivisionError
    assert manifest.snapshot().jobs[1].wanted == "run"


def test_others_can_write_while_a_snapshot_is_kept(manifest, path):
    kept = manifest.snapshot()
    with Manifest.open(path) as other:
        begin(other, 0)
    assert kept.attempts == ()


def test_it_cannot_be_changed(manifest):
    with pytest.raises(dataclasses.FrozenInstanceError):
        manifest.snapshot().jobs = ()


def test_jobs_on_the_service_are_those_that_count_and_the_others(manifest):
    sent(manifest, 1, "r1")
    sent(manifest, 0, "r0")
    known = manifest.snapshot()
    assert [remote.id for remote in known.remotes] == ["r0", "r1"]
    assert known.others == ()
    manifest.db.write("UPDATE jobs SET remote_id = NULL WHERE idx = 1")
    known = manifest.snapshot()
    assert [other.id for other in known.others] == ["r1"]
    assert known.remotes == manifest.remotes()


def test_job_that_is_not_there_is_none(manifest):
    known = manifest.snapshot()
    assert (known.job(2).index, known.job(3), known.job(-1)) == (2, None, None)


GOALS = ["is_sent", "is_over", "is_delivered", "is_idle", "is_settled", "is_complete"]


def holding(known: Snapshot) -> set[str]:
    return {goal for goal in GOALS if getattr(known, goal)()}


def test_goals_hold_one_after_the_other(manifest, path):
    assert holding(manifest.snapshot()) == {"is_idle"}
    for job in range(3):
        sent(manifest, job, f"r{job}")
    assert holding(manifest.snapshot()) == {"is_sent"}
    manifest.db.write("UPDATE remotes SET status = 'Completed'")
    assert holding(manifest.snapshot()) == {"is_sent", "is_over"}
    manifest.db.write("UPDATE remotes SET overdue = 1")
    assert holding(manifest.snapshot()) == {*GOALS} - {"is_idle", "is_complete"}
    manifest.db.write("UPDATE remotes SET result = 'lost'")
    assert holding(manifest.snapshot()) == {*GOALS}
    manifest.wants.retag(name="another")
    assert holding(manifest.snapshot()) == {"is_sent", "is_over", "is_delivered"}
