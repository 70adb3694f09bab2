"""A worker: takes circuits from the server, runs them on Aer, gives results back.

This file imports nothing of the package, so that any interpreter with Qiskit and Aer can run it:
Qiskit Terra 0.46 with Aer 0.14 as well as Qiskit 2 with Aer 0.18. It is started as
`python worker.py <pid of the server>` and speaks on stdin and stdout: eight bytes of length, then
JSON. A job goes

    server  {"job", "backend", "threads", "params"}
    worker  {"needs": bytes, "pub": index, "qubits": n}     or {"failed": …}
    server  {"go": true}                                     or {"go": false}, which ends it
    worker  {"completed": …} and a frame with the results    or {"failed": …}
"""

from __future__ import annotations

import base64
import binascii
import contextlib
import ctypes
import hashlib
import io
import json
import math
import os
import queue
import signal
import sys
import threading
import time
import traceback
import warnings
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Any, BinaryIO

MAX_EXECUTIONS = 10_000_000  # shots × circuits × parameter sets of a job
MAX_RESULT_BYTES = 500_000_000
DEFAULT_SHOTS = 4096

# What both Qiskit and Aer have: circuits with other gates are translated to these.
STANDARD_GATES = (
    "ccx cp crx cry crz cswap cx cy cz ecr h id p rx rxx ry ryy rz rzx rzz s sdg swap sx t tdg "
    "u x y z measure reset delay"
)


class JobError(Exception):
    """A job cannot be run: a code of the REST API, a sentence why, and what to do about it."""

    def __init__(self, code: int, reason: str, solution: str = "") -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason
        self.solution = solution


@dataclass
class Pub:
    """One circuit of a job, its parameter sets, and its shots."""

    circuit: Any
    parameters: list[Any]
    values: Any  # an array whose last axis runs over the parameters
    shots: int
    qubits: int  # that are simulated
    dynamic: bool  # has control flow

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of the sweep; () for a single execution."""
        return tuple(int(size) for size in self.values.shape[:-1])

    @property
    def executions(self) -> int:
        """How many parameter sets there are."""
        return math.prod(self.shape)

    @property
    def result_bytes(self) -> int:
        """About what its results take, from packed bits to the text that is sent."""
        bits = sum(math.ceil(len(register) / 8) for register in self.circuit.cregs)
        return 4 * bits * self.shots * self.executions

    @property
    def working_bytes(self) -> int:
        """What one execution takes: the state vector, a text and a row of bits for each shot."""
        amplitudes: int = 2**self.qubits
        return 16 * amplitudes + self.shots * (200 + 2 * len(self.circuit.clbits))


# Reading a job.


def read_pubs(params: dict[str, Any], backend: dict[str, Any]) -> list[Pub]:
    """Return the pubs of a job. Raises JobError, naming the pub, for one that cannot be run."""
    options = params.get("options") or {}
    if (options.get("simulator") or {}).get("noise_model") is not None:
        raise JobError(1521, "The ideal simulator takes no noise model.", "Leave it out.")
    if (options.get("execution") or {}).get("meas_type") not in (None, "classified"):
        raise JobError(
            1521, "A simulator has classified measurements only.", "Leave meas_type out."
        )
    default = params.get("shots") or options.get("default_shots") or DEFAULT_SHOTS
    pubs = []
    for index, entry in enumerate(params["pubs"]):
        parts = entry if isinstance(entry, list) else [entry]
        circuit, values, shots = [*parts, None, None][:3]
        with naming_pub(index):
            pubs.append(read_pub(circuit, values, shots or default, backend))
    total = sum(pub.shots * pub.executions for pub in pubs)
    if total > MAX_EXECUTIONS:
        raise JobError(
            1520,
            f"The job asks for {total} executions (shots × circuits × parameter sets), "
            f"more than {MAX_EXECUTIONS}.",
            "Split it into smaller jobs.",
        )
    return pubs


@contextlib.contextmanager
def naming_pub(index: int) -> Iterator[None]:
    """Put the index of the pub before the reason of whatever goes wrong in the block."""
    try:
        yield
    except JobError as error:
        raise JobError(error.code, f"Pub {index}: {error.reason}", error.solution) from error
    except Exception as error:  # of Qiskit or Aer, which know what circuits they do not take
        reason = f"Pub {index}: the circuit cannot be run: {first_line(error)}."
        raise JobError(3211, reason) from error


def first_line(error: Exception) -> str:
    """Return the first line of an error's text, without its full stop."""
    lines = str(error).strip().splitlines() or [type(error).__name__]
    return lines[0].rstrip(".")[:500]


