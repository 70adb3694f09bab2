"""The program `executor`: the items of a quantum program, run, and its results as tensors.

An item is a circuit with the values of its parameters, or with a samplex, which draws them: that is
how twirling and changes of basis come. Schema versions differ in where the circuits are, and in
whether circuits and tensors are compressed.
"""

from __future__ import annotations

import base64
import importlib
import importlib.util
import math
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any

from .backends import Backend
from .decoding import decode_circuit, decode_qpy, decompress
from .errors import JobError, first_line, naming
from .runs import Run, check_executions, check_run, now, outcomes
from .simulation import mix_seed
from .traversal import free_parameters

__all__ = ["ExecutorJob"]

# The wire's names of numbers, and NumPy's.
_DTYPES = {
    **{f"f{8 * size}": f"<f{size}" for size in (2, 4, 8)},
    **{f"i{8 * size}": f"<i{size}" for size in (1, 2, 4, 8)},
    **{f"u{8 * size}": f"<u{size}" for size in (1, 2, 4, 8)},
    **{f"c{8 * size}": f"<c{size}" for size in (8, 16)},
}
_MAX_VALUES = 10_000_000  # of parameters, over all executions of an item
_PARAMETERS = "parameter_values"  # what a samplex draws them as


@dataclass
class _Item:
    """An item: its run, and what its samplex has drawn beside parameters."""

    run: Run
    drawn: dict[str, Any]


