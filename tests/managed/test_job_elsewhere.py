"""Jobs of ours on a machine that has not sent them, and does not have their set."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from ibmqbatch import IBMQJob, IBMQJobManager
from ibmqbatch.jobset.catalog import set_paths
from tests.managed.support import BACKEND, bell, numbered, on_service, other_machine, outcome
from tests.support.qiskits import needs_terra


@pytest.fixture
def elsewhere(service, monkeypatch, tmp_path) -> Callable[[], None]:
    """Return a function that goes on with another machine."""
    return lambda: other_machine(monkeypatch, service, tmp_path / "other")


@pytest.fixture
def found(job, simulator, elsewhere) -> IBMQJob:
    """A job with a name, tags and a header, as another machine finds it."""
    elsewhere()
    return simulator.retrieve_job(job.job_id())


def test_a_job_has_its_name_before_anything_else_is_known_of_it(found):
    assert (found.name(), found.tags()) == ("mine", ["a", "b"])
    assert set_paths() == []


def test_a_job_that_nobody_has_named_has_no_name(simulator, elsewhere):
    job_id = simulator.run(bell(), shots=1).job_id()
    elsewhere()
    job = simulator.retrieve_job(job_id)
    assert job.name() is None
    job.result()
    assert job.name() is None


def test_a_job_of_a_set_is_called_by_its_set_and_number(manager, simulator, elsewhere):
    jobs = manager.run(numbered(2), BACKEND, name="foo", max_experiments_per_job=1, shots=1).jobs()
    elsewhere()
    for number, job in enumerate(jobs):
        again = simulator.retrieve_job(job.job_id())
        assert again.name() == f"foo_{number}_"
        again.result()
        assert again.name() == f"foo_{number}_"


def test_a_job_is_found_by_the_name_that_it_has_and_no_other(simulator, elsewhere):
    named = simulator.run(bell(), job_name="of its own", shots=1)
    unnamed = simulator.run(bell(), shots=1)
    elsewhere()
    (found,) = simulator.jobs(limit=1, job_name="^of its own$")
    assert found.job_id() == named.job_id()
    assert unnamed.job_id() not in [each.job_id() for each in simulator.jobs(job_name=r"^20")]


def test_results_are_those_of_the_circuits_by_name_with_the_header(found):
    result = found.result()
    assert result.get_counts("two") == {"10": 20}
    assert [experiment.header.name for experiment in result.results] == ["two", "one"]
    assert result.header.to_dict() == found.header() == {"for": "me"}
    assert found.backend_options()["memory"] is False


def test_what_has_sent_a_job_is_known(job, found):
    found.result()
    assert found.client_version == job.client_version != {}


def test_metadata_of_circuits_come_along(simulator, elsewhere):
    circuit = bell()
    circuit.metadata = {"n": 7}
    job_id = simulator.run(circuit, shots=1).job_id()
    elsewhere()
    assert simulator.retrieve_job(job_id).circuits()[0].metadata == {"n": 7}


def test_the_set_of_a_job_is_rebuilt_and_found_by_its_id(manager, simulator, elsewhere):
    job_set = manager.run(numbered(3), BACKEND, name="foo", max_experiments_per_job=1, shots=5)
    job_set.results()
    job_id = job_set.jobs()[1].job_id()
    elsewhere()
    assert simulator.retrieve_job(job_id).result().get_counts("c1") == outcome(1, 5)
    assert [path.stem for path in set_paths()] == [job_set.job_set_id()]
    again = IBMQJobManager().retrieve_job_set(job_set.job_set_id(), None)
    assert [again.results().get_counts(n) for n in range(3)] == [outcome(n, 5) for n in range(3)]


def test_a_job_can_be_renamed(found):
    assert found.update_name("other") == found.name() == "other"
    assert any(tag.endswith("_other") for tag in on_service(found.job_id()).tags)


def test_tags_of_a_job_of_a_set_are_those_of_the_whole_set(manager, simulator, elsewhere):
    job_set = manager.run(numbered(2), BACKEND, max_experiments_per_job=1, shots=1)
    ids = [job.job_id() for job in job_set.jobs()]
    elsewhere()
    assert simulator.retrieve_job(ids[0]).update_tags(additional_tags=["x"]) == ["x"]
    assert all("x" in on_service(job_id).tags for job_id in ids)


def test_a_job_whose_set_cannot_be_told_any_more_can_be_used_alone(
    manager, simulator, elsewhere, proxy
):
    job_set = manager.run(numbered(2), BACKEND, max_experiments_per_job=1, shots=5)
    job_set.results()
    job_id = job_set.jobs()[1].job_id()
    elsewhere()
    job = simulator.retrieve_job(job_id)
    proxy.when("GET", "/jobs?", status=200, body=b'{"jobs": [], "count": 0}')
    assert job.result().get_counts("c1") == outcome(1, 5)


def test_an_earlier_attempt_has_the_names_of_its_circuits(manager, simulator):
    job_set = manager.run(numbered(1), BACKEND, shots=5)
    job_set.results()
    (first,) = job_set.jobs()
    first_id = first.job_id()
    with job_set.job_set.open() as manifest, manifest.db.transaction():
        manifest.db.write("DELETE FROM results")
        manifest.db.write("UPDATE remotes SET status = 'Failed', result = NULL")
    job_set.retry()
    job_set.results()
    earlier = simulator.retrieve_job(first_id)
    assert earlier.job_id() == first_id
    assert earlier.result().get_counts("c0") == outcome(0, 5)


@needs_terra("Qiskit 2 has no Qobj.")
def test_a_qobj_has_its_header_and_names(found):
    qobj = found.qobj()
    assert qobj.header.to_dict() == {"for": "me"}
    assert [experiment.header.name for experiment in qobj.experiments] == ["two", "one"]
