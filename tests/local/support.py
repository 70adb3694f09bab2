"""A real service process, a client of it, and circuits to run."""

from __future__ import annotations

import base64
import io
import zlib
from collections import Counter
from typing import Any

import httpx


def error(reply: httpx.Response) -> tuple[int, int]:
    """Return the status and the code of a refusal, which must be worded as the API words them."""
    body = reply.json()
    assert set(body) == {"errors", "trace"}
    assert body["errors"][0]["message"]
    return reply.status_code, body["errors"][0]["code"]


def encode(circuit: Any) -> dict[str, str]:
    """Return a circuit in the typed form of the API."""
    from qiskit import qpy

    buffer = io.BytesIO()
    qpy.dump(circuit, buffer)
    value = base64.b64encode(zlib.compress(buffer.getvalue())).decode()
    return {"__type__": "QuantumCircuit", "__value__": value}


def bell() -> dict[str, str]:
    """Return two entangled qubits, measured."""
    from qiskit import QuantumCircuit

    circuit = QuantumCircuit(2, 2, name="bell", metadata={"kind": "bell"})
    circuit.h(0)
    circuit.cx(0, 1)
    circuit.measure([0, 1], [0, 1])
    return encode(circuit)


def slow() -> list[Any]:
    """Return a pub that runs for minutes: every shot is simulated anew."""
    from qiskit import QuantumCircuit

    circuit = QuantumCircuit(12, 1)
    for _ in range(20):
        circuit.h(range(12))
        circuit.measure(0, 0)
    return [encode(circuit), None, 1_000_000]


def endless() -> list[Any]:
    """Return a pub with a loop that never ends."""
    from qiskit import QuantumCircuit

    circuit = QuantumCircuit(1, 1)
    with circuit.while_loop((circuit.clbits[0], 0)):
        circuit.reset(0)
        circuit.measure(0, 0)
    return [encode(circuit), None, 1]


def array(value: dict[str, str]) -> Any:
    """Return the array in a typed ndarray."""
    import numpy as np

    assert value["__type__"] == "ndarray"
    return np.load(io.BytesIO(zlib.decompress(base64.b64decode(value["__value__"]))))


def samples(result: Any, pub: int = 0, register: str = "c") -> Any:
    """Return the samples of a register in plain results."""
    return result["results"][pub]["data"][register]["samples"]


def joined_counts(result: Any, pub: int = 0) -> Counter[str]:
    """Count the outcomes in plain results, registers joined as Qiskit does: the first rightmost."""
    registers = list(result["results"][pub]["data"].values())
    rows = zip(*(register["samples"] for register in registers), strict=True)
    widths = [register["num_bits"] for register in registers]
    return Counter(
        " ".join(f"{int(v, 16):0{w}b}" for v, w in reversed(list(zip(row, widths, strict=True))))
        for row in rows
    )


def seeded(seed: int, **params: Any) -> dict[str, Any]:
    """Return the params of a job whose outcomes are those of a seed."""
    return {"options": {"simulator": {"seed_simulator": seed}}, **params}


def dense(qubits: int) -> Any:
    """Return a circuit that leaves all of its qubits entangled, far from any Clifford state."""
    from qiskit import QuantumCircuit

    circuit = QuantumCircuit(qubits, qubits)
    for _ in range(qubits):
        for qubit in range(qubits):
            circuit.ry(0.3, qubit)
        for qubit in range(qubits - 1):
            circuit.cx(qubit, qubit + 1)
    return circuit


def measured(circuit: Any) -> Any:
    """Measure each qubit of a circuit into its own bit, and return the circuit."""
    circuit.measure(circuit.qubits, circuit.clbits)
    return circuit
