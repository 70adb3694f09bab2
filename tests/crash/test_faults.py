"""A disk that fails: an exit code that says so, one sentence, and nothing acknowledged lost."""

from __future__ import annotations

import sys

import pytest

from tests.crash.faults import Fault, have_strace, own_calls, trace, try_fault
from tests.crash.stage import Stage

pytestmark = [
    pytest.mark.skipif(sys.platform != "linux", reason="strace is Linux's"),
    pytest.mark.skipif(not have_strace(), reason="strace is not here, or may not look"),
]

RESUME = ("resume", "latest", "--wait", "--quiet")
# Of the writes to the manifest's pages every so many is tried; the others all are.
STRIDE = {"pwrite64": 12}
FAULTS = [
    ("fdatasync", "EIO"),
    ("fsync", "EIO"),
    ("rename", "EIO"),
    ("ftruncate", "EIO"),
    ("unlink", "EIO"),
    ("write", "ENOSPC"),
    ("pwrite64", "ENOSPC"),
    ("pwrite64", "EIO"),
]


@pytest.fixture
def stage(theatre):
    theatre.warm()
    with theatre.stage(3) as stage:
        yield stage


def planned(stage: Stage) -> None:
    stage.done(*stage.submit_words("--detach"))


def faults_of_all(theatre, fault_of, name: str) -> list[object]:
    """Have each call of this name fail in turn; return what went wrong, with the fault."""
    with theatre.stage(3) as stage:
        planned(stage)
        total = own_calls(stage, *RESUME)[name]
    assert total
    found = []
    for count in range(1, total + 1, STRIDE.get(name, 1)):
        fault = fault_of(count)
        with theatre.stage(3) as stage:
            planned(stage)
            wrong = try_fault(stage, RESUME, fault)
            stage.done("resume", "latest", "--wait")
            wrong += stage.audit().faults
        if wrong:
            found.append((fault, wrong))
    return found


@pytest.mark.slow
@pytest.mark.parametrize(("name", "error"), FAULTS)
@pytest.mark.parametrize("lasting", [False, True])
def test_each_write_and_sync_that_fails_is_told_and_loses_nothing(theatre, name, error, lasting):
    theatre.warm()
    assert not faults_of_all(theatre, lambda n: Fault(name, error, n, lasting), name)


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
