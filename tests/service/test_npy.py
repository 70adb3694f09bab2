"""NumPy's files, read and written without it: as NumPy itself reads and writes them."""

from __future__ import annotations

import contextlib
import io
import itertools
import math
import tracemalloc
import warnings

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from ibmqbatch.service import npy
from tests.support.arrays import as_array

KINDS = ["b1", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "f2", "f4", "f8", "c8", "c16"]
DTYPES = st.builds("{}{}".format, st.sampled_from("<>"), st.sampled_from(KINDS)).map(np.dtype)
SHAPES = arrays.array_shapes(min_dims=0, max_dims=5, min_side=0, max_side=4)
NUMBERS = arrays.arrays(DTYPES, SHAPES)
VERSIONS = st.sampled_from([(1, 0), (2, 0), (3, 0)])


def file_of(array: np.ndarray, version: tuple[int, int] = (1, 0)) -> bytes:
    buffer = io.BytesIO()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # NumPy's, about versions that Python 2 cannot read
        np.lib.format.write_array(buffer, array, version, allow_pickle=False)
    return buffer.getvalue()


def loaded(data: bytes) -> np.ndarray:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # NumPy's, about files that Python 2 has written
        return np.load(io.BytesIO(data), allow_pickle=False)


def header(text: bytes, version: bytes = b"\1\0") -> bytes:
    return b"\x93NUMPY" + version + len(text).to_bytes(2, "little") + text


def same(found: np.ndarray, wanted: np.ndarray) -> bool:
    """Tell whether arrays are the same to the last bit, the order of bytes left out."""
    wanted = wanted.astype(wanted.dtype.newbyteorder("="))
    told = (found.dtype, found.shape) == (wanted.dtype, wanted.shape)
    return told and found.tobytes() == wanted.tobytes()


@given(NUMBERS, st.sampled_from("CF"), VERSIONS)
def test_file_of_numpy_is_read_as_it_was_written(array, order, version):
    found = npy.read(file_of(np.asarray(array, order=order), version))
    assert same(np.asarray(found), array)


@given(NUMBERS)
def test_numpy_reads_what_is_written(array):
    found = loaded(b"".join(npy.write(as_array(array))))
    assert same(found, array)


@given(NUMBERS)
def test_what_is_written_is_read_again(array):
    whole = as_array(array)
    assert npy.read(b"".join(npy.write(whole))) == whole


@given(st.lists(st.text(st.characters(min_codepoint=1), max_size=4), max_size=4))
@example([])
@example([""])
@example(["\udc80"])
def test_numpy_reads_texts_as_its_own(values):
    found = loaded(b"".join(npy.write(npy.texts(values))))
    assert same(found, np.array(values, dtype=np.str_))


@given(arrays.arrays(st.sampled_from(KINDS[:-2]).map(np.dtype), SHAPES))
def test_numbers_become_floats_as_with_numpy(array):
    found = np.array(as_array(array).floats()).reshape(array.shape)
    np.testing.assert_array_equal(found, array.astype(float))


@given(arrays.arrays(st.sampled_from(KINDS[-5:]).map(np.dtype), SHAPES))
def test_numbers_become_complex_as_with_numpy(array):
    found = np.asarray(as_array(array).complexes())
    assert found.dtype == np.complex128
    np.testing.assert_array_equal(found, array.astype(complex))


def test_complex_numbers_are_no_floats():
    with pytest.raises(ValueError, match="complex"):
        as_array(np.ones(3, complex)).floats()


@given(NUMBERS, st.data())
def test_parts_are_those_of_numpy(array, data):
    axes = data.draw(st.integers(0, array.ndim))
    merged = array.reshape(math.prod(array.shape[:axes]), *array.shape[axes:])
    found = as_array(array).merged(axes)
    assert same(np.asarray(found), merged)
    first, end = sorted(data.draw(st.tuples(*[st.integers(0, len(merged))] * 2)))
    assert same(np.asarray(found.cut(first, end)), merged[first:end])
    for index in range(len(merged)):
        assert same(np.asarray(found.part(index)), np.asarray(merged[index]))


