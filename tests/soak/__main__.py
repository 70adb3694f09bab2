"""Rounds of kills, side by side: `python -m tests.soak --help`. Exits with 1 where anything fails.

Every round has a seed of its own; `--seed S --kills 1` plays that of seed S again, as far as chance
is ours: what processes and threads do at the same time is not.
"""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

from tests.crash.theatre import Theatre
from tests.soak.report import Report
from tests.soak.rounds import SETTLE, play
from tests.soak.unruly import UnrulyProxy

__all__ = ["soak", "tell"]


class _Tally:
    """What all lanes have come to so far."""

    def __init__(self, kills: int, seed: int, *, telling: bool) -> None:
        self.report = Report()
        self.done: dict[str, int] = {}
        self._wanted = kills
        self._seed = seed
        self._telling = telling
        self._lock = threading.Lock()
        self._begun = time.monotonic()

    def next_seed(self) -> int | None:
        """Return the seed of the next round, unless there have been kills enough."""
        with self._lock:
            self._seed += 1
            return None if self.report.kills >= self._wanted else self._seed - 1

    def add(self, report: Report) -> None:
        """Take in a round."""
        with self._lock:
            self.report.add(report)
            for fault in report.faults:
                print(f"FAILED {fault}", flush=True)
            if self._telling and self.report.rounds % 20 == 0:
                print(
                    f"{self.report.kills} kills in {self.report.rounds} rounds, "
                    f"{time.monotonic() - self._begun:.0f} s",
                    flush=True,
                )


def soak(kills: int, seed: int, lanes: int, *, telling: bool = False) -> Report:
    """Play rounds until so many kills have met something alive."""
    tally = _Tally(kills, seed, telling=telling)
    with ThreadPoolExecutor(lanes) as pool:
        for ended in [pool.submit(_lane, tally, seed, lane) for lane in range(lanes)]:
            ended.result()
    if telling:
        for what, count in sorted(tally.done.items()):
            print(f"  {count:6} requests {what}")
    return tally.report


def _lane(tally: _Tally, seed: int, lane: int) -> None:
    with (
        tempfile.TemporaryDirectory() as folder,
        Theatre(Path(folder), partial(UnrulyProxy, seed=seed + lane)) as theatre,
    ):
        theatre.warm()
        while (number := tally.next_seed()) is not None:
            tally.add(play(theatre, number))
        assert isinstance(theatre.proxy, UnrulyProxy)
        for what, count in theatre.proxy.done.items():
            tally.done[what] = tally.done.get(what, 0) + count


def tell(report: Report, seed: int) -> None:
    """Print what became of rounds whose first seed was `seed`."""
    print(f"seeds from {seed}")
    report.tell(SETTLE)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.soak", description=__doc__)
    parser.add_argument("--kills", type=int, default=200, help="(default: %(default)s)")
    parser.add_argument("--seed", type=int, default=random.randrange(10**6), help="of the first")
    parser.add_argument("--lanes", type=int, default=2, help="at a time (default: %(default)s)")
    told = parser.parse_args()
    report = soak(told.kills, told.seed, told.lanes, telling=True)
    tell(report, told.seed)
    return 0 if report.is_sound else 1


if __name__ == "__main__":
    sys.exit(main())
