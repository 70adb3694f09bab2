"""Words and numbers for people."""

from __future__ import annotations

import pytest

from ibmqbatch.render.console import size_text


@pytest.mark.parametrize(
    ("size", "text"),
    [
        (0, "0 bytes"),
        (999, "999 bytes"),
        (1000, "1.0 kB"),
        (69_632, "69.6 kB"),
        (99_950, "100 kB"),
        (999_499, "999 kB"),
        (999_500, "1.0 MB"),
        (3_400_000, "3.4 MB"),
        (12_000_000_000, "12.0 GB"),
        (5 * 10**15, "5000 TB"),
    ],
)
def test_sizes_are_in_units_of_a_thousand(size, text):
    assert size_text(size) == text
