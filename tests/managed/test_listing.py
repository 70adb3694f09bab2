"""A backend's jobs: found again, and retrieved."""

from __future__ import annotations

import time
from datetime import datetime, timedelta

import numpy as np
import pytest
from qiskit.providers import JobStatus

from ibmqbatch import (
    IBMQBackendError,
    IBMQBackendValueError,
)
from tests.managed.programs import bell


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
    assert found(job_tags=[f"{mark}0", f"{mark}2"]) == [ids[2], ids[0]]
    assert found(job_tags=[mark, f"{mark}1"], job_tags_operator="AND") == [ids[1]]
    assert found(job_name=f"{mark}_[12]$") == ids[:0:-1]
    assert found(status=JobStatus.DONE) == found(status=["DONE", "ERROR"]) == ids[::-1]
    assert found(status="RUNNING") == []
    assert found(start_datetime=before) == ids[::-1]
    assert found(end_datetime=before - timedelta(seconds=1)) == []
    assert provider.backend.fake_manila.jobs(job_tags=[mark]) == []
    assert [j.name() for j in provider.backend.jobs(job_tags=[mark], limit=None)] == [
        f"{mark}_{n}" for n in (2, 1, 0)
    ]
    assert simulator.active_jobs() == simulator.jobs(status=["QUEUED", "RUNNING"], job_name=mark)


@pytest.mark.parametrize(
    "wanted",
    [
        {"status": "SLEEPING"},
        {"job_tags_operator": "XOR"},
        {"job_name": "("},
        {"job_tags": "a"},
        {"experiment_id": "e"},
        {"db_filter": {"a": 1}},
        {"limit": -1},
        {"limit": "3"},
        {"skip": 1.5},
    ],
)
def test_what_jobs_cannot_be_looked_for_by_is_a_value_error(simulator, wanted):
    with pytest.raises(IBMQBackendValueError):
        simulator.jobs(**wanted)


def test_ids_and_numbers_that_are_none_are_told(simulator):
    with pytest.raises(IBMQBackendValueError, match="None is not the id of a job"):
        simulator.retrieve_job(None)
    assert len(simulator.jobs(limit=np.int64(0), skip=np.int64(1))) == 0


def test_a_time_that_is_none_is_a_type_error(simulator):
    with pytest.raises(TypeError):
        simulator.jobs(start_datetime="yesterday")


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
