"""What a report tells is what the set's file holds."""

from __future__ import annotations

import pytest

from ibmqbatch.jobset.job_set import JobSet
from ibmqbatch.report.gather import JobTimes, gather, work_of
from ibmqbatch.report.sweeps import PARITY
from tests.support.circuits import basis_state

FLIP = """OPENQASM 3.0;
include "stdgates.inc";
input angle theta;
qubit[2] q;
bit[2] c;
rx(theta) q[1];
c = measure q;
"""


@pytest.fixture
def gathered(cli, tmp_path, monkeypatch):
    def read(job_set):
        with JobSet.find(job_set).open() as manifest:
            return gather(manifest)

    return read


def test_histograms_begin_with_the_most_frequent_outcome(cli, circuits, gathered):
    found = gathered(cli.submit(circuits(a=basis_state("01")), "--shots", 5, "--wait"))
    (histogram,) = found.histograms
    assert (histogram.name, histogram.shots, histogram.outcomes) == ("a", 5, [("01", 5)])
    assert (histogram.distinct, histogram.rest) == (1, 0)


def test_a_sweep_has_shares_marginals_and_the_parity(cli, tmp_path, gathered):
    (tmp_path / "flip.qasm").write_text(FLIP)
    (tmp_path / "angles.csv").write_text("theta\n0\n3.141592653589793\n6.283185307179586\n")
    words = ("flip.qasm", "--parameters", "angles.csv", "--shots", 10, "--wait")
    (sweep,) = gathered(cli.submit(*words)).sweeps
    found = {(q.kind, q.label): list(q.values) for q in sweep.quantities}
    assert found["outcome", "10"] == found["marginal", "c[1]"] == [0, 1, 0]
    assert found["marginal", "c[0]"] == [0, 0, 0]
    assert found["expectation", PARITY] == [1, -1, 1]
    assert all(error == 0 for q in sweep.quantities for error in q.errors)


def test_circuits_without_results_are_there_all_the_same(cli, circuits, gathered):
    found = gathered(cli.submit(circuits(a=basis_state("0")), "--detach"))
    assert [(each.name, each.shots) for each in found.histograms] == [("a", 0)]
    assert [(job.created, job.finished) for job in found.jobs] == [(None, None)]


def test_pauses_are_those_in_which_no_job_ran():
    jobs = [
        JobTimes(0, "DONE", 0.0, 10.0, 20.0),
        JobTimes(1, "DONE", 1.0, 15.0, 30.0),
        JobTimes(2, "DONE", 2.0, 50.0, 60.0),
        JobTimes(3, "QUEUED", 3.0, None, None),
    ]
    work = work_of(jobs)
    assert (work.span, work.busy, work.gap) == (60.0, 30.0, 20.0)


def test_of_jobs_that_never_ran_nothing_is_known():
    assert work_of([JobTimes(0, "QUEUED", 0.0, None, None)]) is None
