"""Bars and live tables on a terminal, a line now and then elsewhere."""

from __future__ import annotations

import pytest

from ibmqbatch.render import progress
from ibmqbatch.render.progress import ProgressBars, live_view, live_view_of_sets
from tests.render.data import PROGRESS, job_of, set_of
from tests.support.waiting import wait_until


@pytest.fixture
def clock(monkeypatch):
    """The time that the bars see, to be moved by hand."""
    now = [100.0]
    monkeypatch.setattr(progress.time, "monotonic", lambda: now[0])
    return now


def test_short_work_is_silent_where_there_is_no_terminal(clock, capsys):
    with ProgressBars() as bars:
        bars.progress("sending", 0, 2)
        clock[0] += 1
        bars.progress("sending", 2, 2)
    assert capsys.readouterr() == ("", "")


def test_long_work_is_a_line_now_and_then(clock, capsys):
    with ProgressBars() as bars:
        for done in range(31):
            bars.progress("fetching", done, 30)
            clock[0] += 1
        bars.progress("fetching", 30, 30)
    assert capsys.readouterr().err.splitlines() == [
        "Fetching: 3 of 30 results",
        "Fetching: 14 of 30 results",
        "Fetching: 25 of 30 results",
        "Fetching: 30 of 30 results",
    ]


def test_quiet_bars_tell_nothing(clock, capsys, terminal):
    bars = ProgressBars(enabled=False)
    bars.progress("sending", 0, 1)
    clock[0] += 60
    bars.progress("sending", 1, 1)
    bars.note("a note")
    assert capsys.readouterr() == ("", "")


def test_a_bar_goes_when_the_work_is_done(terminal, clock):
    screen = terminal(60)
    with ProgressBars() as bars:
        bars.progress("compiling", 3, 4)
        assert "Compiling" in screen.lines[-1]
        assert "3/4 circuits" in screen.lines[-1]
        assert len(screen.lines[-1]) <= 60
    assert screen.getvalue().endswith("\x1b[2K")


def test_a_bar_is_drawn_to_its_end_though_the_library_stands_before_the_stream(terminal, clock):
    screen = terminal(60)
    with ProgressBars() as bars:
        for done in range(5):
            bars.progress("compiling", done, 4)
            clock[0] += 1
        assert "4/4 circuits" in screen.lines[-1]
        bars.note("a note goes above it")
        assert "a note goes above it" in screen.getvalue()


def test_times_go_on_in_a_live_view_while_nothing_else_happens(terminal, clock):
    screen = terminal(80)
    told = set_of(job_of(0, "INITIALIZING"), progress=PROGRESS)
    with live_view(lambda: told, stderr=True) as show:
        show()
        clock[0] += 5
        wait_until(lambda: "next submission in 8 s" in screen.getvalue())
    assert "next submission in 13 s" in screen.getvalue()


def test_a_live_view_is_drawn_instead_of_bars_and_they_come_back_after_it(terminal, clock):
    screen = terminal(80)
    with ProgressBars() as bars:
        states = iter(["INITIALIZING", "QUEUED"])
        with live_view(lambda: set_of(job_of(0, next(states))), stderr=True, bars=bars) as show:
            show()
            clock[0] += 1
            bars.progress("sending", 1, 1)
            assert "QUEUED" in screen.getvalue()
            assert "Sending" not in screen.getvalue()
        clock[0] += 1
        bars.progress("fetching", 1, 1)
        assert "Fetching" in screen.lines[-1]


def test_several_sets_are_a_line_each_whenever_their_counts_change(capsys):
    items = [set_of(job_of(0, "QUEUED"), id=name) for name in ("a", "b")]
    with live_view_of_sets(lambda: items) as show:
        show()
        items[1] = set_of(job_of(0), id="b")
        show()
    assert capsys.readouterr().err.splitlines() == ["a: 1 queued", "b: 1 queued", "b: 1 done"]


def test_bars_come_again_after_they_were_cleared_but_not_after_a_stop(terminal, clock):
    screen = terminal(60)
    bars = ProgressBars()
    bars.progress("sending", 1, 1)
    bars.clear()
    bars.progress("fetching", 1, 1)
    assert "Fetching" in screen.lines[-1]
    bars.stop()
    bars.progress("waiting", 1, 1)
    assert "Waiting" not in screen.getvalue()
    bars.note("still told")
    assert screen.lines[-1].endswith("still told")


def test_a_set_is_a_line_whenever_its_counts_change(capsys):
    states = ["QUEUED", "QUEUED", "DONE"]
    with live_view(lambda: set_of(job_of(0, states.pop(0))), stderr=True) as show:
        for _ in range(3):
            show()
    assert capsys.readouterr().err.splitlines() == [
        "20261120-7f3k9q2: 1 queued",
        "20261120-7f3k9q2: 1 done",
    ]


def test_a_live_table_stays_within_the_screen(terminal):
    screen = terminal(60, 12)
    jobs = [job_of(n, "RUNNING") for n in range(100)]
    with live_view(lambda: set_of(*jobs), stderr=False) as show:
        show()
        assert len(screen.lines) <= 12


def test_a_view_that_is_not_wanted_asks_nothing():
    def describe() -> dict[str, object]:
        raise AssertionError

    with live_view(describe, stderr=True, enabled=False) as show:
        show()
