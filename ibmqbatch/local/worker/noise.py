"""The noise of a device, as Aer derives it: gate errors, relaxation and readout errors.

A noise model of a whole device of 127 qubits takes Aer seconds to make and, worse, seconds to
read again at each run. So every error is made once, when a circuit first needs it, and a circuit
is run with a model of its own operations alone. Errors that are applied to a density matrix are
merged besides: Aer's own, of a hundred terms, take ten times longer to read than to simulate.
"""

from __future__ import annotations

import copy
import math
from functools import cache
from typing import Any

from .devices import Device
from .traversal import walk_with_qubits

__all__ = ["Noise", "with_noisy_delays"]

_Key = tuple[str, tuple[int, ...]]  # a gate and its qubits on the device


class Noise:
    """The errors of one device, created when first needed."""

    def __init__(self, device: Device) -> None:
        self._device = device
        self._gates: dict[_Key, Any] = {}
        self._merged: dict[_Key, Any] = {}
        self._readouts: dict[int, Any] = {}
        self._pauses: dict[tuple[int, float], Any] = {}

    def model(self, circuit: Any, places: list[int], *, merged: bool) -> Any:
        """Return the noise model of a circuit on the qubits `places` of the device.

        `merged` errors are for a density matrix; running shot by shot needs their terms.
        """
        from qiskit_aer.noise import NoiseModel

        operations = {
            (operation.name, qubits)
            for operation, qubits in walk_with_qubits(circuit)
            if operation.name not in {"delay", "jump", "mark", "aer_store"}
        }
        physical = {
            (name, qubits): (name, tuple(places[qubit] for qubit in qubits))
            for name, qubits in operations
        }
        self._make_gate_errors(key for key in physical.values() if key not in self._gates)
        model = NoiseModel()
        # Ordered, as hashes of strings vary and a seed must repeat its counts.
        for name, qubits in sorted(operations):
            if name == "measure":
                error = self._readout_error(places[qubits[0]])
                if error is not None:
                    model.add_readout_error(error, qubits)
            elif (error := self.gate_error(physical[name, qubits], merged=merged)) is not None:
                model.add_quantum_error(error, name, qubits)
        return model

    def copy_of(self, model: Any) -> Any:
        """Return a copy of a model, with its errors, to which others can be added."""
        errors = [*self._gates.values(), *self._merged.values()]
        return copy.deepcopy(model, {id(error): error for error in errors if error is not None})

    def gate_error(self, key: _Key, *, merged: bool = False) -> Any:
        """Return the error of a gate; None for one without."""
        error = self._gates.get(key)
        if error is None or not merged:
            return error
        if key not in self._merged:
            self._merged[key] = _merged_error()(error)
        return self._merged[key]

    def pause(self, seconds: float, place: int) -> Any:
        """Return the relaxation of a qubit over so many seconds; None for none."""
        if (place, seconds) not in self._pauses:
            self._pauses[place, seconds] = self._relaxation(seconds, place)
        return self._pauses[place, seconds]

    def _relaxation(self, seconds: float, place: int) -> Any:
        from qiskit_aer.noise import thermal_relaxation_error

        t1 = self._device.qubit(place, "T1") or math.inf
        t2 = min(self._device.qubit(place, "T2") or math.inf, 2 * t1)
        if math.isinf(t1) and math.isinf(t2):
            return None
        return thermal_relaxation_error(t1, t2, seconds)

    def _readout_error(self, place: int) -> Any:
        from qiskit_aer.noise import ReadoutError

        if place not in self._readouts:
            either = self._device.qubit(place, "readout_error") or 0.0
            wrong_0 = self._device.qubit(place, "prob_meas1_prep0")
            wrong_1 = self._device.qubit(place, "prob_meas0_prep1")
            wrong_0 = either if wrong_0 is None else wrong_0
            wrong_1 = either if wrong_1 is None else wrong_1
            self._readouts[place] = (
                ReadoutError([[1 - wrong_0, wrong_0], [wrong_1, 1 - wrong_1]])
                if wrong_0 or wrong_1
                else None
            )
        return self._readouts[place]

    def _make_gate_errors(self, keys: Any) -> None:
        """Have Aer create the errors of some gates, from a target of these gates only."""
        from qiskit.circuit import Gate
        from qiskit.circuit.library.standard_gates import get_standard_gate_name_mapping
        from qiskit.providers import QubitProperties
        from qiskit.transpiler import InstructionProperties, Target
        from qiskit_aer.noise.device import basic_device_gate_errors

        wanted: dict[str, dict[tuple[int, ...], Any]] = {}
        for name, qubits in keys:
            wanted.setdefault(name, {})[qubits] = InstructionProperties(
                duration=self._device.gate(name, qubits, "gate_length"),
                error=self._device.gate(name, qubits, "gate_error"),
            )
            self._gates[name, qubits] = None
        wanted.pop("measure", None)
        if not wanted:
            return
        target = Target(
            num_qubits=self._device.num_qubits,
            qubit_properties=[
                QubitProperties(t1=self._device.qubit(q, "T1"), t2=self._device.qubit(q, "T2"))
                for q in range(self._device.num_qubits)
            ],
        )
        standard = get_standard_gate_name_mapping()
        for name, places in wanted.items():
            size = len(next(iter(places)))
            target.add_instruction(standard.get(name) or Gate(name, size, []), places, name=name)
        for name, qubits, error in basic_device_gate_errors(target=target):
            self._gates[name, tuple(qubits)] = error


