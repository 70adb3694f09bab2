"""What is kept outside of a set's file: who may send, and what was sent."""

from __future__ import annotations

import os
import time

import pytest

from ibmqbatch import paths
from ibmqbatch.clock import Instant
from ibmqbatch.errors import StorageError
from ibmqbatch.manifest.errors import SetInUse
from ibmqbatch.manifest.lease import Begun, Claim, forget_old, lease
from ibmqbatch.manifest.manifest import Manifest
from tests.support.manifests import write_set

SET = "20261120-zzzzzzz"
NOW, LATER = Instant(1e9, 50.0, "boot"), Instant(1e9 + 31, 81.0, "boot")
FIRST, SECOND = Begun(0, 1, "n1"), Begun(1, 1, "n2")

pytestmark = pytest.mark.usefixtures("home")


def test_planner_of_a_set_may_send():
    with Manifest.open(write_set(1)) as manifest:
        record = manifest.job_set()
    with lease(record.id) as kept:
        assert kept.since(record.generation) == (record.generation, [])


def test_file_learns_what_was_sent_since_its_seal():
    with lease(SET) as kept:
        kept.begin("a")
        kept.add("b", [FIRST])
        kept.add("c", [SECOND])
        assert kept.since("a") == ("c", [FIRST, SECOND])
        assert kept.since("b") == ("c", [SECOND])
        assert kept.since("c") == ("c", [])


@pytest.mark.parametrize("generation", ["x", ""])
def test_seal_that_is_not_kept_is_not_known(generation):
    with lease(SET) as kept:
        assert kept.since(generation) is None
        kept.begin("a")
        assert kept.since(generation) is None


def test_claim_ends_what_others_may():
    with lease(SET) as kept:
        kept.begin("a")
        assert kept.claim("b", NOW) == Claim(NOW)
        assert kept.since("a") is None


def test_claim_stands_from_its_first_instant():
    with lease(SET) as kept:
        kept.claim("a", NOW)
        kept.claim("b", LATER)
        assert kept.claim("a", LATER) == Claim(NOW)
        kept.miss("a", LATER)
    with lease(SET) as kept:
        assert kept.claim("a", LATER) == Claim(NOW, LATER)
        assert kept.claim("b", LATER) == Claim(LATER)


def test_end_of_a_claim_ends_all_others():
    with lease(SET) as kept:
        kept.claim("a", NOW)
        kept.claim("b", NOW)
        kept.begin("a")
        assert kept.claim("b", LATER) == Claim(LATER)


def cut_short(left: int) -> None:
    """Leave so many bytes of a chain's second line, or all but its end."""
    with lease(SET) as kept:
        kept.begin("a")
        kept.add("b", [FIRST])
    (path,) = paths.runtime().iterdir()
    first, second = path.read_text().splitlines(keepends=True)
    path.write_text(first + second[: min(left, len(second) - 2)])


@pytest.mark.parametrize("left", range(0, 60, 3))
def test_line_that_was_cut_short_is_as_good_as_none(left):
    """Nothing of it had been sent yet."""
    cut_short(left)
    with lease(SET) as kept:
        assert kept.since("a") == ("a", [])
        assert kept.since("b") is None


@pytest.mark.parametrize("left", range(0, 60, 7))
def test_what_follows_a_line_that_was_cut_short_is_kept(left):
    cut_short(left)
    with lease(SET) as kept:
        kept.add("c", [SECOND])
        assert kept.since("a") == ("c", [SECOND])


@pytest.mark.parametrize(
    "text", ["", "x", "[]", "{}", '{"claims": [1]}', '{"generation": "a"}', "\x00"]
)
def test_what_is_damaged_is_as_good_as_nothing(text):
    with lease(SET) as kept:
        kept.begin("a")
    (path,) = paths.runtime().iterdir()
    path.write_text(text)
    with lease(SET) as kept:
        assert kept.since("a") is None
        assert kept.claim("a", NOW) == Claim(NOW)


def test_claim_of_a_time_that_is_still_to_come_begins_anew():
    """The clock was ahead, and the machine has been started since."""
    with lease(SET) as kept:
        kept.claim("a", Instant(2e9, 50.0, "another boot"))
        assert kept.claim("a", NOW) == Claim(NOW)


def test_only_one_holds_it():
    with lease(SET):
        with pytest.raises(SetInUse), lease(SET):
            raise AssertionError
        with lease("20261120-yyyyyyy"):
            pass
    with lease(SET):
        pass


def test_nobody_else_can_read_it():
    with lease(SET) as kept:
        kept.begin("a")
    folder = paths.runtime()
    (path,) = folder.iterdir()
    assert (folder.stat().st_mode & 0o777, path.stat().st_mode & 0o777) == (0o700, 0o600)


def test_it_stands_where_no_backup_of_the_data_folder_reaches(monkeypatch):
    monkeypatch.delenv("IBMQBATCH_RUNTIME")
    assert not paths.runtime().is_relative_to(paths.home())
    assert str(os.geteuid()) in paths.runtime().name


def test_folder_that_others_can_write_to_is_refused():
    folder = paths.ensure_runtime()
    folder.chmod(0o777)
    with pytest.raises(StorageError, match="not this user's alone"), lease(SET):
        pass


def test_link_in_the_place_of_the_folder_is_refused(tmp_path):
    other = tmp_path / "other"
    other.mkdir(mode=0o700)
    paths.runtime().symlink_to(other)
    with pytest.raises(StorageError, match="not this user's alone"), lease(SET):
        pass


def test_folder_that_cannot_be_made_is_told(tmp_path, monkeypatch):
    (tmp_path / "file").touch()
    monkeypatch.setenv("IBMQBATCH_RUNTIME", str(tmp_path / "file" / "folder"))
    with pytest.raises(StorageError, match="Not a directory"), lease(SET):
        pass


def test_what_was_not_touched_for_long_goes():
    for set_id in (SET, "20261120-yyyyyyy"):
        with lease(set_id) as kept:
            kept.begin("a")
    old = paths.runtime() / f"{SET}.lease"
    os.utime(old, (time.time() - 40 * 86_400,) * 2)
    forget_old()
    assert [path.name for path in paths.runtime().iterdir()] == ["20261120-yyyyyyy.lease"]
