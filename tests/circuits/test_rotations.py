import numpy as np
import pytest
from qiskit import ClassicalRegister, QuantumCircuit, QuantumRegister
from qiskit.quantum_info import Pauli as QiskitPauli
from qiskit.quantum_info import Statevector, random_statevector

from ibmqbatch.circuits.device import Device, Facts
from ibmqbatch.circuits.errors import BadInput
from ibmqbatch.circuits.paulis import Pauli
from ibmqbatch.circuits.rotations import measure


def device(*gates: str, qubits: int = 3) -> Device:
    places = {(qubit,): Facts() for qubit in range(qubits)}
    return Device("fake", qubits, gates, instructions=dict.fromkeys(gates, places))


def parity(state: Statevector, basis: str, **options: object) -> float:
    """Return the mean parity of what is measured in a basis, exactly."""
    circuit = QuantumCircuit(state.num_qubits)
    measure(circuit, Pauli.read(basis), "observed", "c", **options)
    turned = circuit.copy_empty_like()
    bits = {}
    for item in circuit.data:
        if item.operation.name == "measure":
            bits[circuit.find_bit(item.clbits[0]).index] = circuit.find_bit(item.qubits[0]).index
        else:
            turned.append(item)
    turned.remove_final_measurements()
    chances = state.evolve(turned).probabilities([bits[bit] for bit in sorted(bits)])
    return sum(c * (-1) ** number.bit_count() for number, c in enumerate(chances))


WAYS = {
    "compiled": None,
    "today's devices": device("rz", "sx"),
    "old devices": device("u1", "u2", "u3"),
    "very old devices": device("u3"),
    "others": device("u"),
}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("basis", ["ZII", "IXI", "IIY", "XYZ", "YYX"])
def test_qubits_are_measured_in_the_basis(way, basis):
    state = random_statevector(8, seed=3)
    exact = state.expectation_value(QiskitPauli(basis)).real
    assert np.isclose(parity(state, basis, device=WAYS[way]), exact)


def test_places_tell_where_qubits_are():
    state = random_statevector(8, seed=4)
    exact = state.expectation_value(QiskitPauli("XIY")).real  # X on 2, Y on 0
    assert np.isclose(parity(state, "YX", places=[2, 0]), exact)


def test_lowest_qubit_is_the_lowest_bit():
    circuit = QuantumCircuit(4)
    measure(circuit, Pauli.read("ZIZI"), "observed", "c")
    measured = [
        (circuit.find_bit(item.qubits[0]).index, circuit.find_bit(item.clbits[0]).index)
        for item in circuit.data
    ]
    assert measured == [(1, 0), (3, 1)]
    assert [(each.name, each.size) for each in circuit.cregs] == [("observed", 2)]


def test_device_that_lacks_the_gates_is_named():
    with pytest.raises(BadInput, match="c: fake has no gates to measure X with on qubit 1"):
        measure(QuantumCircuit(3), Pauli.read("XI"), "observed", "c", device=device("rz"))


def test_circuit_that_ends_with_a_measurement_is_refused():
    circuit = QuantumCircuit(2, 2)
    circuit.measure([0, 1], [0, 1])
    circuit.barrier()
    with pytest.raises(BadInput, match="c ends with a measurement of qubit 1") as caught:
        measure(circuit, Pauli.read("ZZ"), "observed", "c")
    assert caught.value.problem.code == "measured_already"


def test_measurements_on_the_way_stay():
    circuit = QuantumCircuit(2, 1)
    circuit.measure(0, 0)
    circuit.h(0)
    measure(circuit, Pauli.read("ZZ"), "observed", "c")
    assert circuit.count_ops()["measure"] == 3


def test_measurements_of_qubits_that_nobody_asks_for_stay():
    circuit = QuantumCircuit(2, 1)
    circuit.measure(0, 0)
    measure(circuit, Pauli.read("ZI"), "observed", "c")
    assert circuit.count_ops()["measure"] == 2


@pytest.mark.parametrize("register", [ClassicalRegister, QuantumRegister])
def test_register_of_the_same_name_is_refused(register):
    circuit = QuantumCircuit(QuantumRegister(1, "q"), register(1, "observed"))
    with pytest.raises(BadInput, match="its register 'observed'"):
        measure(circuit, Pauli.read("Z"), "observed", "c")
