"""Arrays of numbers, and the files that NumPy keeps them in, without NumPy.

Results come as such files. Reading them should need neither NumPy nor the time of its import.
"""

from __future__ import annotations

import itertools
import math
import re
import struct
import sys
from array import array
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

__all__ = ["Array", "flatten", "numbers", "read", "texts", "write"]

# What Python's `array` and `struct` call the elements of a kind; of complex ones, the two parts.
_CODES = (
    {"b1": "B", "u1": "B", "u2": "H", "u4": "I", "u8": "Q"}
    | {"i1": "b", "i2": "h", "i4": "i", "i8": "q"}
    | {"f2": "e", "f4": "f", "f8": "d", "c8": "f", "c16": "d"}
)
_WORDS = {1: "B", 2: "H", 4: "I", 8: "Q"}  # unsigned numbers by their bytes
_MOST_AXES = 32  # what NumPy 1 takes; NumPy 2 takes more
_MOST_STRIPS = 2**24  # of an array in Fortran's order; see `_in_c_order`

_MAGIC = b"\x93NUMPY"
_LENGTHS = {b"\1\0": (2, "latin1"), b"\2\0": (4, "latin1"), b"\3\0": (4, "utf-8")}  # by version
_LONGEST_HEADER = 10_000  # bytes; NumPy's own limit
_ALIGNMENT = 64
# A Python dictionary, its entries in any order; a number may end in the L of Python 2. Nothing else
# is parsed.
_HEADER = re.compile(
    r"""\s* \{
    (?: \s* (?P<quote>['"]) (?:
        descr (?P=quote) \s*:\s* (?P<mark>['"]) (?P<order>[<>=|]?) (?P<kind>[biufc]\d+) (?P=mark)
        | fortran_order (?P=quote) \s*:\s* (?P<fortran>True|False)
        | shape (?P=quote) \s*:\s* \( (?P<shape> (?: \s*\d+L?\s*, )* (?: \s*\d+L? )? \s* ) \)
    ) \s* (?: , | (?=\}) ) ){3}
    \s* \} \s*""",
    re.ASCII | re.VERBOSE,
)


@dataclass(frozen=True, slots=True)
class Array:
    """Elements of one kind, in C order: as much of a NumPy array as is needed here.

    `kind` is NumPy's name of the elements without their byte order, as u1, f8, c16, or U5 for texts
    of five characters; `data` holds them contiguously, in the byte order of the machine. NumPy
    takes it as an array (`numpy.asarray`) without copying the data.
    """

    shape: tuple[int, ...]
    kind: str
    data: memoryview

    def __reduce__(self) -> tuple[object, ...]:
        return _unpickled, (self.shape, self.kind, bytes(self.data))

    def merged(self, axes: int) -> Array:
        """Return the array with its first `axes` axes merged."""
        return Array((math.prod(self.shape[:axes]), *self.shape[axes:]), self.kind, self.data)

    def part(self, index: int) -> Array:
        """Return the element at an index of the first axis."""
        return Array(self.shape[1:], self.kind, self.cut(index, index + 1).data)

    def cut(self, first: int, end: int) -> Array:
        """Return the slice `first:end` of the first axis."""
        shape = (len(range(self.shape[0])[first:end]), *self.shape[1:])
        size = math.prod(shape[1:]) * _item_size(self.kind)
        return Array(shape, self.kind, self.data[first * size : end * size])

    def joined(self, others: Sequence[Array]) -> Array:
        """Return the array and others concatenated along the first axis; raises ValueError."""
        if any((a.kind, a.shape[1:]) != (self.kind, self.shape[1:]) for a in others):
            raise ValueError("arrays of different shapes")
        whole = [self, *others]
        shape = (sum(part.shape[0] for part in whole), *self.shape[1:])
        return Array(shape, self.kind, memoryview(b"".join(part.data for part in whole)))

    def floats(self) -> array[float]:
        """Return the numbers as floats; raises ValueError for complex ones."""
        if _components(self.kind) != 1:
            raise ValueError("an array of complex numbers")
        if self.kind == "f2":  # there is no `array` of these
            return array("d", struct.unpack(f"{len(self.data) // 2}e", self.data))
        return array("d", _loaded(_CODES[self.kind], self.data))

    def swapped(self) -> Array:
        """Return it with the bytes of its elements in the other order."""
        return Array(self.shape, self.kind, _swapped(self.data, self.kind))

    def complexes(self) -> Array:
        """Return the numbers as complex ones of two 64-bit floats each."""
        if self.kind == "c16":
            return self
        if _components(self.kind) == 1:
            parts = array("d", bytes(16 * math.prod(self.shape)))
            parts[::2] = self.floats()
        else:
            parts = array("d", _loaded(_CODES[self.kind], self.data))
        return Array(self.shape, "c16", memoryview(parts).cast("B"))

    def numpy(self) -> npt.NDArray[Any]:
        """Return it as a NumPy array, without copying the data; imports NumPy."""
        return self.__array__()

    def __array__(
        self,
        dtype: npt.DTypeLike | None = None,
        copy: bool | None = None,  # noqa: FBT001 - as NumPy has it
    ) -> npt.NDArray[Any]:
        import numpy as np

        whole: np.ndarray[Any, Any] = np.ndarray(self.shape, self.kind, self.data)
        # NumPy 1 knows no copy that is None.
        return np.array(whole, dtype) if copy else np.asarray(whole, dtype)


