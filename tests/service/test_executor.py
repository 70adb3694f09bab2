"""The tensors and results of program `executor`, against NumPy."""

import base64
import json
import zlib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ibmqbatch.service import npy
from ibmqbatch.service.executor import read_tensor, write_tensor
from ibmqbatch.service.outcomes import PubResult
from ibmqbatch.service.results import ResultFormatError, decode_results

DTYPES = {
    "bool": bool,
    "u8": "u1",
    "i32": "i4",
    "f32": "f4",
    "f64": "f8",
    "c64": "c8",
    "c128": "c16",
}


def tensor(array: np.ndarray) -> dict[str, object]:
    """Write an array as IBM's client reads it, by NumPy."""
    if array.dtype == bool:
        name, data = "bool", np.packbits(array, bitorder="little").tobytes()
    else:
        name = {np.dtype(kind): name for name, kind in DTYPES.items()}[array.dtype]
        data = array.tobytes()
    packed = base64.b64encode(zlib.compress(data)).decode()
    return {"data": packed, "shape": list(array.shape), "dtype": name}


def body(*items: dict[str, np.ndarray], **processing: object) -> bytes:
    """Write a result of the program."""
    data = [
        {"results": {name: tensor(array) for name, array in item.items()}, "metadata": {}}
        for item in items
    ]
    passed = {"post_processor": {"version": "v0.1", **processing}} if processing else None
    whole = {"schema_version": "v2.0", "data": data, "metadata": {"chunk_timing": []}}
    return json.dumps({**whole, "passthrough_data": passed}).encode()


def outcomes(pub: PubResult, name: str = "c") -> np.ndarray:
    """Return the bits of a register, bit 0 first, of shape (*runs, shots, bits)."""
    register = pub.registers[name]
    rows = np.asarray(register.rows)
    bits = np.unpackbits(rows[..., ::-1], axis=-1, bitorder="little")
    assert not bits[..., register.num_bits :].any()
    return bits[..., : register.num_bits].astype(bool)


@pytest.mark.parametrize("name", DTYPES)
def test_a_tensor_is_read_as_numpy_has_it(name: str) -> None:
    array = np.arange(30).reshape(2, 3, 5).astype(DTYPES[name])
    taken: list[int] = []
    found = read_tensor(tensor(array), taken.append)
    assert np.array_equal(np.asarray(found).astype(DTYPES[name]), array)
    assert taken == [array.nbytes]


def test_numbers_are_written_as_they_are_read() -> None:
    values = npy.numbers("f8", range(6), (2, 3))
    told = write_tensor(values)
    assert told == tensor(np.arange(6.0).reshape(2, 3))
    assert bytes(read_tensor(told, lambda _: None).data) == bytes(values.data)


@given(
    st.lists(st.integers(0, 3), max_size=2),
    st.integers(0, 9),
    st.integers(0, 19),
    st.integers(0, 2**32 - 1),
)
def test_bits_are_outcomes_in_shot_order(
    runs: list[int], shots: int, num_bits: int, seed: int
) -> None:
    bits = np.random.default_rng(seed).integers(0, 2, (*runs, shots, num_bits)).astype(bool)
    (pub,) = decode_results(body({"c": bits}))
    assert pub.shape == tuple(runs)
    assert np.array_equal(outcomes(pub), bits)


def test_bit_0_of_a_register_is_rightmost_in_its_counts() -> None:
    (pub,) = decode_results(body({"c": np.array([[True, False, False]] * 5)}))
    assert pub.counts() == {"001": 5}


@given(st.lists(st.integers(1, 3), max_size=2), st.integers(0, 2**32 - 1))
def test_what_twirling_flips_is_flipped_back_and_its_shots_are_joined(
    runs: list[int], seed: int
) -> None:
    draw = np.random.default_rng(seed)
    bits = draw.integers(0, 2, (4, *runs, 5, 11)).astype(bool)
    flips = draw.integers(0, 2, (4, *runs, 1, 11)).astype(bool)
    (pub,) = decode_results(body({"c": bits ^ flips, "measurement_flips.c": flips}, twirling=True))
    expected = np.moveaxis(bits, 0, len(runs)).reshape(*runs, 20, 11)
    assert pub.shape == tuple(runs)
    assert np.array_equal(outcomes(pub), expected)


def test_shots_of_twirled_gates_are_joined_without_flips() -> None:
    bits = np.random.default_rng(1).integers(0, 2, (2, 3, 4, 9)).astype(bool)
    (pub,) = decode_results(body({"c": bits}, twirling=True))
    assert np.array_equal(outcomes(pub), np.moveaxis(bits, 0, 1).reshape(3, 8, 9))


def test_levels_are_told_by_the_name_of_their_register() -> None:
    values = np.arange(12).reshape(2, 6).astype("c8")
    (pub,) = decode_results(body({"c_iq": values}, meas_type="kerneled", twirling=False))
    assert np.array_equal(np.asarray(pub.levels["c"]), values)
    assert (pub.shape, pub.shots) == ((), 2)


def test_averaged_levels_of_randomizations_are_averaged() -> None:
    values = np.arange(24).reshape(4, 2, 3) * (1 + 2j)
    told = body({"c_avg_iq": values}, meas_type="avg_kerneled", twirling=True)
    (pub,) = decode_results(told)
    assert np.allclose(np.asarray(pub.levels["c"]), values.mean(axis=0))
    assert (pub.shape, pub.shots) == ((2,), 0)


SHORT = tensor(np.zeros(9)) | {"shape": [10]}
WRONG = {
    "no registers": {"results": {}},
    "a tensor that is too short": {"results": {"c": SHORT}},
    "a tensor of an unknown kind": {"results": {"c": SHORT | {"dtype": "f80"}}},
    "a negative length": {"results": {"c": SHORT | {"shape": [-9]}}},
    "no base64": {"results": {"c": SHORT | {"data": "?"}}},
    "a scalar": {"results": {"c": tensor(np.array(True))}},
    "flips of no register": {"results": {"measurement_flips.c": tensor(np.zeros((1, 1), bool))}},
    "flips of another shape": {
        "results": {
            "c": tensor(np.zeros((4, 2), bool)),
            "measurement_flips.c": tensor(np.zeros((2, 2), bool)),
        }
    },
    "registers of different shots": {
        "results": {"a": tensor(np.zeros((4, 2), bool)), "b": tensor(np.zeros((5, 2), bool))}
    },
    "bits beside levels": {
        "results": {"a": tensor(np.zeros((4, 2), bool)), "b": tensor(np.zeros((4, 2)))}
    },
    "no results": {},
}


@pytest.mark.parametrize("what", WRONG)
def test_a_result_of_another_shape_is_refused(what: str) -> None:
    told = {"schema_version": "v2.0", "data": [WRONG[what]], "passthrough_data": None}
    with pytest.raises(ResultFormatError):
        decode_results(json.dumps(told).encode())


def test_a_tensor_that_would_fill_the_memory_is_refused_unread() -> None:
    huge = tensor(np.zeros(1, bool)) | {"shape": [2**20, 2**20]}
    told = {"schema_version": "v2.0", "data": [{"results": {"c": huge}}]}
    with pytest.raises(ResultFormatError, match="bytes"):
        decode_results(json.dumps(told).encode())
