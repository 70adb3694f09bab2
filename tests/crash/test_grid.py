"""Killed anywhere: no circuit is lost, none runs twice, and no result that arrived is gone.

Here each scenario dies at every third of its crash points, once; `python -m tests.crash` is the
whole grid.
"""

from __future__ import annotations

import pytest

from tests.crash.grid import kills, try_kill
from tests.crash.scenarios import SCENARIOS

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.name)
def test_each_circuit_runs_once_and_its_result_comes_home(theatre, scenario):
    firsts = [kill for kill in kills(theatre, scenario) if kill.count == 1][::3]
    outcomes = [try_kill(theatre, scenario, kill) for kill in firsts]
    assert [outcome for outcome in outcomes if outcome.faults] == []
    # Requests run side by side, so that a few of the events may not come again.
    landed = sum(outcome.landed for outcome in outcomes)
    assert landed >= 0.8 * len(firsts)
