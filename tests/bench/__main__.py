"""`python -m tests.bench [NAME...]`, from the root of the repository: all benchmarks, or some."""

from __future__ import annotations

import sys
import warnings

from tests.bench.cases import CASES, LONG
from tests.bench.measure import HEADING


def main(names: list[str]) -> int:
    """Run the benchmarks of these names and return 1 if a bound is broken, 2 for a wrong name."""
    cases = CASES | LONG
    unknown = set(names) - cases.keys()
    if unknown:
        print(f"There is {', '.join(cases)}; not {', '.join(sorted(unknown))}.", file=sys.stderr)
        return 2
    warnings.filterwarnings("ignore", category=DeprecationWarning)  # Terra's, about itself
    print(HEADING, flush=True)
    broken = False
    for name in names or CASES:
        for measurement in cases[name]():
            print(measurement, flush=True)
            broken |= measurement.over
    return int(broken)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
