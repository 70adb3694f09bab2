"""The warm simulators of Aer, and how a circuit with its seed becomes classical bits."""

from __future__ import annotations

import hashlib
import math
import os
from dataclasses import dataclass
from typing import Any

from .errors import JobError
from .traversal import walk

__all__ = [
    "Simulation",
    "mix_seed",
    "pack",
    "random_bits",
    "run_circuit",
    "to_aer_gates",
    "warm_up",
]

# What both Qiskit and Aer have: circuits with other gates are translated to these.
_STANDARD_GATES = (
    "ccx cp crx cry crz cswap cx cy cz ecr h id p rx rxx ry ryy rz rzx rzz s sdg swap sx t tdg "
    "u x y z measure reset delay"
)


@dataclass(frozen=True)
class Simulation:
    """Which simulator runs a circuit.

    A truncating one drops operations that no measurement depends on, but gets its own jumps wrong
    when a measurement is inside control flow.
    """

    method: str
    truncates: bool


_simulators: dict[Simulation, Any] = {}


def _simulator(simulation: Simulation) -> Any:
    """Return a warm simulator."""
    if simulation not in _simulators:
        from qiskit_aer import AerSimulator

        _simulators[simulation] = AerSimulator(
            method=simulation.method,
            max_parallel_threads=int(os.environ.get("OMP_NUM_THREADS", "1")),
            max_parallel_experiments=1,
            # The seeds of parallel shots would depend on the number of threads.
            max_parallel_shots=1,
            enable_truncation=simulation.truncates,
        )
    return _simulators[simulation]


def warm_up() -> None:
    """Create the simulator that most circuits run on."""
    _simulator(Simulation("statevector", truncates=True))


def mix_seed(seed: int) -> int:
    """Return the simulator's seed for an execution: hashed, as close seeds give similar streams."""
    # The suffix has no meaning any more, but seeds must go on to give the same counts.
    digest = hashlib.blake2b(f"{seed}/0".encode(), digest_size=8).digest()
    return 1 + int.from_bytes(digest, "big") % (2**31 - 1)


def to_aer_gates(circuit: Any) -> Any:
    """Return the circuit with gates unknown to Aer replaced by their definitions."""
    warm = _simulator(Simulation("statevector", truncates=True))
    known = {
        *("measure", "barrier", "jump", "mark", "aer_store"),
        *warm.configuration().basis_gates,
    }
    if all(operation.name in known for operation in walk(circuit)):
        return circuit
    from qiskit import transpile
    from qiskit.transpiler import Target
    from qiskit_aer.library import control_flow_instructions as jumps

    others = {
        name: getattr(jumps, kind)
        for name, kind in (("jump", "AerJump"), ("mark", "AerMark"), ("aer_store", "AerStore"))
        if hasattr(jumps, kind)
    }
    target = Target.from_configuration(
        basis_gates=[*_STANDARD_GATES.split(), *others],
        num_qubits=circuit.num_qubits,
        custom_name_mapping=others,
    )
    return transpile(circuit, target=target, optimization_level=0)


def run_circuit(
    circuit: Any, model: Any, simulation: Simulation, shots: int, seed: int | None
) -> Any:
    """Run a circuit and return its classical bits, one row a shot, one column a bit.

    `model` is its noise model, None for none. Raises JobError (7001) if Aer rejects it.
    """
    options = {} if seed is None else {"seed_simulator": seed}
    if model is not None:
        options["noise_model"] = model
    job = _simulator(simulation).run(circuit, shots=shots, memory=True, **options)
    result = job.result()
    if not result.success:
        status = (result.results[0].status if result.results else "") or result.status
        raise JobError(7001, f"the simulator refuses the circuit: {status}.")
    # No memory means that no measurement was reached: all bits are 0.
    return _bits(result.data(0).get("memory") or ["0x0"] * shots, len(circuit.clbits))


def random_bits(count: int, shots: int, seed: int | None) -> Any:
    """Return random bits, one row a shot, one column a bit."""
    import numpy as np

    return np.random.default_rng(seed).integers(0, 2, (shots, count), dtype=np.uint8)


def _bits(memory: list[str], count: int) -> Any:
    """Return hexadecimal numbers as rows of at least `count` bits, least significant first."""
    import numpy as np

    width = math.ceil(count / 8)
    data = b"".join([int(word, 16).to_bytes(width, "little") for word in memory])
    table = np.frombuffer(data, dtype=np.uint8).reshape(len(memory), width)
    return np.unpackbits(table, axis=1, bitorder="little")


def pack(bits: Any, positions: list[int]) -> Any:
    """Return the bits at `positions`, least significant first, as rows of big-endian bytes."""
    import numpy as np

    chosen = bits[:, positions]
    return np.ascontiguousarray(np.packbits(chosen, axis=1, bitorder="little")[:, ::-1])