def read_pub(source: Any, values: Any, shots: int, backend: dict[str, Any]) -> Pub:
    """Return one pub from its circuit as sent, its parameter values and its shots."""
    if shots > backend["max_shots"]:
        raise JobError(
            1520,
            f"{shots} shots are more than the {backend['max_shots']} that the backend takes.",
            "Run the circuit several times.",
        )
    circuit = load_text(source) if isinstance(source, str) else load_qpy(source["__value__"])
    if not circuit.cregs:
        raise JobError(3211, "the circuit has no classical register.", "Measure into one.")
    if not any(operation.name == "measure" for operation in walk(circuit)):
        raise JobError(3211, "the circuit measures nothing.", "Add a measurement.")
    circuit = in_basis(circuit)
    dynamic = any(getattr(operation, "blocks", ()) for operation in walk(circuit))
    # A barrier does nothing on a simulator, however many qubits it spans.
    active = {q for item in circuit.data if item.operation.name != "barrier" for q in item.qubits}
    if dynamic and len(active) < circuit.num_qubits:
        circuit = without_idle(circuit, active)
    parameters = list(circuit.parameters)
    array = read_values(values, parameters)
    return Pub(circuit, parameters, array, shots, max(1, len(active)), dynamic)


def load_qpy(text: str) -> Any:
    """Return the circuit in a typed QPY blob."""
    from qiskit import qpy

    try:
        blob = zlib.decompress(base64.b64decode(text, validate=True))
    except (binascii.Error, zlib.error, ValueError) as error:
        raise JobError(1603, "the circuit is not base64 of compressed QPY.") from error
    if blob[:6] != b"QISKIT":
        raise JobError(1603, "the circuit is not QPY.")
    newest = qpy.common.QPY_VERSION
    if blob[6] > newest:
        raise JobError(
            1603,
            f"the circuit is QPY version {blob[6]}, and this service reads up to {newest}.",
            "Write an older QPY, send OpenQASM 3, or start the service with --worker-python "
            "naming an interpreter with a newer Qiskit.",
        )
    try:
        circuits = qpy.load(io.BytesIO(blob))
    except Exception as error:  # whatever a damaged file makes of the reader
        raise JobError(1603, "the circuit's QPY cannot be read.") from error
    if len(circuits) != 1:
        raise JobError(1603, f"the QPY holds {len(circuits)} circuits instead of one.")
    return circuits[0]


def load_text(text: str) -> Any:
    """Return the circuit of an OpenQASM 3 program."""
    from qiskit import qasm3
    from qiskit.exceptions import MissingOptionalLibraryError

    if "OPENQASM" not in text[:10_000]:
        raise JobError(1603, "the circuit is not OpenQASM 3.", "Begin it with OPENQASM 3.0;")
    try:
        return qasm3.loads(text)
    except MissingOptionalLibraryError as error:
        raise JobError(
            1603,
            "this service cannot read OpenQASM 3, because qiskit-qasm3-import is not installed.",
            "Install it beside Qiskit, or send the circuit as QPY.",
        ) from error
    except Exception as error:  # the parser's many kinds of complaint
        reason = f"the OpenQASM 3 program cannot be read: {first_line(error)}."
        raise JobError(1506, reason) from error


def walk(circuit: Any) -> Iterator[Any]:
    """Yield every operation of a circuit, those inside control flow included."""
    for item in circuit.data:
        yield item.operation
        for block in getattr(item.operation, "blocks", ()):
            yield from walk(block)


def in_basis(circuit: Any) -> Any:
    """Return the circuit with gates that Aer does not know replaced by their definitions."""
    known = {"measure", "barrier", *simulator().configuration().basis_gates}
    if all(operation.name in known for operation in walk(circuit)):
        return circuit
    from qiskit import circuit as operations
    from qiskit import transpile
    from qiskit.transpiler import Target

    flow = {
        "if_else": operations.IfElseOp,
        "while_loop": operations.WhileLoopOp,
        "for_loop": operations.ForLoopOp,
        "switch_case": operations.SwitchCaseOp,
        "break_loop": operations.BreakLoopOp,
        "continue_loop": operations.ContinueLoopOp,
    }
    target = Target.from_configuration(
        basis_gates=[*STANDARD_GATES.split(), *flow],
        num_qubits=circuit.num_qubits,
        custom_name_mapping=flow,
    )
    return transpile(circuit, target=target, optimization_level=0)


