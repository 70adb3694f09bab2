"""Backends and their provider: found, described, compiled for, and run on."""

from __future__ import annotations

import asyncio
import json
import time
from datetime import datetime, timedelta

import numpy as np
import pytest
from qiskit import QuantumCircuit, transpile
from qiskit.circuit import Parameter
from qiskit.providers import BackendV2, JobStatus
from qiskit.providers.exceptions import QiskitBackendNotFoundError
from qiskit.providers.models import BackendProperties, BackendStatus, QasmBackendConfiguration
from qiskit_aer import AerSimulator

from ibmqbatch import (
    IBMQAccountError,
    IBMQBackendApiError,
    IBMQBackendError,
    IBMQBackendJobLimitError,
    IBMQBackendValueError,
    IBMQJobManagerError,
    IBMQJobManagerInvalidStateError,
)
from ibmqbatch.jobset.catalog import set_paths
from ibmqbatch.managed import submission
from ibmqbatch.managed.backend import IBMQBackend, as_backend
from ibmqbatch.managed.provider import AccountProvider
from ibmqbatch.manifest.records import JobStatus as Status
from ibmqbatch.manifest.store import Manifest
from tests.managed.programs import bell, flipped, run_program

REFUSAL = json.dumps({"errors": [{"code": 1208, "message": "That is no body."}]}).encode()
PARAMETERS = [Parameter("theta"), Parameter("phi")]


@pytest.fixture
def provider(service) -> AccountProvider:
    return AccountProvider("local")


@pytest.fixture
def simulator(provider) -> IBMQBackend:
    return provider.get_backend("ideal_simulator")


def sets() -> list[Manifest]:
    return [Manifest.open(path) for path in set_paths()]


# Finding one.


def test_a_backend_is_found_by_its_name(provider):
    backend = provider.get_backend("fake_manila")
    assert isinstance(backend, BackendV2)
    assert (backend.name, backend.num_qubits, backend.max_circuits) == ("fake_manila", 5, 300)
    assert backend.provider == provider


def test_old_programs_call_a_backends_name(simulator):
    assert simulator.name() == simulator.name == "ideal_simulator"


def test_a_backend_is_printed_as_its_name(simulator):
    assert f"{simulator}" == str(simulator) == "ideal_simulator"
    assert repr(simulator) == "<IBMQBackend('ideal_simulator') of the account 'local'>"


def test_without_a_name_it_is_the_accounts_own_choice(provider):
    assert provider.get_backend().name == "ideal_simulator"


def test_a_name_that_is_none_tells_which_there_are(provider):
    with pytest.raises(QiskitBackendNotFoundError, match="fake_manila"):
        provider.get_backend("fake_nobody")


def test_ibms_own_simulators_are_gone_and_one_is_here(provider):
    with pytest.raises(QiskitBackendNotFoundError, match="ideal_simulator"):
        provider.get_backend("ibmq_qasm_simulator")


def test_a_device_of_ibm_needs_an_account(provider):
    with pytest.raises(IBMQAccountError, match="ibm_fez"):
        provider.get_backend("ibm_fez")


def test_backends_are_attributes(provider):
    assert provider.backend.fake_manila.name == "fake_manila"
    assert {"fake_manila", "jobs"} <= set(dir(provider.backend))
    with pytest.raises(AttributeError, match="fake_nobody"):
        provider.backend.fake_nobody  # noqa: B018


def test_backends_are_narrowed_down(provider):
    assert [b.name for b in provider.backends(simulator=True)] == ["ideal_simulator"]
    assert [b.name for b in provider.backends("fake_hanoi")] == ["fake_hanoi"]
    large = provider.backends(min_num_qubits=100, operational=True, simulator=False)
    assert {b.name for b in large} == {"fake_washington", "fake_sherbrooke"}
    assert provider.backend(filters=lambda b: b.num_qubits == 7)[0].name == "fake_nairobi"
    assert provider.get_backend(n_qubits=7).name == "fake_nairobi"
    with pytest.raises(QiskitBackendNotFoundError, match="More than one"):
        provider.get_backend(n_qubits=127)
    with pytest.warns(UserWarning, match="input_allowed"):
        provider.backends(input_allowed="job")


def test_listing_asks_once_for_each_backend(proxy):
    count = len(AccountProvider("local").backends())
    assert proxy.count("GET", "/configuration") == count
    assert proxy.count("GET", "/properties") == 0