@given(arrays.arrays(DTYPES, arrays.array_shapes(min_side=0)), st.integers(0, 3))
def test_arrays_are_joined_as_by_numpy(array, copies):
    whole = as_array(array)
    assert same(np.asarray(whole.joined([whole] * copies)), np.concatenate([array] * (copies + 1)))


@pytest.mark.parametrize("other", [np.zeros((2, 4)), np.zeros((2, 3), "f4"), np.zeros((2, 3, 1))])
def test_arrays_that_do_not_fit_are_not_joined(other):
    with pytest.raises(ValueError, match="different shapes"):
        as_array(np.zeros((2, 3))).joined([as_array(other)])


LEAVES = st.integers(-5, 300) | st.floats() | st.booleans()


@given(st.recursive(LEAVES, lambda inner: st.lists(inner, max_size=3)))
@example([[], []])
@example([[1], [1, 2]])
@example([1, [2]])
@example([[1], 2])
def test_nested_lists_have_the_shape_that_numpy_sees(value):
    try:
        wanted = np.array(value, dtype=float)
    except ValueError:
        # Ragged at a number, it is found when the numbers are looked at.
        with pytest.raises((ValueError, TypeError)):
            npy.numbers("f8", npy.flatten(value)[1])
        return
    shape, flat = npy.flatten(value)
    assert shape == wanted.shape
    np.testing.assert_array_equal(np.array(flat, dtype=float), wanted.ravel())


HEADERS = [
    b"{'shape':(2,),'descr':'|u1','fortran_order':False}",
    b'{"descr": "u1", "fortran_order": False, "shape": (2, )}',
    b"  { 'fortran_order' : True , 'shape' : ( 2 , 1 ) , 'descr' : '=u1' , }  \n",
    b"{'descr': '|u1', 'fortran_order': False, 'shape': (2L, 1L), }",
    b"{'descr': '|i1', 'fortran_order': False, 'shape': (1, 2,)}\n",
]


@pytest.mark.parametrize("text", HEADERS)
def test_header_is_read_however_it_is_written(text):
    data = header(text) + b"\5\6"
    assert same(np.asarray(npy.read(data)), loaded(data))


NONE = {
    "nothing": b"",
    "a magic number alone": b"\x93NUMPY",
    "a magic number and a version": b"\x93NUMPY\1\0",
    "another magic number": b"\x93NUMPX" + file_of(np.zeros(1))[6:],
    "another version": header(HEADERS[0], b"\4\0") + b"\5\6",
    "a version behind the point": header(HEADERS[0], b"\1\1") + b"\5\6",
    "a header that is longer than its file": file_of(np.zeros(1))[:50],
    "a header without an end": header(HEADERS[0][:-1]) + b"\5\6",
    "a header longer than any": header(HEADERS[0] + b" " * 10_000) + b"\5\6",
    "a header that is no text": header(b"\xff" * 20, b"\3\0"),
    "a shape that is a number": header(HEADERS[0].replace(b"(2,)", b"(2)")) + b"\5\6",
    "a shape without commas": header(HEADERS[0].replace(b"(2,)", b"(2 1)")) + b"\5\6",
    "a shape that is a list": header(HEADERS[0].replace(b"(2,)", b"[2,]")) + b"\5\6",
    "a negative length": header(HEADERS[0].replace(b"(2,)", b"(-2,-1)")) + b"\5\6",
    "a length that is a text": header(HEADERS[0].replace(b"(2,)", b"'2'")) + b"\5\6",
    "a shape in quotes": header(HEADERS[0].replace(b"(2,)", b"'2,'")) + b"\5\6",
    "an order in quotes": header(HEADERS[0].replace(b"False", b"'False'")) + b"\5\6",
    "an order that is a number": header(HEADERS[0].replace(b"False", b"0")) + b"\5\6",
    "no order": header(b"{'shape':(2,),'descr':'|u1'}") + b"\5\6",
    "an entry twice": header(b"{'shape':(2,),'descr':'|u1','shape':(2,)}") + b"\5\6",
    "entries without a comma between": header(HEADERS[0].replace(b",'d", b"'d")) + b"\5\6",
    "nothing of more than there can be": header(
        HEADERS[0].replace(b"(2,)", b"(0, %d, %d)" % (2**40, 2**40))
    ),
    "one entry more": header(HEADERS[0].replace(b"}", b",'a':'b'}")) + b"\5\6",
    "a call": header(b"{'shape':(2,),'descr':str('|u1'),'fortran_order':False}") + b"\5\6",
    "no bytes": header(HEADERS[0]),
    "a byte too few": header(HEADERS[0]) + b"\5",
    "a byte too many": header(HEADERS[0]) + b"\5\6\7",
    "records": file_of(np.zeros(2, [("a", "u1"), ("b", "u1")])),
    "records of one byte": header(HEADERS[0].replace(b"'|u1'", b"[('a','|u1')]")) + b"\5\6",
    "times": file_of(np.zeros(2, "M8[s]")),
    "texts": file_of(np.array(["a", "b"])),
    "raw bytes": file_of(np.zeros(2, "V1")),
    "floats of 128 bits": header(HEADERS[0].replace(b"|u1", b"<f16")) + bytes(32),
    "33 axes": header(HEADERS[0].replace(b"(2,)", b"(2," + b"1," * 32 + b")")) + b"\5\6",
}


