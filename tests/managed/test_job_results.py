"""Waiting for jobs: their results, and their failures."""

from __future__ import annotations

import asyncio
import json
import re
import time
import zlib

import pytest
from qiskit.providers import JobStatus
from qiskit.result import Result

from ibmqbatch import (
    IBMQJob,
    IBMQJobApiError,
    IBMQJobFailureError,
    IBMQJobTimeoutError,
)
from ibmqbatch.jobset.catalog import set_paths
from ibmqbatch.jobset.job_set import JobSet
from tests.managed.support import bell, flipped, planned, planned_set, said, spoil


def test_the_result_is_qiskits_with_one_entry_a_circuit(job):
    result = job.result()
    assert isinstance(result, Result)
    assert result.success
    assert result.get_counts("two") == {"10": 20}
    assert result.get_counts(1) == {"01": 20}
    assert result.get_memory(0) == ["10"] * 20
    assert (result.backend_name, result.job_id) == ("ideal_simulator", job.job_id())
    assert result.header.to_dict() == {"for": "me"}
    assert Result.from_dict(result.to_dict()).get_counts(1) == {"01": 20}


def test_results_are_read_once_and_anew_with_refresh(job):
    result = job.result()
    assert job.result() is result
    before = json.loads(json.dumps(result.to_dict()))
    result.results[0].header.name = "changed"
    assert result.to_dict() != before
    assert job.result(refresh=True).to_dict() == before


def test_results_that_are_damaged_on_disk_are_fetched_anew(job):
    (path,) = set_paths()
    with JobSet(path).open() as manifest, manifest.db.transaction():
        manifest.db.write("UPDATE results SET body = ?", (zlib.compress(b"{}"),))
    assert job.result(refresh=True).get_counts(0) == {"10": 20}


def test_results_are_here_when_the_service_is_not(proxy, simulator):
    job = simulator.run(flipped("1"), shots=3)
    job.result()
    proxy.when("GET", "/api/v1", times=999, status=500)
    again = IBMQJob.of_set(JobSet(set_paths()[0]), 0, job.backend())
    assert again.result().get_counts() == {"1": 3}
    assert [circuit.name for circuit in again.circuits()] == ["flipped"]
    assert again.header() == {}


def test_time_that_runs_out_is_an_error_of_its_own(simulator):
    jobs = [IBMQJob.of_set(planned(simulator), 1, simulator) for _ in range(2)]
    with pytest.raises(IBMQJobTimeoutError, match="Timeout while waiting"):
        jobs[0].result(timeout=1e-9)
    with pytest.raises(IBMQJobTimeoutError):
        jobs[1].wait_for_final_state(timeout=1e-9)
    assert jobs[0].result(timeout=0).get_counts() == {"01": 4000}


def test_a_callback_hears_of_every_change_and_of_no_end(proxy, simulator):
    job = simulator.run(bell(), shots=1)
    queued = said(job, "Queued")
    for word in ("Queued", "Queued", "Running"):
        body = queued.replace(b"Queued", word.encode())
        proxy.when("GET", "/jobs?", status=200, body=body)
    heard: list[tuple[str, JobStatus, IBMQJob]] = []

    def callback(job_id: str, status: JobStatus, told: IBMQJob, *, queue_info: object) -> None:
        assert queue_info is None
        heard.append((job_id, status, told))

    job.wait_for_final_state(callback=callback)
    assert [status for _, status, _ in heard] == [JobStatus.QUEUED, JobStatus.RUNNING]
    assert heard[0][0] == job.job_id()
    assert heard[0][2] is job
    assert job.done()


def test_a_callback_can_be_called_at_intervals(proxy, simulator):
    job = simulator.run(bell(), shots=1)
    proxy.when("GET", "/jobs?", times=4, status=200, body=said(job, "Queued"))
    heard: list[float] = []
    begun = time.monotonic()
    job.wait_for_final_state(wait=0.05, callback=lambda *_, **__: heard.append(time.monotonic()))
    spent = time.monotonic() - begun
    assert 3 <= len(heard) <= spent / 0.05 + 1
    assert job.in_final_state()


def test_what_a_callback_raises_comes_out(simulator):
    job = IBMQJob.of_set(planned(simulator), 0, simulator)

    def callback(*_: object, **__: object) -> None:
        raise LookupError("mine")

    with pytest.raises(LookupError, match="mine"):
        job.wait_for_final_state(callback=callback)


def test_waiting_works_within_a_running_event_loop(simulator):
    async def program() -> bool:
        job = simulator.run(bell(), shots=1)
        job.wait_for_final_state(timeout=60)
        return job.done()

    assert asyncio.run(program())


