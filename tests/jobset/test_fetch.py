"""Bringing results home: kept once they are whole, kept aside when they are not."""

from __future__ import annotations

import json
import shutil
import time
from types import SimpleNamespace

import pytest

from ibmqbatch.errors import StorageError
from ibmqbatch.jobset.fetch import fetch, spool_folder, unfetched
from ibmqbatch.jobset.work import Work
from ibmqbatch.manifest.remotes import observe, read_result
from ibmqbatch.manifest.store import Manifest
from ibmqbatch.service.errors import NoAnswer
from tests.manifest.conftest import sent, write_set
from tests.service.conftest import FakeClock, account

GOOD = json.dumps(
    {"results": [{"data": {"c": {"samples": ["0x0"] * 100, "num_bits": 1}}}] * 2}
).encode()


class Bodies:
    """A service that gives one body after another; None is none, an error is raised after half."""

    instance = "crn:1"

    def __init__(self, *bodies: bytes | Exception | None) -> None:
        self.account = account()
        self.bodies = list(bodies)

    def download_results(self, _job_id, file, **_how) -> bool:
        file.seek(0)
        file.truncate()
        body = self.bodies.pop(0)
        if isinstance(body, Exception):
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
        with manifest.db.transaction():
            observe(
                manifest,
                remote,
                status="Completed",
                reason="",
                reason_code=None,
                solution="",
                private=private,
                at=time.time(),
            )
        yield manifest


def run(manifest: Manifest, *bodies: bytes | Exception | None) -> None:
    fetch(Work(manifest, Bodies(*bodies), FakeClock()))  # type: ignore[arg-type]


def aside(manifest: Manifest) -> list[bytes]:
    return [path.read_bytes() for path in spool_folder(manifest).glob("*.damaged")]


def test_result_is_stored_as_it_came(done):
    run(done, GOOD)
    assert read_result(done, "r1") == GOOD
    assert not spool_folder(done).exists()


def test_result_is_not_fetched_twice(done):
    run(done, GOOD)
    run(done)
    assert unfetched(done) == []


def test_result_that_had_arrived_before_a_crash_is_not_asked_for(done):
    spool_folder(done).mkdir()
    (spool_folder(done) / "r1.body").write_bytes(GOOD)
    run(done)
    assert read_result(done, "r1") == GOOD


def test_damaged_body_is_kept_aside_and_never_a_result(done):
    run(done, GOOD[:-5])
    assert read_result(done, "r1") is None
    assert aside(done) == [GOOD[:-5]]


@pytest.mark.parametrize("circuits", [1, 3])
def test_body_of_another_job_is_never_a_result(circuits, done):
    told = json.loads(GOOD)["results"][0]
    run(done, json.dumps({"results": [told] * circuits}).encode())
    assert read_result(done, "r1") is None


def test_damaged_body_is_asked_for_again_unless_it_is_given_once(done, private):
    run(done, b"nonsense")
    assert done.jobs()[0].lost is private


def test_results_that_are_not_there_yet_are_asked_for_again_unless_given_once(done, private):
    run(done, None)
    assert done.jobs()[0].lost is private


def test_half_of_what_is_given_once_is_kept_aside(done, private):
    with pytest.raises(NoAnswer):
        run(done, NoAnswer("cut"))
    assert aside(done) == ([GOOD[:50]] if private else [])


def test_half_that_a_dead_process_left_of_what_is_given_once_is_kept_aside(done, private):
    spool_folder(done).mkdir()
    (spool_folder(done) / "r1.part").write_bytes(GOOD[:50])
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
    assert len(unfetched(done)) == 1


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
    spool_folder(manifest).mkdir()
    (spool_folder(manifest) / name).write_bytes(body)


@pytest.mark.parametrize("private", [True], indirect=True)
def test_whole_body_that_a_dead_process_left_of_what_is_given_once_is_the_result(done):
    leave(done, "r1.part", GOOD)
    run(done)
    assert read_result(done, "r1") == GOOD


@pytest.mark.parametrize("private", [True], indirect=True)
def test_each_part_of_what_is_given_once_is_kept(done):
    leave(done, "r1.part", GOOD[:50])
    (spool_folder(done) / "r1.damaged").write_bytes(b"older")
    run(done, None)
    assert sorted(aside(done)) == sorted([b"older", GOOD[:50]])


@pytest.mark.parametrize("private", [True], indirect=True)
def test_lost_result_tells_where_its_parts_are(done):
    leave(done, "r1.part", GOOD[:50])
    run(done, None)
    assert str(spool_folder(done) / "r1.damaged") in done.jobs()[0].reason


@pytest.mark.parametrize("private", [False], indirect=True)
def test_set_that_was_sent_as_private_is_so_whatever_the_listing_says(done):
    with done.db.transaction():
        done.db.write("UPDATE jobset SET private = 1")
    run(done, None)
    assert done.jobs()[0].lost


def test_body_that_was_committed_before_a_crash_is_swept_away(done):
    run(done, GOOD)
    leave(done, "r1.body", GOOD)
    run(done)
    assert not spool_folder(done).exists()
