"""Outcomes of many bits in few columns."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ibmqbatch.render.outcomes import fit_outcomes


def test_outcomes_that_fit_are_as_they_are():
    assert fit_outcomes(["0 01", "1 10"], 4) == {"0 01": "0 01", "1 10": "1 10"}


def test_common_middle_gives_way_and_no_more_than_it_must():
    outcomes = [f"1{'0' * 20}{end}" for end in ("01", "10")]
    assert list(fit_outcomes(outcomes, 13).values()) == ["10000…0000001", "10000…0000010"]


def test_bits_without_anything_in_common_are_written_in_hexadecimal():
    outcomes = ["1010" * 10, "0101" * 10]
    assert list(fit_outcomes(outcomes, 12).values()) == ["0x" + "a" * 10, "0x" + "5" * 10]


def test_registers_are_numbers_of_their_own():
    outcomes = ["11111 " + "0" * 16, "00001 " + "1" * 16]
    assert list(fit_outcomes(outcomes, 10).values()) == ["0x1f 0000", "0x01 ffff"]


def test_no_outcomes_take_no_columns():
    assert fit_outcomes([], 10) == {}


@given(
    st.integers(1, 130).flatmap(
        lambda bits: st.lists(st.integers(0, 2**bits - 1), min_size=1, max_size=9, unique=True).map(
            lambda numbers: [f"{number:0{bits}b}" for number in numbers]
        )
    ),
    st.integers(8, 100),
)
def test_no_two_outcomes_look_alike(outcomes, width):
    shown = fit_outcomes(outcomes, width)
    assert list(shown) == outcomes
    assert len(set(shown.values())) == len(outcomes)


@pytest.mark.parametrize("width", [8, 20, 60, 110])
def test_what_differs_in_one_bit_fits(width):
    outcomes = [f"{1 << n:0127b}" for n in (0, 1)]
    assert {len(text) for text in fit_outcomes(outcomes, width).values()} == {width}
