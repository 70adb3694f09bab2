"""Reading results in input order: each job's are decoded once, however circuits were moved."""

from __future__ import annotations

import contextlib
import json
from collections import Counter

import pytest

from ibmqbatch.jobset.results import ResultReader
from ibmqbatch.manifest.records import CircuitRecord, JobRecord
from tests.support.manifests import remote

IN_JOB = 5


class Bodies:
    """What is read of a manifest: a body for each job, and how often it was asked for."""

    def __init__(self, shots: dict[str, int]) -> None:
        self._shots = shots
        self.reads: Counter[str] = Counter()

    def result(self, job: str) -> bytes:
        self.reads[job] += 1
        register = {"samples": ["0x1"] * self._shots[job], "num_bits": 1}
        return json.dumps({"results": [{"data": {"c": register}}] * IN_JOB}).encode()


def read_all(different: int, *, repeats: int = 1) -> Counter[str]:
    """Read circuits of so many different shots, which alternate; return how often jobs were."""
    total = 2 * IN_JOB * different
    by_place = sorted(range(total), key=lambda index: (index % different, index))
    places = {index: place for place, index in enumerate(by_place)}
    circuits = [
        CircuitRecord(n, f"c{n}", {}, "", 0, repeats * (1 + n % different), places[n])
        for n in range(total)
    ]
    jobs, shots = [], {}
    for repeat in range(repeats):
        for first in range(0, total, IN_JOB):
            held = by_place[first : first + IN_JOB]
            told = remote("Completed", id=f"r{len(jobs)}", result="stored")
            each = 1 + held[0] % different
            shots[told.id] = each
            span = min(held), max(held), first, first + IN_JOB - 1
            state = "run", 1, "accepted", "", None
            jobs.append(JobRecord(len(jobs), *span, repeat, each, *state, told))
    manifest = Bodies(shots)
    reader = ResultReader(circuits, jobs, lambda: contextlib.nullcontext(manifest))
    for circuit in circuits:
        found = reader.outcomes(circuit.index)
        assert found is not None
        assert found.shots == circuit.shots
    return manifest.reads


@pytest.mark.parametrize(("different", "repeats"), [(1, 1), (2, 1), (7, 1), (3, 4), (1, 40)])
def test_results_of_each_job_are_decoded_once(different, repeats):
    reads = read_all(different, repeats=repeats)
    assert set(reads.values()) == {1}
    assert len(reads) == 2 * different * repeats
