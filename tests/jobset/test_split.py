"""Circuits become jobs in input order, within the limits, as few as can be."""

from __future__ import annotations

import itertools
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ibmqbatch.circuits.cost import Cost
from ibmqbatch.jobset.split import Chunk, Limits, Splitter, repeat_shots

NOTHING = Cost(duration=None, result_bytes=0, instructions=0)
CIRCUITS = st.lists(st.tuples(st.integers(1, 100), st.integers(1, 60)), max_size=60)
SIZES = st.lists(st.integers(1, 100), max_size=60)
LIMITS = st.builds(
    Limits,
    circuits=st.none() | st.integers(1, 20),
    executions=st.integers(1, 500),
    bytes=st.integers(1, 400),
)


def split(sizes: list[int], limits: Limits, shots: int = 1) -> list[Chunk]:
    return split_mixed([(size, shots) for size in sizes], limits)


def split_mixed(circuits: list[tuple[int, int]], limits: Limits) -> list[Chunk]:
    """Split circuits of different sizes and shots."""
    splitter = Splitter(limits)
    for size, shots in circuits:
        splitter.add(NOTHING, shots, size)
    return splitter.finish()[0]


@given(SIZES, LIMITS, st.integers(1, 50))
def test_every_circuit_is_in_one_job_in_order(sizes, limits, shots):
    chunks = split(sizes, limits, shots)
    assert [i for c in chunks for i in range(c.first, c.last + 1)] == list(range(len(sizes)))


@given(SIZES, LIMITS, st.integers(1, 50))
def test_every_job_keeps_the_limits_or_holds_one_circuit(sizes, limits, shots):
    for chunk in split(sizes, limits, shots):
        count = chunk.last - chunk.first + 1
        kept = (
            count <= (limits.circuits or count)
            and count * shots <= limits.executions
            and chunk.bytes <= limits.bytes
        )
        assert kept or count == 1


@given(SIZES, LIMITS)
def test_job_tells_the_bytes_of_its_circuits(sizes, limits):
    for chunk in split(sizes, limits):
        assert chunk.bytes == sum(sizes[chunk.first : chunk.last + 1])


