"""Compiling circuits to a device.

Compilers take operations on different bits for independent: jumps out of loops are put on all bits
of their loops before. Devices have the fractional gate `rzz` of 0 to π/2 only: every other angle is
made of one of these and gates that cost nothing or little, after.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from ..errors import Argument, Words
from ._qiskit import (
    blocks_of,
    condition_of,
    copy_variables,
    is_terra,
    name_of,
    params_of,
    patch_terra_compiler,
    reorders_measurements,
    with_condition,
)
from .checks import steps
from .device import JUMPS, LOOPS, MEASUREMENTS, PLAIN, QUICKER, STATEMENTS, Device
from .errors import BadInput, first_line
from .normalize import on_qubits

if TYPE_CHECKING:
    from qiskit import QuantumCircuit
    from qiskit.transpiler import PassManager, Target

__all__ = [
    "Compiler",
    "Layout",
    "build_target",
    "simulator_target",
    "with_angles_folded",
]

_SYNTHESIZED = frozenset({"rxx", "rzx"})  # for which Terra takes an angle of its own


@dataclass(frozen=True, slots=True)
class Layout:
    """Where a circuit's qubits are on the device: `initial` at the start, `final` at the end.

    Both hold the device's qubit for each of the circuit's. A swap right before measurements may
    have been compiled into these: then qubits end where they are measured, not where `final` says.
    """

    initial: tuple[int, ...]
    final: tuple[int, ...]


class Compiler:
    """Compiles circuits to one device at one level, 0 to 3, as often as it is called.

    Only qubits of the device's working region are used. `initial_layout[i]` is the device's qubit
    for qubit i. `fractional` gates are used where that is wanted.
    """

    def __init__(
        self,
        device: Device,
        level: int,
        *,
        seed: int | None = None,
        initial_layout: Sequence[int] | None = None,
        fractional: bool = False,
    ) -> None:
        self._device = device
        self._layout = initial_layout
        self._fractional = fractional
        passes = partial(
            _passes, device, seed=seed, initial_layout=initial_layout, fractional=fractional
        )
        self._passes = passes(level)
        self._plainer_passes = partial(passes, min(level, 2))

    def run(self, circuit: QuantumCircuit, where: str) -> tuple[QuantumCircuit, Layout | None]:
        """Return the compiled circuit, on all of the device's qubits, and where its qubits went.

        On a simulator the qubits stay where they are, and there is no layout. Raises BadInput.
        """
        from qiskit.exceptions import QiskitError

        if self._layout is not None and len(self._layout) != circuit.num_qubits:
            raise BadInput(
                "bad_layout",
                Words(
                    "{} has {} qubits; {} names {}.",
                    where,
                    circuit.num_qubits,
                    Argument("initial_layout"),
                    len(self._layout),
                ),
                "Name a qubit of the device for each of the circuit's.",
            )
        circuit = _with_wide_jumps(circuit)
        if reorders_measurements():
            circuit = _without_overwritten(circuit)
        try:
            compiled = self._compiled(circuit)
        except QiskitError as error:
            raise BadInput(
                "cannot_compile",
                f"{where} cannot be compiled to {self._device.name}: {first_line(error)}.",
                "Use gates with a definition, and connected qubits.",
            ) from error
        layout, compiled._layout = compiled.layout, None  # noqa: SLF001 - it would go over the wire
        if not self._device.instructions:
            return compiled, None
        placed = _on_device(compiled, self._device)
        if self._fractional:
            placed = with_angles_folded(placed)
        region = self._device.region
        # Terra's own lists of them take a twentieth of all the time, for the qubits not in use.
        places = layout.initial_layout.get_physical_bits()
        numbers = layout.input_qubit_mapping
        at = {numbers[bit]: place for place, bit in places.items()}
        initial = [at[number] for number in range(circuit.num_qubits)]
        self._check_jumps(circuit, [region[place] for place in initial], where)
        moved = layout.final_layout
        final = initial if moved is None else [moved[compiled.qubits[place]] for place in initial]
        return placed, Layout(
            tuple(region[place] for place in initial), tuple(region[place] for place in final)
        )

    def _check_jumps(self, circuit: QuantumCircuit, places: Sequence[int], where: str) -> None:
        """Raise BadInput where qubits had to be swapped in a circuit with jumps out of loops.

        Compilers swap them back at the end of a loop's body, which a jump leaves before.
        """
        if not _has_jumps(circuit):
            return
        instructions = self._device.instructions.values()
        coupled = {frozenset(on) for places in instructions for on in places if len(on) == 2}
        for name, on in steps(circuit):
            if name in STATEMENTS or name == "barrier" or len(on) < 2:
                continue
            if frozenset(places[qubit] for qubit in on) not in coupled:
                raise BadInput(
                    "cannot_compile",
                    f"{where} has 'break' or 'continue' in a loop, and '{name}' on qubits "
                    f"{', '.join(map(str, on))} that {self._device.name} does not couple where "
                    "they were placed: a jump would leave qubits swapped.",
                    "Use -O 2, gates on neighbouring qubits, or loops without 'break' and "
                    "'continue'.",
                )

    def _compiled(self, circuit: QuantumCircuit) -> QuantumCircuit:
        import numpy as np

        try:
            return self._passes.run(circuit)
        except np.linalg.LinAlgError:
            # Level 3 needs eigenvalues, and LAPACK does not find them of every matrix.
            return self._plainer_passes().run(circuit)


def _without_overwritten(circuit: QuantumCircuit) -> QuantumCircuit:
    """Return the circuit without measurements whose outcomes nobody sees, at its end.

    Their bits are written again before anything reads them, and their qubits are at most measured
    afterwards: leaving them out changes no outcome.
    """
    written: set[Any] = set()  # bits that are written later on, before they are read
    busy: set[Any] = set()  # qubits on which something but measurements follows
    kept = []
    for item in reversed(circuit.data):
        name = name_of(item)
        if name == "measure":
            if item.clbits[0] in written and item.qubits[0] not in busy:
                continue
            written.add(item.clbits[0])
        elif name != "barrier":
            busy.update(item.qubits)
            written.difference_update(item.clbits)
        kept.append(item)
    if len(kept) == len(circuit.data):
        return circuit
    whole = circuit.copy_empty_like()
    for item in reversed(kept):
        whole.append(item)
    return whole


def build_target(device: Device, *, fractional: bool = False) -> Target:
    """Return a device's working region as Qiskit's Target: qubit i is the region's i-th.

    Errors and durations are the device's own; what it cannot do is left out, and so are its
    `fractional` gates where they are not wanted.
    """
    from qiskit.circuit import Instruction
    from qiskit.circuit.library.standard_gates import get_standard_gate_name_mapping
    from qiskit.providers import QubitProperties
    from qiskit.transpiler import InstructionProperties, Target

    number = {qubit: index for index, qubit in enumerate(device.region)}
    target = Target(
        num_qubits=len(device.region),
        dt=device.dt,
        qubit_properties=[QubitProperties(t1=device.t1[q], t2=device.t2[q]) for q in device.region],
    )
    quicker = {name: Instruction(name, 1, int(name in MEASUREMENTS), []) for name in QUICKER}
    gates = {**get_standard_gate_name_mapping(), **quicker}
    for name, places in device.instructions.items():
        if name not in gates or (name in device.fractional and not fractional):
            continue  # a gate that Qiskit does not know, it cannot compile to
        inside = {
            tuple(number[q] for q in qubits): InstructionProperties(
                duration=facts.duration, error=facts.error
            )
            for qubits, facts in places.items()
            if number.keys() >= set(qubits) and len(qubits) == gates[name].num_qubits
        }
        if inside:
            gate = _passed_over(gates[name]) if is_terra() else gates[name]
            target.add_instruction(gate, inside, name=name)
    _add_flow(target, device)
    return target


def simulator_target(device: Device, *, sized: bool = True) -> Target:
    """Return a simulator as Qiskit's Target: it takes its gates on any qubits.

    Where it is not `sized`, circuits stay on their own qubits instead of getting all of its.
    """
    from qiskit.circuit import library
    from qiskit.circuit.library.standard_gates import get_standard_gate_name_mapping
    from qiskit.transpiler import Target

    target = Target(num_qubits=device.num_qubits if sized else None)
    known: dict[str, Any] = {
        # Of any width, which Qiskit knows by their class.
        "diagonal": library.DiagonalGate,
        "initialize": library.Initialize,
        "mcphase": library.MCPhaseGate,
        "mcx": library.MCXGate,
        "pauli": library.PauliGate,
        "unitary": library.UnitaryGate,
        **get_standard_gate_name_mapping(),
    }
    for name in dict.fromkeys((*device.basis_gates, *PLAIN)):
        if name in known:
            target.add_instruction(known[name], name=name)
    _add_flow(target, device)
    return target


def _add_flow(target: Target, device: Device) -> None:
    from qiskit import circuit as operations

    flow = {
        "if_else": operations.IfElseOp,
        "for_loop": operations.ForLoopOp,
        "while_loop": operations.WhileLoopOp,
        "switch_case": operations.SwitchCaseOp,
        "break_loop": operations.BreakLoopOp,
        "continue_loop": operations.ContinueLoopOp,
        # What Terra does not know, no circuit of its has.
        "box": getattr(operations, "BoxOp", None),
        "store": getattr(operations, "Store", None),
    }
    for name in sorted(device.flow):
        if flow[name] is not None:
            target.add_instruction(flow[name], name=name)


def _passed_over(gate: Any) -> Any:
    """Return a gate so that Terra's synthesis passes over it where it would fail.

    It wants the matrix of every gate on two qubits, which one of any angle does not have.
    """
    if gate.num_qubits != 2 or not gate.params or gate.name in _SYNTHESIZED:
        return gate
    from qiskit.exceptions import QiskitError

    class OfAnyAngle(type(gate)):  # type: ignore[misc]
        def __array__(self, *_: object, **__: object) -> object:
            raise QiskitError("no matrix without an angle")

    return OfAnyAngle(*gate.params)


def _passes(
    device: Device,
    level: int,
    *,
    seed: int | None,
    initial_layout: Sequence[int] | None,
    fractional: bool,
) -> PassManager:
    from qiskit.transpiler.preset_passmanagers import generate_preset_pass_manager

    if not device.instructions:
        target = simulator_target(device, sized=False)
        return _settled(generate_preset_pass_manager(level, target=target, seed_transpiler=seed))
    target = build_target(device, fractional=fractional)
    where: dict[str, Any] = {"target": target}
    if initial_layout is not None:
        number = {qubit: index for index, qubit in enumerate(device.region)}
        where["initial_layout"] = [number[qubit] for qubit in initial_layout]
    passes = generate_preset_pass_manager(level, seed_transpiler=seed, **where)
    if is_terra():
        patch_terra_compiler()
        passes.pre_layout = _known_errors(target)
    return _settled(passes)


def _settled(passes: PassManager) -> PassManager:
    """Fix the order of the passes, which Qiskit makes anew for each list of circuits.

    For a small circuit that is a tenth of its time.
    """
    flow = passes.to_flow_controller()
    passes.to_flow_controller = lambda: flow
    return passes


def _known_errors(target: Target) -> PassManager:
    """Return a stage that hands the target's errors to the layout passes.

    Those of Terra would sum them up for every circuit, which is a fifteenth of all the work.
    """
    from qiskit.transpiler import PassManager
    from qiskit.transpiler.basepasses import AnalysisPass
    from qiskit.transpiler.passes.layout import vf2_utils

    coupling = target.build_coupling_map()
    if coupling is None:  # nothing to lay out
        return PassManager()
    errors = vf2_utils.build_average_error_map(target, None, coupling)

    class KnownErrors(AnalysisPass):  # type: ignore[misc]
        def run(self, _dag: object) -> None:
            self.property_set["vf2_avg_error_map"] = errors

    return PassManager([KnownErrors()])


def _on_device(circuit: QuantumCircuit, device: Device) -> QuantumCircuit:
    """Put a circuit on the working region onto the whole device."""
    flows = any(blocks_of(item) for item in circuit.data)
    if len(device.region) == device.num_qubits and not flows:
        return circuit
    return on_qubits(circuit, device.num_qubits, device.region)


def _with_wide_jumps(circuit: QuantumCircuit) -> QuantumCircuit:
    """Return the circuit with its jumps, and the branches they are in, on all bits of their loops.

    Compilers take operations on different bits for independent, and would move them past a jump.
    """
    if not _has_jumps(circuit):
        return circuit
    whole = circuit.copy_empty_like()
    for item in circuit.data:
        operation, qubits, clbits = item.operation, item.qubits, item.clbits
        if name_of(item) in JUMPS:
            qubits, clbits = circuit.qubits, circuit.clbits
            wide = type(operation)(len(qubits), len(clbits))
            operation = with_condition(wide, condition_of(operation))
        elif blocks := blocks_of(item):
            leaves = name_of(item) not in LOOPS and any(map(_has_jumps_out, blocks))
            # Other bits than the circuit's own would have to be replaced in conditions, too.
            if leaves and all(list(block.clbits) == list(clbits) for block in blocks):
                blocks = [_widened(block, item, circuit) for block in blocks]
                qubits, clbits = circuit.qubits, circuit.clbits
            operation = operation.replace_blocks([_with_wide_jumps(block) for block in blocks])
        whole.append(operation, qubits, clbits)
    return whole


def _has_jumps(circuit: QuantumCircuit) -> bool:
    """Return whether there are jumps out of loops in a circuit."""
    return any(
        name_of(item) in JUMPS or any(map(_has_jumps, blocks_of(item))) for item in circuit.data
    )


def _has_jumps_out(block: QuantumCircuit) -> bool:
    """Return whether a block has jumps out of the loop around it."""
    return any(
        name_of(item) in JUMPS
        or (name_of(item) not in LOOPS and any(map(_has_jumps_out, blocks_of(item))))
        for item in block.data
    )


def _widened(block: QuantumCircuit, item: Any, circuit: QuantumCircuit) -> QuantumCircuit:
    """Return a block of an instruction on all bits of the circuit that this stands in."""
    wide = type(block)(
        circuit.qubits, circuit.clbits, *circuit.cregs, global_phase=block.global_phase
    )
    copy_variables(block, wide)
    within = dict(zip(block.qubits, item.qubits, strict=True))
    for inner in block.data:
        wide.append(inner.operation, [within[qubit] for qubit in inner.qubits], inner.clbits)
    return wide


def with_angles_folded(circuit: QuantumCircuit) -> QuantumCircuit:
    """Return the circuit with every `rzz` of an angle from 0 to π/2, up to a global phase.

    Angles that are parameters stay as they are.
    """
    folded = circuit.copy_empty_like()
    for item in circuit.data:
        if blocks := blocks_of(item):
            inside = [with_angles_folded(block) for block in blocks]
            folded.append(item.replace(operation=item.operation.replace_blocks(inside)))
        elif name_of(item) == "rzz" and not getattr(params_of(item)[0], "parameters", None):
            for gate, places in _folded(float(params_of(item)[0])):
                turned = with_condition(gate, condition_of(item.operation))
                folded.append(turned, [item.qubits[place] for place in places], [])
        else:
            folded.append(item)
    return folded


def _folded(angle: float) -> Iterator[tuple[Any, tuple[int, ...]]]:
    """Yield the gates that make `rzz(angle)`, each with which of the two qubits it is on."""
    from qiskit.circuit.library import RZGate, RZZGate, XGate

    angle = math.remainder(angle, 2 * math.pi)  # a full turn changes nothing but the global phase
    if abs(angle) > math.pi / 2:
        # Half a turn is a Z on both.
        angle -= math.copysign(math.pi, angle)
        yield RZGate(math.pi), (0,)
        yield RZGate(math.pi), (1,)
    if angle < 0:
        # Between two X on one of the qubits a gate turns the other way.
        yield XGate(), (0,)
        yield RZZGate(-angle), (0, 1)
        yield XGate(), (0,)
    else:
        yield RZZGate(angle), (0, 1)
