"""What others do in the middle of a step, or beside this machine."""

from __future__ import annotations

from ibmqbatch.jobset.advance import advance
from ibmqbatch.jobset.once import reserved
from ibmqbatch.manifest.compression import pack
from ibmqbatch.manifest.manifest import Manifest
from ibmqbatch.manifest.records import JobStatus
from ibmqbatch.manifest.snapshot import Snapshot
from tests.jobset.support import Told, created_without_an_answer, job, step


def test_a_retry_just_before_the_set_is_closed_is_carried_out(work, service, monkeypatch):
    step(work)
    service.say("r0", "Failed")
    is_complete = Snapshot.is_complete
    looks = iter(range(100))

    def look(known: Snapshot) -> bool:
        found = is_complete(known)
        if found and next(looks) == 0:
            with Manifest.open(work.manifest.path) as other:
                other.wants.retry(other.jobs())
        return found

    monkeypatch.setattr(Snapshot, "is_complete", look)
    step(work, 1)
    step(work, 1)
    assert service.posts == 2


def test_jobs_of_another_copy_are_told_of_though_nothing_is_left_to_send(work, service):
    step(work)
    (tags,) = (stored.tags for stored in service.stored.values())
    service.create([tag.replace("_a1_", "_a1_z") for tag in tags])
    work.observer = Told()
    for _ in range(2):
        step(work, 1)
    (note,) = work.observer.notes
    assert "1 job of this set that this file does not know" in note


def test_of_a_job_that_stands_twice_the_one_counts_that_succeeds(work, service):
    service.answers = [created_without_an_answer]
    service.hidden = {"r0"}
    step(work)
    for _ in range(3):
        step(work, 50)  # beyond what a listing may lag: it is sent again
    service.hidden = set()
    step(work, 1)
    kept = job(work).remote.id
    assert sorted(service.stored) == ["r0", "r1"]
    (other,) = {"r0", "r1"} - {kept}
    service.say(kept, "Failed")
    service.say(other, "Completed")
    step(work, 1)
    assert (job(work).remote.id, job(work).status) == (other, JobStatus.DONE)


def test_a_key_whose_set_file_is_gone_is_not_new(home):
    with reserved("key") as (first, fresh):
        assert fresh
    with reserved("key") as (again, fresh):
        assert (again, fresh) == (first, False)


def test_a_damaged_private_result_keeps_what_is_left_of_it(work, service):
    from ibmqbatch.jobset.results import repair

    step(work)
    with work.manifest.transaction() as change:
        remote = job(work).remote
        change.jobs.store_result(remote, pack(b"body"))
        work.manifest.db.write("UPDATE remotes SET private = 1")
        work.manifest.db.write("UPDATE results SET sha256 = 'x'")
    assert repair(work.manifest) == 1
    assert job(work).lost
    assert work.manifest.db.row("SELECT count(*) FROM results")[0] == 1
    advance(work, fetching=False)
    assert job(work).lost
