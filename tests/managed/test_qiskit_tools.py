"""What Qiskit itself offers for backends and jobs works on these."""

from __future__ import annotations

import io

import pytest
from qiskit import execute
from qiskit.primitives import BackendSampler
from qiskit.utils import QuantumInstance
from qiskit_aer import AerSimulator

from ibmqbatch import IBMQ, IBMQBackend
from tests.managed.programs import flipped

# Qiskit announces the end of most of this.
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")


@pytest.fixture(params=["ideal_simulator", "fake_manila"])
def backend(request: pytest.FixtureRequest, service) -> IBMQBackend:
    return IBMQ.load_account().get_backend(request.param)


def most_frequent(counts: dict[str, int]) -> str:
    return max(counts, key=counts.__getitem__)


def test_execute_compiles_and_runs(backend):
    job = execute([flipped("01", "a"), flipped("10", "b")], backend, shots=50, seed_transpiler=1)
    assert job.backend() == backend
    assert [most_frequent(job.result().get_counts(name)) for name in "ab"] == ["01", "10"]


def test_a_quantum_instance_runs_circuits(backend):
    result = QuantumInstance(backend, shots=50).execute([flipped("01"), flipped("10")])
    assert [most_frequent(counts) for counts in result.get_counts()] == ["01", "10"]


def test_job_monitor_tells_until_the_job_has_ended(backend):
    from qiskit.tools.monitor import job_monitor

    job = backend.run(flipped("01"), shots=5)
    told = io.StringIO()
    job_monitor(job, interval=0.1, output=told)
    assert told.getvalue().rstrip().endswith("job has successfully run")
    assert job.done()


def test_qiskits_primitives_sample_on_a_backend(backend):
    sampler = BackendSampler(backend, options={"shots": 50, "seed_simulator": 1})
    (found,) = sampler.run([flipped("10")]).result().quasi_dists
    assert most_frequent(found) == 2


def test_aer_takes_the_noise_of_a_backend(service):
    simulator = AerSimulator.from_backend(IBMQ.load_account().get_backend("fake_manila"))
    assert simulator.configuration().n_qubits == 5
    assert not simulator.options.noise_model.is_ideal()
