"""Where jobs of a set are, told from their tags: in whatever order, with whatever missing."""

from __future__ import annotations

import itertools
import random
from dataclasses import replace

import pytest

from ibmqbatch.errors import UsageError
from ibmqbatch.jobset.recovery.placement import place
from ibmqbatch.service.models import RemoteJob

SET = "20261121-aaaaaaa"


def job(
    index: int,
    first: int,
    last: int,
    *,
    jobs: int,
    repeat: int = 0,
    repeats: int = 1,
    name: str = "9",
) -> RemoteJob:
    tag = f"ibmq_jobset_{SET}_j{index}.{jobs}_c{first}-{last}_r{repeat}.{repeats}_a1_n{index}"
    tags = (tag, f"ibmq_jobset_name_{name}_set")
    return RemoteJob(f"id{index}", "Completed", tags=tags, created=f"{index:04}", backend="b")


def jobs_of(edges: list[list[int]]) -> list[RemoteJob]:
    """Return the jobs of a set; for each repeat the circuits at which jobs begin, and the end."""
    spans = [
        (repeat, first, stop - 1)
        for repeat, listed in enumerate(edges)
        for first, stop in itertools.pairwise(listed)
    ]
    return [
        job(
            index,
            first,
            last,
            jobs=len(spans),
            repeat=repeat,
            repeats=len(edges),
            name=str(edges[0][-1]),
        )
        for index, (repeat, first, last) in enumerate(spans)
    ]


def told(jobs: list[RemoteJob]) -> list[tuple[int, int, int]]:
    return [(slot.repeat, slot.first, slot.last) for slot in place(SET, jobs)]


def some_of(count: int) -> list[tuple[int, ...]]:
    """Return one, two or three of so many, in every way there is."""
    return [some for size in (1, 2, 3) for some in itertools.combinations(range(count), size)]


EVEN = [[0, 3, 6, 9], [0, 3, 6, 9], [0, 3, 6, 9]]
# Sets whose jobs are not alike: of the second not all circuits take several repeats.
ODD = [[0, 1, 7, 8, 9], [0, 4, 5, 9], [0, 9]]


@pytest.mark.parametrize("edges", [EVEN, ODD, [[0, 1]], [list(range(1101))]])
def test_places_do_not_depend_on_the_order_of_a_listing(edges):
    jobs = jobs_of(edges)
    shuffled = random.Random(1).sample(jobs, len(jobs))
    found = place(SET, shuffled)
    assert [slot.found[0].remote for slot in found] == jobs


def test_holes_of_an_even_set_are_where_its_jobs_were():
    jobs = jobs_of(EVEN)
    for gone in some_of(9):
        left = [job for index, job in enumerate(jobs) if index not in gone]
        assert told(left) == told(jobs), gone


def test_holes_of_any_set_leave_each_circuit_in_its_first_repeat_once():
    jobs = jobs_of(ODD)
    for gone in some_of(8):
        left = [job for index, job in enumerate(jobs) if index not in gone]
        found = place(SET, left)
        there = [index not in gone for index in range(8)]
        assert [bool(slot.found) for slot in found] == there, gone
        spans = [range(slot.first, slot.last + 1) for slot in found if not slot.repeat]
        assert [*itertools.chain(*spans)] == [*range(9)], gone


@pytest.mark.parametrize(
    "jobs",
    {
        "another total": [job(0, 0, 4, jobs=2), job(1, 5, 8, jobs=3)],
        "circuits twice": [job(0, 0, 5, jobs=2), job(1, 5, 8, jobs=2)],
        "a gap without a job": [job(0, 0, 3, jobs=2), job(1, 5, 8, jobs=2)],
        "no room for a job": [job(0, 0, 4, jobs=3), job(2, 5, 8, jobs=3)],
        "circuits beyond the end": [job(0, 0, 9, jobs=1)],
        "the end is missing": [job(0, 0, 3, jobs=1)],
        "more than a set can have": [job(0, 0, 8, jobs=1, name="999999999")],
    }.values(),
)
def test_tags_that_contradict_each_other_are_refused(jobs):
    with pytest.raises(UsageError, match="The jobs of the set"):
        place(SET, jobs)


@pytest.mark.parametrize(
    "odd",
    [
        job(0, 0, 10**12, jobs=1),
        job(0, 0, 8, jobs=10**20),
        job(0, 0, 8, jobs=1, repeats=10**20),
        job(3, 0, 8, jobs=2),
        job(0, 8, 0, jobs=1),
    ],
)
def test_numbers_that_no_set_has_are_no_places(odd):
    assert place(SET, [odd]) == []


def test_a_set_whose_name_is_gone_ends_with_its_last_job():
    nameless = [replace(job, tags=job.tags[:1]) for job in jobs_of(EVEN)]
    assert told(nameless) == told(jobs_of(EVEN))


@pytest.mark.parametrize(
    ("statuses", "asked"),
    [
        (("Failed", "Completed", "Queued"), "id1"),
        (("Failed", "Cancelled"), "id1"),
        (("Queued",), "id0"),
    ],
)
def test_the_job_that_is_done_is_asked_or_else_the_newest(statuses, asked):
    (tag, name) = job(0, 0, 8, jobs=1).tags
    attempts = [
        RemoteJob(f"id{number}", status, tags=(tag.replace("_a1_", f"_a{number + 1}_"), name))
        for number, status in enumerate(statuses)
    ]
    (slot,) = place(SET, attempts)
    assert slot.telling is not None
    assert slot.telling.id == asked
