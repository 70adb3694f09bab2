import itertools
import math
from collections import Counter

import numpy as np
import pytest
from qiskit.quantum_info import Operator, SparsePauliOp, Statevector, random_statevector

from ibmqbatch.circuits.measured import Measured, measured_circuits
from ibmqbatch.circuits.observables import as_observables
from ibmqbatch.jobset.expectation_values import (
    ExpectationValue,
    expectation_values,
    find_observed,
    moments_of,
)
from ibmqbatch.manifest.records import CircuitRecord
from ibmqbatch.service.npy import numbers
from ibmqbatch.service.outcomes import BitArray, PubResult


def parts(given: object) -> list[Measured]:
    return measured_circuits("c", as_observables(given))


def outcomes(counts: dict[str, int]) -> PubResult:
    """Return outcomes that are counted so, behind those of another register."""
    width = len(next(iter(counts)))
    shots = [int(bits, 2) for bits, count in counts.items() for _ in range(count)]
    data = [byte for shot in shots for byte in shot.to_bytes(-(-width // 8), "big")]
    rows = numbers("u1", data, (len(shots), -(-width // 8)))
    other = numbers("u1", [1] * len(shots), (len(shots), 1))
    return PubResult({"c": BitArray(other, 1), "observed": BitArray(rows, width)})


def estimated(told: list[tuple[Measured, dict[str, int] | None]]) -> list[ExpectationValue]:
    """Return the values of a circuit, of what its parts have counted."""
    documents = [(number, measured.document()) for number, (measured, _) in enumerate(told)]
    circuits = [CircuitRecord(n, m.name, {"n": n}, "", 0, 1, n) for n, (m, _) in enumerate(told)]
    observed, lost = find_observed(documents)
    assert not lost
    counts = [None if counts is None else outcomes(counts) for _, counts in told]
    return list(expectation_values(observed, circuits, counts.__getitem__))


def short(values: list[ExpectationValue]) -> list[tuple[str, float | None, float | None, int]]:
    return [(v.observable, v.value, v.standard_error, v.shots) for v in values]


def only(text: str, counts: dict[str, int]) -> tuple[float | None, float | None, int]:
    ((_, *found),) = short(estimated([(measured, counts) for measured in parts(text)]))
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
    ((_, value, error, shots),) = short(estimated([(one, counts[0]), (other, counts[1])]))
    first = moments_of(counts[0], one, one.terms[0][2])
    second = moments_of(counts[1], other, other.terms[0][2])
    assert value == pytest.approx(0.5 * 10 / 50 - 2 * (25 - 75) / 100)
    assert error == pytest.approx(math.sqrt(first.variance / 50 + second.variance / 100))
    assert shots == 150


def test_constant_is_exact():
    (first,) = parts({"a": "ZZ + 2", "b": "II - 3"})
    assert short(estimated([(first, {"00": 10})])) == [("a", 3.0, 0.0, 10), ("b", -2.0, 0.0, 0)]


def test_single_shot_has_no_error():
    assert only("Z", {"1": 1}) == (-1.0, None, 1)


def test_value_of_which_a_part_is_missing_is_missing_and_others_are_not():
    first, second = parts({"both": "ZZ + XX", "first": "ZI", "constant": "7"})
    found = short(estimated([(first, {"00": 4}), (second, None)]))
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
            continue  # a constant
        ((_, value, error, _),) = short(estimated(told))
        found.append((value - state.expectation_value(operator).real) / error)
    return np.array(found)


def test_values_deviate_from_exact_ones_as_their_errors_say():
    found = np.abs(deviations(400, 500))
    assert found.max() < 5
    # Of a normal distribution it is 0.683 and 0.954; three times what 400 numbers vary by.
    assert abs((found < 1).mean() - 0.683) < 0.070
    assert abs((found < 2).mean() - 0.954) < 0.032


def documents(*given: tuple[str, int, int]) -> list[tuple[int, object]]:
    """Return what is told of circuits, by their names, indexes and runs, one after the other."""
    told = []
    for name, index, runs in given:
        observables = as_observables("ZZ + XX")
        for measured in measured_circuits(name, observables, index=index, runs=runs):
            told += [(len(told) + run, measured.document()) for run in range(runs)]
    return told


def test_circuits_are_found_with_their_parts_and_runs():
    observed, lost = find_observed(documents(("a", 0, 1), ("a", 1, 1), ("b", 2, 3)))
    assert [(each.index, each.firsts, each.runs) for each in observed] == [
        (0, (0, 1), 1),
        (1, (2, 3), 1),
        (2, (4, 7), 3),
    ]
    assert lost == []


@pytest.mark.parametrize("gone", [0, 1, 2, 3, 4, 5])
def test_circuit_of_which_not_all_is_known_is_lost_and_others_are_not(gone):
    told = documents(("a", 0, 3), ("b", 3, 1))
    del told[gone]
    observed, lost = find_observed(told)
    assert [each.index for each in observed] == [3]
    assert lost == ["a"]


def test_what_cannot_be_read_is_as_good_as_gone():
    told = documents(("a", 0, 1), ("b", 1, 1))
    told[1] = (1, {"circuit": "a", "part": "?"})
    observed, lost = find_observed(told)
    assert ([each.index for each in observed], lost) == ([1], ["a"])


@pytest.mark.parametrize("key", ["parts", "runs"])
def test_numbers_of_strangers_make_no_room(key):
    told = [(number, {**document, key: 10**18}) for number, document in documents(("a", 0, 1))]
    assert find_observed(told) == ([], ["a"])


def test_values_are_those_of_every_run_with_its_name_and_metadata():
    told = documents(("turn", 4, 2))
    names = ["turn/ZZ@0", "turn/ZZ@1", "turn/XX@0", "turn/XX@1"]
    circuits = [CircuitRecord(n, name, {"a": n % 2}, "", 0, 1, n) for n, name in enumerate(names)]
    observed, _ = find_observed(told)
    asked = []

    def give(circuit: int) -> PubResult:
        asked.append(circuit)
        return outcomes({"00": 3} if circuit % 2 else {"01": 3})

    values = list(expectation_values(observed, circuits, give))
    assert [(v.index, v.name, v.value, v.shots, v.metadata) for v in values] == [
        (4, "turn@0", -2, 6, {"a": 0}),
        (5, "turn@1", 2, 6, {"a": 1}),
    ]
    assert asked == [0, 1, 2, 3]  # in their order: jobs are read once
    (one,) = expectation_values(observed, circuits, give, runs=[5])
    assert one.name == "turn@1"
