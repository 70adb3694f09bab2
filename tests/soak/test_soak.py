"""Some minutes of kills at random instants; `python -m tests.soak` goes on for as long as asked."""

from __future__ import annotations

import random
from functools import partial

import pytest

from tests.crash.theatre import Theatre
from tests.soak.__main__ import soak, tell
from tests.soak.rounds import play
from tests.soak.unruly import UnrulyProxy
from tests.support.forks import Process

pytestmark = pytest.mark.slow

KILLS = 250


def test_no_circuit_is_lost_and_none_runs_twice():
    seed = random.randrange(10**6)
    report = soak(KILLS, seed, lanes=2)
    tell(report, seed)
    assert report.is_sound, report


def test_command_that_hangs_is_a_fault(monkeypatch, tmp_path):
    with Theatre(tmp_path, partial(UnrulyProxy, seed=1)) as theatre:
        theatre.warm()
        monkeypatch.setattr(Process, "wait", _wait_in_vain)
        report = play(theatre, 1)
    assert report.faults == ["seed 1: a command hangs"]
    assert not report.is_sound


def _wait_in_vain(process: Process) -> int:
    process.kill()
    raise AssertionError("a command hangs")
