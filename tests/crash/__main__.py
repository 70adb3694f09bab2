"""The whole grid, or a part: `python -m tests.crash --help`. Exits with 1 where anything fails."""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
import traceback
from pathlib import Path

from tests.crash.grid import kills, try_kill
from tests.crash.scenarios import SCENARIOS
from tests.crash.theatre import Theatre


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.crash", description=__doc__)
    parser.add_argument("--scenario", default="", help="those whose names begin so")
    parser.add_argument("--part", default="1/1", help="every Nth kill from the Kth: K/N")
    told = parser.parse_args()
    part, parts = map(int, told.part.split("/"))
    begun = time.monotonic()
    number = landed = failed = 0
    with tempfile.TemporaryDirectory() as folder, Theatre(Path(folder)) as theatre:
        for scenario in SCENARIOS:
            if not scenario.name.startswith(told.scenario):
                continue
            found = list(kills(theatre, scenario))
            chosen = [kill for n, kill in enumerate(found) if n % parts == part - 1]
            before = landed, failed
            for kill in chosen:
                number += 1
                try:
                    outcome = try_kill(theatre, scenario, kill)
                    landed += outcome.landed
                    faults = outcome.faults
                except Exception:  # noqa: BLE001 - the rest of the grid is to be seen as well
                    faults = [traceback.format_exc(limit=3)]
                if faults:
                    failed += 1
                    print(f"FAILED {scenario.name}: {kill}: {'; '.join(faults)}", flush=True)
            print(
                f"{scenario.name:28} {len(chosen):5} kills, {landed - before[0]:5} landed, "
                f"{failed - before[1]:3} failed",
                flush=True,
            )
    print(f"{number} kills, {landed} landed, {failed} failed, in {time.monotonic() - begun:.0f} s")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
