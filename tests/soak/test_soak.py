"""Some minutes of kills at random instants; `python -m tests.soak` goes on for as long as asked."""

from __future__ import annotations

import os
import random
import subprocess
from functools import partial

import pytest

from tests.crash import zygote
from tests.crash.theatre import Theatre
from tests.crash.zygote import Zygote
from tests.soak.__main__ import soak, tell
from tests.soak.rounds import play
from tests.soak.unruly import UnrulyProxy

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
        monkeypatch.setattr(Zygote, "_ask", _with_answer(Zygote._ask, {"code": None}))
        report = play(theatre, 1)
    assert report.faults == ["seed 1: a command hangs"]
    assert not report.is_sound


def test_command_that_outlasts_all_patience_is_ended(monkeypatch):
    monkeypatch.setattr(zygote, "_PATIENCE", 0.1)
    with subprocess.Popen(["sleep", "60"]) as process:
        assert zygote._ended(process.pid) is None
        with pytest.raises(ProcessLookupError):
            os.kill(process.pid, 0)


def _with_answer(ask, answer):
    """Have whoever waits be told so, once the wait is over."""

    def told(self, **what):
        real = ask(self, **what)
        return answer if "wait" in what else real

    return told
