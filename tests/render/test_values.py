"""Expectation values as text."""

from __future__ import annotations

import io
from typing import Any

import pytest

from ibmqbatch.render.results import VALUES, show_values, write_results


def value(observable: str = "zz", **changes: Any) -> dict[str, Any]:
    return {
        "index": 0,
        "name": "bell",
        "observable": observable,
        "value": 0.25,
        "standard_error": 0.0125,
        "shots": 100,
        "metadata": {},
        **changes,
    }


@pytest.mark.parametrize(
    ("number", "error", "text"),
    [
        (0.70711, 0.02217, "0.707 ± 0.022"),
        (-1234.5678, 12.3, "-1235 ± 12"),
        (0.1, 0.0999, "0.100 ± 0.100"),
        (0.5, 1e-20, "0.500000000000 ± 0.000000000000"),
        (1.0, 0.0, "1 ± 0"),
        (0.333333333, None, "0.333333"),
        (None, None, "missing"),
    ],
)
def test_value_has_the_digits_that_its_error_leaves(number, error, text, capsys):
    show_values([value(value=number, standard_error=error)])
    assert f"  zz  {text}  100 shots" in capsys.readouterr().out


def test_values_of_a_circuit_stand_below_its_name(capsys):
    show_values([value("a"), value("b"), value("a", index=1, metadata={"x": 0.123456789})])
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == ["0", "a", "b", "1", "a"]
    assert lines[3].split() == ["1", "bell", "x=0.123457"]


def test_names_steer_no_terminal():
    stream = io.StringIO()
    write_results([value("a\x1b[2J")], "csv", stream, VALUES)
    write_results([value("a\x1b[2J")], "table", stream, VALUES)
    assert "\x1b" not in stream.getvalue()


def test_missing_value_is_an_empty_cell():
    stream = io.StringIO()
    write_results(
        [value(value=None, standard_error=None)], "csv", stream, VALUES, metadata=["value"]
    )
    head, line = stream.getvalue().splitlines()
    assert head == "index,name,observable,value,standard_error,shots,metadata.value"
    assert line == "0,bell,zz,,,100,"
