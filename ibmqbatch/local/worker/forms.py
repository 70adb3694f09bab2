"""The results as the API has them: plain for clients without Qiskit, typed for Qiskit's classes."""

from __future__ import annotations

import base64
import io
import zlib
from datetime import datetime, timezone
from typing import Any

from .sampler import Pub

__all__ = ["PlainForm", "TypedForm", "now"]


def _typed(kind: str, value: Any) -> dict[str, Any]:
    """Return a value in the typed form of the API."""
    return {"__type__": kind, "__value__": value}


def _typed_array(array: Any) -> dict[str, Any]:
    """Return an array in the typed form: base64 of the compressed .npy file."""
    import numpy as np

    buffer = io.BytesIO()
    np.save(buffer, array, allow_pickle=False)
    return _typed("ndarray", base64.b64encode(zlib.compress(buffer.getvalue())).decode())


def now() -> str:
    """Return the time as ISO 8601, UTC."""
    return datetime.now(timezone.utc).isoformat()  # noqa: UP017 - also runs on 3.10


def _hex_samples(array: Any) -> Any:
    """Return packed rows as hexadecimal numbers, nested by the shape of the sweep."""
    if array.ndim > 2:
        return [_hex_samples(part) for part in array]
    return [hex(int.from_bytes(row.tobytes(), "big")) for row in array]


class PlainForm:
    """The results for a client without Qiskit."""

    def pub(self, pub: Pub, data: dict[str, Any]) -> Any:
        """Return the results of one pub."""
        registers = {
            register.name: {
                "samples": _hex_samples(data[register.name]),
                "num_bits": len(register),
            }
            for register in pub.circuit.cregs
        }
        return {"data": registers, "metadata": {"circuit_metadata": pub.circuit.metadata or {}}}

    def span(self, index: int, pub: Pub, start: str, stop: str) -> Any:
        """Return when one pub ran."""
        size = [[*pub.shape, pub.shots], [0, pub.executions], [0, pub.shots]]
        return [{"date": start}, {"date": stop}, {str(index): size}]

    def document(self, pubs: list[Any], spans: list[Any]) -> Any:
        """Return the whole result."""
        return {
            "results": pubs,
            "metadata": {"execution": {"execution_spans": spans}, "version": 2},
        }


class TypedForm:
    """The results for Qiskit's own classes."""

    def pub(self, pub: Pub, data: dict[str, Any]) -> Any:
        """Return the results of one pub."""
        fields = {}
        for register in pub.circuit.cregs:
            array = _typed_array(data[register.name])
            fields[register.name] = _typed("BitArray", {"array": array, "num_bits": len(register)})
        value = {
            "field_names": list(fields),
            "field_types": [],
            "shape": list(pub.shape),
            "fields": fields,
        }
        metadata = {"circuit_metadata": pub.circuit.metadata or {}}
        return _typed("SamplerPubResult", {"data": _typed("DataBin", value), "metadata": metadata})

    def span(self, index: int, pub: Pub, start: str, stop: str) -> Any:
        """Return when one pub ran."""
        size = [[*pub.shape, pub.shots], 0, pub.executions, 0, pub.shots]
        span = {
            "start": _typed("datetime", start),
            "stop": _typed("datetime", stop),
            "data_slices": {str(index): size},
        }
        return _typed("DoubleSliceSpan", span)

    def document(self, pubs: list[Any], spans: list[Any]) -> Any:
        """Return the whole result."""
        spanned = _typed("ExecutionSpans", {"spans": spans})
        metadata = {"execution": {"execution_spans": spanned}, "version": 2}
        return _typed("PrimitiveResult", {"pub_results": pubs, "metadata": metadata})
