"""NumPy's arrays as the tool's own, and back."""

from __future__ import annotations

import numpy as np

from ibmqbatch.service.npy import Array


def as_array(array: np.ndarray) -> Array:
    """Return an array of NumPy's as the tool has it."""
    whole = array.astype(array.dtype.newbyteorder("="))
    return Array(array.shape, array.dtype.str[1:], memoryview(whole.tobytes()))
