"""No durable step, and no request, is left out of the grid."""

from __future__ import annotations

import pytest

from tests.crash.points import in_the_code
from tests.crash.scenarios import SCENARIOS

pytestmark = pytest.mark.slow

# Steps of the engine that no command takes in these scenarios, and why.
ASIDE = {
    # When a job was created, where no listing has told: through the Python API alone.
    "jobset/observe.py:created_of:commit",
    "jobset/observe.py:created_of:request",
    # Read for an estimate, before there is a set; of real devices only.
    "jobset/estimate.py:usage_of:request",
    # Read for what a live view shows, between two steps; of real devices only.
    "jobset/estimate.py:ask_advice:request",
    # What `fetch_metrics` does, for one job: through the Python API alone.
    "jobset/usage.py:metrics_of:commit",
    "jobset/usage.py:metrics_of:request",
}


def test_every_durable_step_and_request_of_the_engine_is_killed_in_some_scenario(theatre):
    reached: set[str] = set()
    for scenario in SCENARIOS:
        with theatre.stage(scenario.circuits) as stage:
            reached |= {event.rpartition(" ")[0] for event in scenario.events(stage)}
    found = {str(point) for point in in_the_code()}
    assert found - reached == ASIDE
