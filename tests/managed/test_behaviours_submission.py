"""Sets are split, named and sent, and go on where a job is refused.

Behaviours 1 to 4 and 7 to 9, of the fifteen that programs of the old job manager rely on. Where
state is concerned a second process has a look; what the service holds is read from its own
database.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from qiskit.providers import JobStatus

from ibmqbatch.managed.exceptions import (
    IBMQManagedResultDataNotAvailable,
)
from tests.managed.programs import flipped
from tests.managed.support import (
    BACKEND,
    FULL,
    REFUSAL,
    TELL,
    Gate,
    elsewhere,
    numbered,
    outcome,
)


@pytest.mark.parametrize(
    ("experiments", "size", "ranges"),
    [
        (lambda: (circuit for circuit in numbered(7)), 3, [(0, 2), (3, 5), (6, 6)]),
        (lambda: tuple(numbered(4)), np.int64(2), [(0, 1), (2, 3)]),
        (lambda: flipped("01"), None, [(0, 0)]),
        (lambda: numbered(301), 1000, [(0, 299), (300, 300)]),
    ],
    ids=["generator", "tuple", "one circuit", "more than the backend takes"],
)
def test_1_circuits_are_split_in_their_order(manager, held, experiments, size, ranges):
    job_set = manager.run(experiments(), BACKEND, max_experiments_per_job=size, shots=2)
    job_set.results()
    assert [job.circuits for job in held(job_set.job_set_id())] == ranges
    told = elsewhere(TELL, job_set.job_set_id())["ranges"]
    assert [tuple(each) for each in told] == ranges


def test_2_run_returns_at_once_and_sends_in_the_background(manager, proxy, held):
    gate = Gate()
    proxy.when("POST", "/jobs", times=9, before=gate)
    job_set = manager.run(numbered(5), BACKEND, max_experiments_per_job=2, shots=2)
    assert gate.reached.wait(30)
    assert held(job_set.job_set_id()) == []
    ranges = [(job.start_index, job.end_index) for job in job_set.managed_jobs()]
    assert ranges == [(0, 1), (2, 3), (4, 4)]
    assert job_set.statuses() == 3 * [JobStatus.INITIALIZING]
    gate.open()
    assert len(job_set.jobs()) == len(held(job_set.job_set_id())) == 3


def test_3_jobs_are_named_after_the_set_and_the_set_after_the_time(manager):
    named = manager.run(numbered(3), BACKEND, name="foo", max_experiments_per_job=1, shots=2)
    told = elsewhere(TELL, named.job_set_id())
    assert told["names"] == [job.name() for job in named.jobs()] == ["foo_0_", "foo_1_", "foo_2_"]
    nameless = manager.run(numbered(1), BACKEND, shots=2)
    age = datetime.now(UTC) - datetime.fromisoformat(nameless.name()).replace(tzinfo=UTC)
    assert timedelta() <= age < timedelta(minutes=1)


def test_4_every_job_carries_the_set_behind_the_users_tags_and_users_do_not_see_it(manager, held):
    one, other = (
        manager.run(numbered(2), BACKEND, max_experiments_per_job=1, job_tags=["b", "a"], shots=2)
        for _ in range(2)
    )
    one.jobs()
    assert one.job_set_id() != other.job_set_id()
    assert one.tags() == elsewhere(TELL, one.job_set_id())["tags"] == ["b", "a"]
    for job in held(one.job_set_id()):
        assert job.tags[:3] == ["b", "a", f"ibmq_jobset_{one.job_set_id()}_"]


def test_7_statuses_have_an_entry_for_each_job_and_never_raise(manager, proxy, held):
    proxy.when("POST", "/jobs", status=400, body=REFUSAL)
    job_set = manager.run(numbered(3), BACKEND, max_experiments_per_job=1, shots=2)
    job_set.jobs()
    hole = job_set.statuses().index(None)
    assert [job.index for job in held(job_set.job_set_id())] == [n for n in range(3) if n != hole]
    with pytest.warns(UserWarning, match="Unable to retrieve job result"):
        job_set.results()
    statuses = job_set.statuses()
    assert (statuses.count(None), statuses.count(JobStatus.DONE)) == (1, 2)
    assert elsewhere(TELL, job_set.job_set_id())["statuses"][hole] is None


def test_7_a_job_of_which_the_service_does_not_tell_is_unknown(manager, proxy, no_waits):
    gate = Gate()
    proxy.when("GET", "/jobs", times=1000, before=gate)
    job_set = manager.run(numbered(2), BACKEND, max_experiments_per_job=1, shots=2)
    job_set.jobs()
    proxy.rules.clear()
    gate.open()
    proxy.when("GET", "/jobs", times=1000, status=503, body=b"{}")
    with pytest.warns(UserWarning, match="Unable to retrieve job statuses"):
        assert job_set.statuses() == [None, None]


def test_8_a_full_queue_paces_the_set_and_loses_no_circuit(manager, proxy, held):
    proxy.when("POST", "/jobs", times=3, status=400, body=FULL)
    job_set = manager.run(numbered(6), BACKEND, max_experiments_per_job=1, shots=2)
    results = job_set.results(timeout=60)
    assert [results.get_counts(n) for n in range(6)] == [outcome(n, 2) for n in range(6)]
    assert [job.circuits for job in held(job_set.job_set_id())] == [(n, n) for n in range(6)]
    # Those that were on their way when the first refusal came; nothing knocks again and again.
    assert proxy.submissions <= 9


def test_9_one_failed_submission_stops_no_other_and_is_a_clear_hole(manager, proxy, held):
    proxy.when("POST", "/jobs", status=400, body=REFUSAL)
    job_set = manager.run(numbered(4), BACKEND, max_experiments_per_job=1, shots=2)
    jobs = job_set.jobs()
    hole = jobs.index(None)
    assert len(held(job_set.job_set_id())) == 3
    assert "Bad body (code 1208)." in str(job_set.managed_jobs()[hole].submit_error)
    with pytest.warns(UserWarning, match=f"experiments {hole}-{hole}: Bad body"):
        results = job_set.results()
    assert not results.success
    assert [n for n in range(4) if n != hole and results.get_counts(n) == outcome(n, 2)]
    with pytest.raises(IBMQManagedResultDataNotAvailable, match=r"Bad body \(code 1208\)"):
        results.get_counts(hole)
    assert job_set.job(hole) == (None, 0)
    assert elsewhere(TELL, job_set.job_set_id())["ids"][hole] is None
