"""Jobs: what they tell of themselves."""

from __future__ import annotations

import json
import warnings
from datetime import datetime, timedelta

import pytest
from qiskit import QuantumCircuit
from qiskit.providers import JobStatus, JobV1

from ibmqbatch import (
    IBMQBackendApiError,
    IBMQJob,
    IBMQJobApiError,
    IBMQJobInvalidStateError,
)
from ibmqbatch.jobset.catalog import set_paths
from ibmqbatch.jobset.job_set import JobSet
from tests.managed.support import (
    REFUSAL,
    STEPS,
    bell,
    flipped,
    on_service,
    other_machine,
    planned,
    said,
)
from tests.support.qiskits import needs_qiskit2, needs_terra


def test_a_job_is_qiskits_and_tells_who_it_is(job, simulator):
    assert isinstance(job, JobV1)
    assert job.version == 1
    assert job.backend() == simulator
    assert job.job_id() in repr(job)
    assert (job.name(), job.tags()) == ("mine", ["a", "b"])
    assert on_service(job.job_id()).status == "Completed"
    assert (job.done(), job.running(), job.cancelled(), job.in_final_state()) == (
        True,
        False,
        False,
        True,
    )


def test_nobody_is_asked_how_a_job_stands_that_has_ended(proxy, simulator):
    job = simulator.run(bell(), shots=1)
    job.result()
    before = len(proxy.seen)
    assert job.status() is JobStatus.DONE
    assert job.done()
    assert job.error_message() is None
    assert len(proxy.seen) == before


def test_what_there_is_no_counterpart_of_is_not_available(job):
    assert job.scheduling_mode() is None
    assert job.queue_info() is None
    assert job.queue_position() is job.queue_position(refresh=True) is None
    assert job.experiment_id is None
    with pytest.warns(Warning, match="shared with all"):
        assert job.share_level() == "none"
    with pytest.raises(NotImplementedError, match=r"IBMQBackend\.run"):
        job.submit()


def test_a_job_without_a_name_has_none(simulator):
    job = simulator.run(bell(), shots=1)
    assert job.name() is None
    assert job.update_name("given") == job.name() == "given"


def test_a_job_of_a_set_is_called_by_its_set_and_number(simulator):
    handle = planned(simulator)
    jobs = [IBMQJob.of_set(handle, index, simulator) for index in range(2)]
    assert [job.name() for job in jobs] == ["set_0_", "set_1_"]
    assert [job.job_id() for job in jobs] == ["", ""]
    assert [job.status() for job in jobs] == [JobStatus.INITIALIZING] * 2
    assert jobs[1].time_per_step() is None
    with pytest.raises(IBMQJobInvalidStateError, match=r"ManagedJobSet\.update_name"):
        jobs[1].update_name("other")


def test_times_are_local_and_in_order(job):
    steps = job.time_per_step()
    assert list(steps) == STEPS
    assert list(steps.values()) == sorted(steps.values())
    assert job.creation_date() == steps["CREATING"]
    now = datetime.now().astimezone()
    for moment in (*steps.values(), job.creation_date()):
        assert moment.utcoffset() == now.utcoffset()
        assert now - timedelta(minutes=2) < moment <= now


def test_metrics_of_a_job_that_has_ended_are_asked_for_once(proxy, simulator):
    job = simulator.run(bell(), shots=1)
    job.result()
    assert job.time_per_step() == job.time_per_step()
    assert proxy.count("GET", "/metrics") == 1


def test_a_queue_that_the_service_tells_of_is_told(proxy, simulator):
    job = simulator.run(bell(), shots=1)
    proxy.when("GET", "/jobs?", status=200, body=said(job, "Queued"))
    place = {"position_in_queue": 4, "estimated_start_time": "2026-11-20T10:00:00Z"}
    proxy.when("GET", "/metrics", status=200, body=json.dumps(place).encode())
    assert job.queue_info().to_dict()["position"] == 4
    assert job.queue_position() == 4


def test_refresh_adds_what_the_service_tells_as_attributes(job):
    with pytest.raises(AttributeError, match="usage_"):
        job.usage_  # noqa: B018
    job.refresh()
    assert job.usage_["status"] == "complete"


def test_circuits_come_back_as_they_were_given(provider):
    device = provider.get_backend("fake_manila")
    circuit = flipped("01", "mine")
    circuit.metadata = {"n": 7}
    text = "OPENQASM 2.0;\nqreg q[1];\ncreg c[1];\nmeasure q -> c;\n"
    job = device.run([circuit, text], shots=5)
    given, read = job.circuits()
    assert (given, given.name, given.metadata) == (circuit, "mine", {"n": 7})
    assert read.count_ops() == {"measure": 1}


def test_options_are_told_as_run_takes_them(simulator):
    job = simulator.run(bell(), shots=9, seed_simulator=4, init_qubits=False, rep_delay=0.0001)
    assert job.backend_options() == {
        "shots": 9,
        "memory": False,
        "meas_level": 2,
        "meas_return": "single",
        "init_qubits": False,
        "rep_delay": 0.0001,
        "seed_simulator": 4,
    }


@needs_terra("Qiskit 2 has no Qobj.")
def test_circuits_are_a_qobj_for_who_wants_one(job):
    from qiskit.qobj import QasmQobj

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        qobj = job.qobj()
    assert isinstance(qobj, QasmQobj)
    assert (qobj.qobj_id, qobj.config.shots) == (job.job_id(), 20)
    assert [experiment.header.name for experiment in qobj.experiments] == ["two", "one"]
    assert qobj.header.to_dict() == {"for": "me"}


