"""What the old job's own tests asked of it, told anew, through the names that programs use.

Of fifty-eight, forty-two hold as they were; those of one kind are one test here. For the sixteen
others the last tests tell what there is instead:

- gone: pulse schedules, filters of the database (twice), experiments' ids, and the readout of
  excited states (four times);
- all results of a job or none: no partial ones where one of its circuits failed (twice);
- no scheduling mode is told, and no place in a queue;
- that a job is another backend's is an error, and no warning besides;
- what the answer to a submission holds besides the job's id is not kept, and one without an id is
  looked into, and not taken for a failure;
- an empty name is none: None, and not an empty text.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from qiskit import QuantumCircuit
from qiskit.compiler import transpile
from qiskit.providers import JobStatus

from ibmqbatch import (
    IBMQBackendApiError,
    IBMQBackendError,
    IBMQBackendValueError,
    IBMQJob,
    IBMQJobFailureError,
    IBMQJobTimeoutError,
)
from ibmqbatch.jobset.catalog import set_paths
from ibmqbatch.jobset.job_set import JobSet
from ibmqbatch.managed import submission
from ibmqbatch.managed.backend import IBMQBackend
from ibmqbatch.managed.planning import plan_set
from ibmqbatch.manifest.snapshot import Snapshot
from tests.managed.programs import bell, flipped
from tests.managed.support import on_service, planned, said, spoil
from tests.qiskits import needs_terra

ENDED = {JobStatus.DONE, JobStatus.CANCELLED, JobStatus.ERROR}


def slow() -> QuantumCircuit:
    """Return a circuit that is still run, or waits to be, when it is cancelled."""
    circuit = QuantumCircuit(20, 20)
    for _ in range(30):
        circuit.h(range(20))
        circuit.cx(range(19), range(1, 20))
    circuit.measure(range(20), range(20))
    return circuit


@pytest.fixture
def device(provider) -> IBMQBackend:
    """A rehearsal of a device of five qubits."""
    return provider.get_backend("fake_manila")


@pytest.fixture
def done(simulator) -> IBMQJob:
    """A Bell circuit's job that has ended."""
    job = simulator.run(bell(), shots=100)
    job.result()
    return job


@pytest.fixture
def failed(simulator) -> IBMQJob:
    """A job whose one circuit the service could not run."""
    handle = plan_set(simulator, [bell()], lone=True)
    spoil(handle, 0)
    job = IBMQJob.of_set(handle, 0, simulator)
    job.wait_for_final_state()
    return job


# Running.


def test_a_device_gives_about_what_is_expected_and_has_properties(device):
    job = device.run(transpile(bell(), device), shots=8192)
    job.wait_for_final_state()
    counts = job.result().get_counts(0)
    assert all(abs(counts[bits] - 4096) < 0.2 * 8192 for bits in ("00", "11"))
    assert job.properties() is not None


@pytest.mark.parametrize("name", ["ideal_simulator", "fake_manila"])
def test_several_jobs_run_and_end_well_each_with_an_id_of_its_own(name, provider):
    backend = provider.get_backend(name)
    jobs = [backend.run([bell()] * 5, shots=10) for _ in range(3)]
    assert all(job.result().success for job in jobs)
    assert {job.status() for job in jobs} == {JobStatus.DONE}
    assert len({job.job_id() for job in jobs}) == 3


def test_a_job_that_is_cancelled_says_so(simulator):
    job = IBMQJob.of_set(planned(simulator), 0, simulator)
    assert job.cancel()
    assert job.cancelled()
    assert job.status() is JobStatus.CANCELLED


def test_a_submission_that_fails_half_way_leaves_no_job_that_runs(
    proxy, simulator, no_waits, monkeypatch
):
    monkeypatch.setenv("IBMQBATCH_SETTLE", "0.05")
    monkeypatch.setattr(submission, "_PATIENCE", 0.2)
    tag = uuid4().hex
    proxy.when("POST", "/jobs", drop="after")  # it is taken, and nobody hears of it
    proxy.when("GET", "/jobs?", times=999, status=503)
    with pytest.raises(IBMQBackendApiError):
        simulator.run(slow(), job_tags=[tag])
    proxy.rules.clear()
    (path,) = set_paths()
    assert JobSet(path).carry_out(Snapshot.is_over, patience=60)
    (job,) = simulator.jobs(job_tags=[tag])
    assert job.status() is JobStatus.CANCELLED


# Retrieving.


def test_no_more_jobs_are_listed_than_asked_for(done, provider, simulator):
    month = datetime.now().astimezone() - timedelta(days=30)
    found = provider.backend.jobs(
        backend_name=simulator.name(), limit=5, skip=0, start_datetime=month
    )
    assert 1 <= len(found) <= 5
    assert all(isinstance(job.job_id(), str) for job in found)


