"""Decoding results: both forms give what was measured, and nothing else passes for a result."""

from __future__ import annotations

import base64
import contextlib
import json
import math
import zlib
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ibmqbatch.service.results import ResultFormatError, decode_circuits, decode_results
from tests.service.results import (
    circuits,
    counted,
    executed,
    executed_before,
    levels,
    npy,
    packed,
    plain,
    program_of,
    rows,
    tensor,
    typed,
    typed_lists,
    typed_of,
    written,
)

FORMS = pytest.mark.parametrize("write", [plain, typed_of, typed_lists, executed, executed_before])


@FORMS
@given(st.lists(circuits(), min_size=1, max_size=3))
def test_counts_are_what_was_measured(write, pubs):
    assert [pub.counts() for pub in decode_results(write(*pubs))] == [counted(p) for p in pubs]


@FORMS
@given(circuits())
def test_counts_are_sorted_by_outcome(write, registers):
    (pub,) = decode_results(write(registers))
    assert list(pub.counts()) == list(counted(registers))


@FORMS
@given(circuits())
def test_memory_has_the_outcome_of_every_shot_in_their_order(write, registers):
    (pub,) = decode_results(write(registers))
    assert pub.memory() == written(registers)


@given(circuits())
def test_bits_are_those_that_numpy_unpacks(registers):
    (pub,) = decode_results(typed_of(registers))
    for name, (width, outcomes) in registers.items():
        bits = np.unpackbits(rows(width, outcomes)[:, ::-1], axis=1, bitorder="little")[:, :width]
        np.testing.assert_array_equal(pub.registers[name].bits(), bits)


@FORMS
@given(circuits())
def test_counts_add_up_to_the_shots(write, registers):
    (pub,) = decode_results(write(registers))
    _, outcomes = next(iter(registers.values()))
    assert sum(pub.counts().values()) == pub.shots == len(outcomes)


@FORMS
def test_first_register_stands_rightmost(write):
    (pub,) = decode_results(write({"a": (1, [1]), "b": (3, [0b010])}))
    assert pub.counts() == {"010 1": 1}


@FORMS
def test_shots_of_several_registers_stay_together(write):
    (pub,) = decode_results(write({"a": (1, [0, 1, 1]), "b": (1, [1, 0, 0])}))
    assert pub.counts() == {"0 1": 2, "1 0": 1}


# An empty nested list would not tell how wide its rows are.
@pytest.mark.parametrize("write", [plain, typed_of])
def test_no_shots_give_no_counts(write):
    (pub,) = decode_results(write({"c": (3, [])}))
    assert (pub.shots, pub.counts()) == (0, {})


def test_sweep_is_counted_over_its_points():
    array = np.arange(2 * 3 * 4, dtype=np.uint8).reshape(2, 3, 4, 1)
    (pub,) = decode_results(typed({"c": (8, packed(npy(array)))}))
    assert (pub.shots, sum(pub.counts().values())) == (24, 24)


def test_plain_samples_may_be_nested_by_the_sweep():
    samples = [["0x1", "0x1"], ["0x0", "0x1"]]
    body = {"results": [{"data": {"c": {"samples": samples, "num_bits": 1}}}]}
    first, second = decode_circuits(json.dumps(body).encode(), [2, 2])
    assert (first.counts(), second.counts()) == ({"1": 2}, {"0": 1, "1": 1})


def test_plain_samples_of_a_sweep_may_stand_one_behind_the_other():
    body = plain({"c": (1, [1, 1, 0, 1])}, {"c": (1, [0])})
    counts = [circuit.counts() for circuit in decode_circuits(body, [2, 2, 1])]
    assert counts == [{"1": 2}, {"0": 1, "1": 1}, {"0": 1}]


def test_pub_with_a_shape_is_as_many_circuits():
    array = np.arange(2 * 3 * 4, dtype=np.uint8).reshape(2, 3, 4, 1)
    circuits = decode_circuits(typed({"c": (8, packed(npy(array)))}), [4] * 6)
    assert [next(iter(c.counts())) for c in circuits] == [f"{4 * n:08b}" for n in range(6)]


SHAPES = st.lists(st.integers(1, 3), max_size=3).map(tuple)