def without_idle(circuit: Any, active: set[Any]) -> Any:
    """Return the circuit on its active qubits alone, as Aer makes of circuits that it truncates."""
    small = circuit.__class__(global_phase=circuit.global_phase, metadata=circuit.metadata)
    small.add_bits([qubit for qubit in circuit.qubits if qubit in active])
    small.add_bits(circuit.clbits)
    for register in circuit.cregs:
        small.add_register(register)
    for item in circuit.data:
        if item.operation.name != "barrier":
            small.append(item.operation, item.qubits, item.clbits)
    return small


def read_values(values: Any, parameters: list[Any]) -> Any:
    """Return parameter values as an array of floats whose last axis runs over the parameters."""
    import numpy as np

    names = [parameter.name for parameter in parameters]
    if isinstance(values, dict) and values.get("__type__") == "ndarray":
        array = read_array(values)
    elif isinstance(values, dict):
        if sorted(values) != sorted(names):
            raise JobError(
                3211,
                f"values are given for the parameters {sorted(values)}, "
                f"but the circuit has {sorted(names)}.",
            )
        columns = np.broadcast_arrays(*(read_array(values[name]) for name in names))
        array = np.stack(columns, axis=-1) if names else np.zeros(0)
    else:
        array = read_array(values if values is not None else [])
    if array.ndim == 0 or array.shape[-1] != len(names):
        given = "one value" if array.ndim == 0 else f"{array.shape[-1]} values"
        raise JobError(3211, f"{given} given for {len(names)} parameters.")
    if not np.isfinite(array).all():
        raise JobError(3211, "a parameter value is not finite.")
    if array.size == 0 and 0 in array.shape[:-1]:
        raise JobError(3211, "the sweep has no parameter set.")
    return array


def read_array(value: Any) -> Any:
    """Return a number, a nested list or a typed ndarray as an array of floats."""
    import numpy as np

    try:
        if isinstance(value, dict) and value.get("__type__") == "ndarray":
            value = value.get("__value__")
            if isinstance(value, str):
                blob = zlib.decompress(base64.b64decode(value, validate=True))
                value = np.load(io.BytesIO(blob), allow_pickle=False)
        array = np.asarray(value)
        # "same_kind" lets no text, no complex number and no object through.
        return array.astype(float, casting="same_kind") if array.size else array.astype(float)
    except (TypeError, ValueError, binascii.Error, zlib.error) as error:
        raise JobError(3211, "the parameter values are not an array of real numbers.") from error


# Running it.

_simulators: dict[bool, Any] = {}
_threads = 1


def simulator(*, dynamic: bool = False) -> Any:
    """Return the warm simulator for plain circuits, or for those with control flow."""
    if dynamic not in _simulators:
        from qiskit_aer import AerSimulator

        _simulators[dynamic] = AerSimulator(
            method="statevector",
            max_parallel_threads=_threads,
            max_parallel_experiments=1,
            max_parallel_shots=1,
            # Aer cuts off what no measurement depends on, but loses track of its own jumps when
            # a measurement stands inside control flow.
            enable_truncation=not dynamic,
        )
    return _simulators[dynamic]


def mix_seed(seed: int, execution: int) -> int:
    """Return the simulator's seed for one execution: close seeds give streams far apart.

    A pub at index i of a job with seed S is given S + i, so it yields what it would yield at
    index 0 of a job with seed S + i.
    """
    digest = hashlib.blake2b(f"{seed}/{execution}".encode(), digest_size=8).digest()
    return 1 + int.from_bytes(digest, "big") % (2**31 - 1)


