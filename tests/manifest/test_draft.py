"""A plan becomes a set when it is whole, and not before."""

from __future__ import annotations

import itertools
import os
import signal
import sqlite3
import subprocess
import sys
import zlib
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from ibmqbatch import paths
from ibmqbatch.errors import StorageError
from ibmqbatch.files import FileLock
from ibmqbatch.jobset.catalog import set_paths
from ibmqbatch.manifest import ids as ids_module
from ibmqbatch.manifest.draft import Draft, DraftJob
from ibmqbatch.manifest.ids import new_set_id
from ibmqbatch.manifest.manifest import Manifest, lock_path
from ibmqbatch.manifest.records import JobStatus
from tests.support.manifests import add_circuits, circuit, draft_set, write_set

PLANNER = """
import sys
from ibmqbatch.manifest.draft import Draft
from tests.support.manifests import add_circuits
with Draft("20260101-killed0") as draft:
    add_circuits(draft, 100)
    print("drafted", flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def planner(home):
    """Run a planner in a process of its own; it is in the middle of a plan."""
    with subprocess.Popen(
        [sys.executable, "-c", PLANNER], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "drafted\n"
        yield process
        process.kill()


def drafts() -> list[str]:
    return [path.name for path in paths.sets().glob("*.draft")]


def test_committed_set_holds_what_was_planned(home):
    path = write_set(2, name="ten", tags=("a", "é"), options={"simulator": {"seed_simulator": 3}})
    with Manifest.open(path) as manifest:
        record = manifest.job_set()
        assert (record.name, record.tags, record.total_jobs, record.total_circuits) == (
            "ten",
            ("a", "é"),
            2,
            4,
        )
        assert record.options == {"simulator": {"seed_simulator": 3}}
        assert [c.name for c in manifest.circuits()] == ["c0", "c1", "c2", "c3"]
        bodies = [pub.body for pub in manifest.pubs(1, 2)]
        assert [zlib.decompress(body) for body in bodies] == [b"\x01", b"\x02"]
        assert manifest.pubs_size(1, 2) == sum(map(len, bodies))
        assert {job.status for job in manifest.jobs()} == {JobStatus.INITIALIZING}


def test_draft_is_no_set_while_it_is_written(planner):
    assert set_paths() == []


def test_killed_planner_leaves_no_set(planner):
    planner.send_signal(signal.SIGKILL)
    planner.wait()
    assert set_paths() == []


def test_next_plan_removes_what_a_killed_planner_left(planner):
    planner.send_signal(signal.SIGKILL)
    planner.wait()
    assert drafts() == ["20260101-killed0.draft"]
    path = write_set()
    assert drafts() == []
    assert set_paths() == [path]


def test_next_plan_leaves_a_living_planners_draft_alone(planner):
    write_set()
    assert drafts() == ["20260101-killed0.draft"]
    assert planner.poll() is None


def test_plan_that_fails_leaves_nothing(home):
    with pytest.raises(ZeroDivisionError), Draft(new_set_id()) as draft:
        add_circuits(draft, 1)
        raise ZeroDivisionError
    assert [p for p in paths.sets().iterdir() if p.suffix != ".lock"] == []


def test_planner_gives_the_lock_back(path):
    lock = FileLock(lock_path(path))
    assert lock.acquire(blocking=False)
    lock.release()


def test_set_that_stands_is_not_overwritten(home):
    path = write_set(1, set_id="20260101-aaaaaaa", name="first")
    with pytest.raises(StorageError):
        write_set(1, set_id="20260101-aaaaaaa", name="second")
    with Manifest.open(path) as manifest:
        assert manifest.job_set().name == "first"


def test_folder_that_cannot_be_written_is_a_storage_error(home):
    paths.ensure_folder(home)
    paths.sets().write_text("a file in its place")
    with pytest.raises(StorageError):
        Draft("20260101-aaaaaaa")


def test_lock_that_cannot_be_taken_is_a_storage_error(home):
    paths.ensure_folder(paths.sets())
    (paths.sets() / "20260101-aaaaaaa.lock").mkdir()
    with pytest.raises(StorageError):
        Draft("20260101-aaaaaaa")


def test_full_disk_while_planning_is_a_storage_error(home):
    """Have the kernel refuse to let files grow, as a full disk would."""
    script = """
