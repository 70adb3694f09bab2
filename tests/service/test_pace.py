"""The pace: so many submissions in any window, over all processes of one key."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ibmqbatch import paths
from ibmqbatch.service.pace import Pace, PaceState
from tests.support.accounts import FakeClock, sent


def test_so_many_may_go_at_once(pace):
    assert sent(pace, 9) == 5


def test_next_one_waits_for_the_window_to_pass(pace, clock):
    sent(pace, 5)
    grant = pace.reserve(1)
    assert (len(grant.tickets), grant.wait) == (0, 60.0)


def test_all_may_go_again_after_the_window(pace, clock):
    sent(pace, 5)
    clock.time += 60.001
    assert sent(pace, 9) == 5


def test_objects_of_one_key_share_the_pace(pace, clock):
    sent(pace, 3)
    assert sent(Pace("key", 5, 60.0, clock), 9) == 2


def test_objects_of_two_keys_do_not(pace, clock):
    sent(pace, 5)
    assert sent(Pace("other", 5, 60.0, clock), 9) == 5


@given(
    st.lists(
        st.tuples(st.integers(0, 7), st.floats(0, 40), st.floats(0, 9)), min_size=1, max_size=30
    )
)
def test_no_window_ever_holds_more_than_the_limit(tmp_path_factory, steps):
    """Wherever between its start and its answer the service counts a submission."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("IBMQBATCH_HOME", str(tmp_path_factory.mktemp("home")))
        clock = FakeClock()
        pace = Pace("key", 5, 60.0, clock)
        spans: list[tuple[float, float]] = []
        for wanted, pause, latency in steps:
            clock.time += pause
            begun, grant = clock.time, pace.reserve(wanted)
            clock.time += latency
            pace.answered(grant.tickets)
            spans += [(begun, clock.time)] * len(grant.tickets)
    late = [end for _, end in spans]
    for begin, _ in spans:
        assert (
            sum(begin - 60 < end and b <= begin for end, (b, _) in zip(late, spans, strict=True))
            <= 5
        )


def test_submission_under_way_counts_from_its_answer(pace, clock):
    grant = pace.reserve(5)
    clock.time += 40
    pace.answered(grant.tickets)
    clock.time += 30
    assert sent(pace, 1) == 0


def test_answer_that_took_longer_than_the_window_counts_all_the_same(pace, clock):
    grant = pace.reserve(5)
    clock.time += 200
    pace.reserve(0)
    pace.answered(grant.tickets)
    assert sent(pace, 1) == 0


def test_submission_whose_answer_never_came_is_forgotten_in_the_end(pace, clock):
    pace.reserve(5)
    clock.time += 75
    assert sent(pace, 5) == 5


def test_unused_leave_is_given_back(pace):
    grant = pace.reserve(5)
    pace.unused(grant.tickets[2:])
    assert sent(pace, 9) == 3


def test_blocked_pace_lets_nobody_go(pace, clock):
    pace.block(30)
    grant = Pace("key", 5, 60.0, clock).reserve(1)
    assert (grant.tickets, grant.wait) == ((), 30.0)


def test_block_ends(pace, clock):
    pace.block(30)
    clock.time += 30
    assert sent(pace, 1) == 1


def test_block_that_a_wrong_clock_left_behind_does_not_last(pace, clock):
    clock.time += 10 * 365 * 86400
    pace.block(60)
    clock.time -= 10 * 365 * 86400
    assert sent(pace, 1) == 1


def test_send_times_that_a_wrong_clock_left_behind_do_not_count(pace, clock):
    clock.time += 86400
    sent(pace, 5)
    clock.time -= 86400
    assert sent(pace, 5) == 5


def test_no_limit_lets_all_go(home, clock):
    assert len(Pace("key", None, 60.0, clock).reserve(1000).tickets) == 1000