def run_pub(pub: Pub, seed: int | None) -> dict[str, Any]:
    """Run every execution of a pub; return for each register an array (*shape, shots, bytes)."""
    import numpy as np

    registers = {
        register.name: [pub.circuit.find_bit(bit).index for bit in register]
        for register in pub.circuit.cregs
    }
    packed: dict[str, list[Any]] = {name: [] for name in registers}
    rows = pub.values.reshape(pub.executions, len(pub.parameters))
    for execution, row in enumerate(rows):
        circuit = pub.circuit
        if pub.parameters:
            bound = dict(zip(pub.parameters, row.tolist()))  # noqa: B905 - also runs on 3.9
            circuit = circuit.assign_parameters(bound)
        options = {} if seed is None else {"seed_simulator": mix_seed(seed, execution)}
        bits = run_circuit(circuit, pub.shots, dynamic=pub.dynamic, **options)
        for name, positions in registers.items():
            packed[name].append(pack(bits, positions))
    return {
        name: np.stack(arrays).reshape(*pub.shape, *arrays[0].shape)
        for name, arrays in packed.items()
    }


def run_circuit(circuit: Any, shots: int, *, dynamic: bool, **options: Any) -> Any:
    """Run a circuit and return its classical bits, one row a shot, one column a bit."""
    import numpy as np

    job = simulator(dynamic=dynamic).run(circuit, shots=shots, memory=True, **options)
    result = job.result()
    if not result.success:
        status = (result.results[0].status if result.results else "") or result.status
        raise JobError(7001, f"the simulator refuses the circuit: {status}.")
    width = math.ceil(len(circuit.clbits) / 8)
    # No memory means that no measurement was reached: the bits are as they began.
    memory = result.data(0).get("memory") or ["0x0"] * shots
    data = b"".join([int(word, 16).to_bytes(width, "little") for word in memory])
    table = np.frombuffer(data, dtype=np.uint8).reshape(shots, width)
    return np.unpackbits(table, axis=1, bitorder="little")


def pack(bits: Any, positions: list[int]) -> Any:
    """Return the bits at `positions`, the least significant first, as big-endian bytes a row."""
    import numpy as np

    chosen = bits[:, positions]
    return np.ascontiguousarray(np.packbits(chosen, axis=1, bitorder="little")[:, ::-1])


# Writing the results.


def typed(kind: str, value: Any) -> dict[str, Any]:
    """Return a value in the typed form of the API."""
    return {"__type__": kind, "__value__": value}


def typed_array(array: Any) -> dict[str, Any]:
    """Return an array in the typed form: base64 of the compressed .npy file."""
    import numpy as np

    buffer = io.BytesIO()
    np.save(buffer, array, allow_pickle=False)
    return typed("ndarray", base64.b64encode(zlib.compress(buffer.getvalue())).decode())


def now() -> str:
    """Return the time as ISO 8601, UTC."""
    return datetime.now(timezone.utc).isoformat()  # noqa: UP017 - also runs on 3.10


def hex_samples(array: Any) -> Any:
    """Return packed rows as hexadecimal numbers, nested by the shape of the sweep."""
    if array.ndim > 2:
        return [hex_samples(part) for part in array]
    return [hex(int.from_bytes(row.tobytes(), "big")) for row in array]


