"""Jobs: what they tell, what they give, and what can be changed of them."""

from __future__ import annotations

import asyncio
import base64
import json
import time
import warnings
import zlib
from datetime import datetime, timedelta
from typing import Any

import pytest
from qiskit import QuantumCircuit
from qiskit.providers import JobStatus, JobV1
from qiskit.qobj import QasmQobj
from qiskit.result import Result

from ibmqbatch import (
    IBMQBackendValueError,
    IBMQJob,
    IBMQJobApiError,
    IBMQJobFailureError,
    IBMQJobInvalidStateError,
    IBMQJobTimeoutError,
)
from ibmqbatch.clock import Clock
from ibmqbatch.jobset.catalog import set_paths
from ibmqbatch.managed.backend import IBMQBackend
from ibmqbatch.managed.connection import connected
from ibmqbatch.managed.handle import SetHandle
from ibmqbatch.managed.planning import plan_set
from ibmqbatch.managed.provider import AccountProvider
from ibmqbatch.service.types import RemoteJob
from tests.managed.programs import bell, flipped, run_program

_STEPS = ["CREATING", "CREATED", "QUEUED", "RUNNING", "COMPLETED"]


@pytest.fixture
def backend(service) -> IBMQBackend:
    return AccountProvider("local").get_backend("ideal_simulator")


@pytest.fixture
def job(backend) -> IBMQJob:
    """A job that has ended well."""
    job = backend.run(
        [flipped("10", "two"), flipped("01", "one")],
        job_name="mine",
        job_tags=["a", "b"],
        shots=20,
        header={"for": "me"},
    )
    job.result()
    return job


def on_service(job_id: str) -> RemoteJob:
    """Return a job as the service has it."""
    with connected("local", Clock()) as client:
        return client.job(job_id)


def said(job: IBMQJob, status: str, **state: object) -> bytes:
    """Return a listing in which the service says something else of a job."""
    told = {"id": job.job_id(), "status": status, "state": {"status": status, **state}}
    remote = on_service(job.job_id())
    return json.dumps({"jobs": [{**told, "tags": list(remote.tags)}], "count": 1}).encode()


def planned(backend: IBMQBackend, **run_config: Any) -> SetHandle:
    """Return a set of two jobs, none of which is sent."""
    circuits = [flipped("10"), flipped("01")]
    return plan_set(
        backend, circuits, name="set", max_circuits=1, tags=["t"], run_config=run_config
    )


def foreign(**changes: object) -> str:
    """Submit a job as other programs do, with one circuit as text; return its id."""
    text = 'OPENQASM 3.0; include "stdgates.inc"; bit[2] c; qubit[2] q; x q[1]; c = measure q;'
    body = {
        "program_id": "sampler",
        "backend": "ideal_simulator",
        "tags": ["theirs"],
        "params": {"version": 2, "shots": 12, "pubs": [[text]]},
        **changes,
    }
    with connected("local", Clock()) as client:
        return client.submit(json.dumps(body).encode())


# What it is.


def test_a_job_is_qiskits_and_tells_who_it_is(job, backend):
    assert isinstance(job, JobV1)
    assert job.version == 1
    assert job.backend() == backend
    assert job.job_id() in repr(job)
    assert (job.name(), job.tags()) == ("mine", ["a", "b"])
    assert on_service(job.job_id()).status == "Completed"
    assert (job.done(), job.running(), job.cancelled(), job.in_final_state()) == (
        True,
        False,
        False,
        True,
    )


def test_nobody_is_asked_how_a_job_stands_that_has_ended(proxy):
    job = AccountProvider("local").get_backend("ideal_simulator").run(bell(), shots=1)
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
    assert job.client_version == {}
    assert job.experiment_id is None
    with pytest.warns(Warning, match="shared with all"):
        assert job.share_level() == "none"
    with pytest.raises(NotImplementedError, match=r"IBMQBackend\.run"):
        job.submit()


def test_a_job_without_a_name_has_none(backend):
    job = backend.run(bell(), shots=1)
    assert job.name() is None
    assert job.update_name("given") == job.name() == "given"


