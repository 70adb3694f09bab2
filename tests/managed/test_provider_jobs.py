"""Jobs are listed by what they are, and retrieved by their ids."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from datetime import datetime, timedelta

import numpy as np
import pytest
from qiskit.providers import JobStatus

from ibmqbatch import (
    IBMQBackendError,
    IBMQBackendValueError,
    IBMQJob,
)
from tests.managed.support import bell, planned_set, said, spoil


def test_jobs_are_found_by_what_they_are(provider, simulator):
    mark = f"mark{time.time_ns()}"
    before = datetime.now().astimezone()
    jobs = [
        simulator.run(bell(), job_name=f"{mark}_{n}", job_tags=[mark, f"{mark}{n}"], shots=1)
        for n in range(3)
    ]
    for job in jobs:
        job.result()
    ids = [job.job_id() for job in jobs]

    def found(**wanted: object) -> list[str]:
        return [job.job_id() for job in simulator.jobs(**{"job_tags": [mark], **wanted})]

    assert found() == ids[::-1]
    assert found(descending=False) == ids
    assert found(limit=2) == ids[:0:-1]
    assert found(limit=1, skip=1) == [ids[1]]
    assert found(limit=0) == []
    assert found(job_tags=[f"{mark}0", f"{mark}2", "phantom"]) == [ids[2], ids[0]]
    assert found(job_tags=[mark, f"{mark}1"], job_tags_operator="AND") == [ids[1]]
    assert found(job_tags=[mark, "phantom"], job_tags_operator="AND") == []
    assert found(job_name=f"{mark}_[12]$") == ids[:0:-1]
    assert found(job_name=mark[4:]) == ids[::-1]
    for status in (JobStatus.DONE, "DONE", [JobStatus.DONE], ["DONE", "ERROR"]):
        assert found(status=status) == ids[::-1]
    assert found(status="RUNNING") == []
    assert found(start_datetime=before) == ids[::-1]
    assert found(end_datetime=before - timedelta(seconds=1)) == []
    assert provider.backend.fake_manila.jobs(job_tags=[mark]) == []
    assert [j.name() for j in provider.backend.jobs(job_tags=[mark], limit=None)] == [
        f"{mark}_{n}" for n in (2, 1, 0)
    ]
    assert simulator.active_jobs() == simulator.jobs(status=["QUEUED", "RUNNING"], job_name=mark)


@pytest.mark.parametrize(
    ("wanted", "why"),
    [
        ({"status": "SLEEPING"}, "'SLEEPING' is not a status"),
        ({"job_tags_operator": "XOR"}, "Use 'OR' or 'AND'"),
        ({"job_name": "("}, "not a regular expression"),
        ({"job_tags": "a"}, "not a list of strings"),
        ({"job_tags": [1, 2]}, "not a list of strings"),
        ({"experiment_id": "e"}, "the service does not have it any more"),
        ({"db_filter": {"a": 1}}, "the service does not have it any more"),
        ({"limit": -1}, "limit is -1"),
        ({"limit": "3"}, "limit is '3'"),
        ({"skip": 1.5}, "skip is 1.5"),
    ],
)
def test_what_jobs_cannot_be_looked_for_by_is_a_value_error(simulator, wanted, why):
    with pytest.raises(IBMQBackendValueError, match=why):
        simulator.jobs(**wanted)


def test_ids_numbers_and_times_that_are_none_are_told(simulator):
    with pytest.raises(IBMQBackendValueError, match="None is not the id of a job"):
        simulator.retrieve_job(None)
    assert len(simulator.jobs(limit=np.int64(0), skip=np.int64(1))) == 0
    with pytest.raises(TypeError):
        simulator.jobs(start_datetime="yesterday")


def test_jobs_are_listed_by_several_statuses(job, simulator):
    job_set = planned_set(simulator, [bell()], lone=True)
    spoil(job_set, 0)
    failed = IBMQJob.of_set(job_set, 0, simulator)
    failed.wait_for_final_state()
    found = simulator.jobs(limit=20, status=[JobStatus.ERROR, JobStatus.CANCELLED])
    assert failed.job_id() in [each.job_id() for each in found]
    assert {each.status() for each in found} <= {JobStatus.ERROR, JobStatus.CANCELLED}


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


@pytest.mark.parametrize("status", [JobStatus.QUEUED, JobStatus.RUNNING])
def test_jobs_that_have_not_ended_are_listed_by_that(status, waiting, simulator):
    job = waiting(status.name.capitalize())
    for found in (simulator.jobs(status=status), simulator.active_jobs()):
        assert [each.job_id() for each in found] == [job.job_id()]
    other = {JobStatus.QUEUED, JobStatus.RUNNING} - {status}
    assert simulator.jobs(status=list(other)) == []


def test_a_job_of_a_backend_that_is_gone_is_retrieved_all_the_same(proxy, job, provider):
    proxy.when("GET", "/backends", times=9, status=200, body=b'{"devices": []}')
    again = provider.backend.retrieve_job(job.job_id())
    assert again.backend().name == job.backend().name


def test_listing_downloads_no_circuits(proxy, simulator):
    simulator.jobs(limit=5)
    assert all("exclude_params=true" in seen.path for seen in proxy.seen if "/jobs" in seen.path)


def test_a_job_of_the_service_that_is_gone_says_so(simulator):
    with pytest.raises(IBMQBackendError, match="that IBM has shut down"):
        simulator.retrieve_job("5f2abc0d1e3f4a0012345678")


def test_a_job_of_another_backend_is_not_retrieved(provider, simulator):
    job = simulator.run(bell(), shots=1)
    assert simulator.retrieve_job(job.job_id()).job_id() == job.job_id()
    with pytest.raises(IBMQBackendError, match="not of fake_manila"):
        provider.backend.fake_manila.retrieve_job(job.job_id())
    with pytest.raises(IBMQBackendError, match="no job"):
        provider.backend.retrieve_job("nothing")
