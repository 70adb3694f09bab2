"""A Qobj is run as it says, in its own units, or refused: nothing of it is dropped."""

from __future__ import annotations

from typing import Any

import pytest
from qiskit import QuantumCircuit, transpile

from ibmqbatch.managed.exceptions import IBMQBackendValueError
from tests.managed.support import bell, numbered
from tests.support.qiskits import needs_terra

pytestmark = needs_terra("Qiskit 2 has no Qobj.")


def assembled(circuit: QuantumCircuit, **options: Any) -> Any:
    from qiskit import assemble

    return assemble(circuit, **options)


@pytest.mark.parametrize("device", ["fake_manila", "fake_nairobi", "fake_kolkata"])
def test_a_qobj_for_a_device_waits_as_long_between_shots_as_it_says(provider, device):
    backend = provider.get_backend(device)
    # Which `assemble` takes from the backend, and writes in microseconds.
    qobj = assembled(transpile(bell(), backend), backend=backend, shots=10)
    assert qobj.config.rep_delay > 1
    job = backend.run(qobj)
    assert job.backend_options()["rep_delay"] == pytest.approx(qobj.config.rep_delay * 1e-6)
    assert sum(job.result().get_counts().values()) == 10


def test_options_of_a_qobj_are_those_of_its_run(simulator):
    job = simulator.run(assembled(bell(), shots=7, seed_simulator=5, init_qubits=False))
    options = job.backend_options()
    assert (options["shots"], options["init_qubits"]) == (7, False)
    same = simulator.run(bell(), shots=7, seed_simulator=5, init_qubits=False)
    assert job.result().get_memory() == same.result().get_memory()


def test_an_argument_goes_before_the_qobj(simulator):
    assert simulator.run(assembled(bell(), shots=7), shots=3).backend_options()["shots"] == 3


def test_a_qobj_of_another_level_of_measurement_is_no_run_of_bits(simulator):
    with pytest.raises(IBMQBackendValueError, match="its measurements are classified"):
        simulator.run(assembled(bell(), meas_level=1, meas_return="single"))


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("qubit_lo_freq", [4.9]),
        ("meas_lo_freq", [6.5]),
        ("rep_time", 1000),
        ("rep_times", [1000]),
        ("noise_model", {"errors": []}),
    ],
)
def test_what_a_run_cannot_have_is_refused_in_a_qobj_too(simulator, option, value):
    qobj = assembled(bell())
    setattr(qobj.config, option, value)
    with pytest.raises(IBMQBackendValueError, match=f"The option {option} is not available"):
        simulator.run(qobj)


def test_an_option_of_one_experiment_alone_is_refused(simulator):
    qobj = assembled([bell(), bell("other")])
    qobj.experiments[1].config.qubit_lo_freq = [4.9]
    with pytest.raises(IBMQBackendValueError, match="Experiment 1 of the Qobj has a qubit_lo_freq"):
        simulator.run(qobj)


def test_an_option_that_nobody_knows_is_warned_of(simulator):
    qobj = assembled(bell(), shots=2)
    qobj.config.use_measure_esp = True
    with pytest.warns(UserWarning, match="use_measure_esp is not a recognized runtime option"):
        simulator.run(qobj)


def test_names_and_metadata_of_experiments_are_kept(simulator):
    circuit = bell("named")
    circuit.metadata = {"xval": 3}
    header = simulator.run(assembled(circuit, shots=2)).result().results[0].header
    assert (header.name, header.metadata) == ("named", {"xval": 3})


def test_the_qobj_of_a_job_is_that_of_the_job_retrieved(manager, simulator, provider):
    job_set = manager.run(numbered(2), simulator, max_experiments_per_job=1, shots=1)
    for job, qobj in zip(job_set.jobs(), job_set.qobjs(), strict=True):
        again = provider.backend.retrieve_job(job.job_id()).qobj()
        assert again.to_dict() == qobj.to_dict()


def test_the_qobj_of_a_job_says_how_it_was_run(provider):
    backend = provider.get_backend("fake_manila")
    job = backend.run(bell(), shots=9, rep_delay=1e-4, init_qubits=False, seed_simulator=4)
    config = job.qobj().config
    assert (config.shots, config.init_qubits) == (9, False)
    assert config.rep_delay == pytest.approx(100)
    again = backend.run(job.qobj())
    assert again.backend_options() == job.backend_options()
