"""How long a circuit takes: the longest chain, by the calibration, as computed by hand."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from qiskit import QuantumCircuit

from ibmqbatch.circuits.cost import duration_of, longest_chain
from ibmqbatch.circuits.preparer import Preparation
from tests.circuits.asking import IDEAL, dump, loaded, ready, write
from tests.circuits.devices import heron

# A Heron: x, sx and rx 32 ns, rz nothing, cz 68 ns, rzz 100 ns, measure 1000 ns, a step 0.25 ns.
DEVICE = heron(4)
X, CZ, RZZ, MEASURE = 32.0, 68.0, 100.0, 1000.0


def nanoseconds(circuit: QuantumCircuit) -> float:
    return duration_of(circuit, DEVICE) * 1e9


def circuit() -> QuantumCircuit:
    return QuantumCircuit(4, 4)


def test_empty_circuit_takes_no_time():
    assert nanoseconds(circuit()) == 0


def test_gates_one_after_another_add_up():
    c = circuit()
    c.x(0)
    c.rz(1.0, 0)
    c.sx(0)
    c.cz(0, 1)
    c.rzz(0.5, 0, 1)
    c.measure(1, 1)
    assert nanoseconds(c) == pytest.approx(2 * X + CZ + RZZ + MEASURE)


def test_gates_side_by_side_do_not():
    c = circuit()
    for qubit in range(4):
        c.x(qubit)
    c.measure(range(4), range(4))
    assert nanoseconds(c) == pytest.approx(X + MEASURE)


def test_gate_waits_for_the_later_of_its_qubits():
    c = circuit()
    c.x(0)
    c.x(0)
    c.x(1)
    c.cz(0, 1)
    c.x(1)
    assert nanoseconds(c) == pytest.approx(2 * X + CZ + X)


def test_barrier_has_qubits_wait_for_one_another():
    c = circuit()
    c.x([0, 0, 0])
    c.barrier(0, 3)
    c.measure(3, 3)
    assert nanoseconds(c) == pytest.approx(3 * X + MEASURE)


def test_delay_is_as_long_as_it_says():
    c = circuit()
    c.delay(4000, 2, unit="dt")
    c.measure(2, 2)
    assert nanoseconds(c) == pytest.approx(1000 + MEASURE)


def test_longest_branch_counts_on_all_of_its_qubits():
    c = circuit()
    c.measure(0, 0)
    with c.if_test((c.clbits[0], 1)) as otherwise:
        c.x(1)
    with otherwise:
        c.x(2)
        c.cz(2, 3)
    c.x(1)
    # A branch does not wait for the bit that it hangs on: the qubits are its own.
    assert nanoseconds(c) == pytest.approx(max(MEASURE, X + CZ + X))
    c.measure(1, 1)
    assert nanoseconds(c) == pytest.approx(X + CZ + X + MEASURE)


def test_loop_counts_as_one_round():
    c = circuit()
    with c.for_loop(range(10)):
        c.x(0)
        c.x(0)
    assert nanoseconds(c) == pytest.approx(2 * X)


def test_blocks_are_timed_on_the_qubits_that_they_are_on():
    c = circuit()
    with c.if_test((c.clbits[0], 1)), c.if_test((c.clbits[1], 1)):
        c.cz(2, 3)
    assert nanoseconds(c) == pytest.approx(CZ)


def test_what_the_calibration_does_not_tell_takes_no_time():
    c = circuit()
    c.reset(0)
    c.cz(3, 2)  # not in this direction
    assert nanoseconds(c) == 0


CHAINS = st.lists(
    st.tuples(st.lists(st.integers(0, 3), min_size=1, unique=True), st.integers(0, 50)), max_size=8
)


@given(CHAINS)
def test_chain_is_no_shorter_than_any_qubits_work_and_no_longer_than_all(chain):
    lengths = [(tuple(qubits), float(seconds)) for qubits, seconds in chain]
    found = longest_chain(lengths)
    busiest = max((sum(s for on, s in lengths if q in on) for q in range(4)), default=0.0)
    assert busiest <= found <= sum(seconds for _, seconds in lengths)


def test_prepared_circuit_tells_its_duration(tmp_path):
    c = QuantumCircuit(1, 1)
    c.rx(math.pi / 2, 0)
    c.measure(0, 0)
    path = write(tmp_path, dump(c), "c.qpy")
    (made,) = ready(path, device=DEVICE, preparation=Preparation(seed=1))
    assert made.cost.duration == pytest.approx(duration_of(loaded(made), DEVICE))
    assert made.cost.duration * 1e9 == pytest.approx(X + MEASURE)


def test_simulator_has_no_durations(tmp_path):
    c = QuantumCircuit(1, 1)
    c.measure(0, 0)
    (made,) = ready(write(tmp_path, dump(c), "c.qpy"), device=IDEAL)
    assert made.cost.duration is None