@cache
def _merged_error() -> Any:
    """Return the class of errors that consist of one matrix."""
    from qiskit_aer.noise import QuantumError

    class MergedError(QuantumError):  # type: ignore[misc]
        """An error that gives Aer its superoperator instead of its terms."""

        def __init__(self, error: Any) -> None:
            super().__init__(error)
            self._told = {
                "type": "qerror",
                "id": self.id,
                "operations": [],
                "instructions": [
                    [
                        {
                            "name": "superop",
                            "qubits": list(range(error.num_qubits)),
                            "params": [_pairs(_superoperator(error))],
                        }
                    ]
                ],
                "probabilities": [1.0],
            }

        def ideal(self) -> bool:
            """Return False, which Aer would find out at length."""
            return False

        def to_dict(self) -> dict[str, Any]:
            """Return the error as Aer's simulator reads it."""
            return dict(self._told)

    return MergedError


def _superoperator(error: Any) -> Any:
    """Return the matrix of an error, computing each operation of its terms once."""
    import numpy as np
    from qiskit.quantum_info import SuperOp

    size = 4**error.num_qubits
    known: dict[Any, Any] = {}
    total = np.zeros((size, size), dtype=complex)
    for term, probability in zip(error.circuits, error.probabilities):  # noqa: B905 - 3.9
        product = np.eye(size, dtype=complex)
        for item in term.data:
            qubits = tuple(term.find_bit(qubit).index for qubit in item.qubits)
            values = tuple(np.asarray(value).tobytes() for value in item.operation.params)
            key = item.operation.name, qubits, values
            if key not in known:
                alone = term.copy_empty_like()
                alone.append(item.operation, item.qubits)
                known[key] = SuperOp(alone).data
            product = known[key] @ product
        total += probability * product
    return total


def _pairs(matrix: Any) -> list[list[list[float]]]:
    """Return a complex matrix in Aer's JSON form."""
    return [[[entry.real, entry.imag] for entry in row] for row in matrix.tolist()]


def with_noisy_delays(
    circuit: Any, model: Any, noise: Noise, device: Device, places: list[int]
) -> tuple[Any, Any]:
    """Return a circuit with labelled identities for delays, and the model with their relaxation.

    Aer would replace delays in a transpiler, which may move them past jumps.
    """
    if not any(operation.name == "delay" for operation, _ in walk_with_qubits(circuit)):
        return circuit, model
    from qiskit.circuit.library import IGate

    found: dict[tuple[str, int], Any] = {}
    replaced = circuit.copy_empty_like()
    for item in circuit.data:
        operation = item.operation
        if operation.name == "delay":
            seconds = device.seconds(operation.duration, operation.unit)
            if seconds <= 0:
                continue
            here = circuit.find_bit(item.qubits[0]).index
            label = f"delay of {seconds!r} s"
            found[label, here] = noise.pause(seconds, places[here])
            operation = IGate(label=label)
        replaced.append(operation, item.qubits, item.clbits)
    # On a copy, and each only once, as errors would add up.
    model = noise.copy_of(model)
    for (label, here), error in sorted(found.items(), key=lambda delay: delay[0]):
        if error is not None:
            model.add_quantum_error(error, label, [here])
    return replaced, model
