"""Instants that are kept, and the time between them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ibmqbatch.clock import Clock, Instant
from tests.support.accounts import FakeClock

finite = st.floats(0, 1e12, allow_nan=False)


@given(finite, finite, st.sampled_from(["", "6e8b2f0c-1c5e"]))
def test_instant_is_read_as_it_was_written(at, up, boot):
    instant = Instant(at, up, boot)
    assert Instant.read(instant.write()) == instant


@pytest.mark.parametrize("text", ["", "1.0", "1.0 2.0", "a b c", "1.0 2.0 boot more"])
def test_text_that_is_no_instant_is_refused(text):
    with pytest.raises(ValueError):
        Instant.read(text)


@pytest.mark.parametrize("step", [-1e6, 0.0, 1e6])
def test_setting_the_clock_changes_no_time_between(step):
    assert Instant(1e9 + step, 70.0, "a").since(Instant(1e9, 50.0, "a")) == 20.0


def test_after_a_restart_no_more_has_passed_than_since_it():
    before = Instant(1e9, 5000.0, "a")
    assert Instant(1e9 + 60, 10.0, "b").since(before) == 10.0
    assert Instant(1e9 + 60, 90.0, "b").since(before) == 60.0


def test_where_starts_have_no_names_the_clock_is_believed():
    assert Instant(1e9 + 60, 9000.0, "").since(Instant(1e9, 8000.0, "")) == 60.0


def test_all_clocks_of_a_machine_tell_the_same_time_since_its_start():
    first, second = Clock().instant(), Clock().instant()
    assert first.boot == second.boot
    assert 0 <= second.since(first) < 60


@pytest.mark.parametrize(("patience", "deadline", "tries"), [(0, None, 1), (1, None, 3), (9, 1, 3)])
def test_tries_are_as_many_as_there_is_time_for(patience, deadline, tries):
    clock = FakeClock()
    clock.set_deadline(deadline)
    assert len(list(clock.tries(patience, 0.5))) == tries


def test_after_an_interrupt_nothing_is_tried_again():
    clock = FakeClock()
    tried = 0
    for _ in clock.tries(9, 0.5):
        tried += 1
        clock.interrupt(2)
    assert tried == 1
