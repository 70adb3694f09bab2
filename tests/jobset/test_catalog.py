"""Finding the job set that a user means."""

from __future__ import annotations

import shutil

import pytest

from ibmqbatch import paths
from ibmqbatch.exitcodes import ExitCode
from ibmqbatch.jobset.catalog import find_job, find_set, set_paths
from ibmqbatch.jobset.errors import AmbiguousSet, NoSuchSet
from ibmqbatch.manifest.errors import DamagedManifest
from ibmqbatch.manifest.manifest import Manifest
from tests.support.manifests import sent, write_set

OLD, NEW, OTHER = "20260101-aaaaaaa", "20260102-aaaaaaa", "20260102-bbbbbbb"


@pytest.fixture
def sets(home):
    """Write three sets; two of them have the same name."""
    write_set(1, set_id=OLD, name="alpha")
    write_set(1, set_id=NEW, name="twin")
    write_set(1, set_id=OTHER, name="twin")
    return paths.sets()


def found(reference: str) -> str:
    with find_set(reference) as manifest:
        return manifest.job_set().id


def test_id_is_found(sets):
    assert found(NEW) == NEW


def test_beginning_of_an_id_is_found(sets):
    assert found("20260101") == OLD
    assert found("20260102-b") == OTHER


def test_name_is_found(sets):
    assert found("alpha") == OLD


def test_latest_is_the_one_made_last(sets):
    assert found("latest") == OTHER


def test_path_is_found(sets, tmp_path):
    copy = tmp_path / "exported.sqlite"
    shutil.copy(sets / f"{OLD}.sqlite", copy)
    assert found(str(copy)) == OLD


def test_id_goes_before_a_longer_one(sets):
    write_set(1, set_id=f"{OLD}x")
    assert found(OLD) == OLD


@pytest.mark.parametrize("reference", ["2026", "20260102", "twin"])
def test_what_means_several_is_ambiguous_and_lists_them(reference, sets):
    with pytest.raises(AmbiguousSet, match=OTHER) as caught:
        find_set(reference)
    assert caught.value.exit_code is ExitCode.USAGE


@pytest.mark.parametrize(
    "reference", ["nothing", "", "alph", "../x", "/nowhere/x.sqlite", "*", "é"]
)
def test_what_means_none_is_no_such_set(reference, sets):
    with pytest.raises(NoSuchSet) as caught:
        find_set(reference)
    assert caught.value.exit_code is ExitCode.NO_SUCH_SET


@pytest.mark.parametrize("reference", ["latest", "x"])
def test_without_any_set_none_is_found(reference, home):
    with pytest.raises(NoSuchSet, match="no job sets yet"):
        find_set(reference)


def test_damaged_set_is_told_by_its_id(sets):
    (sets / f"{OLD}.sqlite").write_text("no database " * 100)
    with pytest.raises(DamagedManifest):
        find_set(OLD)


def test_damaged_set_does_not_hide_the_others(sets):
    (sets / f"{NEW}.sqlite").write_text("no database " * 100)
    assert found("twin") == OTHER


def test_newest_set_stands_first(sets):
    assert [path.stem for path in set_paths()] == [OTHER, NEW, OLD]


def test_lock_files_and_drafts_are_no_sets(sets):
    (sets / "20260103-ccccccc.draft").touch()
    assert len(set_paths()) == 3


def tagged(set_id: str, job: int) -> list[str]:
    return ["mine", f"ibmq_jobset_{set_id}_j{job}.2_c0-1_r0.1_a1_{'z' * 13}"]


@pytest.fixture
def sent_sets(sets):
    """Have a job of each set stand on the service."""
    for set_id in (OLD, NEW):
        with Manifest.open(sets / f"{set_id}.sqlite") as manifest:
            sent(manifest, 0, f"r-{set_id}")
    return sets


def test_job_is_found_by_its_tags(sent_sets):
    path = sent_sets / f"{OLD}.sqlite"
    assert find_job(f"r-{OLD}", tagged(OLD, 0)) == (path, 0)


def test_job_is_found_without_tags_in_whichever_set_has_it(sent_sets):
    assert find_job(f"r-{NEW}") == (sent_sets / f"{NEW}.sqlite", 0)
    assert find_job("r-nobody") is None


@pytest.mark.parametrize(
    "tags",
    [
        tagged(OTHER, 0),  # which did not send it
        tagged(OLD, 1),  # which there is not
        tagged("20260109-zzzzzzz", 0),  # a set of another machine
        tagged("../../x", 0),
    ],
)
def test_job_is_not_of_the_set_that_its_tags_name_in_vain(sent_sets, tags):
    assert find_job(f"r-{OLD}", tags) is None


def test_a_damaged_set_hides_no_job_of_another(sent_sets):
    (sent_sets / f"{OTHER}.sqlite").write_bytes(b"no database")
    assert find_job(f"r-{OLD}") == (sent_sets / f"{OLD}.sqlite", 0)
    assert find_job("r", tagged(OTHER, 0)) is None
