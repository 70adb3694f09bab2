"""A device is read from whatever its service says of it; what makes no sense is left out."""

from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ibmqbatch.jobset.device import device_from_wire
from tests.circuits.devices import line_configuration, line_properties

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4)
    ),
    max_leaves=12,
)


@given(JSON, JSON, JSON, JSON, JSON, JSON)
def test_anything_is_read_without_a_crash(gates, coupling, dt, supported, qubits, figures):
    configuration = {
        "n_qubits": 3,
        "gates": gates,
        "coupling_map": coupling,
        "dt": dt,
        "supported_instructions": supported,
    }
    device_from_wire("odd", configuration, {"qubits": qubits, "gates": figures})


@pytest.mark.parametrize("error", [10**400, math.nan, -1.0, 2.5, "0.1", True, None])
def test_error_that_makes_no_sense_is_unknown(error):
    properties = line_properties(2)
    properties["gates"][0]["parameters"][0]["value"] = error
    device = device_from_wire("line", line_configuration(2), properties)
    assert device.instructions["cx"][0, 1].error is None


@pytest.mark.parametrize("place", [[0, 0], [0, 7], ["a", "b"], [[0], [1]], [], 5])
def test_place_that_cannot_be_is_left_out(place: Any):
    configuration = line_configuration(3)
    configuration["gates"][-1]["coupling_map"].append(place)
    device = device_from_wire("line", configuration, line_properties(3))
    assert set(device.instructions["cx"]) == {(0, 1), (1, 2)}


@pytest.mark.parametrize("dt", [0, -1, math.nan, math.inf, "0.2", True])
def test_time_step_that_makes_no_sense_is_unknown(dt):
    assert device_from_wire("line", line_configuration(2, dt=dt), None).dt is None


def test_many_qubits_are_read_in_one_pass():
    configuration = line_configuration(2, n_qubits=50_000)
    assert device_from_wire("wide", configuration, None).region == (0, 1)