@given(st.integers(0, 200), st.integers(1, 30))
def test_by_count_there_are_as_few_jobs_as_can_be(circuits, most):
    assert len(split([1] * circuits, Limits(circuits=most))) == -(-circuits // most)


@given(SIZES, LIMITS, st.integers(1, 50))
def test_no_two_neighbours_would_fit_into_one_job(sizes, limits, shots):
    """For contiguous jobs this makes them as few as can be."""
    chunks = split(sizes, limits, shots)
    for left, right in itertools.pairwise(chunks):
        count = right.first - left.first + 1
        assert (
            count > (limits.circuits or count)
            or count * shots > limits.executions
            or left.bytes + sizes[right.first] > limits.bytes
        )


def test_no_circuits_make_no_jobs():
    assert split([], Limits()) == []


@pytest.mark.parametrize(("shots", "jobs"), [(1, 1), (4096, 1), (5_000_000, 1000), (10**9, 1000)])
def test_soft_limit_is_five_million_executions(shots, jobs):
    assert len(split([1] * 1000, Limits(), shots)) == jobs


@given(CIRCUITS, st.integers(1, 20), LIMITS)
def test_every_circuit_gets_its_shots_over_all_repeats(circuits, most, limits):
    given_shots = [0] * len(circuits)
    for chunk in split_mixed(circuits, replace(limits, shots=most)):
        for index in range(chunk.first, chunk.last + 1):
            given_shots[index] += repeat_shots(circuits[index][1], most, chunk.repeat)
    assert given_shots == [shots for _, shots in circuits]


@given(CIRCUITS, st.integers(1, 20), LIMITS)
def test_no_circuit_is_in_a_repeat_that_it_needs_not(circuits, most, limits):
    for chunk in split_mixed(circuits, replace(limits, shots=most)):
        assert all(
            repeat_shots(circuits[index][1], most, chunk.repeat) > 0
            for index in range(chunk.first, chunk.last + 1)
        )


@given(CIRCUITS, st.integers(1, 20), LIMITS)
def test_job_tells_the_executions_of_its_circuits(circuits, most, limits):
    for chunk in split_mixed(circuits, replace(limits, shots=most)):
        span = range(chunk.first, chunk.last + 1)
        shots = [repeat_shots(circuits[index][1], most, chunk.repeat) for index in span]
        assert chunk.executions == sum(shots)


def split_alike(shots: list[int], most: int) -> tuple[list[Chunk], int]:
    """Split circuits of these shots into jobs of equal shots; also return what that costs."""
    splitter = Splitter(Limits(circuits=most, alike=True))
    for each in shots:
        splitter.add(NOTHING, each, 1)
    return splitter.finish()


SHOTS = st.lists(st.sampled_from([10, 20, 30]), min_size=1, max_size=40)


@given(SHOTS, st.integers(1, 7))
def test_jobs_of_equal_shots_are_as_few_as_can_be(shots, most):
    chunks, extra = split_alike(shots, most)
    assert len(chunks) == sum(-(-shots.count(each) // most) for each in set(shots))
    assert extra == len(chunks) - -(-len(shots) // most)


@given(SHOTS, st.integers(1, 7))
def test_jobs_of_equal_shots_hold_each_place_once(shots, most):
    chunks, _ = split_alike(shots, most)
    assert [p for c in chunks for p in range(c.first, c.last + 1)] == list(range(len(shots)))


def test_circuits_of_equal_shots_share_a_job_whatever_is_between_them():
    chunks, extra = split_alike([10, 20] * 20, 10)
    places = [(c.first, c.last, c.first_circuit, c.last_circuit) for c in chunks]
    assert places == [(0, 9, 0, 18), (10, 19, 20, 38), (20, 29, 1, 19), (30, 39, 21, 39)]
    assert extra == 0


@pytest.mark.parametrize(
    ("shots", "grouped"), [([10, 20, 10], True), ([10, 10, 20, 20], False), ([10] * 3, False)]
)
def test_only_what_stands_between_others_changes_the_order(shots, grouped):
    splitter = Splitter(Limits(alike=True))
    for each in shots:
        splitter.add(NOTHING, each, 1)
    assert splitter.grouped is grouped


def spans(chunks: list[Chunk]) -> list[tuple[int, int]]:
    return [(chunk.first, chunk.last) for chunk in chunks]


def split_sweep(limits: Limits) -> list[Chunk]:
    """Split a sweep of three runs, whose rows are far smaller than their circuit."""
    splitter = Splitter(limits)
    for row in (None, 10, 10):
        splitter.add(NOTHING, 1, 100, row)
    return splitter.finish()[0]


def split_equal(load: Cost, shots: int, limits: Limits) -> list[Chunk]:
    """Split five equal circuits."""
    splitter = Splitter(limits)
    for _ in range(5):
        splitter.add(load, shots, 1)
    return splitter.finish()[0]


def test_rows_of_a_sweep_take_what_they_add():
    (chunk,) = split_sweep(Limits())
    assert chunk.bytes == 120


def test_row_that_begins_a_job_brings_the_circuit_with_it():
    assert spans(split_sweep(Limits(bytes=115))) == [(0, 1), (2, 2)]


def test_results_of_a_job_stay_within_their_limit():
    load = replace(NOTHING, result_bytes=20)
    chunks = split_equal(load, 1000, Limits(result_bytes=40_000))
    assert spans(chunks) == [(0, 1), (2, 3), (4, 4)]


def test_instructions_of_a_job_stay_within_their_limit():
    load = replace(NOTHING, instructions=10)
    chunks = split_equal(load, 10**6, Limits(executions=10**9, instructions=20))
    assert spans(chunks) == [(0, 1), (2, 3), (4, 4)]