def test_a_backend_that_cannot_be_read_hides_no_other(proxy, caplog):
    proxy.when("GET", "fake_hanoi/configuration", status=404, body=REFUSAL)
    names = [backend.name for backend in AccountProvider("local").backends()]
    assert "fake_manila" in names
    assert "fake_hanoi" not in names
    assert "fake_hanoi" in caplog.text


def test_equal_are_those_of_one_account_and_name(provider):
    assert provider.get_backend("fake_manila") == provider.backend.fake_manila
    assert provider.get_backend("fake_manila") != provider.get_backend("fake_nairobi")
    assert AccountProvider("local") == provider != AccountProvider("other")
    assert len({provider.backend.fake_manila, provider.get_backend("fake_manila")}) == 1


def test_a_name_does_wherever_a_backend_does(provider, simulator):
    assert as_backend(simulator) is simulator
    assert as_backend("ideal_simulator", provider) == as_backend("ideal_simulator") == simulator
    for other in (None, "", 5, AerSimulator()):
        with pytest.raises(IBMQJobManagerInvalidStateError, match="Give an IBMQBackend, or the"):
            as_backend(other)
    with pytest.raises(IBMQJobManagerInvalidStateError, match="no backend 'ibmq_lima'"):
        as_backend("ibmq_lima", provider)


def test_a_service_that_does_not_tell_of_a_name_is_a_job_managers_error(proxy, no_waits):
    proxy.when("GET", "/backends", times=99, status=500, body=b"{}")
    with pytest.raises(IBMQJobManagerError):
        as_backend("ideal_simulator")


# Describing it.


def test_a_device_is_described_by_qiskits_own_classes(provider):
    backend = provider.get_backend("fake_manila")
    configuration = backend.configuration()
    assert isinstance(configuration, QasmBackendConfiguration)
    assert configuration.n_qubits == 5
    assert configuration.dt == pytest.approx(2.2222e-10, rel=1e-3)
    assert isinstance(configuration.online_date, datetime)
    properties = backend.properties()
    assert isinstance(properties, BackendProperties)
    assert 1e-6 < properties.t1(0) < 1e-3
    assert properties.last_update_date.utcoffset() is not None
    status = backend.status()
    assert isinstance(status, BackendStatus)
    assert (status.operational, status.status_msg) == (True, "active")
    assert backend.dtm > 0
    assert backend.meas_map
    assert backend.description.startswith("A rehearsal")
    assert backend.defaults() is None
    assert backend.reservations() == []


def test_a_calibration_of_another_time_is_asked_for(proxy):
    backend = AccountProvider("local").get_backend("fake_manila")
    backend.properties(datetime=datetime(2026, 11, 1, 12, 0))  # noqa: DTZ001 - local time
    assert proxy.count("GET", "updated_before=2026-11-01T12") == 1
    before = proxy.count("GET", "/properties")
    backend.properties()
    backend.properties(refresh=True)
    assert proxy.count("GET", "/properties") == before + 1
    for wrong in ({"refresh": "yes"}, {"datetime": "yesterday"}):
        with pytest.raises(TypeError):
            backend.properties(**wrong)


def test_a_simulator_has_no_calibration(simulator):
    assert simulator.properties() is None
    assert simulator.coupling_map is None


def test_figures_that_were_not_measured_are_left_out():
    from ibmqbatch.managed.backend_models import backend_properties

    figure = {"date": "2026-11-20T10:00:00Z", "name": "T1", "unit": "us"}
    found = backend_properties(
        {
            "backend_name": "b",
            "last_update_date": "2026-11-20T10:00:00Z",
            "qubits": [[figure], [{**figure, "value": 100.0}]],
        }
    )
    assert found.t1(1) == pytest.approx(1e-4)
    assert found.qubits[0] == []


# Compiling for it.


@pytest.mark.parametrize("level", [0, 1, 2, 3])
def test_qiskit_compiles_for_a_device(provider, level):
    backend = provider.get_backend("fake_manila")
    compiled = transpile(bell(), backend, optimization_level=level, seed_transpiler=1)
    assert compiled.num_qubits == 5
    assert set(compiled.count_ops()) <= {*backend.operation_names, "barrier"}
    for item in compiled.data:
        if item.operation.name == "cx":
            pair = tuple(compiled.find_bit(qubit).index for qubit in item.qubits)
            assert pair in backend.target["cx"]


def test_the_target_is_the_device_by_its_own_numbers(provider):
    target = provider.get_backend("fake_washington").target
    assert target.num_qubits == 127
    assert max(qubit for (qubit,) in target["measure"]) == 126
    assert target.qubit_properties[3].t1 > 0
    assert {"reset", "delay", "if_else"} <= target.operation_names