def test_a_job_of_a_set_is_called_by_its_set_and_number(backend):
    handle = planned(backend)
    jobs = [IBMQJob.of_set(handle, index, backend) for index in range(2)]
    assert [job.name() for job in jobs] == ["set_0_", "set_1_"]
    assert [job.job_id() for job in jobs] == ["", ""]
    assert [job.status() for job in jobs] == [JobStatus.INITIALIZING] * 2
    assert jobs[1].time_per_step() is None
    with pytest.raises(IBMQJobInvalidStateError, match=r"ManagedJobSet\.update_name"):
        jobs[1].update_name("other")


# When it was where.


def test_times_are_local_and_in_order(job):
    steps = job.time_per_step()
    assert list(steps) == _STEPS
    assert list(steps.values()) == sorted(steps.values())
    now = datetime.now().astimezone()
    for moment in (*steps.values(), job.creation_date()):
        assert moment.utcoffset() == now.utcoffset()
        assert now - timedelta(minutes=2) < moment <= now


def test_metrics_of_a_job_that_has_ended_are_asked_for_once(proxy):
    job = AccountProvider("local").get_backend("ideal_simulator").run(bell(), shots=1)
    job.result()
    assert job.time_per_step() == job.time_per_step()
    assert proxy.count("GET", "/metrics") == 1


def test_a_queue_that_the_service_tells_of_is_told(proxy):
    job = AccountProvider("local").get_backend("ideal_simulator").run(bell(), shots=1)
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


# What it gives.


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
    assert job.result() is job.result()
    job.result().results.clear()
    assert len(job.result(refresh=True).results) == 2


def test_results_that_are_damaged_on_disk_are_fetched_anew(job):
    (path,) = set_paths()
    with SetHandle(path).open() as manifest, manifest.db.transaction():
        manifest.db.write("UPDATE results SET body = ?", (zlib.compress(b"{}"),))
    assert job.result(refresh=True).get_counts(0) == {"10": 20}


def test_results_are_here_when_the_service_is_not(proxy):
    job = AccountProvider("local").get_backend("ideal_simulator").run(flipped("1"), shots=3)
    job.result()
    proxy.when("GET", "/api/v1", times=999, status=500)
    again = IBMQJob.of_set(SetHandle(set_paths()[0]), 0, job.backend())
    assert again.result().get_counts() == {"1": 3}
    assert [circuit.name for circuit in again.circuits()] == ["flipped"]
    assert again.header() == {}


def test_circuits_come_back_as_they_were_given(backend):
    device = AccountProvider("local").get_backend("fake_manila")
    circuit = flipped("01", "mine")
    circuit.metadata = {"n": 7}
    text = "OPENQASM 2.0;\nqreg q[1];\ncreg c[1];\nmeasure q -> c;\n"
    job = device.run([circuit, text], shots=5)
    given, read = job.circuits()
    assert (given, given.name, given.metadata) == (circuit, "mine", {"n": 7})
    assert read.count_ops() == {"measure": 1}


def test_options_are_told_as_run_takes_them(backend):
    job = backend.run(bell(), shots=9, seed_simulator=4, init_qubits=False, rep_delay=0.0001)
    assert job.backend_options() == {
        "shots": 9,
        "memory": False,
        "meas_level": 2,
        "meas_return": "single",
        "init_qubits": False,
        "rep_delay": 0.0001,
        "seed_simulator": 4,
    }


def test_circuits_are_a_qobj_for_who_wants_one(job):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        qobj = job.qobj()
    assert isinstance(qobj, QasmQobj)
    assert (qobj.qobj_id, qobj.config.shots) == (job.job_id(), 20)
    assert [experiment.header.name for experiment in qobj.experiments] == ["two", "one"]
    assert qobj.header.to_dict() == {"for": "me"}


def test_circuits_that_no_qobj_can_hold_are_none(backend):
    circuit = QuantumCircuit(1, 1)
    with circuit.while_loop((circuit.clbits[0], 0)):
        circuit.x(0)
        circuit.measure(0, 0)
    assert backend.run(circuit, shots=1).qobj() is None


def test_a_calibration_is_that_of_the_time_when_the_job_ran(proxy):
    provider = AccountProvider("local")
    job = provider.get_backend("fake_manila").run(bell(), shots=10)
    job.result()
    assert job.properties().backend_name == "fake_manila"
    assert job.properties() is job.properties()
    assert proxy.count("GET", "updated_before=") == 1
    assert provider.get_backend().run(bell(), shots=1).properties() is None


