"""Words and numbers for people, and JSON that steers no terminal."""

from __future__ import annotations

import json

import pytest

from ibmqbatch.render.text import (
    clean,
    counts_text,
    json_text,
    listed,
    plural,
    reason_lines,
    short_span,
    size_text,
    span_text,
)


@pytest.mark.parametrize(
    ("size", "text"),
    [
        (0, "0 bytes"),
        (999, "999 bytes"),
        (1000, "1.0 kB"),
        (69_632, "69.6 kB"),
        (99_950, "100 kB"),
        (999_499, "999 kB"),
        (999_500, "1.0 MB"),
        (3_400_000, "3.4 MB"),
        (12_000_000_000, "12.0 GB"),
        (5 * 10**15, "5000 TB"),
    ],
)
def test_sizes_are_in_units_of_a_thousand(size, text):
    assert size_text(size) == text


def test_jobs_with_the_same_reason_are_told_once():
    jobs = [(0, "full"), (1, ""), (2, "full"), (3, "odd"), *((n, "late") for n in range(4, 504))]
    assert reason_lines(jobs) == [
        "Jobs 0, 2: full",
        "Job 3: odd",
        "500 jobs (4, 5, 6, …): late",
    ]


def test_a_range_of_one_is_that_one():
    assert (span_text("circuit", 3, 3, 1), short_span(3, 3, 1)) == ("circuit 3", "3")


def test_a_range_is_told_by_its_ends():
    assert (span_text("circuit", 3, 5, 3), short_span(3, 5, 3)) == ("circuits 3 to 5", "3-5")


def test_of_a_range_with_gaps_it_is_told_how_many_there_are():
    assert span_text("circuit", 3, 9, 4) == "4 of the circuits 3 to 9"
    assert short_span(3, 9, 4) == "4 of 3-9"


def test_unsent_jobs_are_planned():
    assert counts_text({"INITIALIZING": 2, "QUEUED": 0, "DONE": 1}) == "2 planned, 1 done"


def test_things_are_counted_and_listed():
    assert [plural(n, "job") for n in (0, 1, 2)] == ["0 jobs", "1 job", "2 jobs"]
    assert listed("job", [3]) == "job 3"
    assert listed("job", [3, 4]) == "jobs 3, 4"
    assert listed("job", range(12)) == "jobs 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, …"


def test_what_could_steer_a_terminal_is_replaced():
    assert clean("a\x1b[2Jé\n") == "a\N{REPLACEMENT CHARACTER}[2Jé\N{REPLACEMENT CHARACTER}"


def test_json_is_in_its_own_letters_but_for_those_that_cannot_be_seen():
    text = "é\x7f\u202e\ud800"
    assert json_text(text) == '"é\\u007f\\u202e\\ud800"'
    assert json.loads(json_text(text)) == text