def test_qiskit_leaves_circuits_for_the_simulator_as_they_are(simulator):
    circuit = QuantumCircuit(3, 3)
    circuit.ccx(0, 1, 2)
    circuit.unitary([[0, 1], [1, 0]], [0])
    with circuit.if_test((circuit.clbits[0], 1)):
        circuit.x(1)
    circuit.measure_all()
    compiled = transpile(circuit, simulator, optimization_level=0)
    assert compiled.num_qubits == 3
    assert {"ccx", "unitary", "if_else"} <= set(compiled.count_ops())


def test_compiled_circuits_run_as_they_are(provider):
    backend = provider.get_backend("fake_manila")
    compiled = transpile(flipped("01"), backend, initial_layout=[3, 4], seed_transpiler=1)
    counts = backend.run(compiled, shots=200).result().get_counts()
    assert counts["01"] > 150
    with Manifest.open(set_paths()[0]) as manifest:
        assert manifest.program(0).layout is None


# Running on it.


def test_run_returns_when_the_service_has_the_job(provider, simulator):
    job = simulator.run([flipped("10"), flipped("01", "other")], shots=20, job_tags=["a", "b"])
    code = f"""
    import json
    from ibmqbatch.managed.provider import AccountProvider
    job = AccountProvider("local").backend.retrieve_job({job.job_id()!r})
    result = job.result()
    print(json.dumps([job.tags(), result.get_counts(0), result.get_counts("other")]))
    """
    assert run_program(code) == [["a", "b"], {"10": 20}, {"01": 20}]


def test_run_takes_texts_paths_and_old_qobjs(simulator, tmp_path):
    text = 'OPENQASM 2.0; include "qelib1.inc"; qreg q[1]; creg c[1]; x q[0]; measure q -> c;'
    path = tmp_path / "x.qasm"
    path.write_text(text)
    result = simulator.run([text, path, str(path)], shots=5).result()
    assert result.get_counts() == [{"1": 5}] * 3
    from qiskit import assemble

    qobj = assemble(flipped("1"), shots=7, qobj_header={"by": "me"})
    job = simulator.run(qobj)
    assert job.result().get_counts() == {"1": 7}
    assert job.header() == {"by": "me"}


def test_shots_are_those_of_old_unless_they_are_given(simulator):
    assert simulator.options.shots == 4000
    assert sum(simulator.run(bell()).result().get_counts().values()) == 4000
    simulator.set_options(shots=30)
    assert sum(simulator.run(bell()).result().get_counts().values()) == 30
    assert sum(simulator.run(bell(), shots=3).result().get_counts().values()) == 3


def test_a_seed_gives_the_same_again(simulator):
    counts = [simulator.run(bell(), shots=100, seed_simulator=5) for _ in range(2)]
    assert counts[0].result().get_memory() == counts[1].result().get_memory()


def test_parameter_binds_run_each_circuit_once_for_each(simulator):
    theta, phi = PARAMETERS
    circuit = QuantumCircuit(1, 1, name="turn")
    circuit.rx(theta, 0)
    circuit.rz(phi, 0)
    circuit.measure(0, 0)
    pi = 3.141592653589793
    job = simulator.run(
        [circuit, circuit],
        parameter_binds=[{theta: 0.0, phi: 1}, {theta: pi, "phi": 0}],
        shots=9,
    )
    assert job.result().get_counts() == [{"0": 9}, {"1": 9}] * 2
    assert [list(c.parameters) for c in job.circuits()] == [[]] * 4
    assert [c.data[0].operation.params[0] for c in job.circuits()] == [0.0, pi, 0.0, pi]


def test_unknown_options_are_warned_of_at_the_line_that_gives_them(simulator):
    with pytest.warns(UserWarning, match="flavour is not a recognized runtime option") as caught:
        simulator.run(bell(), shots=1, flavour="sweet")
    assert [warning.filename for warning in caught] == [__file__]
    with pytest.warns(UserWarning, match="job_share_level"):
        simulator.run(bell(), shots=1, job_share_level="hub")


def test_numbers_of_numpy_are_numbers(provider):
    job = provider.get_backend("fake_manila").run(
        bell(),
        shots=np.int64(2),
        seed_simulator=np.uint32(7),
        seed_transpiler=np.int64(3),
        optimization_level=np.int8(2),
        initial_layout=np.array([1, 2]),
        max_execution_time=np.int64(50),
        max_cost=np.float32(900),
        max_fails=np.int64(1),
        measure_all=np.False_,
    )
    assert sum(job.result().get_counts().values()) == 2