# Waiting for it.


def test_time_that_runs_out_is_an_error_of_its_own(backend):
    jobs = [IBMQJob.of_set(planned(backend), 1, backend) for _ in range(2)]
    with pytest.raises(IBMQJobTimeoutError, match="Timeout while waiting"):
        jobs[0].result(timeout=1e-9)
    with pytest.raises(IBMQJobTimeoutError):
        jobs[1].wait_for_final_state(timeout=1e-9)
    assert jobs[0].result(timeout=0).get_counts() == {"01": 4000}


@pytest.mark.parametrize("timeout", ["5", -1, float("nan"), True])
def test_timeouts_that_are_no_times_are_told(job, timeout):
    with pytest.raises(IBMQJobInvalidStateError, match=r"timeout is .*, no number of seconds"):
        job.wait_for_final_state(timeout=timeout)
    with pytest.raises(IBMQJobInvalidStateError, match=r"timeout is .*, no number of seconds"):
        job.result(timeout=timeout, refresh=True)


def test_a_pause_between_calls_that_is_no_time_is_told(job):
    with pytest.raises(IBMQJobInvalidStateError, match="wait is 'long', no number of seconds"):
        job.wait_for_final_state(wait="long", callback=print)


def test_a_callback_hears_of_every_change_and_of_no_end(proxy):
    job = AccountProvider("local").get_backend("ideal_simulator").run(bell(), shots=1)
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


def test_a_callback_can_be_called_at_intervals(proxy):
    job = AccountProvider("local").get_backend("ideal_simulator").run(bell(), shots=1)
    proxy.when("GET", "/jobs?", times=4, status=200, body=said(job, "Queued"))
    heard: list[float] = []
    begun = time.monotonic()
    job.wait_for_final_state(wait=0.05, callback=lambda *_, **__: heard.append(time.monotonic()))
    spent = time.monotonic() - begun
    assert 3 <= len(heard) <= spent / 0.05 + 1


def test_what_a_callback_raises_comes_out(backend):
    job = IBMQJob.of_set(planned(backend), 0, backend)

    def callback(*_: object, **__: object) -> None:
        raise LookupError("mine")

    with pytest.raises(LookupError, match="mine"):
        job.wait_for_final_state(callback=callback)


def test_waiting_works_within_a_running_event_loop(backend):
    async def program() -> bool:
        job = backend.run(bell(), shots=1)
        job.wait_for_final_state(timeout=60)
        return job.done()

    assert asyncio.run(program())


def test_a_service_that_is_away_is_an_api_error(proxy, no_waits):
    job = AccountProvider("local").get_backend("ideal_simulator").run(bell(), shots=1)
    proxy.when("GET", "/api/v1/jobs", times=99, status=503)
    for ask in (job.status, job.refresh, job.queue_info):
        with pytest.raises(IBMQJobApiError):
            ask()


def test_results_wait_for_a_service_that_is_away(proxy, no_waits):
    job = AccountProvider("local").get_backend("ideal_simulator").run(flipped("1"), shots=2)
    proxy.when("GET", "/jobs?", times=8, status=503)
    assert job.result().get_counts() == {"1": 2}


# When it did not go well.


@pytest.fixture
def failed(proxy) -> IBMQJob:
    """A job of which the service says that it has failed."""
    job = AccountProvider("local").get_backend("ideal_simulator").run(bell(), shots=1)
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


def test_a_job_that_took_too_long_has_failed(proxy):
    job = AccountProvider("local").get_backend("ideal_simulator").run(bell(), shots=1)
    body = said(job, "Cancelled", reason_code=1305)
    proxy.when("GET", "/jobs?", status=200, body=body)
    assert job.status() is JobStatus.ERROR
    assert job.error_message() == "Unknown error. Error code: 1305."


def test_results_that_are_lost_are_an_api_error(job):
    (path,) = set_paths()
    with SetHandle(path).open() as manifest, manifest.db.transaction():
        manifest.db.write("UPDATE remotes SET result = 'lost', result_error = 'gone'")
    with pytest.raises(IBMQJobApiError, match="LOST: gone"):
        job.result(refresh=True)


# Cancelling it.


