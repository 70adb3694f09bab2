"""Bars and live tables on a terminal, a line now and then elsewhere."""

from __future__ import annotations

import pytest

from ibmqbatch.render import progress
from ibmqbatch.render.progress import ProgressBars, live_view
from tests.render.data import job_of, set_of


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
