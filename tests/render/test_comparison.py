"""A comparison as a table and as lines."""

from __future__ import annotations

import pytest

from ibmqbatch.render.comparison import show_comparison

DISTANCE = {"value": 0.125, "low": 0.1, "high": 0.15}
COUNTS = {
    "name": "x" * 100,
    "total_variation": DISTANCE,
    "hellinger": DISTANCE,
    "fidelity": 0.96875,
}
VALUE = {
    "name": "bell\x1b[2J",
    "observable": "zz",
    "values": [0.5, None],
    "difference": None,
    "sigmas": None,
}


@pytest.mark.parametrize("columns", [60, 80, 110, 200])
def test_table_fits_and_no_number_is_cut(terminal, columns):
    screen = terminal(columns)
    show_comparison({"circuits": [COUNTS], "values": []})
    head, line = screen.lines
    assert all(len(text) <= columns for text in screen.lines)
    assert head.split()[:2] == ["circuit", "TV"]
    assert "0.125  0.100 to 0.150" in line
    assert "0.969" in line


def test_lines_have_all_fields_and_steer_no_terminal(capsys):
    show_comparison({"circuits": [], "values": [VALUE]})
    assert (
        capsys.readouterr().out == "bell\N{REPLACEMENT CHARACTER}[2J\tzz\t0.5\tmissing\tmissing\t\n"
    )
