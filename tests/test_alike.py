"""What sentences have in common, and how many there are of a kind."""

from __future__ import annotations

import pytest

from ibmqbatch.alike import Groups, shape


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Circuit 3 (c3.qasm) is bad.", "Circuit 40 (c40.qasm) is bad."),
        ("x does not take 'cx' on qubits 3, 4.", "x does not take 'cx' on qubits 14, 5."),
        ("The set 20260101-aaaaaaa is gone.", "The set 20260102-bbbbbbb is gone."),
    ],
)
def test_numbers_and_names_with_numbers_make_no_other_kind(one, other):
    assert shape(one) == shape(other)


def test_what_a_sentence_is_about_makes_no_other_kind():
    one = shape("Circuit 0 (my bell.qasm): bad.", "my bell.qasm")
    assert one == shape("Circuit 1 (ghz.qasm): bad.", "ghz.qasm")
    assert one != shape("Circuit 1 (ghz.qasm): worse.", "ghz.qasm")


def test_of_a_few_all_are_shown_and_of_many_the_first():
    groups: Groups[int] = Groups()
    for n in range(1000):
        groups.add("many", n)
    for n in range(5):
        groups.add("few", n)
    many, few = groups
    assert (many.number, many.shown, many.hidden) == (1000, [0, 1, 2], 997)
    assert (few.number, few.shown, few.hidden) == (5, [0, 1, 2, 3, 4], 0)
    assert len(many.first) == 5  # memory does not grow with what there is
