"""The tags that a set is found by, and what users may add."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ibmqbatch.errors import UsageError
from ibmqbatch.jobset.tags import (
    MAX_LENGTH,
    MAX_NAME,
    MAX_TAGS,
    PREFIX,
    check_name,
    check_tags,
    find_job_tag,
    labels,
    set_tag,
)
from tests.jobset.support import SET, intent, record

EXTREME = record(
    total_circuits=9_999_999,
    total_jobs=999_999,
    total_repeats=99,
    name="n" * MAX_NAME,
    tags=tuple(f"{n}".rjust(MAX_LENGTH, "x") for n in range(MAX_TAGS)),
)
LAST = intent(999_998, 9, first_place=9_999_998, last_place=9_999_998, repeat=98)


def test_no_tag_is_longer_than_the_service_takes():
    assert max(map(len, labels(EXTREME, LAST, LAST))) <= 86


def test_no_job_has_more_tags_than_the_service_takes():
    assert len(labels(EXTREME, LAST, LAST)) == 8


def test_every_job_carries_the_tag_of_its_set():
    assert set_tag(SET) in labels(EXTREME, LAST, LAST)


def test_tags_of_the_user_stay_as_they_are():
    assert labels(record(tags=("b", "a")), intent(), intent())[:2] == ["b", "a"]


def test_all_of_ours_begin_alike():
    assert all(tag.startswith("ibmq_jobset_") for tag in labels(record(), intent(), intent()))


@given(
    st.integers(0, 10**6),
    st.integers(1, 99),
    st.text("0123456789abcdefghjkmnpqrstvwxyz", min_size=13, max_size=13),
)
def test_nonce_is_found_among_the_tags(job, attempt, nonce):
    sent = intent(job, attempt, nonce)
    assert find_job_tag(SET, labels(record(tags=("x",)), sent, sent)).nonce == nonce


@given(st.text())
def test_nonce_is_found_whatever_the_name(name):
    sent = intent(nonce="a" * 13)
    assert find_job_tag(SET, labels(record(name=name), sent, sent)).nonce == "a" * 13


def test_nonce_of_another_set_is_not_ours():
    tags = labels(record(id="20261120-other00"), intent(), intent())
    assert find_job_tag(SET, tags) is None


@given(st.lists(st.text() | st.text().map(lambda text: f"{set_tag(SET)}{text}"), max_size=4))
def test_tags_of_others_hold_no_nonce(tags):
    assert find_job_tag(SET, tags) is None


def test_job_tag_tells_all_that_recovery_needs():
    sent = intent(3, 2, "n" * 13, first_place=10, last_place=19, repeat=1)
    told = labels(record(total_jobs=5, total_repeats=2, total_circuits=50, name="a b"), sent, sent)
    assert told == [
        f"ibmq_jobset_{SET}_",
        f"ibmq_jobset_{SET}_j3.5_c10-19_r1.2_a2_nnnnnnnnnnnnn",
        "ibmq_jobset_name_50_a b",
    ]


@pytest.mark.parametrize("grouped", [False, True])
def test_job_tag_tells_whether_its_circuits_stand_where_they_did(grouped):
    sent = intent(first_place=1, last_place=2)
    found = find_job_tag(SET, labels(record(grouped=grouped, total_circuits=3), sent, sent))
    assert found is not None
    assert (found.grouped, found.first, found.last) == (grouped, 1, 2)


@pytest.mark.parametrize(
    "tag",
    [
        "",
        "   ",
        PREFIX,
        f"{PREFIX}mine",
        f"  {PREFIX}mine",
        "x" * 87,
        "a\nb",
        "a\x00b",
        "a\x1b[2Jb",
        "a\x7fb",
        "a\x85b",
        "a\u2028b",
        "a\udcffb",
    ],
)
def test_tag_that_cannot_be_used_is_refused(tag):
    with pytest.raises(UsageError):
        check_tags(["good", tag])


def test_more_tags_than_there_is_room_for_are_refused():
    with pytest.raises(UsageError, match="5"):
        check_tags([f"t{n}" for n in range(6)])


def test_tag_of_full_length_is_taken():
    assert check_tags(["é" * 86]) == ("é" * 86,)


def test_tag_that_is_given_twice_counts_once():
    assert check_tags(["a", "b", "a ", "c", "d", "e"]) == ("a", "b", "c", "d", "e")


@pytest.mark.parametrize("name", ["", "  ", "n" * 61, "a\nb", "a\x1bb", "a\u2029b", "a\udcffb"])
def test_name_that_cannot_be_used_is_refused(name):
    with pytest.raises(UsageError):
        check_name(name)


def test_name_loses_the_blanks_around_it():
    assert check_name("  a name ") == "a name"
