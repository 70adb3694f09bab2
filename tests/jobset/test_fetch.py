"""Bringing results home: kept once they are whole, kept aside when they are not."""

from __future__ import annotations

import json
import shutil
import time
from types import SimpleNamespace

import pytest

from ibmqbatch.errors import StorageError
from ibmqbatch.jobset.fetch import fetch, refetch
from ibmqbatch.jobset.work import Work
from ibmqbatch.manifest.files import spool_path
from ibmqbatch.manifest.jobs import Jobs
from ibmqbatch.manifest.manifest import Manifest
from ibmqbatch.service.errors import Busy, NoAnswer, NotFound
from ibmqbatch.service.models import RemoteJob
from tests.support.accounts import FakeClock, account
from tests.support.manifests import sent, write_set

GOOD = json.dumps(
    {"results": [{"data": {"c": {"samples": ["0x0"] * 100, "num_bits": 1}}}] * 2}
).encode()


class Silence(NoAnswer):
    """Not a byte of an answer came back."""


class Bodies:
    """A service that gives one body after another; None is none, an error is raised after half.

    `has`: it has the job itself.
    """

    instance = "crn:1"

    def __init__(self, *bodies: bytes | Exception | None, has: bool = True) -> None:
        self.account = account()
        self.bodies = list(bodies)
        self.has = has

    def job(self, job_id: str) -> RemoteJob:
        if not self.has:
            raise no_such_job()
        return RemoteJob(job_id, "Completed")

    def download_results(self, _job_id, file, **_how) -> bool:
        file.seek(0)
        file.truncate()
        body = self.bodies.pop(0)
        if isinstance(body, Exception):
            if not isinstance(body, Silence | NotFound | Busy):
                file.write(GOOD[:50])
                file.flush()
            raise body
        file.write(body or b"")
        return body is not None


@pytest.fixture(params=[False, True], ids=["kept by the service", "private"])
def private(request) -> bool:
    return request.param


@pytest.fixture
def done(home, private):
    """Have one job that is done, and whose results are not here."""
    with Manifest.open(write_set(1)) as manifest:
        remote = sent(manifest)
        with manifest.transaction() as change:
            change.jobs.observe(
                remote,
                status="Completed",
                reason="",
                reason_code=None,
                solution="",
                private=private,
                at=time.time(),
            )
        yield manifest


def killed(*_: object) -> None:
    """End as a process that dies would: nothing is written down."""
    raise ZeroDivisionError


def no_such_job() -> NotFound:
    return NotFound("Job not found.", status=404, number=1291, trace=None)


def run(manifest: Manifest, *bodies: bytes | Exception | None, has: bool = True) -> None:
    fetch(Work(manifest, Bodies(*bodies, has=has), FakeClock()))  # type: ignore[arg-type]


def again(manifest: Manifest, *bodies: bytes | Exception | None) -> list[int]:
    """Ask for the results again; return the jobs of which the service gave none."""
    work = Work(manifest, Bodies(*bodies), FakeClock())  # type: ignore[arg-type]
    return [job.index for job in refetch(work, [0])]


def in_vain(manifest: Manifest, answer: Exception | None, *, has: bool = True) -> None:
    """Have the service give nothing until that cannot be a delay any more."""
    with manifest.transaction():
        manifest.db.write("UPDATE remotes SET finished_at = '2020-01-01T00:00:00.000Z'")
    for _ in range(10):
        run(manifest, answer, has=has)


def aside(manifest: Manifest) -> list[bytes]:
    return [path.read_bytes() for path in spool_path(manifest.path).glob("*.damaged")]


def test_result_is_stored_as_it_came(done):
    run(done, GOOD)
    assert done.result("r1") == GOOD
    assert not spool_path(done.path).exists()


def test_result_is_not_fetched_twice(done):
    run(done, GOOD)
    run(done)
    assert done.snapshot().unfetched == []


def test_result_that_had_arrived_before_a_crash_is_not_asked_for(done):
    spool_path(done.path).mkdir()
    (spool_path(done.path) / "r1.body").write_bytes(GOOD)
    run(done)
    assert done.result("r1") == GOOD