def test_a_retrieved_job_is_the_one_that_was_run(done, provider):
    again = provider.backend.retrieve_job(done.job_id())
    assert again.job_id() == done.job_id()
    assert again.result().get_counts() == done.result().get_counts()


@needs_terra("Qiskit 2 has no Qobj.")
def test_a_retrieved_job_has_the_qobj_of_the_one_that_was_run(done, provider):
    again = provider.backend.retrieve_job(done.job_id())
    assert again.qobj().to_dict() == done.qobj().to_dict()


def test_a_job_is_retrieved_by_its_own_backend_and_by_no_other(done, simulator, device):
    assert simulator.retrieve_job(done.job_id()).backend().name() == simulator.name()
    with pytest.raises(IBMQBackendError, match="not of fake_manila"):
        device.retrieve_job(done.job_id())


def test_a_job_that_there_is_not_is_an_error(provider):
    with pytest.raises(IBMQBackendError):
        provider.backend.retrieve_job("BAD_JOB_ID")


@pytest.mark.parametrize("status", [JobStatus.DONE, "DONE", [JobStatus.DONE], ["DONE"]])
def test_jobs_are_listed_by_their_status_however_that_is_written(status, done, simulator):
    found = simulator.jobs(limit=5, status=status)
    assert found
    assert {job.status() for job in found} == {JobStatus.DONE}


def test_jobs_are_listed_by_several_statuses(failed, done, simulator):
    found = simulator.jobs(limit=20, status=[JobStatus.ERROR, JobStatus.CANCELLED])
    assert failed.job_id() in [job.job_id() for job in found]
    assert {job.status() for job in found} <= {JobStatus.ERROR, JobStatus.CANCELLED}


@pytest.fixture
def waiting(proxy, simulator) -> Callable[[str], IBMQJob]:
    """Return a function that runs a job, of which listings then say that it has not ended."""

    def run(word: str) -> IBMQJob:
        job = simulator.run(bell(), shots=1)
        told = json.loads(said(job, word))
        told["jobs"][0]["backend"] = str(simulator.name)
        proxy.when("GET", "/jobs?", times=9, status=200, body=json.dumps(told).encode())
        return job

    return run


def test_active_jobs_are_those_that_have_not_ended(waiting, simulator):
    job = waiting("Running")
    active = simulator.active_jobs()
    assert [each.job_id() for each in active] == [job.job_id()]


@pytest.mark.parametrize("status", [JobStatus.QUEUED, JobStatus.RUNNING])
def test_jobs_that_wait_or_run_are_listed_by_that(status, waiting, simulator):
    job = waiting(status.name.capitalize())
    assert [each.job_id() for each in simulator.jobs(status=status)] == [job.job_id()]
    other = {JobStatus.QUEUED, JobStatus.RUNNING} - {status}
    assert simulator.jobs(status=list(other)) == []


def test_jobs_are_listed_by_when_they_were_created(done, simulator):
    moment = datetime.now().astimezone() - timedelta(minutes=5)
    found = simulator.jobs(limit=2, start_datetime=moment)
    assert found
    assert all(job.creation_date() >= moment for job in found)
    found = simulator.jobs(limit=2, end_datetime=moment)
    assert all(job.creation_date() <= moment for job in found)


def test_jobs_between_two_times_are_listed(done, simulator):
    created = done.creation_date()
    around = {
        "start_datetime": created - timedelta(seconds=1),
        "end_datetime": created + timedelta(seconds=1),
    }
    found = simulator.jobs(limit=None, **around)
    assert done.job_id() in [job.job_id() for job in found]


def test_the_newest_job_is_listed_first_or_last(done, simulator):
    assert simulator.jobs(limit=1)[0].job_id() == done.job_id()
    assert simulator.jobs(limit=None, descending=False)[-1].job_id() == done.job_id()


def test_a_job_of_a_backend_that_is_gone_is_retrieved_all_the_same(proxy, done, provider):
    proxy.when("GET", "/backends", times=9, status=200, body=b'{"devices": []}')
    again = provider.backend.retrieve_job(done.job_id())
    assert again.backend().name == done.backend().name


# Results.


def test_a_result_that_a_program_has_changed_is_had_again(done):
    result = done.result()
    before = json.loads(json.dumps(result.to_dict()))
    result.results[0].header.name = "changed"
    assert result.to_dict() != before
    again = done.result(refresh=True)
    assert again.to_dict() == before


