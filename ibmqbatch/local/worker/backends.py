"""How a circuit is run: on the ideal simulator, with the noise of a device, or, on a mock, not."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Protocol

from .control_flow import is_straight_line, lower_control_flow
from .devices import Device
from .errors import JobError
from .noise import Noise, with_noisy_delays
from .simulation import Simulation, to_aer_gates
from .traversal import active_qubits, walk_with_qubits
from .wide import bond_bounds, is_clifford

__all__ = ["Backend", "Backends", "Plan"]

_DENSITY, _VECTOR = "density_matrix", "statevector"
_STABILIZER, _PRODUCT = "stabilizer", "matrix_product_state"

# What one operation costs, measured with Aer 0.14 and 0.18 on one core: a part for each amplitude
# and, where every shot is run by itself, a part for drawing the noise.
_SECONDS_PER_AMPLITUDE = 2.5e-9
_SECONDS_PER_SHOT = 3e-6
# The same of a stabilizer, for each shot and the cube of its qubits, and of a matrix product state:
# for the cube of a bond, and for each shot and amplitude of its tensors.
_SECONDS_PER_CUBE = 3e-10
_SECONDS_PER_BOND_CUBE = 1e-8
_SECONDS_PER_TENSOR_ENTRY = 5e-7


@dataclass
class Plan:
    """How one circuit is run; without a simulation the outcomes are random."""

    circuit: Any
    qubits: int  # that are simulated
    simulation: Simulation | None
    device: Device | None = None
    noise: Noise | None = None
    model: Any = None
    places: tuple[int, ...] = ()
    bonds: tuple[int, ...] = ()  # of a matrix product state, bounded, as powers of two

    @property
    def state_bytes(self) -> int:
        """The memory of the state."""
        if self.simulation is None:
            return 0
        if self.simulation.method == _STABILIZER:
            return self.qubits**2
        if self.simulation.method == _PRODUCT:
            # The tensors, and what taking apart the largest needs, which are copied for shots.
            largest: int = 4 ** max(self.bonds)
            return 16 * (2 * self._tensor_entries + 16 * largest)
        squared = 2 if self.simulation.method == _DENSITY else 1
        amplitudes: int = 2 ** (squared * self.qubits)
        return 16 * amplitudes

    def seconds(self, operations: int, shots: int) -> float:
        """Estimate a run on one core, with every shot run by itself where that may be necessary.

        `operations` are those of a shot.
        """
        if self.simulation is None:
            return 0.0
        if self.simulation.method == _STABILIZER:
            return shots * self.qubits**3 * _SECONDS_PER_CUBE
        if self.simulation.method == _PRODUCT:
            cube: int = 8 ** max(self.bonds)
            gates = operations * cube * _SECONDS_PER_BOND_CUBE
            return gates + shots * self._tensor_entries * _SECONDS_PER_TENSOR_ENTRY
        amplitudes: int = 2**self.qubits
        if self.simulation.method == _DENSITY:
            return operations * amplitudes**2 * _SECONDS_PER_AMPLITUDE
        return operations * shots * (_SECONDS_PER_SHOT + amplitudes * _SECONDS_PER_AMPLITUDE)

    @property
    def _tensor_entries(self) -> int:
        """How many amplitudes the tensors of a matrix product state have."""
        return sum(2 ** (1 + left + right) for left, right in pairwise(self.bonds))

    def with_noise(self, circuit: Any) -> tuple[Any, Any]:
        """Return a circuit, its parameters bound, as it is run, and its noise model.

        Raises JobError (1517) for angles that the device does not support.
        """
        if self.device is None:
            return circuit, None
        self.device.check_angles(circuit)
        if self.noise is None:
            return circuit, None
        return with_noisy_delays(circuit, self.model, self.noise, self.device, list(self.places))


class Backend(Protocol):
    """What runs circuits. `refuses_noise` is the message for a job with a noise model."""

    max_shots: int
    refuses_noise: str

    def plan(self, circuit: Any, shots: int, *, twirled: bool = False) -> Plan:
        """Return how a circuit is run; `twirled` has no effect but for what it excludes.

        Raises JobError for a circuit that cannot be run.
        """


class _Ideal:
    """A simulator without noise: of state vectors, and of wider circuits where that is possible.

    Circuits that a state vector can hold are simulated as one, so that seeds keep their counts.
    """

    refuses_noise = "The ideal simulator takes no noise model."

    def __init__(self, told: dict[str, Any]) -> None:
        self.max_shots: int = told["max_shots"]
        self._memory: int = told["memory"]
        self._vector_qubits: int = told["vector_qubits"]
        self._max_qubits: int = told["max_qubits"]

    def plan(self, circuit: Any, shots: int, *, twirled: bool = False) -> Plan:  # noqa: ARG002
        """Return how a circuit is run.

        Raises JobError (1520) for a circuit that no method can simulate in this memory.
        """
        active = active_qubits(circuit) or [0]
        # Aer omits idle qubits by itself, except where it must not truncate.
        straight = is_straight_line(circuit)
        if not straight:
            circuit = lower_control_flow(circuit, active)
        circuit = to_aer_gates(circuit)
        if len(active) <= self._vector_qubits:
            return Plan(circuit, len(active), Simulation(_VECTOR, truncates=straight))
        if len(active) > self._max_qubits:
            raise JobError(
                1520,
                f"the circuit has {len(active)} active qubits, and at most {self._max_qubits} are "
                "simulated.",
                "Use fewer qubits.",
            )
        if is_clifford(circuit):
            return Plan(circuit, len(active), Simulation(_STABILIZER, truncates=straight))
        # In a loop, a gate is counted once and run many times.
        bonds = bond_bounds(circuit, active) if straight else None
        if bonds is not None:
            product = Simulation(_PRODUCT, truncates=True)
            plan = Plan(circuit, len(active), product, bonds=tuple(bonds))
            if plan.state_bytes <= self._memory:
                return plan
        raise JobError(
            1520,
            f"the circuit has {len(active)} active qubits: a state vector of at most "
            f"{self._vector_qubits} fits into the memory of this service, the circuit is no "
            "Clifford circuit, and a matrix product state may grow too large.",
            "Use fewer qubits or less entangling gates, or start the service with more memory.",
        )


class _Rehearsal:
    """A device with its noise, simulated on the qubits that a circuit uses.

    Dynamical decoupling and twirling are accepted without effect: they would not change this noise.
    """

    refuses_noise = "A rehearsal has the noise of its device and takes no other."

    def __init__(self, told: dict[str, Any], device: Device) -> None:
        self.max_shots: int = told["max_shots"]
        self._max_active: int = told["max_active_qubits"]
        self._density_bytes: int = told["density_matrix_bytes"]
        self._device = device
        self._noise = Noise(device)

    def plan(self, circuit: Any, shots: int, *, twirled: bool = False) -> Plan:
        """Return how a circuit is run.

        Raises JobError: 1517 outside of the instruction set, 1519 for what cannot be twirled, 1520
        with too many active qubits.
        """
        self._device.check(circuit)
        if twirled:
            self._device.check_twirling(circuit)
        active = active_qubits(circuit)
        if len(active) > self._max_active:
            raise JobError(
                1520,
                f"the circuit has {len(active)} active qubits, and a rehearsal on "
                f"{self._device.name} is simulated with at most {self._max_active}.",
                "Use fewer qubits, or run it on ideal_simulator or on the device itself.",
            )
        active = active or [0]
        small = lower_control_flow(circuit, active)
        simulation = Simulation(self._method(small, shots), truncates=False)
        model = self._noise.model(small, active, merged=simulation.method == _DENSITY)
        return Plan(small, len(active), simulation, self._device, self._noise, model, tuple(active))

    def _method(self, circuit: Any, shots: int) -> str:
        """Choose between one run on a density matrix for all shots, and a run for each shot."""
        amplitudes: int = 2**circuit.num_qubits
        if not _measures_only_last(circuit) or 16 * amplitudes**2 > self._density_bytes:
            return _VECTOR
        together = amplitudes**2 * _SECONDS_PER_AMPLITUDE
        each = shots * (_SECONDS_PER_SHOT + amplitudes * _SECONDS_PER_AMPLITUDE)
        return _DENSITY if together <= each else _VECTOR


class _Mock:
    """The mock of a backend: it checks circuits as the backend does, and returns random bits."""

    refuses_noise = "A mock simulates nothing, so it takes no noise model."

    def __init__(self, max_shots: int, device: Device | None) -> None:
        self.max_shots = max_shots
        self._device = device

    def plan(self, circuit: Any, shots: int, *, twirled: bool = False) -> Plan:  # noqa: ARG002
        """Return how a circuit is run.

        Raises JobError: 1517 outside of the instruction set, 1519 for what cannot be twirled.
        """
        if self._device is not None:
            self._device.check(circuit)
            if twirled:
                self._device.check_twirling(circuit)
        return Plan(circuit, circuit.num_qubits, None, self._device)


def _measures_only_last(circuit: Any) -> bool:
    """Return whether nothing follows or depends on a measurement, so that shots can be sampled."""
    measured: set[int] = set()
    for operation, qubits in walk_with_qubits(circuit):
        if operation.name == "jump" or not measured.isdisjoint(qubits):
            return False
        if operation.name == "measure":
            measured.update(qubits)
    return True


class Backends:
    """The backends that this worker knows, each kept warm."""

    def __init__(self) -> None:
        self._known: dict[str, Backend] = {}

    def get(self, told: dict[str, Any], device: dict[str, Any] | None) -> Backend:
        """Return the backend of a job; `device` comes with the first job on a rehearsal."""
        name: str = told["name"]
        if name not in self._known:
            self._known[name] = _made(told, device)
        return self._known[name]


def _made(told: dict[str, Any], device: dict[str, Any] | None) -> Backend:
    """Return a backend as the server describes it."""
    if told.get("mock"):
        return _Mock(told["max_shots"], None if device is None else Device(**device))
    if told["kind"] == "ideal":
        return _Ideal(told)
    return _Rehearsal(told, Device(**(device or {})))
