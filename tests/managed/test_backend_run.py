"""Circuits are run on a backend as one job."""

from __future__ import annotations

import numpy as np
import pytest
from qiskit import QuantumCircuit
from qiskit.circuit import Parameter

from ibmqbatch import (
    IBMQBackendValueError,
)
from ibmqbatch.jobset.catalog import set_paths
from ibmqbatch.manifest.manifest import Manifest
from tests.managed.support import bell, elsewhere, flipped, sets
from tests.support.qiskits import needs_terra

PARAMETERS = [Parameter("theta"), Parameter("phi")]


def test_run_returns_when_the_service_has_the_job(provider, simulator):
    job = simulator.run([flipped("10"), flipped("01", "other")], shots=20, job_tags=["a", "b"])
    code = f"""
    import json
    from ibmqbatch.managed.provider import AccountProvider
    job = AccountProvider("local").backend.retrieve_job({job.job_id()!r})
    result = job.result()
    print(json.dumps([job.tags(), result.get_counts(0), result.get_counts("other")]))
    """
    assert elsewhere(code) == [["a", "b"], {"10": 20}, {"01": 20}]


@needs_terra("Qiskit 2 has no Qobj.")
def test_run_takes_old_qobjs(simulator):
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
        ({"options": "twirling"}, "options is 'twirling', not a dictionary"),
        ({"options": {"twirling": 1}}, "'twirling' is a table"),
        ({"job_tags": "a"}, "not a list of strings"),
        ({"job_tags": {"a"}}, "not a list of strings"),
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


def test_what_is_wrong_with_circuits_is_told_before_anything_is_sent(proxy, provider):
    with pytest.raises(IBMQBackendValueError, match="qubits"):
        provider.get_backend("fake_manila").run(flipped("0" * 6))
    assert proxy.submissions == 0


@needs_terra("Qiskit 2 has no pulse schedules.")
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