class ExecutorJob:
    """A job of the program. Raises JobError, naming the item, for one that cannot be run."""

    part = "Item"

    def __init__(self, params: dict[str, Any], backend: Backend) -> None:
        program = params["quantum_program"]
        if program.get("meas_level", "classified") != "classified":
            raise JobError(
                1521, "A simulator has classified measurements only.", "Leave meas_level out."
            )
        experimental = (params.get("options") or {}).get("experimental") or {}
        self._seed: int | None = (experimental.get("simulator") or {}).get("seed_simulator")
        self._version: str = params["schema_version"]
        self._wire = _Wire(compressed=self._version == "v2.0")
        self._echo = {
            key: program[key] for key in ("passthrough_data", "semantic_role") if key in program
        }
        self._items: list[_Item] = []
        self._shots: int = program["shots"]
        for index, (circuit, told) in enumerate(self._circuits(program)):
            with naming(f"{self.part} {index}"):
                self._items.append(self._item(circuit, told, backend))

    @property
    def runs(self) -> list[Run]:
        """The runs of all items."""
        return [item.run for item in self._items]

    @property
    def result_bytes(self) -> int:
        """Estimate the memory of the results: a byte for each bit, then packed and encoded."""
        return sum(2 * sum(map(len, run.bits.values())) * run.all_shots for run in self.runs)

    def run(self) -> Any:
        """Run all items and return the result document; seeds count up as in `sampler`."""
        data, spans = [], []
        bits = outcomes(self.runs, self._seed)
        for index, item in enumerate(self._items):
            with naming(f"{self.part} {index}"):
                start = now()
                size = item.run.executions
                results = {**item.drawn, **_booleans(item.run, islice(bits, size))}
            part = {
                "idx_item": index,
                "size": size,
                "permutation": list(range(len(item.run.shape))),
                "element_range": [0, size, 1],
            }
            spans.append({"start": start, "stop": now(), "parts": [part]})
            tensors = {name: self._wire.encoded(array) for name, array in results.items()}
            # Nothing is scheduled here.
            unscheduled = {"scheduler_timing": None, "stretch_values": None}
            metadata = None if self._version == "v0.1" else unscheduled
            data.append({"results": tensors, "metadata": metadata})
        return {
            "schema_version": self._version,
            "data": data,
            "metadata": {"chunk_timing": spans},
            **self._echo,
        }

    def _circuits(self, program: dict[str, Any]) -> list[tuple[Any, dict[str, Any]]]:
        """Return each item with its circuit."""
        items = program["items"]
        circuits = program.get("circuits")
        found = []
        if circuits is not None and "b64_data" in circuits:
            with naming("Circuits"):
                found = self._qpy(circuits["b64_data"])
        else:
            for index, item in enumerate(items):
                with naming(f"{self.part} {index}"):
                    if circuits is None:
                        found += self._qpy(item["circuit"]["circuit_b64"])
                    else:
                        found.append(decode_circuit(circuits["data"][index]))
        if len(found) != len(items):
            raise JobError(1603, f"The QPY holds {len(found)} circuits for {len(items)} items.")
        return list(zip(found, items))  # noqa: B905 - also runs on 3.9

    def _qpy(self, text: str) -> list[Any]:
        try:
            blob = self._wire.bytes(text)
        except (zlib.error, ValueError) as error:
            packed = "compressed " if self._wire.compressed else ""
            raise JobError(1603, f"the circuits are not base64 of {packed}QPY.") from error
        return decode_qpy(blob)

    def _item(self, circuit: Any, told: dict[str, Any], backend: Backend) -> _Item:
        """Return the next item. Raises JobError for one that cannot be run."""
        import numpy as np

        check_run(circuit, self._shots, backend)
        parameters = free_parameters(circuit)
        shape = tuple(told.get("shape") or ())
        if math.prod(shape) * len(parameters) > _MAX_VALUES:
            raise JobError(
                1520,
                f"the item binds more than {_MAX_VALUES} values of parameters.",
                "Split it into smaller items, in several jobs.",
            )
        if told["item_type"] == "samplex":
            drawn = self._draw(told, shape)
        else:
            values = self._wire.decoded(told["circuit_arguments"])
            if values.ndim == 0:
                raise JobError(3211, "the circuit's arguments have no axis.")
            shape = self._broadcast(shape, values.shape[:-1])
            drawn = {_PARAMETERS: np.broadcast_to(values, (*shape, values.shape[-1]))}
        values = drawn.pop(_PARAMETERS)
        if values.shape[-1] != len(parameters):
            raise JobError(
                3211, f"{values.shape[-1]} values given for {len(parameters)} parameters."
            )
        if values.dtype.kind not in "fiu" or not np.isfinite(values).all():
            raise JobError(3211, "a parameter value is not a finite real number.")
        if 0 in values.shape[:-1]:
            raise JobError(3211, "the item has no parameter set.")
        return _Item(Run.of(circuit, parameters, values, self._shots, backend), drawn)

    @property
    def _executed(self) -> int:
        """How many executions the items before the next one have."""
        return sum(item.run.executions for item in self._items)

    def _broadcast(self, *shapes: tuple[int, ...]) -> tuple[int, ...]:
        """Return the shape that all broadcast to. Raises JobError: none, or one too large."""
        import numpy as np

        try:
            shape = np.broadcast_shapes(*shapes)
        except ValueError as error:
            reason = f"the item's shape does not fit its arguments: {shapes}."
            raise JobError(3211, reason) from error
        check_executions((self._executed + math.prod(shape)) * self._shots)
        return shape

    def _draw(self, told: dict[str, Any], shape: tuple[int, ...]) -> dict[str, Any]:
        """Return what an item's samplex draws, as arrays over the item's shape.

        Along the axes of its arguments these are swept; along all others it draws anew.
        """
        import numpy as np

        if importlib.util.find_spec("samplomatic") is None:
            raise JobError(
                7001,
                "the item is drawn by a samplex, and the service's workers have no samplomatic.",
                "Install samplomatic beside their Qiskit, or switch twirling off.",
            )
        try:
            serialization = importlib.import_module("samplomatic.serialization")
            samplex = serialization.samplex_from_json(told["samplex"]["samplex_json"]).finalize()
            arguments = samplex.inputs().make_broadcastable()
            for name, value in told["samplex_arguments"].items():
                arguments[name] = self._argument(value)
            shape = self._broadcast(shape, arguments.shape)
            own = (*(1,) * (len(shape) - len(arguments.shape)), *arguments.shape)
            drawn_axes = [axis for axis, length in enumerate(own) if length == 1]
            drawn_shape = [shape[axis] for axis in drawn_axes]
            seed = None if self._seed is None else mix_seed(self._seed + self._executed)
            rng = np.random.default_rng(seed)
            found: dict[str, Any] = {_PARAMETERS: np.zeros((*shape, 0))}
            for point in np.ndindex(*own):
                place = tuple(
                    slice(None) if axis in drawn_axes else index for axis, index in enumerate(point)
                )
                sample = samplex.sample(
                    arguments[point[len(shape) - len(arguments.shape) :]],
                    num_randomizations=math.prod(drawn_shape),
                    rng=rng,
                )
                for name, array in dict(sample).items():
                    inner = array.shape[1:]
                    if name not in found or found[name].shape != (*shape, *inner):
                        found[name] = np.empty((*shape, *inner), array.dtype)
                    found[name][place] = array.reshape(*drawn_shape, *inner)
        except JobError:
            raise
        except Exception as error:  # a samplex of strangers can set off anything
            raise JobError(3211, f"the samplex cannot be sampled: {first_line(error)}.") from error
        return found

    def _argument(self, value: Any) -> Any:
        """Return an argument of a samplex."""
        if not isinstance(value, dict):
            return value
        if "sparse_terms" not in value:
            return self._wire.decoded(value)
        from qiskit.quantum_info import PauliLindbladMap

        terms = [(paulis, qubits, rate) for paulis, qubits, rate in value["sparse_terms"]]
        return PauliLindbladMap.from_sparse_list(terms, value["num_qubits"])


