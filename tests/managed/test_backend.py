"""Backends: described, and compiled for."""

from __future__ import annotations

from datetime import datetime

import pytest
from qiskit import QuantumCircuit, transpile

from ibmqbatch import BackendProperties, BackendStatus, QasmBackendConfiguration
from ibmqbatch.jobset.catalog import set_paths
from ibmqbatch.managed.provider import AccountProvider
from ibmqbatch.manifest.manifest import Manifest
from tests.managed.support import bell, flipped


def test_old_programs_call_a_backends_name(simulator):
    assert simulator.name() == simulator.name == "ideal_simulator"


def test_a_backend_is_printed_as_its_name(simulator):
    assert f"{simulator}" == str(simulator) == "ideal_simulator"
    assert repr(simulator) == "<IBMQBackend('ideal_simulator') of the account 'local'>"


def test_equal_are_those_of_one_account_and_name(provider):
    assert provider.get_backend("fake_manila") == provider.backend.fake_manila
    assert provider.get_backend("fake_manila") != provider.get_backend("fake_nairobi")
    assert AccountProvider("local") == provider != AccountProvider("other")
    assert len({provider.backend.fake_manila, provider.get_backend("fake_manila")}) == 1


def test_a_device_is_described_by_the_classes_of_old(provider):
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
    assert not backend.defaults()
    assert backend.reservations() == []


def test_a_calibration_of_another_time_is_asked_for(proxy, provider):
    backend = provider.get_backend("fake_manila")
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