def test_a_wait_calls_back_until_the_end_and_with_changes_alone(waiting, proxy, simulator):
    job = waiting("Queued")
    heard: list[tuple[Any, ...]] = []

    def callback(job_id: str, status: JobStatus, told: IBMQJob, **more: Any) -> None:
        assert (job_id, told.job_id()) == (job.job_id(), job.job_id())
        assert set(more) == {"queue_info"}
        heard.append((status, more["queue_info"]))
        proxy.rules.clear()

    job.wait_for_final_state(timeout=60, callback=callback)
    assert job.in_final_state()
    assert heard
    assert len(heard) == len(set(heard))
    assert not ENDED & {status for status, _ in heard}


def test_a_wait_calls_back_as_often_as_asked_for_though_nothing_has_changed(waiting, proxy):
    job = waiting("Queued")
    heard: list[JobStatus] = []

    def callback(_job_id: str, status: JobStatus, _job: IBMQJob, **_: object) -> None:
        heard.append(status)
        if len(heard) > 2:
            proxy.rules.clear()

    job.wait_for_final_state(timeout=60, wait=0.05, callback=callback)
    assert heard[:3] == [JobStatus.QUEUED] * 3
    assert job.in_final_state()


def test_a_wait_whose_time_runs_out_is_an_error(waiting):
    with pytest.raises(IBMQJobTimeoutError):
        waiting("Queued").wait_for_final_state(timeout=0.1)


def test_circuits_options_and_header_are_those_that_were_given(simulator):
    circuit = transpile(bell(), simulator)
    job = simulator.run(circuit, shots=2048, memory=True, header={"test": "header"})
    assert str(job.circuits()[0]) == str(circuit)
    assert {"shots": 2048, "memory": True}.items() <= job.backend_options().items()
    assert job.header() == {"test": "header"}


def test_a_job_has_an_id_and_the_name_of_its_backend(done, simulator):
    assert done.job_id()
    assert done.backend().name() == simulator.name()


def test_properties_are_told_of_a_job_that_has_not_ended(device):
    assert device.run(bell(), shots=1).properties() is not None


# Names.


def test_a_job_is_found_by_its_name_by_a_part_of_it_and_by_a_pattern(simulator, provider):
    name = uuid4().hex
    job_id = simulator.run(bell(), job_name=name, shots=1).job_id()
    assert provider.backend.retrieve_job(job_id).name() == name
    for pattern in (name, name[8:], f"^{name}$"):
        found = provider.backend.jobs(backend_name=simulator.name(), job_name=pattern)
        assert [job.job_id() for job in found] == [job_id]


def test_a_job_is_renamed(simulator):
    job = simulator.run(bell(), job_name="before", shots=1)
    job.update_name("after")
    job.refresh()
    assert job.name() == "after"


def test_jobs_of_one_name_are_all_found(simulator):
    name = uuid4().hex
    ids = {simulator.run(bell(), job_name=name, shots=1).job_id() for _ in range(2)}
    found = simulator.jobs(job_name=name)
    assert {job.job_id() for job in found} == ids
    assert {job.name() for job in found} == {name}


# Failures.


@pytest.mark.parametrize("partial", [False, True])
def test_a_failure_is_told_with_its_code_at_the_end(partial, failed, simulator):
    for job in (failed, simulator.retrieve_job(failed.job_id())):
        with pytest.raises(IBMQJobFailureError) as caught:
            job.result(partial=partial)
        for message in (caught.value.message, job.error_message()):
            assert "Unknown" not in message
            assert re.search(r"Error code: [0-9]{4}\.$", message)
    assert failed.error_message() == simulator.retrieve_job(failed.job_id()).error_message()


# Times.


def test_times_of_a_job_are_local_and_between_before_and_after(simulator, provider):
    before = datetime.now().astimezone() - timedelta(seconds=1)
    job = simulator.run(bell(), shots=1)
    job.result()
    after = datetime.now().astimezone() + timedelta(seconds=1)
    assert before <= job.creation_date() <= after
    steps = job.time_per_step()
    assert steps
    assert all(before <= moment <= after for moment in steps.values())
    assert provider.backend.jobs(limit=1)[0].time_per_step() == steps


def test_a_refreshed_job_has_all_its_steps(done, provider):
    again = provider.backend.retrieve_job(done.job_id())
    again.refresh()
    assert again.time_per_step() == done.time_per_step()
    assert "COMPLETED" in done.time_per_step()


# Tags.


@pytest.fixture
def tagged(simulator) -> tuple[IBMQJob, list[str]]:
    """A job, and its three tags, which no other job has."""
    tags = [uuid4().hex for _ in range(3)]
    return simulator.run(bell(), job_tags=tags, shots=1), tags