def _unpickled(shape: tuple[int, ...], kind: str, data: bytes) -> Array:
    return Array(shape, kind, memoryview(data))


def numbers(kind: str, values: Iterable[float], shape: tuple[int, ...] | None = None) -> Array:
    """Return numbers as an array, of one axis where no shape is given."""
    data = array(_CODES[kind], values)
    return Array((len(data),) if shape is None else shape, kind, memoryview(data).cast("B"))


def texts(values: Sequence[str]) -> Array:
    """Return texts as an array of one axis."""
    width = max(1, *map(len, values), 1)
    encoding = "utf-32-le" if sys.byteorder == "little" else "utf-32-be"
    data = b"".join(text.ljust(width, "\0").encode(encoding, "surrogatepass") for text in values)
    return Array((len(values),), f"U{width}", memoryview(data))


def flatten(value: Any) -> tuple[tuple[int, ...], list[Any]]:
    """Return the shape of a nested list and its elements; raises ValueError for a ragged one.

    Anything but a list is a single element of shape ().
    """
    shape: tuple[int, ...] = ()
    level = [value]
    while level and isinstance(level[0], list):
        if {type(inner) for inner in level} != {list} or len({len(inner) for inner in level}) != 1:
            raise ValueError("lists of different lengths in one")
        shape = (*shape, len(level[0]))
        if len(shape) > _MOST_AXES:
            raise ValueError(f"an array of more than {_MOST_AXES} axes")
        level = list(itertools.chain.from_iterable(level))
    return shape, level


def read(data: bytes) -> Array:
    """Read an .npy file of numbers; raises ValueError."""
    size_bytes, encoding = _LENGTHS.get(data[6:8], (0, ""))
    start = 8 + size_bytes
    end = start + int.from_bytes(data[8:start], "little")
    if not data.startswith(_MAGIC) or not size_bytes or end - start > _LONGEST_HEADER:
        raise ValueError("no array file, or of an unknown version")
    kind, swapped, fortran, shape = _read_header(data[start:end].decode(encoding))
    # A header may claim any size: nothing is allocated for it.
    if math.prod(shape) * _item_size(kind) != len(data) - end:
        raise ValueError("an array of another size than it says")
    body = memoryview(data)[end:]
    if swapped:
        body = _swapped(body, kind)
    return Array(shape, kind, _in_c_order(body, shape, kind) if fortran else body)