@pytest.mark.parametrize("what", NONE)
def test_what_is_no_file_of_numbers_is_refused(what):
    with pytest.raises(ValueError):
        npy.read(NONE[what])


GOOD = [
    file_of(np.arange(4, dtype=np.uint8).reshape(2, 2)),
    file_of(np.asfortranarray(np.arange(6, dtype=">i2").reshape(2, 3)), (2, 0)),
    file_of(np.arange(3) * 1j, (3, 0)),
]


@given(st.sampled_from(GOOD), st.lists(st.tuples(st.integers(0, 90), st.integers(0, 255))))
def test_changed_file_is_refused_or_read_as_numpy_reads_it(data, changes):
    changed = bytearray(data)
    for at, byte in changes:
        changed[at] = byte
    with contextlib.suppress(ValueError):
        found = np.asarray(npy.read(bytes(changed)))
        assert same(found, loaded(bytes(changed)))


@pytest.fixture
def little_memory():
    """Fail where a hundred megabytes are taken."""
    tracemalloc.start()
    yield
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 100_000_000


@pytest.mark.usefixtures("little_memory")
@pytest.mark.parametrize("lengths", list(itertools.permutations((2**40, 2**20, 0))))
@pytest.mark.parametrize("order", [b"True", b"False"])
def test_array_of_nothing_takes_no_room_however_long_it_says_to_be(lengths, order):
    text = b"{'descr': '|u1', 'fortran_order': %s, 'shape': (%d, %d, %d)}" % (order, *lengths)
    assert npy.read(header(text)).shape == lengths


@pytest.mark.usefixtures("little_memory")
def test_array_that_would_take_for_ever_to_turn_is_refused(monkeypatch):
    monkeypatch.setattr(npy, "_MOST_STRIPS", 1000)
    shape = (2,) * 14
    with pytest.raises(ValueError, match="too many axes"):
        npy.read(file_of(np.asfortranarray(np.zeros(shape, np.uint8))))
    assert npy.read(file_of(np.zeros(shape, np.uint8))).shape == shape


def test_numpy_takes_it_without_copying():
    whole = as_array(np.arange(5))
    assert np.shares_memory(np.asarray(whole), np.frombuffer(whole.data, np.uint8))
    assert not np.shares_memory(np.array(whole), np.frombuffer(whole.data, np.uint8))
    assert np.asarray(whole, dtype=np.float32).dtype == np.float32
