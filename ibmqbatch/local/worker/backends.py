"""How a circuit is run: on the ideal simulator, with the noise of a device, or, on a mock, not."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

from .control_flow import is_straight, straightened
from .devices import Device
from .errors import JobError
from .noise import Noise, with_noisy_delays
from .simulation import Simulation, in_basis
from .traversal import active_qubits, located

__all__ = ["Backend", "Backends", "Plan"]

_DENSITY, _VECTOR = "density_matrix", "statevector"

# What one operation costs, measured with Aer 0.14 and 0.18 on one core: a part for each amplitude
# and, where every shot is run by itself, a part for drawing the noise.
_SECONDS_PER_AMPLITUDE = 2.5e-9
_SECONDS_PER_SHOT = 3e-6


@dataclass
class Plan:
    """How one circuit is going to be run; without a simulation it is answered at random."""

    circuit: Any
    qubits: int  # that are simulated
    simulation: Simulation | None
    device: Device | None = None
    noise: Noise | None = None
    model: Any = None
    places: tuple[int, ...] = ()

    @property
    def state_bytes(self) -> int:
        """What the state takes while the circuit runs."""
        if self.simulation is None:
            return 0
        squared = 2 if self.simulation.method == _DENSITY else 1
        amplitudes: int = 2 ** (squared * self.qubits)
        return 16 * amplitudes

    def seconds(self, operations: int, shots: int) -> float:
        """About what a run takes on one core, every shot run by itself where it may have to be.

        `operations` are those of a shot.
        """
        if self.simulation is None:
            return 0.0
        amplitudes: int = 2**self.qubits
        if self.simulation.method == _DENSITY:
            return operations * amplitudes**2 * _SECONDS_PER_AMPLITUDE
        return operations * shots * (_SECONDS_PER_SHOT + amplitudes * _SECONDS_PER_AMPLITUDE)

    def noisy(self, circuit: Any) -> tuple[Any, Any]:
        """Return the circuit with its parameters bound, and the noise model, as they are run.

        Raises JobError (1517) for parameters that the device does not take.
        """
        if self.device is None:
            return circuit, None
        self.device.check_angles(circuit)
        if self.noise is None:
            return circuit, None
        return with_noisy_delays(circuit, self.model, self.noise, self.device, list(self.places))


class Backend(Protocol):
    """What can run circuits. `refuses_noise` is the sentence for a job with a noise model."""

    max_shots: int
    refuses_noise: str

    def plan(self, circuit: Any, shots: int, *, twirled: bool = False) -> Plan:
        """Return how a circuit is run, whose gates may be `twirled`: that has no effect here.

        Raises JobError for a circuit that cannot be run.
        """


class _Ideal:
    """A simulator without noise."""

    refuses_noise = "The ideal simulator takes no noise model."

    def __init__(self, max_shots: int) -> None:
        self.max_shots = max_shots

    def plan(self, circuit: Any, shots: int, *, twirled: bool = False) -> Plan:  # noqa: ARG002
        """Return how a circuit is run."""
        active = active_qubits(circuit) or [0]
        # Aer leaves idle qubits out by itself, except where it must not cut anything off.
        straight = is_straight(circuit)
        if not straight:
            circuit = straightened(circuit, active)
        circuit = in_basis(circuit)
        return Plan(circuit, len(active), Simulation(_VECTOR, truncates=straight))


class _Rehearsal:
    """A device with its noise, simulated on the qubits that a circuit uses.

    Dynamical decoupling and twirling are accepted and have no effect: the noise is one that they
    would neither lessen nor change.
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
        small = straightened(circuit, active)
        simulation = Simulation(self._method(small, shots), truncates=False)
        model = self._noise.model(small, active, merged=simulation.method == _DENSITY)
        return Plan(small, len(active), simulation, self._device, self._noise, model, tuple(active))

    def _method(self, circuit: Any, shots: int) -> str:
        """Choose between one run that holds all shots in a density matrix and a run for each."""
        amplitudes: int = 2**circuit.num_qubits
        if not _measures_last(circuit) or 16 * amplitudes**2 > self._density_bytes:
            return _VECTOR
        together = amplitudes**2 * _SECONDS_PER_AMPLITUDE
        each = shots * (_SECONDS_PER_SHOT + amplitudes * _SECONDS_PER_AMPLITUDE)
        return _DENSITY if together <= each else _VECTOR


class _Mock:
    """The mock of a backend: it checks circuits as that does, and they come to bits at random."""

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


def _measures_last(circuit: Any) -> bool:
    """Tell whether nothing depends on, or comes after, a measurement: shots can then be sampled."""
    measured: set[int] = set()
    for operation, qubits in located(circuit):
        if operation.name == "jump" or not measured.isdisjoint(qubits):
            return False
        if operation.name == "measure":
            measured.update(qubits)
    return True


class Backends:
    """The backends that this worker has been told of, each kept warm."""

    def __init__(self) -> None:
        self._known: dict[str, Backend] = {}

    def get(self, told: dict[str, Any], device: dict[str, Any] | None) -> Backend:
        """Return the backend of a job; `device` comes with the first job on a rehearsal."""
        name: str = told["name"]
        if name not in self._known:
            self._known[name] = _made(told, device)
        return self._known[name]


def _made(told: dict[str, Any], device: dict[str, Any] | None) -> Backend:
    """Return a backend as the server tells of it."""
    if told.get("mock"):
        return _Mock(told["max_shots"], None if device is None else Device(**device))
    if told["kind"] == "ideal":
        return _Ideal(told["max_shots"])
    return _Rehearsal(told, Device(**(device or {})))