import resource, signal, sys
from ibmqbatch.errors import StorageError
from ibmqbatch.manifest.draft import Draft
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, 200_000))
try:
    with Draft("20260101-aaaaaaa") as draft:
        for n in range(100):
            draft.add_body("s", bytes(500_000))
except StorageError as error:
    sys.exit(0)
sys.exit(1)
"""
    assert subprocess.run([sys.executable, "-B", "-c", script], check=False).returncode == 0
    assert set_paths() == []
    assert drafts() == []


def test_files_are_for_their_owner_alone(path):
    assert path.parent.stat().st_mode & 0o777 == 0o700
    assert path.stat().st_uid == os.getuid()


def test_ids_are_unique(home):
    made = {write_set(1) for _ in range(30)}
    assert len(made) == 30


def test_ids_sort_by_the_time_at_which_they_were_made(home, monkeypatch):
    start = datetime(2026, 1, 1, tzinfo=UTC)
    moments = itertools.accumulate(
        [0, 0.1, 1, 59, 3600, 20 * 3600, 3600, 86400, 31 * 86400], lambda a, b: a + b
    )
    times = iter([start + timedelta(seconds=s) for s in moments])

    class Frozen(datetime):
        @classmethod
        def now(cls, *_zone):
            return next(times)

    monkeypatch.setattr(ids_module, "datetime", Frozen)
    ids = [new_set_id() for _ in range(9)]
    assert ids == sorted(ids)


def test_id_is_easy_to_type(home):
    day, dash, tail = new_set_id().partition("-")
    assert (len(day), dash, len(tail)) == (8, "-", 7)
    assert tail.isalnum()
    assert not set(tail) & set("ilou")


def test_id_that_is_taken_is_not_made_again(home, monkeypatch):
    drawn = iter([b"\0\0\5", b"\0\0\5", b"\0\0\6"])
    monkeypatch.setattr(ids_module.os, "urandom", lambda _width: next(drawn))

    class Frozen(datetime):
        @classmethod
        def now(cls, *_zone):
            return datetime(2026, 1, 1, tzinfo=UTC)

    monkeypatch.setattr(ids_module, "datetime", Frozen)
    write_set(1, set_id=(first := new_set_id()))
    assert new_set_id() != first


def test_job_count_and_repeats_are_kept(home):
    with Draft(new_set_id()) as draft:
        add_circuits(draft, 1)
        path = draft.commit(draft_set(), [DraftJob(0, 0, 0, 10), DraftJob(0, 0, 1, 5)])
    with Manifest.open(path) as manifest:
        assert (manifest.job_set().total_jobs, manifest.job_set().total_repeats) == (2, 2)


def test_programs_of_very_many_runs_are_kept_in_order(home):
    with Draft(new_set_id()) as draft:
        for number in range(3):
            body = draft.add_body(f"{number:064x}", zlib.compress(bytes([number])))
            # Not every circuit has a program, and the first may come late.
            program = draft.add_program("openqasm2", b"x") if number else None
            runs = [circuit(run) for run in range(250)]
            draft.add_circuits([replace(run, body=body, program=program) for run in runs])
        path = draft.commit(draft_set(), [DraftJob(0, 749, 0, 10)])
    with sqlite3.connect(path) as connection:
        found = connection.execute("SELECT body, program FROM circuits ORDER BY idx").fetchall()
    connection.close()
    assert found == [(1, None)] * 250 + [(2, 1)] * 250 + [(3, 2)] * 250
