"""Parameter values, in all the forms in which they are sent."""

from __future__ import annotations

import io
import zlib
from typing import Any

from .errors import JobError
from .packed import unpack

__all__ = ["read_values"]


def read_values(values: Any, parameters: list[Any]) -> Any:
    """Return parameter values as an array of floats whose last axis runs over the parameters.

    Raises JobError (3211) for values that do not fit the parameters.
    """
    import numpy as np

    names = [parameter.name for parameter in parameters]
    if isinstance(values, dict) and values.get("__type__") == "ndarray":
        array = _read_array(values)
    elif isinstance(values, dict):
        if sorted(values) != sorted(names):
            raise JobError(
                3211,
                f"values are given for the parameters {sorted(values)}, "
                f"but the circuit has {sorted(names)}.",
            )
        columns = np.broadcast_arrays(*(_read_array(values[name]) for name in names))
        array = np.stack(columns, axis=-1) if names else np.zeros(0)
    else:
        array = _read_array(values if values is not None else [])
    if array.ndim == 0 or array.shape[-1] != len(names):
        given = "one value" if array.ndim == 0 else f"{array.shape[-1]} values"
        raise JobError(3211, f"{given} given for {len(names)} parameters.")
    if not np.isfinite(array).all():
        raise JobError(3211, "a parameter value is not finite.")
    if array.size == 0 and 0 in array.shape[:-1]:
        raise JobError(3211, "the sweep has no parameter set.")
    return array


def _read_array(value: Any) -> Any:
    """Return a number, a nested list or a typed ndarray as an array of floats."""
    import numpy as np

    try:
        if isinstance(value, dict) and value.get("__type__") == "ndarray":
            value = value.get("__value__")
            if isinstance(value, str):
                blob = unpack(value)
                value = np.load(io.BytesIO(blob), allow_pickle=False)
        array = np.asarray(value)
        # "same_kind" lets no text, no complex number and no object through.
        return array.astype(float, casting="same_kind") if array.size else array.astype(float)
    except (TypeError, ValueError, zlib.error) as error:
        raise JobError(3211, "the parameter values are not an array of real numbers.") from error
