"""Loops whose variable Qiskit takes for a parameter of the circuit."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from qiskit import QuantumCircuit

__all__ = ["without_loop_variables"]

_DEEPEST = 8  # loops within one another


def without_loop_variables(circuit: QuantumCircuit) -> QuantumCircuit:
    """Return the circuit with its loops written out, where they have a variable.

    Terra 0.46 would have users give values to it. Loops that are left by `break` stay.
    """
    for _ in range(_DEEPEST):
        if not circuit.parameters or "for_loop" not in circuit.count_ops():
            break
        from qiskit.transpiler import PassManager
        from qiskit.transpiler.passes import UnrollForLoops

        circuit = PassManager([UnrollForLoops()]).run(circuit)
        # The importer has an unused variable take part in the phase, nought times.
        phase = circuit.global_phase
        if names := getattr(phase, "parameters", ()):
            values = {float(phase.bind(dict.fromkeys(names, value))) for value in (0.0, 0.3, 1.0)}
            if len(values) == 1:
                circuit.global_phase = values.pop()
    return circuit
