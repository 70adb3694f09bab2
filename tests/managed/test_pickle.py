"""Job sets and what belongs to them, pickled by one program and used by another."""

from __future__ import annotations

import copy
import pickle
import pickletools
from pathlib import Path
from typing import Any

import pytest

from ibmqbatch import IBMQ, IBMQJobManager
from tests.managed.support import BACKEND, elsewhere, flipped, numbered, outcome

# Loads a pickle in another process, and prints what an expression makes of it.
LOAD = """
    import json, pathlib, pickle, sys
    it = pickle.loads(pathlib.Path(sys.argv[1]).read_bytes())
    print(json.dumps(eval(sys.argv[2])))
"""


@pytest.fixture
def manager(service) -> IBMQJobManager:
    """Return a manager with a set of four circuits in two jobs, which has been run."""
    manager = IBMQJobManager()
    job_set = manager.run(numbered(4), BACKEND, name="foo", max_experiments_per_job=2, shots=3)
    job_set.results()
    return manager


def used_elsewhere(thing: object, expression: str, folder: Path) -> Any:
    path = folder / "pickle"
    path.write_bytes(pickle.dumps(thing))
    return elsewhere(LOAD, path, expression)


def test_a_manager_keeps_its_sets(manager, tmp_path):
    told = used_elsewhere(manager, "[s.job_set_id() for s in it.job_sets()]", tmp_path)
    assert told == [job_set.job_set_id() for job_set in manager.job_sets()]


def test_a_job_set_is_the_same_one(manager, tmp_path):
    (job_set,) = manager.job_sets()
    told = used_elsewhere(
        job_set, "[it.name(), it.job_set_id(), dict(it.results().get_counts(3))]", tmp_path
    )
    assert told == ["foo", job_set.job_set_id(), outcome(3, 3)]


def test_a_set_that_is_not_sent_yet_is_sent_once(manager, tmp_path, held):
    job_set = manager.run(numbered(6), BACKEND, max_experiments_per_job=1, shots=3)
    assert used_elsewhere(job_set, "len(it.jobs())", tmp_path) == 6
    assert [job.index for job in held(job_set.job_set_id())] == list(range(6))


def test_managed_jobs_and_jobs_are_the_same_ones(manager, tmp_path):
    (job_set,) = manager.job_sets()
    second = job_set.managed_jobs()[1]
    told = used_elsewhere(
        second, "[it.start_index, it.job.job_id(), dict(it.result().get_counts(0))]", tmp_path
    )
    assert told == [2, second.job.job_id(), outcome(2, 3)]
    assert used_elsewhere(second.job, "it.job_id()", tmp_path) == second.job.job_id()


def test_results_are_read_from_the_sets_file(manager, tmp_path):
    results = manager.job_sets()[0].results()
    told = used_elsewhere(results, "[it.success, dict(it.get_counts('c1'))]", tmp_path)
    assert told == [True, outcome(1, 3)]


def test_combined_results_need_no_file(manager, home, tmp_path):
    combined = manager.job_sets()[0].results().combine_results()
    for path in (home / "sets").iterdir():
        path.unlink()
    assert used_elsewhere(combined, "it.get_counts(2)", tmp_path) == outcome(2, 3)


def test_pickles_hold_nothing_that_another_qiskit_cannot_read(manager):
    backend = IBMQ.load_account().get_backend("fake_manila")
    job = backend.run(flipped("1"), shots=1)
    job.result()
    assert backend.target.num_qubits == 5
    for thing in (backend, job, backend.configuration(), backend.properties(), backend.status()):
        named = {
            word.rpartition(".")[0] or word
            for _, word, _ in pickletools.genops(pickle.dumps(thing))
            if isinstance(word, str) and word.startswith("qiskit")
        }
        assert named <= {"qiskit.providers"}, thing
    again = pickle.loads(pickle.dumps(job))
    assert again.result().to_dict() == job.result().to_dict()


def test_backends_and_providers_are_equal_to_themselves(manager):
    provider = IBMQ.load_account()
    for thing in (provider, provider.get_backend(BACKEND), provider.get_backend("fake_manila")):
        assert pickle.loads(pickle.dumps(thing)) == thing
        assert copy.deepcopy(thing) == thing