def test_no_limit_obeys_a_block(home, clock):
    pace = Pace("key", None, 60.0, clock)
    pace.block(5)
    assert pace.reserve(1).wait == 5.0


def test_file_does_not_name_the_key(home, clock):
    from ibmqbatch.service.endpoint import Endpoint

    endpoint = Endpoint("u", "i", "very-secret", "crn")
    sent(Pace(endpoint.key_id, 5, 60.0, clock), 1)
    written = [path.name.encode() + path.read_bytes() for path in paths.pace().iterdir()]
    assert written
    assert not any(b"very-secret" in text for text in written)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b"\xff\xff",
        b'{"sent": [], "blocked_until": 0, "counter": 0}',
        b'{"sent": {"1": "x"}, "blocked_until": 0, "counter": 0}',
        b'{"sent": {"1": NaN}, "blocked_until": NaN, "counter": 0}',
        b'{"sent": {}, "blocked_until": Infinity, "counter": 0}',
        b'{"sent": {}, "blocked_until": 0, "counter": Infinity}',
        b'{"sent": {}, "blocked_until": 0, "counter": 0, "flying": []}',
        b'{"sent": {}, "blocked_until": 0, "counter": 0, "flying": {"1": null}}',
        b'{"sent": {}, "blocked_until": 0, "counter": 0, "rate": 7}',
        b'{"sent": {}, "blocked_until": 0, "counter": 0, "rate": [1, 2]}',
        b'{"sent": {}, "blocked_until": 0, "counter": 0, "rate": [1, 2, "soon"]}',
        b'{"sent": {}, "blocked_until": 0, "counter": 0, "pending": [Infinity, 2, 3]}',
        b"[" * 100_000,
    ],
    ids=lambda content: content[:40].decode("latin-1"),
)
def test_damaged_file_is_as_good_as_none(content, pace):
    sent(pace, 5)
    (paths.pace() / "key.json").write_bytes(content)
    assert sent(pace, 9) == 5


def test_file_is_for_its_owner_alone(pace):
    sent(pace, 1)
    assert (paths.pace() / "key.json").stat().st_mode & 0o777 == 0o600


def test_tickets_are_told_apart_after_a_restart(pace, clock):
    first = pace.reserve(2).tickets
    second = Pace("key", 5, 60.0, clock).reserve(2).tickets
    assert len({*first, *second}) == 4


def test_file_holds_no_more_than_a_window(pace, clock):
    for _ in range(50):
        sent(pace, 5)
        clock.time += 61
    assert len(json.loads((paths.pace() / "key.json").read_bytes())["sent"]) == 5


def test_file_of_older_days_is_read(pace, clock):
    sent(pace, 3)
    path = paths.pace() / "key.json"
    told = json.loads(path.read_bytes())
    kept = {name: told[name] for name in ("sent", "blocked_until", "counter")}
    path.write_text(json.dumps(kept))
    assert sent(pace, 9) == 2


def test_wait_is_until_one_more_may_go(pace, clock):
    sent(pace, 2)
    clock.time += 10
    sent(pace, 2)
    clock.time += 10
    assert pace.reserve(2).wait == 40.0


def test_a_look_tells_when_the_next_may_go_and_reserves_nothing(pace, clock):
    sent(pace, 3)
    clock.time += 20
    sent(pace, 2)
    clock.time += 10
    state = pace.state()
    assert (state.limit, state.wait, state.free) == (5, 30.0, 3)
    assert state == pace.state()


@pytest.mark.parametrize(("number", "seconds"), [(3, 30), (4, 90), (8, 90), (9, 150)])
def test_the_last_of_many_leaves_as_many_windows_later_as_it_takes(number, seconds):
    assert PaceState(5, 60.0, 30.0, 3).seconds_for(number) == seconds


def test_without_a_limit_all_may_go_now(clock):
    state = Pace("key", None, 60.0, clock).state()
    assert (state.limit, state.seconds_for(1000)) == (None, 0.0)
