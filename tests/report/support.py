"""Reports that no service stands behind, and what a page holds."""

from __future__ import annotations

import base64
import json
import math
import re
import zlib
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from ibmqbatch.manifest.manifest import Manifest
from ibmqbatch.report.device_map import device_map
from ibmqbatch.report.gather import Histogram, JobTimes, Report, gather
from ibmqbatch.report.sweeps import Quantity, Sweep
from tests.support.manifests import write_set

LINE = {"n_qubits": 4, "coupling_map": [[0, 1], [1, 2], [2, 3]]}
ANGLES = (0.0, 1.0, 2.0)
BEGUN = 1_790_000_000.0


def a_report(circuits: int = 3, **changes: object) -> Report:
    """Return the report of a set of two jobs, of which one has failed, on a device of a line.

    Circuit `n` gave 00 in n shots of 1000 and 11 in the others. A sweep of two angles has a share
    of 0 at (0, 0), and of 1 at (2, 2). It writes the set into the data folder of the test.
    """
    with Manifest.open(write_set(2, calibrated_at="2026-11-01T10:00:00Z", **changes)) as manifest:
        plain = gather(manifest)
    jobs = [dict(job) for job in plain.data["jobs"]]
    jobs[0] |= {"status": "DONE", "id": "r0"}
    jobs[1] |= {"status": "ERROR", "id": "r1", "reason": "Out of <qubits> & luck."}
    counts = {**plain.data["counts"], "INITIALIZING": 0, "DONE": 1, "ERROR": 1}
    return replace(
        plain,
        data={**plain.data, "jobs": jobs, "counts": counts, "state": "failed"},
        jobs=[
            JobTimes(0, "DONE", BEGUN, BEGUN + 30, BEGUN + 90),
            JobTimes(1, "ERROR", BEGUN + 10, BEGUN + 300, BEGUN + 400),
        ],
        histograms=list(histograms(circuits)),
        sweeps=[two_angles()],
        device=device_map(LINE, None, [({"initial": [1], "final": [2]}, 6)]),
    )


def histograms(number: int) -> Iterator[Histogram]:
    for index in range(number):
        shots = index % 1000
        outcomes = sorted([("11", 1000 - shots), ("00", shots)], key=lambda each: -each[1])
        metadata = {"depth": (index * 7) % number}
        yield Histogram(index, f"c{index}", metadata, 1000, outcomes, 2)


def two_angles() -> Sweep:
    grid = [(x, y) for x in ANGLES for y in ANGLES]
    shares = [x * y / 4 for x, y in grid]
    errors = [math.sqrt(share * (1 - share) / 1000) for share in shares]
    return Sweep(
        "grid",
        range(len(grid)),
        {"theta": [x for x, _ in grid], "phi": [y for _, y in grid]},
        [Quantity("outcome", "11", shares, errors)],
    )


def data_of(page: str) -> dict[str, Any]:
    """Return the data that a page draws."""
    packed = re.search(r'id="data">([^<]*)<', page)
    assert packed is not None
    found: dict[str, Any] = json.loads(zlib.decompress(base64.b64decode(packed[1])))
    return found
