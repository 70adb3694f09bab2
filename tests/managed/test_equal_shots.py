"""Jobs whose experiments do not follow one another, by the classes of the manager."""

from __future__ import annotations

import io

import pytest

from ibmqbatch import IBMQJobManager
from ibmqbatch.managed.job_set import ManagedJobSet
from tests.support.circuits import basis_state

COUNT = 6


@pytest.fixture
def job_set(provider, cli, tmp_path) -> ManagedJobSet:
    """Six experiments, of 5 and 9 shots in turn."""
    rows = io.StringIO()
    rows.write("path,name,shots\n")
    for number in range(COUNT):
        (tmp_path / f"c{number}.qasm").write_text(basis_state(f"{number:03b}"))
        rows.write(f"c{number}.qasm,n{number},{9 if number % 2 else 5}\n")
    (tmp_path / "t.csv").write_text(rows.getvalue())
    made = cli.submit("--from", tmp_path / "t.csv", "--program", "executor", "--wait")
    return IBMQJobManager().retrieve_job_set(made, provider)


def test_experiments_are_read_by_their_own_numbers(job_set):
    results = job_set.results()
    for number in range(COUNT):
        expected = {f"{number:03b}": 9 if number % 2 else 5}
        assert results.get_counts(number) == results.get_counts(f"n{number}") == expected
    whole = results.combine_results()
    assert [experiment.header.name for experiment in whole.results] == [
        f"n{number}" for number in range(COUNT)
    ]


def test_a_job_gives_the_results_and_circuits_that_it_holds(job_set):
    for job, numbers in zip(job_set.jobs(), ([0, 2, 4], [1, 3, 5]), strict=True):
        names = [experiment.header.name for experiment in job.result().results]
        assert names == [f"n{number}" for number in numbers]
        assert len(job.circuits()) == 3


def test_a_report_tells_how_many_experiments_of_a_range_are_meant(job_set):
    report = job_set.report()
    assert "experiments: 3 of 0-4" in report
    assert "experiments: 3 of 1-5" in report