@pytest.mark.parametrize("chosen", [slice(3), slice(1, 2), slice(1)])
def test_a_job_is_found_by_any_of_its_tags(chosen, tagged, simulator):
    job, tags = tagged
    for wanted in (tags[chosen], [*tags[chosen], "phantom"]):
        (found,) = simulator.jobs(job_tags=wanted)
        assert (found.job_id(), set(found.tags())) == (job.job_id(), set(tags))
    assert simulator.jobs(job_tags=["phantom"]) == []


def test_a_job_is_found_by_tags_all_of_which_it_has(tagged, simulator):
    job, tags = tagged
    for wanted in (tags, tags[1:3]):
        (found,) = simulator.jobs(job_tags=wanted, job_tags_operator="AND")
        assert found.job_id() == job.job_id()
    for wanted in ([tags[0], "phantom"], ["phantom"]):
        assert simulator.jobs(job_tags=wanted, job_tags_operator="AND") == []


@pytest.mark.parametrize(
    ("change", "left"),
    [
        ({"replacement_tags": []}, []),
        ({"replacement_tags": ["r1", "r2"]}, ["r1", "r2"]),
        ({"additional_tags": []}, ["one", "two", "three"]),
        ({"additional_tags": ["a1", "a2"]}, ["one", "two", "three", "a1", "a2"]),
        ({"removal_tags": []}, ["one", "two", "three"]),
        ({"removal_tags": ["one", "two"]}, ["three"]),
        ({"removal_tags": ["phantom", "ghost", "three"]}, ["one", "two"]),
        ({"additional_tags": ["x"], "removal_tags": ["x"]}, ["one", "two", "three"]),
        ({"replacement_tags": ["r1", "r2"], "removal_tags": ["r1"]}, ["r2"]),
        (
            {
                "replacement_tags": ["r1", "r2"],
                "additional_tags": ["a1", "a2"],
                "removal_tags": ["r1", "a1"],
            },
            ["r2", "a2"],
        ),
    ],
)
def test_tags_are_replaced_then_added_then_removed(change, left, simulator):
    job = simulator.run(bell(), job_tags=["one", "two", "three"], shots=1)
    assert set(job.update_tags(**change)) == set(left)
    job.refresh()
    assert set(job.tags()) == set(left)
    assert set(left) <= set(on_service(job.job_id()).tags)


def test_tags_that_are_no_list_of_texts_are_an_error(simulator):
    with pytest.raises(IBMQBackendValueError):
        simulator.run(bell(), job_tags={"foo"})
    with pytest.raises(IBMQBackendValueError):
        simulator.jobs(job_tags=[1, 2, 3])


# What has sent it, and what the service tells besides.


def test_what_has_sent_a_job_is_told_by_it_and_by_its_result(done):
    assert done.client_version
    assert done.result().client_version == done.client_version


# What is there instead of what there was.


@pytest.mark.parametrize("gone", [{"db_filter": {"id": "x"}}, {"experiment_id": "x"}])
def test_filters_that_the_service_has_no_more_are_an_error(gone, simulator):
    with pytest.raises(IBMQBackendValueError, match="has nothing of the kind any more"):
        simulator.jobs(**gone)


def test_no_scheduling_mode_and_no_place_in_the_queue_are_told(waiting):
    job = waiting("Queued")
    assert job.scheduling_mode() is None
    assert job.queue_info() is job.queue_position() is None


@pytest.mark.parametrize("partial", [False, True])
def test_one_bad_circuit_costs_its_job_its_results(partial, simulator):
    handle = plan_set(simulator, [bell(), flipped("1")], lone=True)
    spoil(handle, 1)
    with pytest.raises(IBMQJobFailureError):
        IBMQJob.of_set(handle, 0, simulator).result(partial=partial)


def test_a_readout_that_there_is_no_more_is_warned_of(simulator):
    with pytest.warns(UserWarning, match="use_measure_esp is not a recognized runtime option"):
        simulator.run(bell(), use_measure_esp=True, shots=1)


def test_what_the_service_has_measured_become_attributes_with_a_refresh(done):
    done.refresh()
    assert done.usage_


def test_a_job_whose_id_is_not_told_is_looked_for_and_found(proxy, simulator):
    proxy.when("POST", "/jobs", times=1, drop="after")
    assert simulator.run(flipped("1"), shots=1).result().get_counts() == {"1": 1}
    assert proxy.submissions == 1


def test_a_job_that_is_given_an_empty_name_has_none(simulator):
    job = simulator.run(bell(), job_name="before", shots=1)
    job.update_name("")
    assert job.name() is None


@needs_terra("Qiskit 2 has no pulse schedules.")
def test_pulse_schedules_are_refused(device):
    from qiskit.pulse import Schedule

    with pytest.raises(IBMQBackendValueError):
        device.run(Schedule())
