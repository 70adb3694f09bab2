"""What Qiskit itself offers for backends, jobs and results works on these."""

from __future__ import annotations

import io

import pytest
from qiskit import transpile
from qiskit.result import marginal_counts, marginal_distribution, sampled_expectation_value
from qiskit.transpiler.preset_passmanagers import generate_preset_pass_manager
from qiskit_aer import AerSimulator
from qiskit_aer.noise import NoiseModel

from ibmqbatch import IBMQ, IBMQBackend
from tests.managed.support import bell, flipped
from tests.support.qiskits import needs_qiskit2, needs_terra

# Terra announces the end of most of this.
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")


@pytest.fixture(params=["ideal_simulator", "fake_manila"])
def backend(request: pytest.FixtureRequest, service) -> IBMQBackend:
    return IBMQ.load_account().get_backend(request.param)


@pytest.fixture
def device(service) -> IBMQBackend:
    return IBMQ.load_account().get_backend("fake_manila")


def most_frequent(counts: dict[str, int]) -> str:
    return max(counts, key=counts.__getitem__)


def test_transpile_compiles_lists_for_it(backend):
    compiled = transpile([flipped("01", "a"), flipped("10", "b")], backend, seed_transpiler=1)
    result = backend.run(compiled, shots=50).result()
    assert [most_frequent(result.get_counts(name)) for name in "ab"] == ["01", "10"]


@pytest.mark.parametrize("level", [0, 1, 2, 3])
def test_a_pass_manager_is_made_for_it(backend, level):
    manager = generate_preset_pass_manager(
        optimization_level=level, backend=backend, seed_transpiler=1
    )
    compiled = manager.run(flipped("01"))
    if backend.coupling_map is not None:
        assert set(compiled.count_ops()) <= {*backend.operation_names, "barrier"}
    assert most_frequent(backend.run(compiled, shots=50).result().get_counts()) == "01"


@needs_terra("Qiskit 2 has no execute.")
def test_execute_compiles_and_runs(backend):
    from qiskit import execute

    job = execute([flipped("01", "a"), flipped("10", "b")], backend, shots=50, seed_transpiler=1)
    assert job.backend() == backend
    assert [most_frequent(job.result().get_counts(name)) for name in "ab"] == ["01", "10"]


@needs_terra("Qiskit 2 has no QuantumInstance.")
def test_a_quantum_instance_runs_circuits(backend):
    from qiskit.utils import QuantumInstance

    result = QuantumInstance(backend, shots=50).execute([flipped("01"), flipped("10")])
    assert [most_frequent(counts) for counts in result.get_counts()] == ["01", "10"]


@needs_terra("Qiskit 2 has no job_monitor.")
def test_terras_job_monitor_tells_until_the_job_has_ended(backend):
    from qiskit.tools.monitor import job_monitor

    job = backend.run(flipped("01"), shots=5)
    told = io.StringIO()
    job_monitor(job, interval=0.1, output=told)
    assert told.getvalue().rstrip().endswith("job has successfully run")
    assert job.done()


@needs_terra("Qiskit 2 has no BackendSampler.")
def test_terras_primitives_sample_on_a_backend(backend):
    from qiskit.primitives import BackendSampler

    sampler = BackendSampler(backend, options={"shots": 50, "seed_simulator": 1})
    (found,) = sampler.run([flipped("10")]).result().quasi_dists
    assert most_frequent(found) == 2


@needs_terra("Qiskit 2 has no BackendEstimator.")
def test_terras_primitives_estimate_on_a_backend(backend):
    from qiskit.primitives import BackendEstimator
    from qiskit.quantum_info import SparsePauliOp

    circuit = flipped("01").remove_final_measurements(inplace=False)
    estimator = BackendEstimator(backend, options={"shots": 50, "seed_simulator": 1})
    (value,) = estimator.run([circuit], [SparsePauliOp("IZ")]).result().values
    assert value < -0.3


@needs_qiskit2("Terra has no BackendSamplerV2.")
def test_qiskits_primitives_sample_on_a_backend(backend):
    from qiskit.primitives import BackendSamplerV2

    sampler = BackendSamplerV2(backend=backend, options={"seed_simulator": 1})
    compiled = transpile(flipped("10"), backend, seed_transpiler=1)
    (found,) = sampler.run([compiled], shots=50).result()
    assert most_frequent(found.data.c.get_counts()) == "10"


@needs_qiskit2("Terra has no BackendEstimatorV2.")
def test_qiskits_primitives_estimate_on_a_backend(backend):
    from qiskit.primitives import BackendEstimatorV2
    from qiskit.quantum_info import SparsePauliOp

    circuit = transpile(flipped("01").remove_final_measurements(inplace=False), backend)
    observable = SparsePauliOp("IZ")
    if circuit.layout is not None:
        observable = observable.apply_layout(circuit.layout)
    (found,) = BackendEstimatorV2(backend=backend).run([(circuit, observable)]).result()
    assert found.data.evs < -0.3


def test_aer_takes_the_noise_of_a_backend(device):
    simulator = AerSimulator.from_backend(device)
    assert simulator.configuration().n_qubits == 5
    assert not simulator.options.noise_model.is_ideal()


def test_aer_takes_the_noise_of_a_calibration(device):
    properties = device.properties()
    noise = NoiseModel.from_backend_properties(properties, dt=device.dt)
    assert set(noise.noise_qubits) == set(range(5))
    assert {"cx", "sx", "measure"} <= set(noise.noise_instructions)


@needs_terra("transpile of Qiskit 2 takes no calibration.")
def test_transpile_takes_a_calibration(device):
    configuration = device.configuration()
    compiled = transpile(
        bell(),
        basis_gates=configuration.basis_gates,
        coupling_map=configuration.coupling_map,
        backend_properties=device.properties(),
        optimization_level=3,
        seed_transpiler=1,
    )
    assert compiled.layout is not None


@pytest.fixture
def result(service):
    """Results of a circuit with two registers, and of one that is never measured the same."""
    backend = IBMQ.load_account().get_backend("ideal_simulator")
    two = flipped("01", "two")
    two.measure_all()
    return backend.run([two, bell()], shots=40, seed_simulator=3).result()


def test_results_are_marginalized(result):
    assert result.get_counts("two") == {"01 01": 40}
    assert marginal_counts(result.get_counts("two"), [1]) == {"0": 40}
    marginal = marginal_counts(result, [0])
    assert marginal.get_counts("two") == {"1": 40}
    assert result.get_counts("two") == {"01 01": 40}
    assert marginal_distribution(result.get_counts("two"), [0]) == {"1": 40}


def test_counts_give_expectation_values(result):
    assert sampled_expectation_value(result.get_counts("bell"), "ZZ") == 1


def test_memory_and_counts_are_of_the_same_shots(result):
    memory = result.get_memory("bell")
    assert {outcome: memory.count(outcome) for outcome in set(memory)} == result.get_counts("bell")


@needs_terra("Qiskit 2 mitigates no readout.")
def test_readout_is_mitigated(device):
    from qiskit.result import LocalReadoutMitigator

    counts = device.run(flipped("01"), shots=100, initial_layout=[0, 1]).result().get_counts()
    mitigator = LocalReadoutMitigator(backend=device, qubits=[0, 1])
    assert most_frequent(mitigator.quasi_probabilities(counts)) == 1
