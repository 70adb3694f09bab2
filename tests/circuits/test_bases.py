import itertools
import math
import random

import pytest

from ibmqbatch.circuits.bases import parts_of, shots_for
from ibmqbatch.circuits.paulis import Pauli, PauliSum


def read(text: str) -> PauliSum:
    return PauliSum.read(text, "x")


def bases(*texts: str) -> list[str]:
    sums = tuple(map(read, texts))
    return [part.basis.label(sums[0].width) for part in parts_of(sums)]


def random_sum(rng: random.Random, qubits: int, terms: int, share: float = 0.75) -> PauliSum:
    return PauliSum.of(
        [
            (
                Pauli.read(
                    "".join(
                        rng.choice("XYZ") if rng.random() < share else "I" for _ in range(qubits)
                    )
                ),
                rng.uniform(-1, 1),
            )
            for _ in range(terms)
        ],
        qubits,
    )


def test_terms_that_commute_qubit_by_qubit_share_a_circuit():
    assert bases("ZZI + IZZ + ZII") == ["ZZZ"]
    assert bases("ZZ + XX") == ["ZZ", "XX"]  # they commute, but not qubit by qubit


def test_observables_share_circuits():
    assert bases("ZI + XX", "IZ", "XI") == ["ZZ", "XX"]


def test_qubits_that_nobody_asks_for_are_not_measured():
    assert bases("IZI") == ["IZI"]


def test_constants_need_no_circuit():
    assert bases("III + 3", "2") == []


def test_every_term_is_measured_once_in_a_basis_that_it_agrees_with():
    rng = random.Random(1)
    for _ in range(50):
        sums = tuple(random_sum(rng, 6, 12) for _ in range(3))
        parts = parts_of(sums)
        for index, each in enumerate(sums):
            told = [(part.basis, term) for part in parts for term in part.terms[index]]
            assert sorted(term for _, term in told) == sorted(each.terms)
            assert all(b.agrees(p) and not p.support & ~b.support for b, (p, _) in told)


def fewest(paulis: list[Pauli]) -> int:
    """Count the fewest groups of operators that agree, by going through all divisions."""

    def grow(left: list[Pauli], groups: list[list[Pauli]], best: int) -> int:
        if len(groups) >= best:
            return best
        if not left:
            return len(groups)
        first, *rest = left
        for number, group in enumerate(groups):
            if all(first.agrees(other) for other in group):
                grown = [*groups[:number], [*group, first], *groups[number + 1 :]]
                best = grow(rest, grown, best)
        return grow(rest, [*groups, [first]], best)

    return grow(paulis, [], len(paulis) + 1)


def test_there_are_no_more_circuits_than_needed():
    rng = random.Random(2)
    for _ in range(60):
        found = random_sum(rng, rng.randint(3, 6), rng.randint(4, 13), share=0.45)
        assert len(parts_of((found,))) == fewest([pauli for pauli, _ in found.terms])


def test_all_operators_of_two_qubits_take_nine_circuits():
    labels = map("".join, itertools.product("IXYZ", repeat=2))
    assert len(bases(" + ".join(label for label in labels))) == 9


def test_many_operators_are_divided_in_reasonable_time():
    found = random_sum(random.Random(3), 20, 600, share=0.3)
    parts = parts_of((found,))
    assert len(parts) < 300
    assert sum(len(part.terms[0]) for part in parts) == len(found.terms)


def test_division_does_not_depend_on_the_order_of_sets():
    assert [part.basis for part in parts_of((read("XX + ZZ + YY"),))] == [
        Pauli.read(label) for label in ("XX", "ZZ", "YY")
    ]


@pytest.mark.parametrize(
    ("texts", "precision", "shots"),
    [
        (["Z"], 0.1, 101),
        (["0.5*ZZ + 0.5*ZI"], 0.1, 101),  # in one circuit: (0.5 + 0.5)² / 0.01
        (["0.5*ZZ + 0.5*XX"], 0.1, 51),  # in two: (0.25 + 0.25) / 0.01
        (["Z", "3*Z"], 0.1, 901),
        (["Z + 100"], 0.1, 101),
        (["7"], 0.1, 2),
        (["Z"], 1e-200, 10**15 + 1),
    ],
)
def test_precision_bounds_the_standard_error_of_each(texts, precision, shots):
    assert shots_for([read(text) for text in texts], precision) == shots


def test_shots_for_a_precision_are_enough_whatever_the_state():
    # The worst: every shot of every part gives the largest or the smallest value, equally often.
    for number in range(20):
        each = random_sum(random.Random(number), 4, 6)
        shots = shots_for([each], 0.03)
        weights = [sum(abs(c) for _, c in part.terms[0]) for part in parts_of((each,))]
        assert math.sqrt(sum(w * w / (shots - 1) for w in weights)) <= 0.03 * (1 + 1e-9)