@dataclass
class _Wire:
    """How bytes and tensors are written: base64 of little-endian numbers in C order."""

    compressed: bool

    def bytes(self, text: str) -> bytes:
        """Decode bytes; raises ValueError or zlib.error."""
        return decompress(text) if self.compressed else base64.b64decode(text, validate=True)

    def decoded(self, tensor: dict[str, Any]) -> Any:
        """Decode a tensor. Raises JobError (3211)."""
        import numpy as np

        try:
            data = self.bytes(tensor["data"])
            shape = tuple(tensor["shape"])
            if tensor["dtype"] == "bool":
                size = math.prod(shape)
                if len(data) != -(-size // 8):
                    raise ValueError("a tensor of another size")
                bits = np.unpackbits(np.frombuffer(data, np.uint8), bitorder="little")
                return bits[:size].astype(bool).reshape(shape)
            return np.frombuffer(data, _DTYPES[tensor["dtype"]]).reshape(shape)
        except (KeyError, TypeError, ValueError, zlib.error) as error:
            raise JobError(3211, f"an argument is not a tensor: {first_line(error)}.") from error

    def encoded(self, array: Any) -> dict[str, Any]:
        """Encode an array as a tensor."""
        import numpy as np

        if array.dtype == bool:
            dtype, data = "bool", np.packbits(array, bitorder="little").tobytes()
        else:
            little = array.astype(array.dtype.newbyteorder("<"))
            dtype, data = f"{little.dtype.kind}{8 * little.dtype.itemsize}", little.tobytes()
        data = zlib.compress(data) if self.compressed else data
        text = base64.b64encode(data).decode()
        return {"data": text, "shape": list(array.shape), "dtype": dtype}


def _booleans(run: Run, executions: Iterator[Any]) -> dict[str, Any]:
    """Return for each register of an item an array of truth values (*shape, shots, bits)."""
    import numpy as np

    found: dict[str, list[Any]] = {name: [] for name in run.bits}
    for bits in executions:
        for name, positions in run.bits.items():
            found[name].append(bits[:, positions].astype(bool))
    return {
        name: np.stack(arrays).reshape(*run.shape, *arrays[0].shape)
        for name, arrays in found.items()
    }
