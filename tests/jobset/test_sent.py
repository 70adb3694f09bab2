"""What a job was asked to do: the shape and the values of its runs, in every form of them."""

from __future__ import annotations

import base64
import io
import json
import zlib
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from ibmqbatch.errors import UsageError
from ibmqbatch.jobset import sent
from ibmqbatch.jobset.job_writer import read_params
from ibmqbatch.jobset.sent import SentPub

TEXT = "OPENQASM 3.0;"


def ndarray(array: np.ndarray) -> dict[str, str]:
    buffer = io.BytesIO()
    np.save(buffer, array)
    packed = base64.b64encode(zlib.compress(buffer.getvalue())).decode()
    return {"__type__": "ndarray", "__value__": packed}


def read(values: Any) -> SentPub:
    params = {"pubs": [[TEXT, values]], "shots": 5}
    return read_params(json.loads(json.dumps(params)), "j").pubs[0]


KINDS = st.sampled_from(["b1", "i1", "<i4", ">i8", "u2", "<f2", ">f4", "<f8"]).map(np.dtype)
FINITE = {"allow_nan": False, "allow_infinity": False}


@given(
    arrays.arrays(KINDS, arrays.array_shapes(max_dims=4, max_side=4), elements=FINITE),
    st.sampled_from("CF"),
)
def test_values_are_those_of_the_array_in_c_order(array, order):
    pub = read(ndarray(np.asarray(array, order=order)))
    rows = array.astype(float).reshape(-1, array.shape[-1])
    assert pub.rows == [tuple(row) for row in rows.tolist()]
    assert pub.runs == len(rows)


NUMBERS = st.integers(-(2**60), 2**60) | st.floats(**FINITE)


@given(st.lists(st.tuples(NUMBERS, NUMBERS), min_size=1, max_size=4))
def test_values_may_be_a_plain_list(rows):
    wanted = [tuple(map(float, row)) for row in rows]
    assert read(rows).rows == wanted
    assert read({"__type__": "ndarray", "__value__": rows}).rows == wanted
    assert read(rows[0]).rows == wanted[:1]


@given(arrays.mutually_broadcastable_shapes(num_shapes=3, min_side=1, max_dims=3, max_side=3))
def test_values_by_names_have_the_shape_that_they_take_together(shapes):
    values = {f"p{n}": np.zeros(shape) for n, shape in enumerate(shapes.input_shapes)}
    wanted = np.zeros(shapes.result_shape).size
    for write in (np.ndarray.tolist, ndarray):
        pub = read({name: write(array) for name, array in values.items()})
        assert (pub.runs, pub.rows) == (wanted, None)


@pytest.mark.parametrize(
    "values",
    [
        ["1", "2"],
        [None],
        [[1, 2], [3]],
        [1, [2]],
        [10**400],
        {"a": "1"},
        {"a": None},
        {"a": [1, 2], "b": [1, 2, 3]},
        ndarray(np.array([1j])),
        ndarray(np.array(["1"])),
        {"__type__": "ndarray", "__value__": "no base64!"},
        {"__type__": "ndarray"},
    ],
    ids=range(12),
)
def test_values_that_are_no_numbers_cannot_be_read(values):
    with pytest.raises(UsageError, match="cannot be read"):
        read(values)


def test_values_of_more_than_any_job_has_cannot_be_read(monkeypatch):
    monkeypatch.setattr(sent, "_MOST_VALUES", 1000)
    with pytest.raises(UsageError, match="more than 1000 values"):
        read(ndarray(np.zeros((1001, 1))))