def test_memory_and_none_are_no_news(simulator):
    job = simulator.run(bell(), shots=4, memory=True, rep_delay=None, init_qubits=True)
    assert len(job.result().get_memory()) == 4


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"noise_model": object()}, "fake_"),
        ({"schedule_los": {}}, "frequencies"),
        ({"meas_level": 0}, "level 0"),
        ({"shots": 0}, "0 shots"),
        ({"shots": 1.5}, "1.5"),
        ({"shots": True}, "True"),
        ({"seed_simulator": -1}, "seed"),
        ({"parameter_binds": {"a": 1}}, "parameter_binds is no list"),
        ({"parameter_binds": [{"a": "b"}]}, "'b'"),
        ({"header": {1, 2}}, "header"),
        ({"rep_delay": -1.0}, "rep_delay"),
        ({"rep_delay": "long"}, "rep_delay is 'long', no number of seconds"),
        ({"max_execution_time": 50.5}, "max_execution_time is 50.5, no whole number"),
        ({"max_cost": "little"}, "max_cost is 'little', no number of seconds"),
        ({"max_fails": "2"}, "max_fails is '2', no whole number"),
        ({"private": "yes"}, "private is 'yes', neither True nor False"),
        ({"init_qubits": "no"}, "init_qubits is 'no', neither True nor False"),
        ({"optimization_level": "3"}, "optimization_level is '3', no whole number"),
        ({"seed_transpiler": "x"}, "seed_transpiler is 'x', no whole number"),
        ({"initial_layout": 5}, "initial_layout is 5, no list of qubits"),
        ({"initial_layout": ["a"]}, "a qubit is 'a', no whole number"),
        ({"meas_return": "all"}, "meas_return is 'all'"),
        ({"options": "twirling"}, "options is 'twirling', no dictionary"),
        ({"options": {"twirling": 1}}, "'twirling' is a table"),
        ({"job_tags": "a"}, "no list of strings"),
        ({"job_tags": ["ibmq_jobset_a"]}, "reserved"),
        ({"job_name": "latest"}, "latest"),
        ({"job_name": 5}, "5"),
        ({"meas_level": 1}, "simulated"),
    ],
)
def test_what_cannot_be_asked_for_is_a_value_error(simulator, options, told):
    with pytest.raises(IBMQBackendValueError, match=told):
        simulator.run(bell(), **options)
    assert sets() == []


def test_what_cannot_be_run_is_a_value_error_in_the_words_of_programs(simulator):
    unmeasured, free = QuantumCircuit(1, name="u"), QuantumCircuit(1, 1, name="f")
    free.rx(PARAMETERS[0], 0)
    free.measure(0, 0)
    for circuit, told in ((unmeasured, r"measure_all\(\)"), (free, "parameter_binds")):
        with pytest.raises(IBMQBackendValueError, match=told) as caught:
            simulator.run(circuit)
        assert "--" not in str(caught.value)
    for nothing in ([], (), None, 5, [None]):
        with pytest.raises(IBMQBackendValueError):
            simulator.run(nothing)
    assert sets() == []


def test_pulse_schedules_are_refused_with_one_sentence(simulator):
    from qiskit.pulse import Schedule

    with pytest.raises(IBMQBackendValueError, match="IBM retired pulse jobs in 2025"):
        simulator.run(Schedule())


def test_more_than_one_job_is_the_job_managers_business(provider, simulator):
    with pytest.raises(IBMQBackendValueError, match="IBMQJobManager"):
        simulator.run([bell()] * 301, shots=1)
    with pytest.raises(IBMQBackendValueError, match="IBMQJobManager"):
        simulator.run(bell(), shots=1_000_001)
    assert sets() == []


def test_the_engines_own_options_can_be_had(simulator):
    job = simulator.run(bell(), shots=2, max_execution_time=60, private=True, measure_all=False)
    with Manifest.open(set_paths()[0]) as manifest:
        record = manifest.job_set()
    assert (record.max_execution_time, record.private) == (60, True)
    assert sum(job.result().get_counts().values()) == 2


def test_run_works_within_a_running_event_loop(simulator):
    async def program() -> dict[str, int]:
        counts: dict[str, int] = simulator.run(flipped("1"), shots=3).result().get_counts()
        return counts

    assert asyncio.run(program()) == {"1": 3}


# When it does not go well.


def test_a_lost_answer_is_looked_after_until_it_is_known(proxy):
    backend = AccountProvider("local").get_backend("ideal_simulator")
    proxy.when("POST", "/jobs", drop="after")
    job = backend.run(flipped("1"), shots=3)
    assert job.result().get_counts() == {"1": 3}
    assert proxy.submissions == 1


