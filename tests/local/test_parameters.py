"""Parameters' values, in all forms that the API takes, and sweeps of them."""

from __future__ import annotations

import base64
import io
import warnings
import zlib
from typing import Any

import numpy as np
import pytest

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # Terra and Aer warn about each other
    from qiskit import QuantumCircuit
    from qiskit.circuit import Parameter

from tests.support.service import Client

from .support import array, bell, encode, samples, seeded


def swept() -> dict[str, str]:
    """Return a circuit with parameters b, a that flips qubit 0 by a and qubit 1 by b."""
    circuit = QuantumCircuit(2, 2)
    circuit.rx(Parameter("b"), 1)
    circuit.rx(Parameter("a"), 0)
    circuit.measure([0, 1], [0, 1])
    return encode(circuit)


def npy(values: Any) -> dict[str, str]:
    buffer = io.BytesIO()
    np.save(buffer, np.asarray(values))
    text = base64.b64encode(zlib.compress(buffer.getvalue())).decode()
    return {"__type__": "ndarray", "__value__": text}


@pytest.mark.parametrize(
    "values",
    [
        {"a": np.pi, "b": 0},
        [np.pi, 0],
        npy([np.pi, 0.0]),
        {"__type__": "ndarray", "__value__": [np.pi, 0]},
        {"a": npy(np.pi), "b": 0},
    ],
    ids=["dict", "list", "ndarray", "nested list", "dict of ndarray"],
)
def test_parameter_values_in_all_their_forms(client: Client, values: Any) -> None:
    assert samples(client.run([swept(), values, 2])) == ["0x1", "0x1"]


@pytest.mark.parametrize(
    "values",
    [
        [[0, 0], [np.pi, 0], [0, np.pi]],
        {"a": [0, np.pi, 0], "b": [0, 0, np.pi]},
        npy([[0, 0], [np.pi, 0], [0, np.pi]]),
    ],
    ids=["list", "dict", "ndarray"],
)
def test_leading_axes_are_a_sweep(client: Client, values: Any) -> None:
    assert samples(client.run([swept(), values, 2])) == [
        ["0x0", "0x0"],
        ["0x1", "0x1"],
        ["0x2", "0x2"],
    ]


def test_a_sweep_of_two_axes_in_the_typed_form(client: Client) -> None:
    values = {"a": [[0], [np.pi]], "b": [0, np.pi, 0]}
    result = client.run([swept(), values, 4], params={"support_qiskit": True})
    data = result["__value__"]["pub_results"][0]["__value__"]["data"]["__value__"]
    assert data["shape"] == [2, 3]
    packed = array(data["fields"]["c"]["__value__"]["array"])
    assert packed.shape == (2, 3, 4, 1)
    assert packed[..., 0, 0].tolist() == [[0, 2, 0], [1, 3, 1]]
    span = result["__value__"]["metadata"]["execution"]["execution_spans"]["__value__"]["spans"][0]
    assert span["__value__"]["data_slices"] == {"0": [[2, 3, 4], 0, 6, 0, 4]}


def test_points_of_a_sweep_are_seeded_apart(client: Client) -> None:
    half = [[np.pi / 2, 0]] * 2
    first, second = samples(client.run([swept(), half, 100], params=seeded(1)))
    assert first != second


@pytest.mark.parametrize(
    "values",
    [
        None,
        [],
        [0.1],
        [[0.1, 0.2, 0.3]],
        [[0, 1], [0]],
        [["x", "y"]],
        [None, 0],
        {"a": 1},
        {"a": 1, "b": 1, "c": 1},
        {"a": "x", "b": 0},
        {"a": [0, 1], "b": [0, 1, 2]},
        npy([1j, 0]),
        {"__type__": "ndarray", "__value__": "?"},
    ],
    ids=str,
)
def test_values_that_do_not_fit_fail_the_job(client: Client, values: Any) -> None:
    state = client.fail([bell(), None, 1], [swept(), values, 1])
    assert state["reason"].startswith("Pub 1: ")
    assert state["reason_code"] == 3211