def test_a_service_that_is_away_is_an_api_error(proxy, simulator, no_waits):
    job = simulator.run(bell(), shots=1)
    proxy.when("GET", "/api/v1/jobs", times=99, status=503)
    for ask in (job.status, job.refresh, job.queue_info):
        with pytest.raises(IBMQJobApiError):
            ask()


def test_results_wait_for_a_service_that_is_away(proxy, simulator, no_waits):
    job = simulator.run(flipped("1"), shots=2)
    proxy.when("GET", "/jobs?", times=8, status=503)
    assert job.result().get_counts() == {"1": 2}


@pytest.fixture
def failed(proxy, simulator) -> IBMQJob:
    """A job of which the service says that it has failed."""
    job = simulator.run(bell(), shots=1)
    body = said(job, "Failed", reason="No such gate", reason_code=1517, reason_solution="Compile.")
    proxy.when("GET", "/jobs?", status=200, body=body)
    assert job.status() is JobStatus.ERROR
    return job


def test_a_failure_is_told_with_its_code_and_what_to_do(failed):
    assert failed.error_message() == "No such gate. Compile. Error code: 1517."
    for partial in (False, True):
        with pytest.raises(IBMQJobFailureError, match=r"No such gate.*1517"):
            failed.result(partial=partial)
    failed.wait_for_final_state()


def test_one_bad_circuit_costs_its_job_its_results_and_the_code_is_told(simulator):
    job_set = planned_set(simulator, [bell(), flipped("1")], lone=True)
    spoil(job_set, 1)
    job = IBMQJob.of_set(job_set, 0, simulator)
    job.wait_for_final_state()
    again = simulator.retrieve_job(job.job_id())
    for each in (job, again):
        with pytest.raises(IBMQJobFailureError) as caught:
            each.result(partial=True)
        for message in (caught.value.message, each.error_message()):
            assert "Unknown" not in message
            assert re.search(r"Error code: [0-9]{4}\.$", message)
    assert job.error_message() == again.error_message()


def test_a_job_that_took_too_long_has_failed(proxy, simulator):
    job = simulator.run(bell(), shots=1)
    body = said(job, "Cancelled", reason_code=1305)
    proxy.when("GET", "/jobs?", status=200, body=body)
    assert job.status() is JobStatus.ERROR
    assert job.error_message() == "Unknown error. Error code: 1305."


def test_results_that_are_lost_are_an_api_error(job):
    (path,) = set_paths()
    with JobSet(path).open() as manifest, manifest.db.transaction():
        manifest.db.write("UPDATE remotes SET result = 'lost', result_error = 'gone'")
    again = IBMQJob.of_set(JobSet(path), 0, job.backend())
    with pytest.raises(IBMQJobApiError, match="LOST: gone"):
        again.result()


def results_are(state: str) -> JobSet:
    """Have the results of the only set be none that are here, and `state` what is known of them."""
    (path,) = set_paths()
    handle = JobSet(path)
    with handle.open() as manifest, manifest.db.transaction():
        manifest.db.write("DELETE FROM results")
        manifest.db.write(
            "UPDATE remotes SET result = ?, overdue = ?, result_tries = 20, result_error = 'none'",
            ("lost" if state == "lost" else None, state == "overdue"),
        )
        manifest.db.write("UPDATE jobset SET closed_at = NULL")
    return handle


@pytest.mark.parametrize("state", ["lost", "overdue"])
def test_refresh_asks_the_service_for_results_whatever_is_known_of_them(state, job):
    again = IBMQJob.of_set(results_are(state), 0, job.backend())
    assert again.result(refresh=True).get_counts(0) == {"10": 20}


def test_refresh_asks_the_service_for_results_that_are_here(proxy, simulator):
    job = simulator.run(flipped("1"), shots=3)
    job.result()
    job.result(refresh=True)
    assert proxy.count("GET", "/results") == 2


def test_results_stay_where_the_service_has_none_any_more_and_a_warning_tells(proxy, simulator):
    job = simulator.run(flipped("1"), shots=3)
    job.result()
    proxy.when("GET", "/results", times=9, status=204)
    with pytest.warns(UserWarning, match="has no result of job .* any more"):
        assert job.result(refresh=True).get_counts() == {"1": 3}


def test_private_results_are_not_asked_for_twice(proxy, simulator):
    job = simulator.run(flipped("1"), shots=3, private=True)
    job.result()
    assert job.result(refresh=True).get_counts() == {"1": 3}
    assert proxy.count("GET", "/results") == 1


def test_overdue_results_are_an_api_error_until_they_come(proxy, simulator):
    job = simulator.run(flipped("1"), shots=3)
    job.result()
    again = IBMQJob.of_set(results_are("overdue"), 0, simulator)
    proxy.when("GET", "/results", times=1, status=204)
    with pytest.raises(IBMQJobApiError, match="overdue"):
        again.result()
    assert again.result().get_counts() == {"1": 3}
