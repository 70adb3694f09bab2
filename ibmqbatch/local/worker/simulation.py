"""The warm simulators of Aer, and how a circuit with its seed becomes classical bits."""

from __future__ import annotations

import hashlib
import math
import os
from dataclasses import dataclass
from typing import Any

from .anatomy import walk
from .errors import JobError

__all__ = ["Simulation", "in_basis", "mix_seed", "pack", "run_circuits", "warm_up"]

# What both Qiskit and Aer have: circuits with other gates are translated to these.
_STANDARD_GATES = (
    "ccx cp crx cry crz cswap cx cy cz ecr h id p rx rxx ry ryy rz rzx rzz s sdg swap sx t tdg "
    "u x y z measure reset delay"
)


@dataclass(frozen=True)
class Simulation:
    """Which simulator runs a circuit.

    One that truncates cuts off what no measurement depends on, but then loses track of its own
    jumps when a measurement stands inside control flow.
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
            # Shots in parallel would be seeded by the number of threads.
            max_parallel_shots=1,
            enable_truncation=simulation.truncates,
        )
    return _simulators[simulation]


def warm_up() -> None:
    """Make the simulator that most circuits are run on."""
    _simulator(Simulation("statevector", truncates=True))


def mix_seed(seed: int, execution: int) -> int:
    """Return the simulator's seed for one execution: close seeds give streams far apart.

    A pub at index i of a job with seed S is given S + i, so it yields what it would yield at
    index 0 of a job with seed S + i.
    """
    digest = hashlib.blake2b(f"{seed}/{execution}".encode(), digest_size=8).digest()
    return 1 + int.from_bytes(digest, "big") % (2**31 - 1)


def in_basis(circuit: Any) -> Any:
    """Return the circuit with gates that Aer does not know replaced by their definitions."""
    warm = _simulator(Simulation("statevector", truncates=True))
    known = {"measure", "barrier", *warm.configuration().basis_gates}
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
        basis_gates=[*_STANDARD_GATES.split(), *flow],
        num_qubits=circuit.num_qubits,
        custom_name_mapping=flow,
    )
    return transpile(circuit, target=target, optimization_level=0)


def run_circuits(
    circuits: list[Any], model: Any, simulation: Simulation, shots: int, seed: int | None
) -> list[Any]:
    """Run circuits and return the classical bits of each, one row a shot, one column a bit.

    `model` is their noise model, None for none. Aer goes on from the seed with each circuit.
    Raises JobError (7001) when Aer does not take one.
    """
    options = {} if seed is None else {"seed_simulator": seed}
    if model is not None:
        options["noise_model"] = model
    job = _simulator(simulation).run(circuits, shots=shots, memory=True, **options)
    result = job.result()
    if not result.success:
        status = (result.results[0].status if result.results else "") or result.status
        raise JobError(7001, f"the simulator refuses the circuit: {status}.")
    return [
        # No memory means that no measurement was reached: the bits are as they began.
        _bits(result.data(index).get("memory") or ["0x0"] * shots, len(circuit.clbits))
        for index, circuit in enumerate(circuits)
    ]


def _bits(memory: list[str], count: int) -> Any:
    """Return hexadecimal numbers as rows of `count` bits or a few more, the least one first."""
    import numpy as np

    width = math.ceil(count / 8)
    data = b"".join([int(word, 16).to_bytes(width, "little") for word in memory])
    table = np.frombuffer(data, dtype=np.uint8).reshape(len(memory), width)
    return np.unpackbits(table, axis=1, bitorder="little")


def pack(bits: Any, positions: list[int]) -> Any:
    """Return the bits at `positions`, the least significant first, as big-endian bytes a row."""
    import numpy as np

    chosen = bits[:, positions]
    return np.ascontiguousarray(np.packbits(chosen, axis=1, bitorder="little")[:, ::-1])