@needs_qiskit2("Terra has Qobj.")
def test_where_there_is_no_qobj_one_warning_says_so(job):
    with pytest.warns(UserWarning, match="Qiskit 2 has no Qobj") as caught:
        assert job.qobj() is None
    assert [warning.filename for warning in caught] == [__file__]


@needs_terra("Qiskit 2 has no Qobj.")
def test_circuits_that_no_qobj_can_hold_are_none(simulator):
    circuit = QuantumCircuit(1, 1)
    with circuit.while_loop((circuit.clbits[0], 0)):
        circuit.x(0)
        circuit.measure(0, 0)
    job = simulator.run(circuit, shots=1)
    with pytest.warns(UserWarning, match="cannot be a Qobj, which has no control flow"):
        assert job.qobj() is None


def test_a_calibration_is_that_of_the_time_when_the_job_ran(proxy, provider):
    job = provider.get_backend("fake_manila").run(bell(), shots=10)
    job.result()
    assert job.properties().backend_name == "fake_manila"
    assert job.properties() is job.properties()
    assert proxy.count("GET", "updated_before=") == 1
    waiting = provider.get_backend("fake_manila").run(bell(), shots=1)
    assert waiting.properties() is not None
    assert provider.get_backend().run(bell(), shots=1).properties() is None


def test_a_job_goes_through_a_dictionary(job):
    told = json.loads(json.dumps(job.to_dict()))
    again = IBMQJob.from_dict(told)
    assert again.job_id() == job.job_id()
    assert again.result().get_counts(0) == {"10": 20}


def test_the_old_constructor_holds_a_job_by_its_id(job, simulator):
    made = IBMQJob(
        simulator,
        None,
        job.job_id(),
        "2026-11-20T10:00:00Z",
        "Failed",
        kind="q-circuit",
        name="called",
        error={"message": "It broke", "code": 1517},
        tags=["a"],
        live_data=True,
    )
    assert (made.name(), made.tags(), made.live_data_) == ("called", ["a"], True)
    assert made.status() is JobStatus.ERROR
    assert made.error_message() == "It broke. Error code: 1517."
    assert made.creation_date() == datetime.fromisoformat("2026-11-20T10:00:00Z")


@pytest.mark.parametrize(
    "data", [{}, {"id": "x", "backend": {"name": "ibmq_lima"}}, {"account_name": 5, "job_id": "x"}]
)
def test_a_dictionary_of_something_else_is_told_from_that_of_a_job(data):
    with pytest.raises(IBMQJobInvalidStateError, match=r"not one of a job.*retrieve_job"):
        IBMQJob.from_dict(data)


def test_a_status_that_nobody_knows_counts_as_running_and_is_warned_of(proxy, simulator):
    job = simulator.run(bell(), shots=1)
    proxy.when("GET", "/jobs", status=200, body=said(job, "Pondering"))
    with pytest.warns(UserWarning, match="'Pondering', which is not known here") as caught:
        assert job.status() is JobStatus.RUNNING
    assert [warning.filename for warning in caught] == [__file__]


def test_a_refusal_tells_its_code_once(proxy, simulator):
    proxy.when("POST", "/jobs", status=400, body=REFUSAL)
    with pytest.raises(IBMQBackendApiError) as caught:
        simulator.run(bell(), shots=1)
    assert str(caught.value) == "Error submitting job: Bad body (code 1208)."


def test_a_job_is_created_at_one_time_whichever_way_it_is_looked_at(
    job, simulator, service, monkeypatch, tmp_path
):
    views = [job, simulator.retrieve_job(job.job_id()), simulator.jobs(limit=1)[0]]
    views.append(IBMQJob.from_dict(job.to_dict()))
    other_machine(monkeypatch, service, tmp_path / "other")
    elsewhere = simulator.retrieve_job(job.job_id())
    views += [elsewhere, simulator.jobs(limit=1)[0]]
    elsewhere.result()
    assert {view.creation_date() for view in views} == {job.creation_date()}
    assert elsewhere.time_per_step()["CREATING"] == job.creation_date()


def test_when_a_job_was_created_is_asked_for_once_and_stays(proxy, simulator):
    job = simulator.run(bell(), shots=1)
    created = job.creation_date()
    before = len(proxy.seen)
    assert job.creation_date() == created
    assert len(proxy.seen) == before
    job.result()
    assert job.creation_date() == created
    for between in ({"start_datetime": created}, {"end_datetime": created}):
        assert job.job_id() in [found.job_id() for found in simulator.jobs(limit=None, **between)]


def test_a_job_whose_service_never_told_when_it_was_created_is_asked_for_by_its_id(job):
    (path,) = set_paths()
    with JobSet(path).open() as manifest, manifest.db.transaction():
        manifest.db.write("UPDATE remotes SET created_at = NULL")
    told = on_service(job.job_id()).created
    assert job.creation_date() == datetime.fromisoformat(told)


def test_a_service_that_is_away_does_not_tell_when_a_job_was_created(proxy, simulator, no_waits):
    job = simulator.run(bell(), shots=1)
    proxy.when("GET", "/api/v1/jobs", times=99, status=503)
    with pytest.raises(IBMQJobApiError):
        job.creation_date()
