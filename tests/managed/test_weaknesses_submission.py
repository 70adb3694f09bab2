"""Sets are refused, held up, tried again and cancelled.

Weaknesses 5, 6 and 9, of the ten that the old job manager had, mended. Where state is concerned a
second process has a look; what the service holds is read from its own database.
"""

from __future__ import annotations

import pytest
from qiskit import QuantumCircuit
from qiskit.circuit import Parameter
from qiskit.providers import JobStatus

from ibmqbatch.managed.exceptions import (
    IBMQJobManagerInvalidStateError,
    IBMQJobManagerJobNotFound,
)
from tests.managed.programs import flipped
from tests.managed.support import (
    BACKEND,
    REFUSAL,
    TELL,
    cancelled,
    elsewhere,
    numbered,
    outcome,
)
from tests.support.commands import Cli
from tests.support.qiskits import needs_terra
from tests.support.waiting import wait_until


def test_5_a_busy_service_is_obeyed_and_failed_jobs_are_run_again_on_request(
    manager, proxy, held, cli: Cli
):
    proxy.when("POST", "/jobs", status=429, headers={"Retry-After": "1"})
    proxy.when("POST", "/jobs", status=400, body=REFUSAL)
    job_set = manager.run(numbered(3), BACKEND, max_experiments_per_job=1, shots=2)
    with pytest.warns(UserWarning, match="Bad body"):
        assert not job_set.results(timeout=60).success
    assert proxy.submissions == 4  # one of them twice
    set_id = job_set.job_set_id()
    cli("retry", set_id)
    results = job_set.results(timeout=60)
    assert results.success
    assert results.combine_results().get_counts() == [outcome(n, 2) for n in range(3)]
    assert [job.circuits for job in held(set_id)] == [(n, n) for n in range(3)]
    job_set.cancel()
    assert "No job has failed" in cli("retry", set_id).err
    assert proxy.submissions == 5


def test_6_cancel_stops_the_queue_first_and_a_hole_stops_nothing(manager, proxy, held, monkeypatch):
    monkeypatch.setenv("IBMQBATCH_PACE", "3")  # a minute
    proxy.when("POST", "/jobs", status=400, body=REFUSAL)
    job_set = manager.run(numbered(9), BACKEND, max_experiments_per_job=1, shots=2)
    wait_until(lambda: proxy.submissions == 3)
    cancelled(job_set)
    set_id = job_set.job_set_id()
    assert len(held(set_id)) == 2
    assert {job.status for job in held(set_id)} <= {"Cancelled", "Completed"}
    statuses = job_set.statuses()
    assert statuses.count(None) == 1
    assert statuses.count(JobStatus.CANCELLED) >= 6
    assert elsewhere(TELL, set_id)["ids"].count(None) == 7
    assert proxy.submissions == 3


def test_6_a_cancel_that_the_service_does_not_hear_is_carried_out_later(
    manager, proxy, held, no_waits
):
    job_set = manager.run(numbered(5), BACKEND, shots=1_000_000)
    job_set.jobs()
    proxy.when("POST", "/cancel", times=99, status=503, body=b"{}")
    with pytest.warns(UserWarning, match="cancelled as soon as the service can be asked"):
        job_set.cancel()
    proxy.rules.clear()
    set_id = job_set.job_set_id()
    assert elsewhere(TELL, set_id)["ids"] == [held(set_id)[0].id]  # its `statuses` asks again
    wait_until(lambda: held(set_id)[0].status == "Cancelled")


@pytest.mark.parametrize("size", [0, -1, 1.5, "2", True])
def test_9_a_job_holds_one_experiment_at_least(manager, service, size):
    with pytest.raises(IBMQJobManagerInvalidStateError, match="max_experiments_per_job"):
        manager.run(numbered(2), BACKEND, max_experiments_per_job=size)
    assert manager.job_sets(all=True) == []


@pytest.mark.parametrize(
    ("experiments", "what"),
    [
        ([], "no circuits"),
        (5, "no circuit"),
        ([flipped("1"), 5], "Experiment 1 is of type int"),
        ([[flipped("1")]], "Experiment 0 is of type list"),
        (QuantumCircuit(1), "measures nothing"),
    ],
)
def test_9_what_cannot_be_run_is_refused(manager, service, held, experiments, what):
    with pytest.raises(IBMQJobManagerInvalidStateError, match=what):
        manager.run(experiments, BACKEND)
    assert manager.job_sets(all=True) == []


@needs_terra("Qiskit 2 has no pulse schedules.")
def test_9_pulse_schedules_are_refused_in_one_sentence(manager, service):
    from qiskit import pulse

    with pytest.raises(IBMQJobManagerInvalidStateError, match="retired pulse jobs in 2025"):
        manager.run(pulse.Schedule(), BACKEND)


def test_9_an_ambiguous_name_lists_its_indexes(manager):
    circuits = [flipped("0", "a"), flipped("1", "b"), flipped("0", "a")]
    job_set = manager.run(circuits, BACKEND, max_experiments_per_job=1, shots=2)
    with pytest.raises(IBMQJobManagerJobNotFound, match="0, 2"):
        job_set.job("a")
    with pytest.raises(IBMQJobManagerJobNotFound, match="0, 2"):
        job_set.results().get_counts(circuits[0])
    assert job_set.results().get_counts("b") == {"1": 2}


def test_9_bound_parameters_shift_no_index(manager, held):
    angle = Parameter("angle")
    circuits = []
    for name in ("a", "b"):
        circuit = QuantumCircuit(1, 1, name=name)
        circuit.rx(angle, 0)
        circuit.measure(0, 0)
        circuits.append(circuit)
    job_set = manager.run(
        circuits,
        BACKEND,
        max_experiments_per_job=2,
        parameter_binds=[{angle: 0.0}, {angle: 3.141592653589793}],
        shots=5,
    )
    results = job_set.results()
    ranges = [(job.start_index, job.end_index) for job in job_set.managed_jobs()]
    assert ranges == [job.circuits for job in held(job_set.job_set_id())] == [(0, 1), (2, 3)]
    assert [results.get_counts(n) for n in range(4)] == 2 * [{"0": 5}, {"1": 5}]
    with pytest.raises(IBMQJobManagerJobNotFound, match="2, 3"):
        results.get_counts("b")
