"""A circuit of a job with its parameter sets and shots: planned, then run."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import groupby, islice
from typing import Any

from .backends import Backend, Plan
from .errors import JobError
from .simulation import Simulation, mix_seed, random_bits, run_circuits
from .traversal import MEASUREMENTS, has_blocks, operation_names

__all__ = ["Run", "check_executions", "check_run", "now", "outcomes"]

_TOGETHER = 32  # executions that the simulator gets at a time
_MAX_EXECUTIONS = 10_000_000  # shots × circuits × parameter sets of a job


@dataclass
class Run:
    """One circuit of a job, its parameter sets, and its shots."""

    plan: Plan
    parameters: list[Any]
    values: Any  # an array whose last axis runs over the parameters
    shots: int
    operations: int  # that a shot runs

    @classmethod
    def of(
        cls,
        circuit: Any,
        parameters: list[Any],
        values: Any,
        shots: int,
        backend: Backend,
        *,
        twirled: bool = False,
    ) -> Run:
        """Plan a run. Raises JobError for one that the backend cannot do."""
        return cls(
            backend.plan(circuit, shots, twirled=twirled),
            parameters,
            values,
            shots,
            _operations(circuit),
        )

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
    def all_shots(self) -> int:
        """How many shots there are, over all parameter sets."""
        return self.executions * self.shots

    @property
    def seconds(self) -> float:
        """Estimate all executions on one core."""
        return self.executions * self.plan.seconds(self.operations, self.shots)

    @property
    def bits(self) -> dict[str, list[int]]:
        """The classical registers, with the indices of their bits in the circuit."""
        return {
            register.name: [self.circuit.find_bit(bit).index for bit in register]
            for register in self.circuit.cregs
        }

    @property
    def working_bytes(self) -> int:
        """The memory of a run: the state, and a string and a row of bits for each shot."""
        return self.plan.state_bytes + self.shots * (200 + 2 * len(self.circuit.clbits))

    @property
    def shared(self) -> tuple[Simulation, int] | None:
        """What it has in common with the runs that the simulator can get in one list with it.

        None if its executions have to be simulated one by one, as each has a noise of its own, or
        are not simulated.
        """
        if self.plan.simulation is None or self.plan.device is not None:
            return None
        return self.plan.simulation, self.shots

    def bound(self) -> Iterator[Any]:
        """Yield the circuit bound to each parameter set, in C order of the sweep."""
        present = set(self.circuit.parameters)  # omitted delays may have had one
        for row in self.values.reshape(self.executions, len(self.parameters)):
            pairs = zip(self.parameters, row.tolist())  # noqa: B905 - also runs on 3.9
            values = {parameter: value for parameter, value in pairs if parameter in present}
            yield self.circuit.assign_parameters(values) if values else self.circuit


def outcomes(runs: list[Run], seed: int | None) -> Iterator[Any]:
    """Yield the classical bits of each execution of all runs: one row a shot, one column a bit.

    The seeds of executions are counted up from `seed`: how they are split has no effect.
    """
    executions = ((run, circuit) for run in runs for circuit in run.bound())
    seeded = (
        (run, circuit, None if seed is None else mix_seed(seed + number))
        for number, (run, circuit) in enumerate(executions)
    )
    for shared, group in groupby(seeded, key=lambda execution: execution[0].shared):
        if shared is None:
            for run, circuit, mixed in group:
                yield _outcome(run, circuit, mixed)
            continue
        simulation, shots = shared
        while together := list(islice(group, _TOGETHER)):
            circuits = [circuit for _, circuit, _ in together]
            seeds = [mixed for _, _, mixed in together]
            yield from run_circuits(circuits, None, simulation, shots, seeds)


def _outcome(run: Run, circuit: Any, seed: int | None) -> Any:
    """Return the classical bits of one execution, with the noise of its own."""
    circuit, model = run.plan.with_noise(circuit)
    if run.plan.simulation is None:
        return random_bits(len(circuit.clbits), run.shots, seed)
    return next(run_circuits([circuit], model, run.plan.simulation, run.shots, [seed]))


def check_run(circuit: Any, shots: int, backend: Backend) -> None:
    """Raise JobError for a circuit or a number of shots that no backend here can run."""
    if shots > backend.max_shots:
        raise JobError(
            1520,
            f"{shots} shots are more than the {backend.max_shots} that the backend takes.",
            "Run the circuit several times.",
        )
    if not circuit.cregs:
        raise JobError(3211, "the circuit has no classical register.", "Measure into one.")
    if MEASUREMENTS.isdisjoint(operation_names(circuit)):
        raise JobError(3211, "the circuit measures nothing.", "Add a measurement.")
    _check_inputs(circuit)


def check_executions(total: int) -> None:
    """Raise JobError (1520) for more executions than a job may have."""
    if total > _MAX_EXECUTIONS:
        raise JobError(
            1520,
            f"The job asks for {total} executions (shots × circuits × parameter sets), "
            f"more than {_MAX_EXECUTIONS}.",
            "Split it into smaller jobs.",
        )


def now() -> str:
    """Return the time as ISO 8601, UTC."""
    return datetime.now(UTC).isoformat()


def _operations(circuit: Any) -> int:
    """Return how many operations a shot runs, with one round of each while loop."""
    if not has_blocks(circuit):
        return len(circuit.data)
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
