"""Some minutes of kills at random instants; `python -m tests.soak` goes on for as long as asked."""

from __future__ import annotations

import random

import pytest

from tests.soak.__main__ import soak, tell

pytestmark = pytest.mark.slow

KILLS = 80


def test_no_circuit_is_lost_and_none_runs_twice():
    seed = random.randrange(10**6)
    report = soak(KILLS, seed, lanes=2)
    tell(report, seed)
    assert report.is_sound, report
