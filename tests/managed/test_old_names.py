"""What older pages call otherwise, and what was there only to be named: all of it is taken."""

from __future__ import annotations

import pytest

from ibmqbatch import (
    ApiJobShareLevel,
    IBMQBackend,
    IBMQJob,
    IBMQJobManager,
    IBMQSimulator,
    ManagedJob,
)
from tests.managed.support import BACKEND, flipped


def test_a_managed_job_is_submitted_by_the_older_name_of_its_circuits(simulator):
    job = ManagedJob(0, 1)
    job.submit(
        qobj=flipped("1"), job_name="old", backend=simulator, executor=None, submit_lock=None
    )
    assert job.result().get_counts() == {"1": 4000}
    assert job.job.name() == "old"


def test_a_backend_runs_what_is_called_a_qobj(simulator):
    assert simulator.run(qobj=flipped("1"), shots=3).result().get_counts() == {"1": 3}


def test_a_job_is_made_with_the_older_name_of_the_client(simulator, job):
    again = IBMQJob(
        backend=simulator, api=None, job_id=job.job_id(), creation_date="2026", status="QUEUED"
    )
    assert again.status().name == "DONE"


def test_the_same_argument_by_both_names_is_refused(simulator):
    with pytest.raises(TypeError, match="qobj and circuits are the same argument"):
        simulator.run(qobj=flipped("1"), circuits=flipped("1"))


def test_what_a_job_is_given_and_does_not_use_is_warned_of(simulator):
    unused = {
        "time_per_step": {"CREATING": "2020-01-01"},
        "result": {"success": True},
        "qobj": {"qobj_id": "x"},
        "run_mode": "fairshare",
        "share_level": "none",
        "client_info": {"name": "qiskit"},
        "experiment_id": "abc",
    }
    told = f"{', '.join(unused)}: an IBMQJob does not use what is given"
    with pytest.warns(UserWarning, match=told) as caught:
        IBMQJob(simulator, None, "id", "2026-01-01", "Queued", **unused)
    assert [warning.filename for warning in caught] == [__file__]


def test_share_levels_are_taken_and_warned_of_wherever_circuits_are_run(simulator):
    level = ApiJobShareLevel.HUB
    assert ApiJobShareLevel("hub") is level
    with pytest.warns(UserWarning, match="job_share_level"):
        job_set = IBMQJobManager().run(flipped("1"), BACKEND, job_share_level=level, shots=2)
    assert job_set.results().success
    # The order of arguments that it had.
    with pytest.warns(UserWarning, match="job_share_level"):
        job = simulator.run(flipped("1"), "name", level, ["tag"], shots=2)
    assert (job.name(), job.tags()) == ("name", ["tag"])


def test_a_simulator_is_told_from_a_device(provider, simulator):
    assert isinstance(simulator, IBMQSimulator)
    device = provider.get_backend("fake_manila")
    assert not isinstance(device, IBMQSimulator)
    assert isinstance(device, IBMQBackend)
    assert not isinstance("ideal_simulator", IBMQSimulator)
    assert issubclass(IBMQSimulator, IBMQBackend)
