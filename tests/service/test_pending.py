"""The pending window: no more jobs wait than may, whoever sends them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ibmqbatch.service.pace import Pace, Pending
from tests.support.accounts import FakeClock


@pytest.fixture
def free(home, clock) -> Pace:
    return Pace("key", None, 60.0, clock)


def test_so_many_may_go_as_still_fit(free, clock):
    grant = free.reserve(9, Pending(count=2, limit=5, at=clock.time))
    assert (len(grant.tickets), grant.full, grant.wait) == (3, True, 0.0)


def test_more_that_wait_than_may_leave_no_room(free, clock):
    assert free.reserve(9, Pending(count=7, limit=5, at=clock.time)).tickets == ()


def test_two_processes_that_have_seen_the_same_room_share_it(free, clock):
    seen = Pending(count=0, limit=3, at=clock.time)
    first = free.reserve(2, seen)
    second = Pace("key", None, 60.0, clock).reserve(2, seen)
    assert (len(first.tickets), len(second.tickets)) == (2, 1)


def test_what_is_on_its_way_takes_up_room(free, clock):
    free.reserve(2, Pending(0, 3, clock.time))
    clock.time += 30
    assert len(free.reserve(9, Pending(0, 3, clock.time)).tickets) == 1


def test_what_was_answered_since_the_listing_was_begun_takes_up_room(free, clock):
    grant = free.reserve(2, Pending(0, 3, clock.time))
    begun = clock.time + 1
    clock.time += 2
    free.answered(grant.tickets)
    assert len(free.reserve(9, Pending(0, 3, begun)).tickets) == 1


def test_what_was_answered_before_is_in_the_listing(free, clock):
    free.answered(free.reserve(2, Pending(0, 3, clock.time)).tickets)
    clock.time += 1
    assert len(free.reserve(9, Pending(2, 3, clock.time)).tickets) == 1


def test_what_was_given_back_takes_up_none(free, clock):
    free.unused(free.reserve(3, Pending(0, 3, clock.time)).tickets)
    assert len(free.reserve(9, Pending(0, 3, clock.time)).tickets) == 3


def test_what_a_dead_process_was_sending_takes_up_room_for_a_minute_only(free, clock):
    free.reserve(3, Pending(0, 3, clock.time))
    clock.time += 61
    assert len(free.reserve(9, Pending(0, 3, clock.time)).tickets) == 3


def test_pace_holds_within_the_pending_window(pace, clock):
    grant = pace.reserve(9, Pending(0, 100, clock.time))
    assert (len(grant.tickets), grant.full) == (5, False)
    assert grant.wait > 0


def test_pending_window_holds_within_the_pace(pace, clock):
    grant = pace.reserve(4, Pending(0, 3, clock.time))
    assert (len(grant.tickets), grant.full, grant.wait) == (3, True, 0.0)


@given(
    st.lists(
        st.tuples(st.integers(0, 2), st.integers(1, 6), st.booleans()),
        min_size=1,
        max_size=40,
    )
)
def test_no_more_ever_wait_than_may(tmp_path_factory, steps):
    """Three processes list, reserve, send and are answered in any order; no job ever ends."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("IBMQBATCH_HOME", str(tmp_path_factory.mktemp("home")))
        clock = FakeClock()
        pace = Pace("key", None, 60.0, clock)
        waiting = 0
        seen: dict[int, Pending] = {}
        flying: dict[int, list[str]] = {0: [], 1: [], 2: []}
        for process, wanted, fresh in steps:
            clock.time += 0.5
            if fresh or process not in seen:
                seen[process] = Pending(waiting, 7, clock.time)
                clock.time += 0.1
            elif flying[process]:
                pace.answered(flying[process])
                flying[process] = []
            else:
                tickets = pace.reserve(wanted, seen[process]).tickets
                waiting += len(tickets)  # at the latest when it is answered
                flying[process] = list(tickets)
            assert waiting <= 7