def test_damaged_body_is_kept_aside_and_never_a_result(done):
    run(done, GOOD[:-5])
    assert done.result("r1") is None
    assert aside(done) == [GOOD[:-5]]


@pytest.mark.parametrize("circuits", [1, 3])
def test_body_of_another_job_is_never_a_result(circuits, done):
    told = json.loads(GOOD)["results"][0]
    run(done, json.dumps({"results": [told] * circuits}).encode())
    assert done.result("r1") is None


def test_damaged_body_is_asked_for_again_unless_it_is_given_once(done, private):
    run(done, b"nonsense")
    assert done.jobs()[0].lost is private


@pytest.mark.parametrize("answer", [None, no_such_job()], ids=["none", "404"])
def test_results_that_are_not_there_yet_are_asked_for_again(answer, done):
    run(done, answer)
    assert (done.jobs()[0].lost, done.jobs()[0].delivered) == (False, False)
    run(done, GOOD)
    assert done.result("r1") == GOOD


@pytest.mark.parametrize("answer", [None, no_such_job()], ids=["none", "404"])
def test_results_that_never_come_are_overdue_and_not_lost(answer, done):
    in_vain(done, answer)
    job = done.jobs()[0]
    assert (job.overdue, job.lost, job.delivered) == (True, False, True)
    assert "asked for again" in job.reason


def test_a_set_with_overdue_results_is_not_waited_for_and_not_closed(done):
    in_vain(done, None)
    assert (done.snapshot().is_settled(), done.snapshot().is_complete()) == (True, False)


def test_overdue_results_are_asked_for_by_every_later_run(done):
    in_vain(done, None)
    run(done, None)
    assert done.jobs()[0].overdue
    run(done, GOOD)
    assert (done.jobs()[0].overdue, done.result("r1")) == (False, GOOD)
    assert done.snapshot().is_complete()


@pytest.mark.parametrize("answer", [None, no_such_job()], ids=["none", "404"])
def test_results_of_a_job_that_the_service_does_not_have_any_more_are_lost(answer, done):
    in_vain(done, answer, has=False)
    assert done.jobs()[0].lost
    assert "does not have this job any more" in done.jobs()[0].reason


@pytest.mark.parametrize("private", [True], indirect=True)
def test_what_is_given_once_is_lost_once_it_may_have_been_given(done):
    with pytest.raises(NoAnswer):
        run(done, Silence("no answer"))
    # A refusal says nothing of what came before it.
    with pytest.raises(Busy):
        run(done, Busy("too many"))
    assert not done.jobs()[0].lost
    run(done, None)
    assert done.jobs()[0].lost


@pytest.mark.parametrize("private", [True], indirect=True)
def test_what_is_given_once_is_lost_where_a_process_died_that_had_asked(done):
    leave(done, "r1.part", b"")
    run(done, None)
    assert done.jobs()[0].lost


@pytest.mark.parametrize("private", [True], indirect=True)
def test_what_was_given_once_is_lost_whatever_dies_before_that_is_written_down(done, monkeypatch):
    leave(done, "r1.part", b"")
    with monkeypatch.context() as patch:
        patch.setattr(Jobs, "lose_result", killed)
        with pytest.raises(ZeroDivisionError):
            run(done, None)
    assert not done.jobs()[0].lost
    run(done, None)
    assert done.jobs()[0].lost
    assert not spool_path(done.path).exists()


@pytest.mark.parametrize("private", [True], indirect=True)
def test_a_service_that_is_away_makes_no_results_overdue(done):
    for _ in range(12):
        with pytest.raises(Silence):
            in_vain(done, Silence("Nobody answers."))
    assert not done.jobs()[0].overdue


def test_asking_again_brings_what_was_taken_for_lost(done):
    in_vain(done, None, has=False)
    assert again(done, GOOD) == []
    assert (done.jobs()[0].lost, done.result("r1")) == (False, GOOD)


def test_what_is_lost_stays_so_where_asking_again_brings_nothing(done):
    in_vain(done, None, has=False)
    assert again(done, None) == [0]
    assert done.jobs()[0].lost