def test_a_job_that_is_not_sent_is_cancelled_at_once(backend):
    handle = planned(backend)
    first, second = (IBMQJob.of_set(handle, index, backend) for index in range(2))
    assert second.cancel() is True
    assert second.cancelled()
    assert first.result().get_counts() == {"10": 4000}
    with pytest.raises(IBMQJobInvalidStateError, match="cancelled"):
        second.result()
    assert second.error_message() is None


def test_a_cancel_is_confirmed_by_what_the_service_then_says(proxy):
    job = AccountProvider("local").get_backend("ideal_simulator").run(bell(), shots=1)
    running, ended = said(job, "Running"), said(job, "Cancelled")
    proxy.when("GET", "/jobs?", times=2, status=200, body=running)
    proxy.when("GET", "/jobs?", status=200, body=ended)
    proxy.when("POST", "/cancel", status=204)
    assert job.cancel() is True
    assert job.status() is JobStatus.CANCELLED


def test_a_job_that_has_ended_stays_as_it_is(job):
    assert job.cancel() is False
    assert job.done()


# Its labels.


def test_tags_are_replaced_then_added_then_removed(job):
    assert job.update_tags(["c"], ["d", "e"], ["e", "nobody's"]) == ["c", "d"]
    assert job.update_tags(additional_tags=["f"], removal_tags=["f"]) == ["c", "d"]
    assert job.update_tags(replacement_tags=[]) == []
    assert job.update_tags(additional_tags=["g"]) == job.tags() == ["g"]
    theirs = [tag for tag in on_service(job.job_id()).tags if not tag.startswith("ibmq_jobset_")]
    assert theirs == ["g"]


def test_tags_by_which_a_job_is_found_again_survive(job, caplog):
    ours = [tag for tag in on_service(job.job_id()).tags if tag.startswith("ibmq_jobset_")]
    assert len(ours) == 3
    job.update_tags(replacement_tags=["c"])
    job.update_tags(removal_tags=ours)
    assert "is not removed" in caplog.text
    assert [*job.tags(), *ours] == list(on_service(job.job_id()).tags)
    for argument in ("replacement_tags", "additional_tags"):
        with pytest.raises(IBMQJobInvalidStateError, match="reserved"):
            job.update_tags(**{argument: ["ibmq_jobset_x"]})


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"replacement_tags": "abc"},
        {"additional_tags": {"a"}},
        {"removal_tags": [5]},
        {"additional_tags": list("cdefgh")},
        {"additional_tags": ["x" * 87]},
    ],
)
def test_tags_that_cannot_be_are_refused_and_change_nothing(job, given):
    with pytest.raises(IBMQJobInvalidStateError):
        job.update_tags(**given)
    assert job.tags() == ["a", "b"]


def test_tags_of_a_job_are_those_of_its_whole_set(backend):
    handle = planned(backend)
    jobs = [IBMQJob.of_set(handle, index, backend) for index in range(2)]
    jobs[1].result()
    jobs[0].result()
    assert jobs[0].update_tags(additional_tags=["u"]) == ["t", "u"]
    for job in jobs:
        assert job.tags() == ["t", "u"]
        assert {"t", "u"} <= set(on_service(job.job_id()).tags)


def test_a_change_that_the_service_does_not_take_is_an_api_error_and_follows_later(proxy):
    job = AccountProvider("local").get_backend("ideal_simulator").run(bell(), shots=1)
    job.result()
    refusal = json.dumps({"errors": [{"code": 1204, "message": "Not now."}]}).encode()
    proxy.when("PUT", "/tags", status=400, body=refusal)
    with pytest.raises(IBMQJobApiError, match="Not now"):
        job.update_tags(additional_tags=["a"])
    assert job.update_tags(additional_tags=["b"]) == ["a", "b"]
    assert {"a", "b"} <= set(on_service(job.job_id()).tags)


def test_the_new_name_is_there_in_other_processes(job):
    assert job.update_name("yours") == "yours"
    code = f"""
    import json
    from ibmqbatch.managed.provider import AccountProvider
    print(json.dumps(AccountProvider("local").backend.retrieve_job({job.job_id()!r}).name()))
    """
    assert run_program(code) == "yours"
    assert any("yours" in tag for tag in on_service(job.job_id()).tags)


@pytest.mark.parametrize("name", ["", "latest", "x" * 61, "a\nb", 5, None])
def test_names_that_cannot_be_are_refused(job, name):
    with pytest.raises(IBMQJobInvalidStateError):
        job.update_name(name)
    assert job.name() == "mine"