def left_over() -> Status:
    """Return what became of the job of the only set."""
    (manifest,) = sets()
    with manifest:
        (job,) = manifest.jobs()
        assert manifest.job_set().closed_at is not None or job.unsure
        return job.status if not job.unsure else job.wanted


def test_a_service_that_does_not_let_one_in_is_an_error_and_leaves_nothing_to_run(proxy):
    backend = AccountProvider("local").get_backend("ideal_simulator")
    proxy.when("POST", "/jobs", times=99, status=403, body=REFUSAL)
    with pytest.raises(IBMQBackendApiError, match="That is no body"):
        backend.run(bell())
    assert left_over() is Status.CANCELLED


def test_a_service_that_fails_is_tried_a_few_times(proxy, no_waits, monkeypatch):
    monkeypatch.setenv("IBMQBATCH_SETTLE", "0.05")
    backend = AccountProvider("local").get_backend("ideal_simulator")
    proxy.when("POST", "/jobs", times=99, status=503)
    with pytest.raises(IBMQBackendApiError, match="failed 3 times"):
        backend.run(bell())
    assert proxy.submissions == 3
    assert left_over() is Status.CANCELLED


def test_what_cannot_be_found_out_is_told_and_is_to_be_cancelled(proxy, no_waits, monkeypatch):
    monkeypatch.setenv("IBMQBATCH_SETTLE", "0.05")
    monkeypatch.setattr(submission, "_PATIENCE", 0.2)
    backend = AccountProvider("local").get_backend("ideal_simulator")
    proxy.when("POST", "/jobs", drop="after")
    proxy.when("GET", "/jobs?", times=999, status=503)
    with pytest.raises(IBMQBackendError, match=r"may or may not .* resume"):
        backend.run(bell())
    assert left_over() == "cancel"


def test_a_job_that_the_service_refuses_is_an_error_with_its_code(proxy):
    backend = AccountProvider("local").get_backend("ideal_simulator")
    proxy.when("POST", "/jobs", status=400, body=REFUSAL)
    with pytest.raises(IBMQBackendApiError, match=r"That is no body.*1208"):
        backend.run(bell())


def test_a_full_service_is_a_job_limit_error(proxy, monkeypatch):
    backend = AccountProvider("local").get_backend("ideal_simulator")
    full = json.dumps({"errors": [{"code": 3458, "message": "Too many pending jobs: limit 3."}]})
    proxy.when("POST", "/jobs", status=400, body=full.encode())
    with pytest.raises(IBMQBackendJobLimitError, match="IBMQJobManager"):
        backend.run(bell())
    with sets()[0] as manifest:
        assert [job.status for job in manifest.jobs()] == [Status.CANCELLED]


def test_the_job_limit_is_what_the_user_says(simulator, monkeypatch):
    assert simulator.job_limit().maximum_jobs is None
    assert simulator.remaining_jobs_count() is None
    monkeypatch.setenv("IBMQBATCH_MAX_PENDING", "1000")
    limit = simulator.job_limit()
    assert (limit.maximum_jobs, limit.active_jobs) == (1000, limit.running_jobs)
    assert simulator.remaining_jobs_count() == 1000 - limit.active_jobs


def test_errors_of_the_service_are_told_by_their_old_name(proxy, no_waits):
    provider = AccountProvider("local")
    backend = provider.get_backend("ideal_simulator")
    proxy.when("GET", "/backends", times=99, status=500, body=b"{}")
    for ask in (backend.status, provider.backends, lambda: provider.get_backend("fake_manila")):
        with pytest.raises(IBMQBackendApiError):
            ask()


# Its jobs.


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


def test_ids_names_and_numbers_that_are_none_are_told(provider, simulator):
    with pytest.raises(IBMQBackendValueError, match="None is no id of a job"):
        simulator.retrieve_job(None)
    with pytest.raises(IBMQBackendValueError, match="5 is no name of a backend"):
        provider.get_backend(5)
    with pytest.raises(IBMQBackendValueError, match="min_num_qubits is '5', no whole number"):
        provider.backends(min_num_qubits="5")
    assert len(simulator.jobs(limit=np.int64(0), skip=np.int64(1))) == 0


def test_a_time_that_is_none_is_a_type_error(simulator):
    with pytest.raises(TypeError):
        simulator.jobs(start_datetime="yesterday")


def test_listing_downloads_no_circuits(proxy):
    backend = AccountProvider("local").get_backend("ideal_simulator")
    backend.jobs(limit=5)
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
