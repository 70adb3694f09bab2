"""The program `sampler`: a job's pubs, read and run, and its results in both forms of the API."""

from __future__ import annotations

import base64
import io
import math
import zlib
from collections.abc import Iterator
from itertools import islice
from typing import Any

from .backends import Backend
from .decoding import decode_circuit, decode_values
from .errors import JobError, naming
from .runs import Run, check_executions, check_run, now, outcomes
from .simulation import pack
from .traversal import free_parameters

__all__ = ["SamplerJob"]

_DEFAULT_SHOTS = 4096


class SamplerJob:
    """A job of the program. Raises JobError, naming the pub, for one that cannot be run."""

    part = "Pub"

    def __init__(self, params: dict[str, Any], backend: Backend) -> None:
        options = params.get("options") or {}
        simulator = options.get("simulator") or {}
        if simulator.get("noise_model") is not None:
            raise JobError(1521, backend.refuses_noise, "Leave it out.")
        if (options.get("execution") or {}).get("meas_type") not in (None, "classified"):
            raise JobError(
                1521, "A simulator has classified measurements only.", "Leave meas_type out."
            )
        default = params.get("shots") or options.get("default_shots") or _DEFAULT_SHOTS
        twirled = bool((options.get("twirling") or {}).get("enable_gates"))
        self._seed: int | None = simulator.get("seed_simulator")
        self._typed = bool(params.get("support_qiskit"))
        self.runs: list[Run] = []
        for index, entry in enumerate(params["pubs"]):
            parts = entry if isinstance(entry, list) else [entry]
            source, values, shots = [*parts, None, None][:3]
            with naming(f"{self.part} {index}"):
                self.runs.append(_read_pub(source, values, shots or default, backend, twirled))
        check_executions(sum(pub.all_shots for pub in self.runs))

    @property
    def result_bytes(self) -> int:
        """Estimate the memory of the results, from packed bits to the JSON that is sent."""
        return sum(
            4 * sum(math.ceil(len(bits) / 8) for bits in pub.bits.values()) * pub.all_shots
            for pub in self.runs
        )

    def run(self) -> Any:
        """Run all pubs and return the result document.

        An execution's seed is that of the job plus its number, so that a sweep gives the same
        counts as its points do as pubs of their own, in one job or in several.
        """
        encoder = _TypedEncoder() if self._typed else _PlainEncoder()
        results, spans = [], []
        bits = outcomes(self.runs, self._seed)
        for index, pub in enumerate(self.runs):
            with naming(f"{self.part} {index}"):
                start = now()
                data = _packed(pub, islice(bits, pub.executions))
                spans.append(encoder.span(index, pub, start, now()))
                results.append(encoder.pub(pub, data))
        return encoder.document(results, spans)


def _read_pub(source: Any, values: Any, shots: int, backend: Backend, twirled: bool) -> Run:  # noqa: FBT001
    """Return one pub from its encoded circuit, its parameter values and its shots."""
    circuit = decode_circuit(source)
    check_run(circuit, shots, backend)
    parameters = free_parameters(circuit)
    values = decode_values(values, parameters)
    return Run.of(circuit, parameters, values, shots, backend, twirled=twirled)


def _packed(pub: Run, executions: Iterator[Any]) -> dict[str, Any]:
    """Return for each register of a pub an array (*shape, shots, bytes)."""
    import numpy as np

    packed: dict[str, list[Any]] = {name: [] for name in pub.bits}
    for bits in executions:
        for name, positions in pub.bits.items():
            packed[name].append(pack(bits, positions))
    return {
        name: np.stack(arrays).reshape(*pub.shape, *arrays[0].shape)
        for name, arrays in packed.items()
    }


def _typed(kind: str, value: Any) -> dict[str, Any]:
    """Return a value in the API's typed form."""
    return {"__type__": kind, "__value__": value}


def _typed_array(array: Any) -> dict[str, Any]:
    """Return an array in the typed form: base64 of a compressed .npy file."""
    import numpy as np

    buffer = io.BytesIO()
    np.save(buffer, array, allow_pickle=False)
    return _typed("ndarray", base64.b64encode(zlib.compress(buffer.getvalue())).decode())


def _hex_samples(array: Any) -> Any:
    """Return rows of bytes as hexadecimal numbers, nested by the shape of the sweep."""
    if array.ndim > 2:
        return [_hex_samples(part) for part in array]
    return [hex(int.from_bytes(row.tobytes(), "big")) for row in array]


class _PlainEncoder:
    """Encodes results for clients without Qiskit."""

    def pub(self, pub: Run, data: dict[str, Any]) -> Any:
        """Return the results of one pub."""
        registers = {
            register.name: {
                "samples": _hex_samples(data[register.name]),
                "num_bits": len(register),
            }
            for register in pub.circuit.cregs
        }
        return {"data": registers, "metadata": {"circuit_metadata": pub.circuit.metadata or {}}}

    def span(self, index: int, pub: Run, start: str, stop: str) -> Any:
        """Return when one pub ran."""
        size = [[*pub.shape, pub.shots], [0, pub.executions], [0, pub.shots]]
        return [{"date": start}, {"date": stop}, {str(index): size}]

    def document(self, pubs: list[Any], spans: list[Any]) -> Any:
        """Return the whole result."""
        return {
            "results": pubs,
            "metadata": {"execution": {"execution_spans": spans}, "version": 2},
        }


class _TypedEncoder:
    """Encodes results for Qiskit's own classes."""

    def pub(self, pub: Run, data: dict[str, Any]) -> Any:
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

    def span(self, index: int, pub: Run, start: str, stop: str) -> Any:
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
