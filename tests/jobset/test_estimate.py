import itertools
import math
from collections import Counter

import numpy as np
import pytest
from qiskit.quantum_info import Operator, SparsePauliOp, Statevector, random_statevector

from ibmqbatch.circuits.measured import Measured, measured_circuits
from ibmqbatch.circuits.observables import as_observables
from ibmqbatch.jobset.estimate import estimated, moments_of


def parts(given: object) -> list[Measured]:
    return measured_circuits("c", as_observables(given))


def only(text: str, counts: dict[str, int]) -> tuple[float | None, float | None, int]:
    ((_, *found),) = estimated([(measured, counts) for measured in parts(text)])
    return tuple(found)


def of_shots(values: list[float]) -> tuple[float, float]:
    """Return mean and standard error, as textbooks have them."""
    return float(np.mean(values)), float(np.std(values, ddof=1) / math.sqrt(len(values)))


def test_value_and_error_are_those_of_the_shots():
    counts = {"00": 3, "01": 4, "11": 5}
    shots = [x for bits, n in counts.items() for x in [1 - 2 * (bits.count("1") % 2)] * n]
    assert only("ZZ", counts) == pytest.approx((*of_shots(shots), 12))


def test_covariance_of_terms_that_are_measured_together_is_in_the_error():
    bell = {"00": 50, "11": 50}
    assert only("ZI - IZ", bell)[:2] == (0, 0)
    # Twice what either has, where independent ones would have the root of two.
    assert only("ZI + IZ", bell)[1] == pytest.approx(2 * only("ZI", bell)[1])


def test_errors_of_parts_add_up_as_those_of_independent_numbers():
    one, other = parts("0.5*ZZ - 2*XX")
    counts = {"00": 30, "01": 20}, {"00": 10, "11": 15, "10": 75}
    ((_, value, error, shots),) = estimated([(one, counts[0]), (other, counts[1])])
    first = moments_of(counts[0], one, one.terms[0][2])
    second = moments_of(counts[1], other, other.terms[0][2])
    assert value == pytest.approx(0.5 * 10 / 50 - 2 * (25 - 75) / 100)
    assert error == pytest.approx(math.sqrt(first.variance / 50 + second.variance / 100))
    assert shots == 150


def test_constant_is_exact():
    (first,) = parts({"a": "ZZ + 2", "b": "II - 3"})
    assert estimated([(first, {"00": 10})]) == [("a", 3.0, 0.0, 10), ("b", -2.0, 0.0, 0)]


def test_single_shot_has_no_error():
    assert only("Z", {"1": 1}) == (-1.0, None, 1)


def test_value_of_which_a_part_is_missing_is_missing_and_others_are_not():
    first, second = parts({"both": "ZZ + XX", "first": "ZI", "constant": "7"})
    found = estimated([(first, {"00": 4}), (second, None)])
    assert found == [("both", None, None, 4), ("first", 1.0, 0.0, 4), ("constant", 7.0, 0.0, 0)]


def test_value_depends_on_counts_alone_not_on_their_order():
    counts = {"".join(bits): 1 + n**3 for n, bits in enumerate(itertools.product("01", repeat=4))}
    text = "0.1*ZZZZ + 0.2*ZIIZ - 0.3*IZII + 0.7*IIIZ"
    assert only(text, counts) == only(text, dict(reversed(counts.items())))


def test_bits_are_those_of_the_measured_qubits():
    (measured,) = parts("ZIIZI + 10*IIIZI")
    # Of the qubits 1 and 4 the first is the lower bit.
    assert moments_of({"01": 1}, measured, measured.terms[0][2]).mean == -11
    assert moments_of({"10": 1}, measured, measured.terms[0][2]).mean == 9


_TURNS = {
    "X": np.array([[1, 1], [1, -1]]) / math.sqrt(2),
    "Y": np.array([[1, -1j], [1, 1j]]) / math.sqrt(2),
    "Z": np.eye(2),
}


def sampled(state: Statevector, measured: Measured, shots: int, rng: np.random.Generator):
    """Return counts of a state, measured in a basis."""
    turned = state
    for qubit in measured.basis.qubits:
        letter = measured.basis.letter(qubit)
        turned = turned.evolve(Operator(_TURNS[letter]), [qubit])
    chances = turned.probabilities(measured.basis.qubits)
    drawn = Counter(rng.choice(len(chances), shots, p=chances / chances.sum()).tolist())
    width = len(measured.basis.qubits)
    return {f"{number:0{width}b}": count for number, count in sorted(drawn.items())}


def deviations(sums: int, shots: int) -> np.ndarray:
    """Return by how many standard errors the values of random sums are off the exact ones."""
    rng = np.random.default_rng(15)
    found = []
    for number in range(sums):
        qubits = int(rng.integers(3, 6))
        labels = ["".join(rng.choice(list("IXYZ"), qubits)) for _ in range(int(rng.integers(2, 9)))]
        operator = SparsePauliOp(labels, rng.uniform(-1, 1, len(labels)))
        state = random_statevector(2**qubits, seed=number)
        told = [(part, sampled(state, part, shots, rng)) for part in parts(operator)]
        if not told:
            continue
        ((_, value, error, _),) = estimated(told)
        found.append((value - state.expectation_value(operator).real) / error)
    return np.array(found)


def test_values_deviate_from_exact_ones_as_their_errors_say():
    found = np.abs(deviations(400, 500))
    assert found.max() < 5
    # Of a normal distribution it is 0.683 and 0.954; three times what 400 numbers vary by.
    assert abs((found < 1).mean() - 0.683) < 0.070
    assert abs((found < 2).mean() - 0.954) < 0.032
