"""What holds up a set that a program waits for is logged as a warning: no wait is silent."""

from __future__ import annotations

import json
import logging

import pytest

from tests.bench.sets import environment
from tests.managed.support import BACKEND, numbered
from tests.support.stub import BACKEND as STUB
from tests.support.stub import Limits, Stub

FULL = json.dumps(
    {"errors": [{"code": 3458, "message": "You have reached the limit of 2 pending jobs."}]}
).encode()


def warnings_in(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [each.getMessage() for each in caplog.records if each.levelno == logging.WARNING]


@pytest.mark.parametrize("wait", ["jobs", "results"])
def test_a_limit_of_the_jobs_that_wait_is_told(manager, proxy, caplog, wait):
    proxy.when("POST", "/jobs", times=3, status=400, body=FULL)
    job_set = manager.run(numbered(6), BACKEND, max_experiments_per_job=1, shots=2)
    getattr(job_set, wait)()
    told = "The service takes 2 waiting jobs at a time; the rest follow as these end."
    assert warnings_in(caplog) == [told]


def test_a_pace_is_told_with_how_long_it_takes(manager, home, caplog):
    with Stub(limits=Limits(rate=2, window=1.0)) as stub:
        variables = {"IBMQBATCH_PACE": "2", "IBMQBATCH_PACE_WINDOW": "1"}
        with environment(**{**stub.environment, **variables}):
            manager.run(numbered(4), STUB, max_experiments_per_job=1, shots=2).jobs()
    assert warnings_in(caplog) == ["Paced at 2 submissions in 1 s: about 2 s to go."]


def test_a_service_that_is_away_is_told_while_a_job_is_waited_for(job, proxy, no_waits, caplog):
    again = job.backend().run(numbered(1), shots=2)
    proxy.when("GET", "/jobs", times=6, status=503, body=b"{}")
    again.result()
    assert len(warnings_in(caplog)) == 1
    assert "Trying again in" in warnings_in(caplog)[0]
