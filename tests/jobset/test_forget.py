"""Forgetting a set: whatever dies on the way, it is whole or gone."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from ibmqbatch import paths
from ibmqbatch.clock import Instant
from ibmqbatch.errors import StorageError, UsageError
from ibmqbatch.files import FileLock
from ibmqbatch.jobset.catalog import set_paths
from ibmqbatch.jobset.forget import clear_away, consider, forget
from ibmqbatch.jobset.once import reserved
from ibmqbatch.manifest.draft import Draft
from ibmqbatch.manifest.errors import SetInUse
from ibmqbatch.manifest.manifest import Manifest
from tests.support.manifests import begin, change, sent, write_set

SET_ID = "20260101-aaaaaaa"


@pytest.fixture
def whole_set(home) -> Path:
    """Write a finished set with all that can stand beside it."""
    with reserved("key") as (set_id, _):
        path = write_set(2, set_id=set_id, once_key="key")
    with Manifest.open(path) as manifest:
        manifest.wants.cancel([0, 1])
        with manifest.transaction() as change:
            change.jobs.close()
    spool = path.with_suffix(".arriving")
    spool.mkdir()
    (spool / "r1.part").write_bytes(b"half")
    path.with_suffix(".sqlite-journal").touch()
    path.with_suffix(".lock").touch()
    return path


def forget_it(path: Path) -> None:
    candidate = consider(path)
    try:
        forget(candidate)
    finally:
        candidate.lock.release()


def left() -> list[str]:
    return sorted(path.name for path in paths.sets().iterdir())


def test_nothing_is_left_of_a_set(whole_set, home):
    write_set(1, set_id=SET_ID)
    before = {name for name in left() if name.startswith(SET_ID)}
    forget_it(whole_set)
    assert set(left()) == before
    assert list((home / "once").iterdir()) == []


class Killed(BaseException):
    """Ends what is under way as a kill would: nothing tidies up."""


@pytest.fixture
def die_at(monkeypatch):
    """Return a function that has the n-th removal from now on be the last thing that happens."""

    def arm(number: int) -> list[str]:
        removed: list[str] = []
        unlink, rmtree = Path.unlink, shutil.rmtree

        def counted(remove, path: Path, *rest: object, **options: object) -> None:
            if len(removed) == number:
                raise Killed
            removed.append(Path(path).name)
            remove(path, *rest, **options)

        def unlink_counted(path, *rest, **options):
            counted(unlink, path, *rest, **options)

        def rmtree_counted(path, *rest, **options):
            # It uses functions of its own below.
            counted(rmtree, path, *rest, **options)

        monkeypatch.setattr(Path, "unlink", unlink_counted)
        monkeypatch.setattr(shutil, "rmtree", rmtree_counted)
        return removed

    return arm


@pytest.mark.parametrize("number", range(9))
def test_killed_at_any_removal_a_set_is_whole_or_gone(whole_set, die_at, monkeypatch, number):
    removed = die_at(number)
    try:
        forget_it(whole_set)
    except Killed:
        pass
    else:
        assert number >= len(removed)
    monkeypatch.undo()
    monkeypatch.setenv("IBMQBATCH_HOME", str(whole_set.parent.parent))
    if set_paths():
        with Manifest.open(whole_set) as manifest:
            assert len(manifest.jobs()) == 2
        assert (whole_set.with_suffix(".arriving") / "r1.part").read_bytes() == b"half"
    else:
        clear_away()
        assert left() == []


def test_its_key_goes_first_then_its_file_and_its_lock_last(whole_set, die_at):
    removed = die_at(100)
    forget_it(whole_set)
    assert removed[0].endswith(".id")
    files = [name for name in removed if name.startswith(whole_set.stem)]
    assert files[0] == whole_set.name
    assert files[1] == f"{whole_set.stem}.arriving"
    assert files[-1] == f"{whole_set.stem}.lock"


def test_the_key_of_a_forgotten_set_makes_a_new_one(whole_set):
    forget_it(whole_set)
    with reserved("key") as (set_id, _):
        assert set_id != whole_set.stem


def test_the_keys_of_other_sets_stay(whole_set):
    with reserved("other") as (other, _):
        pass
    forget_it(whole_set)
    with reserved("other") as (again, _):
        assert again == other


def test_a_set_whose_key_is_in_use_stays_whole(whole_set, home):
    with reserved("key"), pytest.raises(SetInUse):
        forget_it(whole_set)
    with Manifest.open(whole_set) as manifest:
        assert manifest.job_set().once_key == "key"
    forget_it(whole_set)


def test_a_set_that_is_held_is_in_use(whole_set):
    with FileLock(whole_set.with_suffix(".lock")), pytest.raises(SetInUse):
        consider(whole_set)


def test_a_file_that_is_not_in_the_data_folder_is_refused(whole_set, tmp_path):
    copy = tmp_path / whole_set.name
    shutil.copy(whole_set, copy)
    with pytest.raises(UsageError):
        consider(copy)
    assert copy.exists()


def test_a_spool_that_is_a_link_is_not_followed(whole_set, tmp_path):
    mine = tmp_path / "mine"
    mine.mkdir()
    (mine / "kept").touch()
    shutil.rmtree(whole_set.with_suffix(".arriving"))
    whole_set.with_suffix(".arriving").symlink_to(mine)
    forget_it(whole_set)
    assert (mine / "kept").exists()


def test_what_cannot_be_removed_is_told(whole_set, monkeypatch):
    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "unlink", refuse)
    with pytest.raises(StorageError, match="Permission denied"):
        forget_it(whole_set)


def losses(path: Path) -> str:
    candidate = consider(path)
    candidate.lock.release()
    return candidate.losses


def test_a_finished_set_loses_nothing(whole_set):
    assert losses(whole_set) == ""


def test_what_is_not_finished_is_told(home):
    with Manifest.open(write_set(4)) as manifest:
        sent(manifest, 0, "r1")
        done = sent(manifest, 1, "r2")
        completed = {"status": "Completed", "reason": "", "reason_code": None, "solution": ""}
        (intent,) = begin(manifest, 2)
        with manifest.transaction() as change:
            change.jobs.observe(done, **completed, private=False, at=1.0)
            change.submissions.mark_unsure(intent, "no answer", Instant(1.0, 1.0, ""))
        told = losses(manifest.path)
    assert "1 job not sent yet" in told
    assert "1 job perhaps on the service" in told
    assert "1 job still on the service" in told
    assert "1 job done, but without results here" in told


def test_of_a_damaged_set_nobody_knows_what_is_lost(home):
    path = write_set(1)
    path.write_bytes(b"no database " * 100)
    assert "damaged" in losses(path)
    forget_it(path)
    assert set_paths() == []


def test_clearing_away_leaves_sets_and_plans_alone(home):
    path = write_set(1)
    with Draft(SET_ID) as draft:
        clear_away()
        assert draft.path.with_suffix(".draft").exists()
    clear_away()
    assert set_paths() == [path]


def test_a_set_with_labels_yet_to_change_is_finished(whole_set):
    change(whole_set, "UPDATE jobset SET labels_version = 2, closed_at = NULL")
    assert losses(whole_set) == ""


WAITER = """
import sys
from pathlib import Path
from ibmqbatch.files import FileLock
lock = FileLock(Path(sys.argv[1]))
print("ready", flush=True)
lock.acquire()
print("taken", flush=True)
sys.stdin.read()
"""


def test_who_waited_for_a_lock_that_was_removed_locks_the_new_file(tmp_path):
    path = tmp_path / "x.lock"
    with FileLock(path) as first:
        waiter = subprocess.Popen(
            [sys.executable, "-c", WAITER, str(path)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        with waiter:
            assert waiter.stdout.readline() == "ready\n"
            path.unlink()
            first.release()
            assert waiter.stdout.readline() == "taken\n"
            assert not FileLock(path).acquire(blocking=False)
            waiter.stdin.close()
