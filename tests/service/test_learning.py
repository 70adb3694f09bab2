"""Limits that the service's refusals teach: shared by all processes, overridden, forgotten."""

from __future__ import annotations

import pytest

from ibmqbatch.service.client import Client
from ibmqbatch.service.pace import Pace
from tests.support.accounts import account, sent


def test_learnt_rate_is_kept_by_all(pace, clock):
    pace.learn(2, 30.0)
    other = Pace("key", 5, 60.0, clock)
    assert other.figures() == (2, 30.0)
    assert sent(other, 9) == 2
    clock.time += 30.001
    assert sent(pace, 9) == 2


def test_learnt_rate_may_be_higher(pace):
    pace.learn(10, 60.0)
    assert sent(pace, 20) == 10


def test_learnt_rate_that_is_below_what_has_been_sent_waits_for_enough_of_it(pace, clock):
    for _ in range(5):
        sent(pace, 1)
        clock.time += 1
    pace.learn(2, 60.0)
    # The last two were sent 2 and 1 seconds ago: one of them has to leave the window.
    assert pace.reserve(1).wait == 58.0


def test_learnt_rate_is_looked_for_anew_after_a_day(pace, clock):
    pace.learn(2, 30.0)
    clock.time += 86_401
    assert pace.figures() == (5, 60.0)


def test_rate_that_a_wrong_clock_left_behind_does_not_hold(pace, clock):
    clock.time += 10 * 86_400
    pace.learn(2, 30.0)
    clock.time -= 10 * 86_400
    assert pace.figures() == (5, 60.0)


def test_window_of_an_hour_is_kept(pace, clock):
    pace.learn(3, 3600.0)
    sent(pace, 3)
    clock.time += 3500
    assert sent(pace, 1) == 0
    clock.time += 101
    assert sent(pace, 9) == 3


def test_fixed_figures_are_not_learnt_better(home, clock):
    fixed = Pace("key", 5, 60.0, clock, fixed=True)
    fixed.learn(2, 30.0)
    assert fixed.figures() == (5, 60.0)


def test_what_others_have_learnt_does_not_change_fixed_figures(pace, clock):
    pace.learn(2, 30.0)
    assert Pace("key", 5, 60.0, clock, fixed=True).figures() == (5, 60.0)


def test_no_limit_learns_none(home, clock):
    free = Pace("key", None, 60.0, clock)
    free.learn(2, 30.0)
    assert len(free.reserve(1000).tickets) == 1000


@pytest.mark.parametrize("variable", ["IBMQBATCH_PACE", "IBMQBATCH_PACE_WINDOW"])
def test_what_the_user_has_set_is_fixed(variable, home, clock, monkeypatch):
    with Client(account(), clock) as client:
        client.pace().learn(2, 30.0)
        assert client.pace().figures() == (2, 30.0)
        monkeypatch.setenv(variable, "5")
        assert client.pace().figures() == (5, 60.0)


def test_learnt_pending_window_is_known_to_all_for_a_day(pace, clock):
    assert pace.pending_limit() is None
    pace.learn_pending(3, told=True)
    assert Pace("key", None, 60.0, clock).pending_limit() == 3
    clock.time += 86_401
    assert pace.pending_limit() is None


def test_counted_pending_window_is_tried_again_after_an_hour(pace, clock):
    pace.learn_pending(3, told=False)
    clock.time += 3500
    assert pace.pending_limit() == 3
    clock.time += 101
    assert pace.pending_limit() is None


def test_pending_window_of_none_is_one(pace):
    pace.learn_pending(0, told=False)
    assert pace.pending_limit() == 1


def test_both_stand_in_the_file_with_the_send_times(pace):
    pace.learn(2, 30.0)
    pace.learn_pending(3, told=True)
    assert sent(pace, 9) == 2
    assert (pace.figures(), pace.pending_limit()) == ((2, 30.0), 3)
