"""The warm simulators of Aer, and how a circuit with its seed becomes classical bits."""

from __future__ import annotations

import hashlib
import math
import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from .errors import JobError
from .traversal import operation_names

__all__ = [
    "Simulation",
    "mix_seed",
    "pack",
    "random_bits",
    "run_circuits",
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
        _simulators[simulation] = _seeded_simulator()(
            method=simulation.method,
            max_parallel_threads=int(os.environ.get("OMP_NUM_THREADS", "1")),
            max_parallel_experiments=1,
            # The seeds of parallel shots would depend on the number of threads.
            max_parallel_shots=1,
            enable_truncation=simulation.truncates,
        )
    return _simulators[simulation]


@cache
def _seeded_simulator() -> Any:
    """Return the class of simulators that run each circuit of a list with a seed of its own.

    Aer counts the seeds of a list up from one seed, in steps, so that counts would depend on which
    circuits are in it. Here a list is read as one, and then simulated circuit by circuit.
    """
    from qiskit_aer import AerSimulator

    class SeededSimulator(AerSimulator):  # type: ignore[misc]
        """Simulates up to the first circuit that fails; `take` is given each one's memory."""

        seeds: Sequence[int | None] = ()
        take: Callable[[list[str]], None]

        def _execute_circuits(self, circuits: Any, noise_model: Any, config: Any) -> Any:
            results: list[Any] = []
            output: dict[str, Any] = {"success": True}
            for circuit, seed in zip(circuits, self.seeds):  # noqa: B905 - also runs on 3.9
                if seed is not None:
                    config.seed_simulator = seed
                output = super()._execute_circuits([circuit], noise_model, config)
                results += output["results"]
                if not output["success"]:
                    break
                self.take(results[-1]["data"].pop("memory", []))
            return {**output, "results": results}

    return SeededSimulator


def warm_up() -> None:
    """Create the simulator that most circuits run on."""
    _simulator(Simulation("statevector", truncates=True))


def mix_seed(seed: int) -> int:
    """Return the simulator's seed for an execution: hashed, as close seeds give similar streams."""
    # The suffix has no meaning any more, but seeds must go on to give the same counts.
    digest = hashlib.blake2b(f"{seed}/0".encode(), digest_size=8).digest()
    return 1 + int.from_bytes(digest, "big") % (2**31 - 1)


@cache
def _known_to_aer() -> frozenset[str]:
    warm = _simulator(Simulation("statevector", truncates=True))
    others = ("measure", "barrier", "jump", "mark", "aer_store")
    return frozenset((*others, *warm.configuration().basis_gates))


def to_aer_gates(circuit: Any) -> Any:
    """Return the circuit with gates unknown to Aer replaced by their definitions."""
    if operation_names(circuit) <= _known_to_aer():
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


def run_circuits(
    circuits: Sequence[Any],
    model: Any,
    simulation: Simulation,
    shots: int,
    seeds: Sequence[int | None],
) -> Iterator[Any]:
    """Run circuits; yield the classical bits of each, one row a shot, one column a bit.

    `model` is their noise model, None for none. Raises JobError (7001) in place of the first one
    that Aer rejects; later ones are not run.
    """
    rows: list[Any] = []

    def take(memory: list[str]) -> None:
        # No memory means that no measurement was reached: all bits are 0.
        rows.append(_rows(memory or ["0x0"] * shots, len(circuits[len(rows)].clbits)))

    simulator = _simulator(simulation)
    simulator.seeds, simulator.take = seeds, take
    options = {} if model is None else {"noise_model": model}
    result = simulator.run(list(circuits), shots=shots, memory=True, **options).result()
    for table in rows:
        yield _bits(table)
    if not result.success:
        status = (result.results[-1].status if result.results else "") or result.status
        raise JobError(7001, f"the simulator refuses the circuit: {status}.")


def random_bits(count: int, shots: int, seed: int | None) -> Any:
    """Return random bits, one row a shot, one column a bit."""
    import numpy as np

    return np.random.default_rng(seed).integers(0, 2, (shots, count), dtype=np.uint8)


def _rows(memory: list[str], count: int) -> Any:
    """Return hexadecimal numbers of `count` bits as rows of bytes, least significant first."""
    import numpy as np

    width = math.ceil(count / 8)
    known = {word: int(word, 16).to_bytes(width, "little") for word in set(memory)}
    data = b"".join([known[word] for word in memory])
    return np.frombuffer(data, dtype=np.uint8).reshape(len(memory), width)


def _bits(rows: Any) -> Any:
    """Return rows of bytes as rows of their bits, least significant first."""
    import numpy as np

    return np.unpackbits(rows, axis=1, bitorder="little")


def pack(bits: Any, positions: list[int]) -> Any:
    """Return the bits at `positions`, least significant first, as rows of big-endian bytes."""
    import numpy as np

    chosen = bits[:, positions]
    return np.ascontiguousarray(np.packbits(chosen, axis=1, bitorder="little")[:, ::-1])