class PlainForm:
    """The results for a client without Qiskit."""

    def pub(self, pub: Pub, data: dict[str, Any]) -> Any:
        """Return the results of one pub."""
        registers = {
            register.name: {
                "samples": hex_samples(data[register.name]),
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
            array = typed_array(data[register.name])
            fields[register.name] = typed("BitArray", {"array": array, "num_bits": len(register)})
        value = {
            "field_names": list(fields),
            "field_types": [],
            "shape": list(pub.shape),
            "fields": fields,
        }
        metadata = {"circuit_metadata": pub.circuit.metadata or {}}
        return typed("SamplerPubResult", {"data": typed("DataBin", value), "metadata": metadata})

    def span(self, index: int, pub: Pub, start: str, stop: str) -> Any:
        """Return when one pub ran."""
        size = [[*pub.shape, pub.shots], 0, pub.executions, 0, pub.shots]
        span = {
            "start": typed("datetime", start),
            "stop": typed("datetime", stop),
            "data_slices": {str(index): size},
        }
        return typed("DoubleSliceSpan", span)

    def document(self, pubs: list[Any], spans: list[Any]) -> Any:
        """Return the whole result."""
        spanned = typed("ExecutionSpans", {"spans": spans})
        metadata = {"execution": {"execution_spans": spanned}, "version": 2}
        return typed("PrimitiveResult", {"pub_results": pubs, "metadata": metadata})


def run_job(pubs: list[Pub], params: dict[str, Any]) -> bytes:
    """Run all pubs and return the results as they go over the wire."""
    seed = ((params.get("options") or {}).get("simulator") or {}).get("seed_simulator")
    form = TypedForm() if params.get("support_qiskit") else PlainForm()
    results, spans = [], []
    for index, pub in enumerate(pubs):
        with naming_pub(index):
            start = now()
            data = run_pub(pub, None if seed is None else seed + index)
            spans.append(form.span(index, pub, start, now()))
            results.append(form.pub(pub, data))
    body = json.dumps(form.document(results, spans), separators=(",", ":")).encode()
    if len(body) > MAX_RESULT_BYTES:
        raise JobError(
            5302,
            f"The results take {len(body)} bytes, more than {MAX_RESULT_BYTES}.",
            "Run fewer shots or circuits in a job.",
        )
    return body


# Talking to the server.


def end_with(parent: int) -> None:
    """Have the kernel kill this process when the server dies, where the kernel can."""
    if sys.platform == "linux":
        pr_set_pdeathsig = 1
        ctypes.CDLL(None).prctl(pr_set_pdeathsig, int(signal.SIGKILL), 0, 0, 0)
        if os.getppid() != parent:  # it died before that
            os._exit(1)


def read_messages(stream: BinaryIO, messages: queue.Queue[dict[str, Any]]) -> None:
    """Pass on every message; end the process when the server closes the stream."""
    while len(head := stream.read(8)) == 8:
        size = int.from_bytes(head, "big")
        data = stream.read(size)
        if len(data) < size:
            break
        messages.put(json.loads(data))
    os._exit(0)


def send(stream: BinaryIO, *frames: bytes) -> None:
    """Send frames, each with its length before it."""
    for frame in frames:
        stream.write(len(frame).to_bytes(8, "big"))
        stream.write(frame)
    stream.flush()


def serve_job(
    message: dict[str, Any], messages: queue.Queue[dict[str, Any]], out: BinaryIO
) -> None:
    """Read one job, ask for memory, run it, send the results."""
    import qiskit

    params = message["params"]
    version = qiskit.__version__
    begun = time.monotonic()
    try:
        pubs = read_pubs(params, message["backend"])
        largest = max(range(len(pubs)), key=lambda index: pubs[index].working_bytes)
        needs = pubs[largest].working_bytes + sum(pub.result_bytes for pub in pubs)
        ask = {"needs": needs, "pub": largest, "qubits": pubs[largest].qubits}
        send(out, json.dumps(ask).encode())
        if not messages.get()["go"]:
            return
        begun = time.monotonic()
        body = run_job(pubs, params)
    except JobError as error:
        failed = {
            "code": error.code,
            "reason": error.reason,
            "solution": error.solution,
            "log": traceback.format_exc(),
            "seconds": time.monotonic() - begun,
            "qiskit": version,
        }
        send(out, json.dumps({"failed": failed}).encode())
        return
    completed = {"seconds": time.monotonic() - begun, "qiskit": version}
    send(out, json.dumps({"completed": completed}).encode(), body)


def main() -> None:
    """Serve jobs until the server goes away."""
    end_with(int(sys.argv[1]))
    # The modules beside this file belong to the server, and their names must not hide others.
    here = os.path.dirname(os.path.abspath(__file__))  # noqa: PTH100, PTH120
    sys.path[:] = [entry for entry in sys.path if os.path.abspath(entry) != here]  # noqa: PTH100
    # What a library prints must not end up between the messages.
    out = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    messages: queue.Queue[dict[str, Any]] = queue.Queue()
    reader = threading.Thread(target=read_messages, args=(sys.stdin.buffer, messages), daemon=True)
    reader.start()
    warnings.simplefilter("ignore")  # Terra warns about itself, Aer about Terra

    global _threads  # noqa: PLW0603 - one setting for the life of the process
    _threads = int(os.environ.get("OMP_NUM_THREADS", "1"))
    simulator()  # warm before the first job asks
    while True:
        serve_job(messages.get(), messages, out)


if __name__ == "__main__":
    main()