@given(SHAPES, st.integers(1, 4), st.integers(1, 12), st.randoms(use_true_random=False))
def test_every_form_of_a_sweep_gives_the_same_runs(shape, shots, width, generator):
    runs = math.prod(shape)
    outcomes = [generator.randrange(2**width) for _ in range(runs * shots)]
    expected = [
        counted({"c": (width, outcomes[first : first + shots])})
        for first in range(0, runs * shots, shots)
    ]
    size = -(-width // 8)
    array = rows(width, outcomes).reshape(*shape, shots, size)
    samples = np.array([hex(value) for value in outcomes]).reshape(*shape, shots).tolist()
    nested = json.loads(plain({"c": (width, outcomes)}))
    nested["results"][0]["data"]["c"]["samples"] = samples
    for body in (
        typed({"c": (width, packed(npy(array)))}),
        typed({"c": (width, array.tolist())}),
        json.dumps(nested).encode(),
        plain({"c": (width, outcomes)}),  # one behind the other
    ):
        circuits = decode_circuits(body, [shots] * runs)
        assert [circuit.counts() for circuit in circuits] == expected


def test_levels_of_a_sweep_are_told_apart_by_its_shape():
    array = (np.arange(12) * 1j).reshape(2, 3, 2)
    circuits = decode_circuits(levels(array, (2,)), [3, 3])
    assert [c.shots for c in circuits] == [3, 3]
    np.testing.assert_array_equal(circuits[1].levels["c"], array[1])


@pytest.mark.parametrize("kind", ["<f2", ">f4", "<f8", "<c8", ">c16"])
def test_levels_of_every_precision_are_complex_numbers(kind):
    array = np.arange(6).reshape(3, 2).astype(kind)
    (circuit,) = decode_circuits(levels(array, ()), [3])
    np.testing.assert_array_equal(circuit.levels["c"], array)
    assert np.asarray(circuit.levels["c"]).dtype == np.complex128


def test_levels_of_repeats_are_joined_in_their_order():
    array = (np.arange(12) * 1j).reshape(2, 3, 2)
    first, second = decode_circuits(levels(array, (2,)), [3, 3])
    np.testing.assert_array_equal(first.joined([second]).levels["c"], array.reshape(6, 2))


def test_levels_have_no_counts():
    (circuit,) = decode_circuits(levels(np.ones((3, 2), complex), ()), [3])
    assert (circuit.counts(), circuit.memory(), circuit.shots) == ({}, [], 3)


def test_averaged_levels_tell_no_shots():
    (circuit,) = decode_circuits(levels(np.ones(2, complex), ()), [3])
    assert circuit.shots == 0


def test_bare_nan_in_metadata_is_no_harm():
    body = plain({"c": (1, [1])}).replace(b'"version": 2', b'"version": NaN, "other": -Infinity')
    assert decode_results(body)[0].counts() == {"1": 1}


def array_body(array: Any, width: int = 2) -> bytes:
    return typed({"c": (width, array)})


def header(text: bytes) -> bytes:
    return b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little") + text


GOOD = npy(rows(2, [0, 3]))
DAMAGED: dict[str, bytes] = {
    "nothing": b"",
    "a web page": b"<html>",
    "no text": b"\xff\xfe\x00",
    "cut JSON": plain({"c": (1, [1])})[:-1],
    "a number": b"5",
    "a list": b"[]",
    "null": b"null",
    "an empty object": b"{}",
    "deep nesting": b"[" * 100_000,
    "results that are no list": b'{"results": 5}',
    "a result that is none": b'{"results": [null]}',
    "a circuit without registers": b'{"results": [{"data": {}}]}',
    "registers of different lengths": plain({"a": (1, [0, 1]), "b": (1, [0])}),
    "a sample wider than its register": plain({"c": (2, [4])}),
    "a sample wider than its bytes": plain({"c": (8, [256])}),
    "a negative sample": plain({"c": (8, [-1])}),
    "a sample that is no number": plain({"c": (2, [1])}).replace(b"0x1", b"one"),
    "a sample that is no text": plain({"c": (2, [1])}).replace(b'"0x1"', b"1"),
    "negative bits": b'{"results": [{"data": {"c": {"samples": ["0x0"], "num_bits": -5}}}]}',
    "half a bit": b'{"results": [{"data": {"c": {"samples": ["0x0"], "num_bits": 1.5}}}]}',
    "infinite bits": b'{"results": [{"data": {"c": {"samples": ["0x0"], "num_bits": Infinity}}}]}',
    "a trillion bits": b'{"results": [{"data": {"c": {"samples": ["0x0"], "num_bits": %d}}}]}'
    % 10**12,
    "no pubs": b'{"__type__": "PrimitiveResult", "__value__": {}}',
    "base64 that is none": array_body("§"),
    "bytes that are not zlib": array_body(base64.b64encode(b"hello").decode()),
    "cut zlib": array_body(base64.b64encode(zlib.compress(GOOD)[:-5]).decode()),
    "no array file": array_body(packed(b"hello")),
    "a cut array": array_body(packed(GOOD[:-1])),
    "an array cut in its header": array_body(packed(GOOD[:20])),
    "an array header cut in an expression": array_body(packed(header(b"{'shape': (2, 1L), "))),
    "an array header cut in a text": array_body(packed(header(b"'''"))),
    "an array that would fill the memory": array_body(
        packed(header(b"{'descr': '|u1', 'fortran_order': False, 'shape': (%d, 1)}\n" % 10**15))
    ),
    "an array of negative size": array_body(
        packed(header(b"{'descr': '|u1', 'fortran_order': False, 'shape': (-2, 1)}\n"))
    ),
    "a cut archive": array_body(packed(b"PK\x03\x04aaaa")),
    "an array of objects": array_body(packed(npy(np.array([[0], [3]], dtype=object)))),
    "an array of floats": array_body(packed(npy(np.array([[0.0], [3.0]])))),
    "an array of whole numbers": array_body(packed(npy(np.array([[0], [3]])))),
    "an array of truths": array_body(packed(npy(np.array([[False], [True]])))),
    "an array of records": array_body(packed(npy(np.zeros((2, 1), [("a", "u1")])))),
    "an array of one dimension": array_body(packed(npy(np.array([0, 3], dtype=np.uint8)))),
    "an array with rows too wide": array_body(packed(npy(rows(9, [0, 3])))),
    "an array with bits too many": array_body(packed(npy(rows(8, [0, 4])))),
    "a list of numbers over a byte": array_body([[0], [256]]),
    "a list of negative numbers": array_body([[0], [-1]]),
    "a list of floats": array_body([[0], [1.5]]),
    "a list of NaN": array_body([[0], [float("nan")]]),
    "a list of texts": array_body([["0"], ["1"]]),
    "a list of truths": array_body([[False], [True]]),
    "a list of nulls": array_body([[None]]),
    "a ragged list": array_body([[0], [0, 1]]),
    "an array that is a number": array_body(5),
}


def test_damaged_bodies_are_no_results():
    taken = []
    for what, body in DAMAGED.items():
        with contextlib.suppress(ResultFormatError):
            taken.append((what, decode_results(body)))
    assert taken == []


def decodes_or_says_so(body: bytes) -> None:
    try:
        pubs = decode_results(body)
    except ResultFormatError:
        return
    for pub in pubs:
        assert sum(pub.counts().values()) == pub.shots


WHOLE = st.sampled_from([plain, typed_of, typed_lists]).flatmap(
    lambda write: circuits(widths=(1, 20)).map(write)
)


@given(WHOLE, st.data())
def test_cut_body_is_no_result(body, data):
    length = data.draw(st.integers(0, len(body) - 1))
    with pytest.raises(ResultFormatError):
        decode_results(body[:length])


@given(WHOLE, st.data())
def test_body_with_flipped_bytes_decodes_or_is_no_result(body, data):
    damaged = bytearray(body)
    for _ in range(data.draw(st.integers(1, 3))):
        damaged[data.draw(st.integers(0, len(body) - 1))] = data.draw(st.integers(0, 255))
    decodes_or_says_so(bytes(damaged))


@given(st.binary(min_size=1, max_size=3), st.integers(0, len(GOOD) - 1))
def test_array_with_changed_bytes_decodes_or_is_no_result(change, at):
    damaged = GOOD[:at] + change + GOOD[at + len(change) :]
    decodes_or_says_so(array_body(packed(damaged)))


@given(st.binary(max_size=40))
def test_any_bytes_as_an_array_decode_or_are_no_result(data):
    decodes_or_says_so(array_body(packed(data)))


@given(
    st.recursive(
        st.none() | st.integers() | st.floats() | st.text(max_size=3) | st.booleans(),
        lambda inner: st.lists(inner, max_size=3),
    )
)
def test_any_value_as_an_array_decodes_or_is_no_result(value):
    decodes_or_says_so(array_body(value))


@given(st.data())
def test_flips_are_undone_and_randomizations_are_shots_of_one_circuit(data):
    draw = data.draw
    shape = draw(st.lists(st.integers(1, 3), max_size=2))
    number, shots, bits = draw(st.integers(1, 3)), draw(st.integers(1, 9)), draw(st.integers(1, 19))
    rng = np.random.default_rng(draw(st.integers(0, 99)))
    measured = rng.integers(0, 2, (number, *shape, shots, bits)).astype(bool)
    flips = rng.integers(0, 2, (number, *shape, 1, bits)).astype(bool)
    item = {
        "measurement_flips.c": tensor(flips),
        "pauli_signs": tensor(flips[..., 0]),
        "c": tensor(measured),
    }
    true = measured ^ flips
    (apart,) = decode_results(program_of(item))
    assert apart.shape == (number, *shape)
    np.testing.assert_array_equal(apart.registers["c"].bits(), true.reshape(-1, bits))
    passed = {"post_processor": {"twirling": True}}
    (together,) = decode_results(program_of(item, passthrough_data=passed))
    assert together.shape == tuple(shape)
    moved = np.moveaxis(true, 0, len(shape))
    np.testing.assert_array_equal(together.registers["c"].bits(), moved.reshape(-1, bits))


@pytest.mark.parametrize(
    "item",
    [
        {},
        {"c": {**tensor([[1]]), "shape": [2, 9]}},
        {"c": {**tensor([[1]]), "shape": [1]}},
        {"c": {**tensor([[1]]), "shape": [-1, -1]}},
        {"c": {**tensor([[1]]), "data": "!"}},
        {"c": {**tensor([[1]]), "data": packed(b"\1" * 9)}},
        {"c": tensor([[1]]), "d": tensor([[1], [1]])},
        {"c": tensor([[1]]), "measurement_flips.c": tensor([[1, 1]])},
        {"c": tensor([[1]]), "measurement_flips.c": tensor([[[1]]])},
    ],
    ids=str,
)
def test_tensors_that_do_not_fit_are_no_result(item):
    with pytest.raises(ResultFormatError):
        decode_results(program_of(item))