def write(whole: Array) -> Iterator[bytes | memoryview]:
    """Yield an .npy file (version 1.0, little-endian) in pieces."""
    order = "|" if _word_size(whole.kind) == 1 else "<"
    head = f"{{'descr': '{order}{whole.kind}', 'fortran_order': False, 'shape': {whole.shape}, }}"
    before = len(_MAGIC) + 4
    end = -(-(before + len(head) + 1) // _ALIGNMENT) * _ALIGNMENT
    head = head.ljust(end - before - 1) + "\n"
    yield _MAGIC + b"\1\0" + len(head).to_bytes(2, "little") + head.encode()
    yield whole.data if sys.byteorder == "little" else _swapped(whole.data, whole.kind)


def _loaded(code: str, data: memoryview) -> array[Any]:
    numbers: array[Any] = array(code)
    numbers.frombytes(data)
    return numbers


def _components(kind: str) -> int:
    """Return how many numbers an element consists of."""
    return 2 if kind[0] == "c" else 1


def _item_size(kind: str) -> int:
    """Return how many bytes an element takes."""
    return int(kind[1:]) * (4 if kind[0] == "U" else 1)


def _word_size(kind: str) -> int:
    """Return the size of the words that byte order applies to."""
    return 4 if kind[0] == "U" else int(kind[1:]) // _components(kind)


def _read_header(text: str) -> tuple[str, bool, bool, tuple[int, ...]]:
    """Return the elements' kind, whether bytes are swapped, whether in Fortran's order, the shape.

    Raises ValueError for a malformed header, and for arrays that no machine can hold.
    """
    found = _HEADER.fullmatch(text)
    if found is None or None in found.groups() or found["kind"] not in _CODES:
        raise ValueError(f"an array with the header {text[:200]!r}")
    lengths = found["shape"].split(",")
    if not lengths[-1].strip():  # of (), (3,) and (3, 4,); (3) is no tuple
        lengths.pop()
    elif len(lengths) == 1:
        raise ValueError("an array whose shape is a number")
    shape = tuple(int(length.strip().removesuffix("L")) for length in lengths)
    room = math.prod(length or 1 for length in shape) * _item_size(found["kind"])
    if len(shape) > _MOST_AXES or room > sys.maxsize:
        raise ValueError("an array of too many elements, or axes")
    other = ">" if sys.byteorder == "little" else "<"
    return found["kind"], found["order"] == other, found["fortran"] == "True", shape


def _swapped(data: memoryview, kind: str) -> memoryview:
    """Return elements with swapped bytes."""
    words = _loaded(_WORDS[_word_size(kind)], data)
    words.byteswap()
    return memoryview(words).cast("B")


def _in_c_order(data: memoryview, shape: tuple[int, ...], kind: str) -> memoryview:
    """Return elements in Fortran's order as in C's.

    They are moved in strips along the longest axis; raises ValueError where those are too many.
    """
    if not data:
        return data
    # For each axis, the components' own included: its length, its step in the one and the other.
    components = _components(kind)
    axes = [(components, 1, 1)]
    for axis, length in enumerate(shape):
        steps = math.prod(shape[:axis]), math.prod(shape[axis + 1 :])
        axes.append((length, components * steps[0], components * steps[1]))
    axes.sort()
    longest, step, new_step = axes.pop()
    if math.prod(length for length, _, _ in axes) > _MOST_STRIPS:
        raise ValueError("an array in Fortran's order, of too many axes")
    source = _loaded(_WORDS[_word_size(kind)], data)
    target = source[:]
    for indexes in itertools.product(*(range(length) for length, _, _ in axes)):
        old = sum(index * axis[1] for index, axis in zip(indexes, axes, strict=True))
        new = sum(index * axis[2] for index, axis in zip(indexes, axes, strict=True))
        strip = source[old : old + longest * step : step]
        target[new : new + longest * new_step : new_step] = strip
    return memoryview(target).cast("B")