@pytest.mark.parametrize("private", [False], indirect=True)
def test_asking_again_replaces_what_is_here_once_the_new_is_whole(done):
    run(done, GOOD)
    other = GOOD.replace(b"0x0", b"0x1", 1)
    assert again(done, other) == []
    assert done.result("r1") == other


@pytest.mark.parametrize("private", [False], indirect=True)
@pytest.mark.parametrize("answer", [None, GOOD[:-5], no_such_job()], ids=["none", "cut", "404"])
def test_what_is_here_stays_where_asking_again_brings_nothing(answer, done):
    run(done, GOOD)
    assert again(done, answer) == [0]
    assert done.result("r1") == GOOD


@pytest.mark.parametrize("private", [True], indirect=True)
def test_what_is_given_once_is_not_asked_for_where_it_is_here(done):
    run(done, GOOD)
    assert again(done) == []
    assert done.result("r1") == GOOD


@pytest.mark.parametrize("private", [False], indirect=True)
def test_of_bodies_that_cannot_be_used_the_last_one_is_kept(done):
    for body in (GOOD[:-5], GOOD[:-6]):
        run(done, body)
    assert aside(done) == [GOOD[:-6]]


def test_half_of_what_is_given_once_is_kept_aside(done, private):
    with pytest.raises(NoAnswer):
        run(done, NoAnswer("cut"))
    assert aside(done) == ([GOOD[:50]] if private else [])


def test_half_that_a_dead_process_left_of_what_is_given_once_is_kept_aside(done, private):
    spool_path(done.path).mkdir()
    (spool_path(done.path) / "r1.part").write_bytes(GOOD[:50])
    run(done, None)
    assert aside(done) == ([GOOD[:50]] if private else [])


@pytest.mark.parametrize("private", [True], indirect=True)
def test_lost_result_tells_what_went_before(done, private):
    with pytest.raises(NoAnswer):
        run(done, NoAnswer("cut short"))
    run(done, None)
    assert "cut short" in done.jobs()[0].reason


def test_disk_that_takes_no_more_is_a_storage_error(done):
    with pytest.raises(StorageError):
        run(done, OSError(28, "No space left on device"))
    assert len(done.snapshot().unfetched) == 1


@pytest.mark.parametrize("private", [True], indirect=True)
def test_what_is_given_once_is_not_asked_for_where_it_may_find_no_room(done, private, monkeypatch):
    monkeypatch.setattr(shutil, "disk_usage", lambda _folder: SimpleNamespace(free=1000))
    with pytest.raises(StorageError, match="are not asked for"):
        run(done, GOOD)
    monkeypatch.undo()
    run(done, GOOD)
    assert not done.jobs()[0].lost


def leave(manifest: Manifest, name: str, body: bytes) -> None:
    """Leave behind what a process that was killed had on the disk."""
    spool_path(manifest.path).mkdir()
    (spool_path(manifest.path) / name).write_bytes(body)


@pytest.mark.parametrize("private", [True], indirect=True)
def test_whole_body_that_a_dead_process_left_of_what_is_given_once_is_the_result(done):
    leave(done, "r1.part", GOOD)
    run(done)
    assert done.result("r1") == GOOD


@pytest.mark.parametrize("private", [True], indirect=True)
def test_each_part_of_what_is_given_once_is_kept(done):
    leave(done, "r1.part", GOOD[:50])
    (spool_path(done.path) / "r1.damaged").write_bytes(b"older")
    run(done, None)
    assert sorted(aside(done)) == sorted([b"older", GOOD[:50]])


@pytest.mark.parametrize("private", [True], indirect=True)
def test_lost_result_tells_where_its_parts_are(done):
    leave(done, "r1.part", GOOD[:50])
    run(done, None)
    assert str(spool_path(done.path) / "r1.damaged") in done.jobs()[0].reason


@pytest.mark.parametrize("private", [False], indirect=True)
def test_set_that_was_sent_as_private_is_so_whatever_the_listing_says(done):
    with done.transaction():
        done.db.write("UPDATE jobset SET private = 1")
    run(done, b"nonsense")
    assert done.jobs()[0].lost


def test_body_that_was_committed_before_a_crash_is_swept_away(done):
    run(done, GOOD)
    leave(done, "r1.body", GOOD)
    run(done)
    assert not spool_path(done.path).exists()
