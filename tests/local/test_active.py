"""Which qubits of a circuit are simulated."""

from qiskit import QuantumCircuit

from ibmqbatch.local.worker.traversal import active_qubits


def test_qubits_are_active_that_gates_connect_with_measured_ones() -> None:
    circuit = QuantumCircuit(7, 1)
    circuit.cx(1, 2)
    circuit.cx(5, 6)
    circuit.cx(2, 4)
    circuit.measure(4, 0)
    circuit.x(0)  # as pulses that decouple do
    circuit.delay(10, 3)
    assert active_qubits(circuit) == [1, 2, 4]


def test_blocks_connect_qubits_as_their_gates_do() -> None:
    circuit = QuantumCircuit(5, 2)
    circuit.measure(0, 0)
    with circuit.if_test((circuit.clbits[0], 1)):
        circuit.cx(1, 2)
        circuit.x(3)
    circuit.measure(2, 1)
    assert active_qubits(circuit) == [0, 1, 2]


def test_a_circuit_without_measurements_has_no_active_qubits() -> None:
    circuit = QuantumCircuit(2)
    circuit.cx(0, 1)
    assert active_qubits(circuit) == []
