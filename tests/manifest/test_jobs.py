"""What the service says of jobs, and results that are kept for good."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ibmqbatch.manifest.compression import pack
from ibmqbatch.manifest.manifest import StoredResultError
from ibmqbatch.manifest.records import (
    JobRecord,
    JobStatus,
    RemoteRecord,
    SetState,
    count_statuses,
    set_state,
)
from tests.support.manifests import kinds, remote, sent

WORDS = {
    "Queued": JobStatus.QUEUED,
    "Validating": JobStatus.VALIDATING,
    "Running": JobStatus.RUNNING,
    "Completed": JobStatus.DONE,
    "Cancelled": JobStatus.CANCELLED,
    "Failed": JobStatus.ERROR,
    "Cancelled - Ran too long": JobStatus.ERROR,
    "QUEUED": JobStatus.QUEUED,
    "completed": JobStatus.DONE,
}


@pytest.mark.parametrize("word", WORDS)
def test_each_word_of_the_service_is_a_status(word):
    assert remote(word).status is WORDS[word]


@given(st.text())
def test_word_that_is_not_known_is_unfinished_work(word):
    if word.lower() not in {known.lower() for known in WORDS} | {"deleted"}:
        assert remote(word).status is JobStatus.RUNNING


def test_job_that_ran_too_long_has_failed():
    assert remote("Cancelled", 1305).status is JobStatus.ERROR


def test_finished_job_with_that_code_is_done():
    assert remote("Completed", 1305).status is JobStatus.DONE


JOBS = st.lists(
    st.builds(
        JobRecord,
        index=st.integers(0, 9),
        first_circuit=st.just(0),
        last_circuit=st.just(0),
        first_place=st.just(0),
        last_place=st.just(0),
        repeat=st.just(0),
        shots=st.just(1),
        wanted=st.sampled_from(["run", "cancel"]),
        attempt=st.just(1),
        attempt_state=st.sampled_from([None, "sending", "unsure", "accepted", "refused", "absent"]),
        attempt_error=st.just(""),
        attempt_error_code=st.none(),
        remote=st.none()
        | st.builds(
            remote,
            st.sampled_from([*WORDS, "Deleted", "Teleporting"]),
            st.sampled_from([None, 1305, 1517]),
            result=st.sampled_from([None, "stored", "lost"]),
        ),
    ),
    min_size=1,
    max_size=30,
)


@given(JOBS)
def test_counters_always_add_up(jobs):
    counts = count_statuses(jobs)
    assert list(counts) == list(JobStatus)
    assert sum(counts.values()) == len(jobs)


@given(JOBS)
def test_set_has_ended_when_all_its_jobs_have(jobs):
    assert set_state(jobs).final == all(job.status.final for job in jobs)


@given(JOBS)
def test_set_is_done_when_all_its_jobs_are(jobs):
    assert (set_state(jobs) is SetState.DONE) == all(j.status is JobStatus.DONE for j in jobs)


@given(JOBS)
def test_unsure_job_is_never_one_that_waits_to_be_sent(jobs):
    assert not any(job.unsure and job.unsent for job in jobs)


def see(manifest, word: str, at: float = 1000.0, **more: object) -> RemoteRecord:
    (known,) = manifest.remotes()
    said = {"reason": "", "reason_code": None, "solution": "", "private": False, **more}
    with manifest.transaction() as change:
        change.jobs.observe(known, status=word, at=at, **said)  # type: ignore[arg-type]
    (known,) = manifest.remotes()
    return known


def test_times_are_those_observed(manifest):
    sent(manifest)
    see(manifest, "Running", 1000.0)
    seen = see(manifest, "Completed", 1060.0)
    assert (seen.running_at, seen.finished_at) == (
        "1970-01-01T00:16:40.000Z",
        "1970-01-01T00:17:40.000Z",
    )


def test_change_is_in_the_history(manifest):
    sent(manifest)
    see(manifest, "Failed", reason="bad circuit")
    assert manifest.events()[-1].detail == "Queued -> Failed: bad circuit"


def test_same_word_again_is_no_event(manifest):
    sent(manifest)
    before = manifest.last_event()
    see(manifest, "Queued")
    assert manifest.last_event() == before


def test_failed_job_tells_its_reason_and_code(manifest):
    sent(manifest)
    see(manifest, "Failed", reason="not in the set", reason_code=1517)
    assert manifest.jobs()[0].reason == "not in the set (code 1517)"


@given(body=st.binary(max_size=300))
def test_stored_result_is_read_as_it_came(manifest_of_one, body):
    manifest, known = manifest_of_one
    with manifest.transaction() as change:
        change.jobs.store_result(known, pack(body))
    assert manifest.result(known.id) == body


@pytest.fixture(scope="module")
def manifest_of_one(tmp_path_factory):
    from ibmqbatch.manifest.manifest import Manifest
    from tests.support.manifests import write_set

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("IBMQBATCH_HOME", str(tmp_path_factory.mktemp("home")))
        with Manifest.open(write_set()) as manifest:
            yield manifest, sent(manifest)


def stored(manifest, body: bytes = b"results " * 50) -> RemoteRecord:
    known = sent(manifest, status="Completed")
    with manifest.transaction() as change:
        change.jobs.store_result(known, pack(body))
    return known


def test_job_with_its_result_is_delivered(manifest):
    stored(manifest)
    job = manifest.jobs()[0]
    assert (job.delivered, job.lost) == (True, False)


@pytest.mark.parametrize("byte", range(0, 20, 3))
def test_flipped_bit_in_a_stored_result_is_noticed(byte, manifest):
    known = stored(manifest)
    body = bytearray(manifest.db.row("SELECT body FROM results")[0])
    body[byte] ^= 1
    with manifest.transaction():
        manifest.db.write("UPDATE results SET body = ?", (bytes(body),))
    with pytest.raises(StoredResultError):
        manifest.result(known.id)


def test_other_body_in_place_of_a_stored_result_is_noticed(manifest):
    import zlib

    known = stored(manifest)
    with manifest.transaction():
        manifest.db.write("UPDATE results SET body = ?", (zlib.compress(b"others"),))
    with pytest.raises(StoredResultError):
        manifest.result(known.id)


def test_result_that_is_not_here_is_none(manifest):
    sent(manifest)
    assert manifest.result("r1") is None


def test_lost_result_is_shown_with_its_reason(manifest):
    known = sent(manifest, status="Completed")
    with manifest.transaction() as change:
        change.jobs.lose_result(known, "the service has none")
    job = manifest.jobs()[0]
    assert (job.lost, job.delivered) == (True, True)
    assert job.reason == "LOST: the service has none"


def test_dropped_result_is_to_be_fetched_again(manifest):
    known = stored(manifest)
    with manifest.transaction() as change:
        change.jobs.close()
        change.jobs.drop_result(known, "damaged")
    assert manifest.jobs()[0].remote.result is None
    assert manifest.job_set().closed_at is None


def test_history_only_grows(manifest):
    stored(manifest)
    assert kinds(manifest) == ["planned", "submitted", "fetched"]
    assert [event.seq for event in manifest.events(after=1)] == [2, 3]
