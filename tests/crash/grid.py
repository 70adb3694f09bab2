"""The grid: every scenario, killed at every crash point, each time that it comes to one.

Jobs come to a point one after the other, so that the times are the jobs; attempts are scenarios.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from tests.crash.points import Kill
from tests.crash.scenarios import Scenario
from tests.crash.theatre import Theatre

__all__ = ["Outcome", "kills", "try_kill"]


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a kill ended: `landed` that the process came to it; `faults` what was wrong then."""

    scenario: Scenario
    kill: Kill
    landed: bool
    faults: list[str]


def kills(theatre: Theatre, scenario: Scenario) -> Iterator[Kill]:
    """Run a scenario undisturbed, and yield every kill that it can meet."""
    theatre.warm()
    with theatre.stage(scenario.circuits) as stage:
        seen: Counter[str] = Counter()
        for event in scenario.events(stage):
            seen[event] += 1
            yield Kill(event, seen[event])


def try_kill(theatre: Theatre, scenario: Scenario, kill: Kill) -> Outcome:
    """Run a scenario, kill it there, go on after it, and look at what became of the circuits."""
    with theatre.stage(scenario.circuits) as stage:
        landed, faults = scenario.killed(stage, kill)
    return Outcome(scenario, kill, landed, faults)
