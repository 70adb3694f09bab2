"""A disk that fails: an exit code that says so, one sentence, and nothing acknowledged lost."""

from __future__ import annotations

import sys

import pytest

from tests.crash.faults import Fault, have_strace, own_calls, trace, try_fault
from tests.crash.stage import Stage

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform != "linux", reason="strace is Linux's"),
    pytest.mark.skipif(not have_strace(), reason="strace is not here, or may not look"),
]

RESUME = ("resume", "latest", "--wait", "--quiet")
# Of the calls that are made most every so many is tried; others all are.
STRIDE = {"pwrite64": 30, "fdatasync": 4, "ftruncate": 2}
# Calls, what becomes of them, and whether of all later ones as well.
FAULTS = [
    ("fdatasync", "EIO", False),
    ("fdatasync", "EIO", True),
    ("fsync", "EIO", False),
    ("fsync", "EIO", True),
    ("rename", "EIO", False),
    ("ftruncate", "EIO", False),
    ("unlink", "EIO", False),
    ("write", "ENOSPC", False),
    ("write", "ENOSPC", True),
    ("pwrite64", "ENOSPC", False),
    ("pwrite64", "ENOSPC", True),
    ("pwrite64", "EIO", False),
    ("pwrite64", "SIGKILL", False),
    ("fdatasync", "SIGKILL", False),
    ("ftruncate", "SIGKILL", False),
]


@pytest.fixture
def stage(theatre):
    theatre.warm()
    with theatre.stage(3) as stage:
        yield stage


def planned(stage: Stage, *more: object) -> None:
    stage.done(*stage.submit_words("--detach", *more))


def wrong_after(theatre, name: str, error: str, lasting: bool, *, planning: bool) -> list[object]:
    """Have each call of this name fail in turn, in a set's sending or its planning."""
    found: list[object] = []
    total = count = 1
    while count <= total:
        with theatre.stage(3) as stage:
            words = stage.submit_words("--detach") if planning else RESUME
            if not planning:
                planned(stage)
            if total == 1:
                total = own_calls(stage, *words)[name]
                assert total
                continue
            fault = Fault(name, error, count, lasting)
            wrong = try_fault(stage, words, fault, complete=not planning)
            stage.done(*stage.submit_words("--wait"))
            wrong += stage.audit().faults
        found += [(fault, each) for each in wrong]
        count += STRIDE.get(name, 1)
    return found


@pytest.mark.parametrize(("name", "error", "lasting"), FAULTS)
def test_each_call_that_fails_while_a_set_is_sent_is_told_and_loses_nothing(
    theatre, name, error, lasting
):
    theatre.warm()
    assert wrong_after(theatre, name, error, lasting, planning=False) == []


@pytest.mark.parametrize(
    ("name", "error", "lasting"),
    [fault for fault in FAULTS if fault[0] in {"fsync", "rename", "pwrite64"}],
)
def test_each_call_that_fails_while_a_set_is_planned_is_told_and_loses_nothing(
    theatre, name, error, lasting
):
    theatre.warm()
    assert wrong_after(theatre, name, error, lasting, planning=True) == []


def test_a_write_that_fails_once_loses_no_result_that_is_given_once(theatre):
    theatre.warm()
    with theatre.stage(3) as stage:
        planned(stage, "--private")
        total = own_calls(stage, *RESUME)["write"]
    assert total
    found: list[object] = []
    for count in range(1, total + 1):
        with theatre.stage(3) as stage:
            planned(stage, "--private")
            wrong = try_fault(stage, RESUME, Fault("write", "ENOSPC", count))
            stage.done("resume", "latest", "--wait")
            found += [(count, each) for each in wrong + stage.audit().faults]
    assert found == []


@pytest.mark.parametrize("words", [("status", "latest"), ("results", "latest", "--json")])
def test_a_full_disk_keeps_nobody_from_reading(stage, words):
    stage.done(*stage.submit_words("--wait"))
    full = Fault("pwrite64", "ENOSPC", 1, lasting=True)
    assert try_fault(stage, words, full, codes={0}) == []


def test_a_full_disk_keeps_nobody_from_reading_what_a_dead_process_had_begun_to_write(stage):
    planned(stage)
    # It dies when pages of the manifest are written, and not yet all.
    assert try_fault(stage, RESUME, Fault("fdatasync", "SIGKILL", 4), codes={-9}) == []
    (journal,) = stage.home.glob("sets/*-journal")
    assert journal.stat().st_size
    (manifest,) = stage.home.glob("sets/*.sqlite")
    full = Fault("pwrite64", "ENOSPC", 1, lasting=True, paths=(manifest, journal))
    assert try_fault(stage, ("status", "latest"), full, codes={0}) == []
    stage.done("resume", "latest", "--wait")
    assert stage.audit().faults == []


def unsynced(calls, upto) -> set[str]:
    """Return the files that were written before a call and not synced since."""
    dirty: set[str] = set()
    for call in calls[:upto]:
        if call.name in {"pwrite64", "ftruncate"}:
            dirty.add(call.path)
        elif call.name in {"fsync", "fdatasync"}:
            dirty.discard(call.path)
    return {path for path in dirty if ".sqlite" in path}


def test_a_job_is_sent_when_all_that_was_written_before_is_synced(stage):
    planned(stage)
    calls = trace(stage, *RESUME)
    posts = [n for n, call in enumerate(calls) if '"POST /api/v1/jobs ' in call.told]
    assert len(posts) == 3
    assert unsynced(calls, posts[0]) == set()


def test_the_id_is_printed_when_the_set_is_on_the_disk_for_good(stage):
    calls = trace(stage, *stage.submit_words("--detach"))
    (printed,) = (n for n, c in enumerate(calls) if c.name == "write" and c.told.startswith("1<"))
    set_id = stage.set_id()
    renamed = next(
        n for n, c in enumerate(calls) if c.name == "rename" and f'{set_id}.sqlite"' in c.told
    )
    synced = [(n, c.path) for n, c in enumerate(calls) if c.name == "fsync"]
    assert any(n < renamed and path.endswith(f"{set_id}.draft") for n, path in synced)
    assert any(renamed < n < printed and path.endswith("/sets") for n, path in synced)
    assert unsynced(calls, printed) <= {c.path for c in calls if c.path.endswith(".draft")}


def test_a_result_leaves_its_file_when_it_is_committed(stage):
    planned(stage)
    calls = trace(stage, *RESUME)
    bodies = [n for n, c in enumerate(calls) if c.name == "unlink" and ".body" in c.told]
    assert len(bodies) == 3
    for removed in bodies:
        name = calls[removed].path
        renamed = next(n for n, c in enumerate(calls) if c.name == "rename" and name in c.told)
        part = calls[renamed].path
        assert any(c.name == "fsync" and c.path == part for c in calls[:renamed])
        manifest = [
            n
            for n, c in enumerate(calls[:removed])
            if c.name == "fdatasync" and c.path.endswith(".sqlite")
        ]
        assert renamed < manifest[-1]
        assert unsynced(calls, removed) == set()
