"""Results are waited for, looked up and combined, and failures told.

Behaviours 10 to 13, of the fifteen that programs of the old job manager rely on. Where state is
concerned a second process has a look; what the service holds is read from its own database.
"""

from __future__ import annotations

import re

import numpy as np
import pytest
from qiskit.result import Result

from ibmqbatch.managed.exceptions import (
    IBMQJobManagerJobNotFound,
    IBMQJobManagerTimeoutError,
)
from tests.managed.programs import flipped
from tests.managed.support import (
    BACKEND,
    Gate,
    elsewhere,
    numbered,
    outcome,
    spoiled,
)


def test_10_results_wait_and_keep_to_their_timeout(manager, proxy):
    gate = Gate(after=1)
    proxy.when("POST", "/jobs", times=9, before=gate)
    job_set = manager.run(numbered(3), BACKEND, max_experiments_per_job=1, shots=2)
    assert gate.reached.wait(30)
    with pytest.raises(IBMQJobManagerTimeoutError, match=r"for experiments \d-\d"):
        job_set.results(timeout=0.5)
    gate.open()
    assert job_set.results(timeout=0).success


def test_10_failed_jobs_do_not_raise_and_results_are_cached(held):
    job_set = spoiled(numbered(2), 1, max_experiments_per_job=1, shots=2)
    with pytest.warns(UserWarning, match="job result for experiments 1-1, job ID="):
        results = job_set.results()
    assert [job.status for job in held(job_set.job_set_id())] == ["Completed", "Failed"]
    assert not results.success
    assert results.get_counts(0) == outcome(0, 2)
    assert job_set.results() is results
    with pytest.warns(UserWarning, match="experiments 1-1"):
        assert job_set.results(refresh=True) is not results


def test_11_experiments_are_found_by_index_name_and_circuit(manager):
    circuits = numbered(5)
    job_set = manager.run(circuits, BACKEND, max_experiments_per_job=2, shots=2)
    second = job_set.jobs()[1]
    for experiment in (3, np.int64(3), "c3", circuits[3]):
        job, index = job_set.job(experiment)
        assert (job.job_id(), index) == (second.job_id(), 1)
    results = job_set.results()
    for experiment in (3, np.uint8(3), "c3", circuits[3]):
        assert results.get_counts(experiment) == outcome(3, 2)
    for nothing in (5, -1, "c9", None, 1.0, True, flipped("1", "other")):
        with pytest.raises(IBMQJobManagerJobNotFound):
            job_set.job(nothing)
        with pytest.raises(IBMQJobManagerJobNotFound):
            results.get_counts(nothing)
    told = elsewhere(
        """
        import json, sys
        from ibmqbatch import IBMQJobManager
        job_set = IBMQJobManager().retrieve_job_set(sys.argv[1], None)
        print(json.dumps([job_set.job("c3")[1], job_set.results().get_counts("c3")]))
        """,
        job_set.job_set_id(),
    )
    assert told == [1, outcome(3, 2)]


def test_12_combined_results_are_one_result_in_the_original_order(manager):
    circuits = numbered(7)
    job_set = manager.run(circuits, BACKEND, max_experiments_per_job=3, shots=2)
    combined = job_set.results().combine_results()
    assert isinstance(combined, Result)
    assert combined.success
    assert combined.get_counts() == [outcome(n, 2) for n in range(7)]
    assert combined.get_counts(circuits[4]) == outcome(4, 2)
    told = elsewhere(
        """
        import json, sys
        from ibmqbatch import IBMQJobManager
        job_set = IBMQJobManager().retrieve_job_set(sys.argv[1], None)
        print(json.dumps(job_set.results().combine_results().get_counts()))
        """,
        job_set.job_set_id(),
    )
    assert told == combined.get_counts()


def test_12_incomplete_results_are_combined_and_are_no_success(service):
    job_set = spoiled(numbered(6), 2, 5, max_experiments_per_job=1, shots=2)
    with pytest.warns(UserWarning, match="Unable to retrieve"):
        results = job_set.results()
    combined = results.combine_results()
    assert not combined.success
    assert [result.success for result in combined.results] == [n not in {2, 5} for n in range(6)]
    assert combined.get_counts(3) == outcome(3, 2)


def test_13_error_messages_name_the_range_the_index_the_id_and_the_code(held):
    job_set = spoiled(numbered(5), 3, max_experiments_per_job=2, shots=2)
    text = job_set.error_messages()
    failed = held(job_set.job_set_id())[1]
    heading, *reason = text.splitlines()
    assert heading == f"Experiments 2-3, job index=1, job ID={failed.id}:"
    assert all(line.startswith("  ") for line in reason)
    assert re.search(r"Error code: 1\d\d\d\.$", text)
    told = elsewhere(
        """
        import json, sys
        from ibmqbatch import IBMQJobManager
        job_set = IBMQJobManager().retrieve_job_set(sys.argv[1], None)
        print(json.dumps(job_set.error_messages()))
        """,
        job_set.job_set_id(),
    )
    assert told == text


def test_13_without_failures_there_is_no_message(manager):
    assert manager.run(numbered(1), BACKEND, shots=2).error_messages() is None