# Those of other programs, and of other processes.


def test_a_retrieved_job_is_that_of_its_set(job, backend):
    again = backend.retrieve_job(job.job_id())
    assert (again.name(), again.tags(), again.header()) == ("mine", ["a", "b"], {"for": "me"})
    assert len(set_paths()) == 1


def test_a_job_goes_through_a_dictionary(job):
    told = json.loads(json.dumps(job.to_dict()))
    again = IBMQJob.from_dict(told)
    assert again.job_id() == job.job_id()
    assert again.result().get_counts(0) == {"10": 20}


def test_a_job_of_another_program_is_made_a_set_when_its_results_are_wanted(backend):
    job = backend.retrieve_job(foreign())
    assert (job.tags(), job.name()) == (["theirs"], None)
    assert isinstance(job.status(), JobStatus)
    assert set_paths() == []
    assert job.result().get_counts() == {"10": 12}
    assert len(job.circuits()) == 1
    assert job.backend_options()["shots"] == 12
    assert list(job.time_per_step()) == _STEPS
    assert backend.retrieve_job(job.job_id()).result().get_counts() == {"10": 12}
    assert len(set_paths()) == 1


def test_tags_of_another_programs_job_are_changed_on_the_service(backend):
    job = backend.retrieve_job(foreign())
    assert job.update_tags(additional_tags=["x"]) == ["theirs", "x"]
    job.result()
    assert job.update_tags(removal_tags=["theirs"]) == job.tags() == ["x"]
    assert on_service(job.job_id()).tags == ("x",)
    with pytest.raises(IBMQJobInvalidStateError, match="Another program"):
        job.update_name("mine")


def test_another_programs_job_is_cancelled_without_being_made_a_set(proxy):
    backend = AccountProvider("local").get_backend("ideal_simulator")
    job = backend.retrieve_job(foreign())
    job.wait_for_final_state()
    other = backend.retrieve_job(foreign())
    state = {"id": other.job_id(), "state": {"status": "Cancelled"}, "tags": []}
    proxy.when("POST", "/cancel", status=204)
    proxy.when("GET", f"/jobs/{other.job_id()}", status=200, body=json.dumps(state).encode())
    assert other.cancel() is True
    assert job.cancel() is False
    assert len(set_paths()) == 1


def test_a_private_job_of_another_program_cannot_be_made_a_set(backend):
    job = backend.retrieve_job(foreign(private=True))
    with pytest.raises(IBMQJobInvalidStateError, match="private"):
        job.result()


def test_circuits_of_a_newer_qiskit_are_an_empty_list(backend):
    qpy = b"QISKIT\x11" + bytes(30)  # QPY 17, which Terra cannot read
    circuit = {
        "__type__": "QuantumCircuit",
        "__value__": base64.b64encode(zlib.compress(qpy)).decode(),
    }
    job = backend.retrieve_job(foreign(params={"version": 2, "pubs": [[circuit]]}))
    assert job.circuits() == []
    assert job.qobj() is None


def test_the_old_constructor_holds_a_job_by_its_id(job, backend):
    made = IBMQJob(
        backend,
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


def test_results_of_levels_are_complex_numbers():
    import numpy as np

    from ibmqbatch.jobset.results import CircuitResult
    from ibmqbatch.managed.qiskit_results import experiment_result, qiskit_result
    from ibmqbatch.service.outcomes import PubResult

    levels = np.array([[1 + 2j, 3 - 4j], [0, 1j]])
    for values, returned in ((levels, "single"), (levels[0], "avg")):
        circuit = CircuitResult(0, "c", {}, PubResult({}, {"m": values}), 2)
        experiment = experiment_result(circuit)
        assert (experiment.meas_level, experiment.meas_return) == (1, returned)
        result = qiskit_result(backend_name="b", job_id="j", experiments=[experiment])
        assert np.array_equal(result.get_memory(0), values)


def test_what_is_wrong_with_circuits_is_told_before_anything_is_sent(proxy):
    backend = AccountProvider("local").get_backend("fake_manila")
    with pytest.raises(IBMQBackendValueError, match="qubits"):
        backend.run(flipped("0" * 6))
    assert proxy.submissions == 0
