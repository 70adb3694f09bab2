"""What comes out must be what Aer, asked directly, gives for the same circuit and seed."""

from __future__ import annotations

import warnings
from typing import Any

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # Terra and Aer warn about each other
    from qiskit import ClassicalRegister, QuantumCircuit, QuantumRegister, transpile
    from qiskit.circuit import Clbit
    from qiskit.circuit.library import XXPlusYYGate
    from qiskit_aer import AerSimulator

from ibmqbatch.local.worker.simulation import mix_seed
from tests.support.qiskits import needs_terra
from tests.support.service import Client

from .support import encode, joined_counts, seeded


def counts(client: Client, circuit: QuantumCircuit, shots: int = 400, seed: int = 5) -> Any:
    """Run a circuit."""
    result = client.run([encode(circuit), None, shots], params=seeded(seed))
    assert list(result["results"][0]["data"]) == [register.name for register in circuit.cregs]
    return joined_counts(result)


def direct(circuit: QuantumCircuit, shots: int = 400, seed: int = 5) -> Any:
    """Run a circuit on Aer with the seed that the service gives to the first pub."""
    simulator = AerSimulator(method="statevector", enable_truncation=False)
    job = simulator.run(circuit, shots=shots, seed_simulator=mix_seed(seed))
    return job.result().get_counts()


def random_rotations(circuit: QuantumCircuit) -> None:
    for qubit in range(circuit.num_qubits):
        circuit.ry(0.7 + qubit, qubit)


def test_counts_are_those_of_aer(client: Client) -> None:
    circuit = QuantumCircuit(3, 3)
    random_rotations(circuit)
    circuit.cx(0, 2)
    circuit.measure(range(3), range(3))
    assert counts(client, circuit) == direct(circuit)


def test_several_registers_keep_apart(client: Client) -> None:
    circuit = QuantumCircuit(
        QuantumRegister(4), ClassicalRegister(3, "zz"), ClassicalRegister(1, "aa")
    )
    random_rotations(circuit)
    circuit.measure([0, 1, 2, 3], [3, 0, 2, 1])
    assert counts(client, circuit) == direct(circuit)


def test_registers_may_share_bits_and_leave_some_out(client: Client) -> None:
    bits = [Clbit() for _ in range(3)]
    circuit = QuantumCircuit(QuantumRegister(1))
    circuit.add_bits(bits)
    circuit.add_register(ClassicalRegister(name="low", bits=[bits[2], bits[0]]))
    circuit.add_register(ClassicalRegister(name="high", bits=[bits[0]]))
    circuit.x(0)
    circuit.measure(0, bits[0])
    data = client.run([encode(circuit), None, 1])["results"][0]["data"]
    assert data == {
        "low": {"samples": ["0x2"], "num_bits": 2},
        "high": {"samples": ["0x1"], "num_bits": 1},
    }


def test_mid_circuit_measurement_and_reset(client: Client) -> None:
    circuit = QuantumCircuit(2, 4)
    for bit in range(4):
        circuit.h(0)
        circuit.cx(0, 1)
        circuit.measure(0, bit)
        circuit.reset(0)
    assert counts(client, circuit) == direct(circuit)


def test_control_flow(client: Client) -> None:
    circuit = QuantumCircuit(3, 3)
    circuit.h(0)
    circuit.measure(0, 0)
    with circuit.if_test((0, 1)) as otherwise:
        circuit.x(1)
    with otherwise:
        circuit.h(1)
    with circuit.for_loop(range(3)):
        circuit.x(2)
    circuit.measure(1, 1)
    circuit.measure(2, 2)
    found = counts(client, circuit)
    assert found == direct(circuit)
    assert set(found) == {"111", "110", "100"}


@needs_terra("Gates have no conditions any more.")
def test_a_gate_with_a_condition(client: Client) -> None:
    circuit = QuantumCircuit(QuantumRegister(2), ClassicalRegister(2, "a"), ClassicalRegister(1))
    circuit.h(0)
    circuit.measure(0, 1)
    circuit.x(1).c_if(circuit.cregs[0], 2)
    circuit.measure(1, 2)
    found = counts(client, circuit)
    assert set(found) == {"1 10", "0 00"}
    assert found == direct(circuit)


def test_a_condition_on_a_register(client: Client) -> None:
    circuit = QuantumCircuit(QuantumRegister(2), ClassicalRegister(2, "a"), ClassicalRegister(1))
    circuit.h(0)
    circuit.measure(0, 1)
    with circuit.if_test((circuit.cregs[0], 2)):
        circuit.x(1)
    circuit.measure(1, 2)
    found = counts(client, circuit)
    assert set(found) == {"1 10", "0 00"}
    assert found == direct(circuit)


def test_a_measurement_inside_control_flow_that_comes_last(client: Client) -> None:
    circuit = QuantumCircuit(10, 2)
    circuit.x(0)
    circuit.measure(0, 0)
    with circuit.if_test((0, 1)):
        circuit.x(3)
        circuit.measure(3, 1)
    assert counts(client, circuit) == {"11": 400}


def test_a_measurement_never_reached_leaves_zeros(client: Client) -> None:
    circuit = QuantumCircuit(2, 2)
    circuit.x(0)
    with circuit.if_test((1, 1)):
        circuit.measure(0, 0)
    assert counts(client, circuit) == {"00": 400}


def test_idle_qubits_cost_nothing(client: Client) -> None:
    circuit = QuantumCircuit(127, 2)
    circuit.barrier()
    circuit.x(126)
    circuit.measure([126, 3], [0, 1])
    assert counts(client, circuit) == {"01": 400}
    with circuit.if_test((0, 1)):
        circuit.x(3)
    circuit.barrier()
    circuit.measure(3, 1)
    assert counts(client, circuit) == {"11": 400}


def test_gates_that_aer_does_not_know_are_defined_away(client: Client) -> None:
    inner = QuantumCircuit(2, name="mine")
    inner.h(0)
    inner.append(XXPlusYYGate(1.3), [0, 1])
    circuit = QuantumCircuit(2, 2)
    circuit.append(inner.to_gate(), [0, 1])
    circuit.measure(0, 0)
    with circuit.if_test((0, 1)):
        circuit.append(inner.to_gate(), [0, 1])
    circuit.measure([0, 1], [0, 1])
    plain = transpile(circuit, basis_gates=["u", "cx", "if_else"], optimization_level=0)
    assert counts(client, circuit) == direct(plain)


def test_unknown_gates_are_defined_away_inside_loops(client: Client) -> None:
    inner = QuantumCircuit(1, name="mine")
    inner.x(0)
    circuit = QuantumCircuit(2, 2)
    with circuit.for_loop(range(5)):
        circuit.append(inner.to_gate(), [0])
        circuit.measure(0, 0)
        with circuit.if_test((0, 1)):
            circuit.x(1)
            circuit.break_loop()
        circuit.x(1)
    circuit.measure(1, 1)
    assert counts(client, circuit) == {"11": 400}
