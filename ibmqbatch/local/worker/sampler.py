"""The program `sampler`: a job's pubs, read and run, and its results in both forms of the API."""

from __future__ import annotations

import base64
import io
import math
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Any

from .backends import Backend, Plan
from .decoding import decode_circuit, decode_values
from .errors import JobError, naming_pub
from .simulation import mix_seed, pack, random_bits, run_circuit
from .traversal import MEASUREMENTS, free_parameters, walk

__all__ = ["PlainEncoder", "Pub", "TypedEncoder", "now", "read_pubs", "run_pub"]

_MAX_EXECUTIONS = 10_000_000  # shots × circuits × parameter sets of a job
_DEFAULT_SHOTS = 4096


@dataclass
class Pub:
    """One circuit of a job, its parameter sets, and its shots."""

    plan: Plan
    parameters: list[Any]
    values: Any  # an array whose last axis runs over the parameters
    shots: int
    operations: int  # that a shot runs

    @property
    def circuit(self) -> Any:
        """The circuit as it is simulated; its registers and metadata are those that were sent."""
        return self.plan.circuit

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of the sweep; () for a single execution."""
        return tuple(int(size) for size in self.values.shape[:-1])

    @property
    def executions(self) -> int:
        """How many parameter sets there are."""
        return math.prod(self.shape)

    @property
    def seconds(self) -> float:
        """Estimate all executions on one core."""
        return self.executions * self.plan.seconds(self.operations, self.shots)

    @property
    def result_bytes(self) -> int:
        """Estimate the memory of its results, from packed bits to the JSON that is sent."""
        bits = sum(math.ceil(len(register) / 8) for register in self.circuit.cregs)
        return 4 * bits * self.shots * self.executions

    @property
    def working_bytes(self) -> int:
        """The memory of a run: the state, and a string and a row of bits for each shot."""
        return self.plan.state_bytes + self.shots * (200 + 2 * len(self.circuit.clbits))


def read_pubs(params: dict[str, Any], backend: Backend) -> list[Pub]:
    """Return the pubs of a job. Raises JobError, naming the pub, for one that cannot be run."""
    options = params.get("options") or {}
    if (options.get("simulator") or {}).get("noise_model") is not None:
        raise JobError(1521, backend.refuses_noise, "Leave it out.")
    if (options.get("execution") or {}).get("meas_type") not in (None, "classified"):
        raise JobError(
            1521, "A simulator has classified measurements only.", "Leave meas_type out."
        )
    default = params.get("shots") or options.get("default_shots") or _DEFAULT_SHOTS
    twirled = bool((options.get("twirling") or {}).get("enable_gates"))
    pubs = []
    for index, entry in enumerate(params["pubs"]):
        parts = entry if isinstance(entry, list) else [entry]
        circuit, values, shots = [*parts, None, None][:3]
        with naming_pub(index):
            pubs.append(_read_pub(circuit, values, shots or default, backend, twirled=twirled))
    total = sum(pub.shots * pub.executions for pub in pubs)
    if total > _MAX_EXECUTIONS:
        raise JobError(
            1520,
            f"The job asks for {total} executions (shots × circuits × parameter sets), "
            f"more than {_MAX_EXECUTIONS}.",
            "Split it into smaller jobs.",
        )
    return pubs


def _read_pub(source: Any, values: Any, shots: int, backend: Backend, *, twirled: bool) -> Pub:
    """Return one pub from its encoded circuit, its parameter values and its shots."""
    if shots > backend.max_shots:
        raise JobError(
            1520,
            f"{shots} shots are more than the {backend.max_shots} that the backend takes.",
            "Run the circuit several times.",
        )
    circuit = decode_circuit(source)
    if not circuit.cregs:
        raise JobError(3211, "the circuit has no classical register.", "Measure into one.")
    if not any(operation.name in MEASUREMENTS for operation in walk(circuit)):
        raise JobError(3211, "the circuit measures nothing.", "Add a measurement.")
    _check_inputs(circuit)
    parameters = free_parameters(circuit)
    plan = backend.plan(circuit, shots, twirled=twirled)
    values = decode_values(values, parameters)
    return Pub(plan, parameters, values, shots, _operations(circuit))


def _operations(circuit: Any) -> int:
    """Return how many operations a shot runs, with one round of each while loop."""
    total = 0
    for item in circuit.data:
        inside = sum(_operations(block) for block in getattr(item.operation, "blocks", ()))
        rounds = len(item.operation.params[0]) if item.operation.name == "for_loop" else 1
        total += 1 + rounds * inside
    return total


def _check_inputs(circuit: Any) -> None:
    """Raise JobError (7001) for an input variable, which no job can set."""
    for variable in getattr(circuit, "iter_input_vars", tuple)():
        raise JobError(
            7001,
            f"the circuit has the input variable '{variable.name}', and no job gives it a value.",
            "Use a parameter, or declare the variable with its value.",
        )


def run_pub(pub: Pub, seed: int | None) -> dict[str, Any]:
    """Run every execution of a pub; return for each register an array (*shape, shots, bytes).

    Executions run one by one, with seeds counted up from `seed`: Aer would choose the seeds of
    those that run together.
    """
    import numpy as np

    registers = {
        register.name: [pub.circuit.find_bit(bit).index for bit in register]
        for register in pub.circuit.cregs
    }
    packed: dict[str, list[Any]] = {name: [] for name in registers}
    for number, bound in enumerate(_executions(pub)):
        circuit, model = pub.plan.with_noise(bound)
        mixed = None if seed is None else mix_seed(seed + number)
        if pub.plan.simulation is None:
            bits = random_bits(len(circuit.clbits), pub.shots, mixed)
        else:
            bits = run_circuit(circuit, model, pub.plan.simulation, pub.shots, mixed)
        for name, positions in registers.items():
            packed[name].append(pack(bits, positions))
    return {
        name: np.stack(arrays).reshape(*pub.shape, *arrays[0].shape)
        for name, arrays in packed.items()
    }


def _executions(pub: Pub) -> Iterator[Any]:
    """Yield the circuit bound to each parameter set, in C order of the sweep."""
    present = set(pub.circuit.parameters)  # omitted delays may have had one
    for row in pub.values.reshape(pub.executions, len(pub.parameters)).tolist():
        pairs = zip(pub.parameters, row)  # noqa: B905 - also runs on 3.9
        values = {parameter: value for parameter, value in pairs if parameter in present}
        yield pub.circuit.assign_parameters(values) if values else pub.circuit


def _typed(kind: str, value: Any) -> dict[str, Any]:
    """Return a value in the API's typed form."""
    return {"__type__": kind, "__value__": value}


def _typed_array(array: Any) -> dict[str, Any]:
    """Return an array in the typed form: base64 of a compressed .npy file."""
    import numpy as np

    buffer = io.BytesIO()
    np.save(buffer, array, allow_pickle=False)
    return _typed("ndarray", base64.b64encode(zlib.compress(buffer.getvalue())).decode())


def now() -> str:
    """Return the time as ISO 8601, UTC."""
    return datetime.now(timezone.utc).isoformat()  # noqa: UP017 - also runs on 3.10


def _hex_samples(array: Any) -> Any:
    """Return rows of bytes as hexadecimal numbers, nested by the shape of the sweep."""
    if array.ndim > 2:
        return [_hex_samples(part) for part in array]
    return [hex(int.from_bytes(row.tobytes(), "big")) for row in array]


class PlainEncoder:
    """Encodes results for clients without Qiskit."""

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


class TypedEncoder:
    """Encodes results for Qiskit's own classes."""

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
