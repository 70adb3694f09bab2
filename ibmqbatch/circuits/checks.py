"""Holding circuits to a device and its service: what would be refused is refused before it is sent.

That is the instruction set, the width and what may be active at a time; and what IBM's service
refuses after hours in the queue, or cannot run at all.
"""

from __future__ import annotations

import cmath
import keyword
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import TYPE_CHECKING, Any

from ..errors import Argument, Words
from ._qiskit import blocks_of, name_of, names_in, params_of
from .device import FLOW, FRACTIONAL, QUICKER, STATEMENTS, Device
from .errors import BadInput

if TYPE_CHECKING:
    from qiskit import QuantumCircuit

__all__ = [
    "Step",
    "active_qubits",
    "angles_of",
    "check_active_qubits",
    "check_angles",
    "check_instructions",
    "check_numbers",
    "check_options",
    "check_quickness",
    "check_registers",
    "check_statements",
    "first_unsupported",
    "steps",
    "unsupported_angle",
]

Step = tuple[str, tuple[int, ...]]

# What does nothing to the qubits that it spans: control flow is what its blocks hold.
_RARE = STATEMENTS - FLOW
_PASSIVE = STATEMENTS | {"barrier", "delay"}
_NUMBERS = (float, complex)
# Beyond a right angle by no more than comes of rounding: IBM's own client lets that pass.
_LARGEST_ANGLE = math.pi / 2 + 1e-10


def steps(circuit: QuantumCircuit, qubits: Sequence[int] | None = None) -> Iterator[Step]:
    """Yield each instruction's name and the circuit's qubits it is on, those of blocks included."""
    place = {bit: index for index, bit in enumerate(circuit.qubits)}
    for item in circuit.data:
        outer = tuple([place[bit] for bit in item.qubits])
        if qubits is not None:
            outer = tuple([qubits[index] for index in outer])
        yield name_of(item), outer
        for block in blocks_of(item):
            yield from steps(block, outer)


def first_unsupported(instructions: Iterable[Step], device: Device) -> Step | None:
    """Return the first instruction that the device does not take, with its qubits, or None."""
    for name, qubits in instructions:
        if not device.takes(name, qubits):
            return name, qubits
    return None


def check_instructions(instructions: Iterable[Step], device: Device, where: str) -> None:
    """Raise BadInput for instructions that are not all in the device's set."""
    found = first_unsupported(instructions, device) if device.instructions else None
    if found is None:
        return
    name, qubits = found
    listed = f" on qubit{'s' * (len(qubits) > 1)} {', '.join(map(str, qubits))}" if qubits else ""
    # As IBM's service says it of a job, code 1517.
    raise BadInput(
        "not_in_instruction_set",
        f"{where}: {device.name} does not take the instruction '{name}'{listed}.",
        Words(
            "Compile the circuit (leave {} out, and name no physical qubits), or mend it.",
            Argument("compile", value=False),
        ),
    )


def check_quickness(circuit: QuantumCircuit, device: Device, where: str) -> None:
    """Raise BadInput for a quicker measurement or reset that a device does not have at all."""
    for name in sorted(names_in(circuit) & QUICKER.keys()):
        if name not in device.instructions:
            raise BadInput(
                "not_in_instruction_set",
                f"{where}: {device.name} does not take the instruction '{name}'.",
                f"Use '{QUICKER[name]}', which takes longer.",
            )


def check_statements(
    circuit: QuantumCircuit, names: AbstractSet[str], device: Device, where: str
) -> None:
    """Raise BadInput for statements that no service could run; `names` are the instructions'."""
    if getattr(circuit, "num_input_vars", 0):
        name = next(iter(circuit.iter_input_vars())).name
        raise _no_statement(where, f"the input variable '{name}'", "no service is given its value")
    if getattr(circuit, "num_stretches", 0):
        name = next(iter(circuit.iter_stretches())).name
        raise _no_statement(where, f"the stretch '{name}'", "delays are sent with their lengths")
    if device.instructions:
        return  # it tells of all that it takes
    for name in sorted(names & (_RARE - device.flow)):
        raise _no_statement(where, f"the statement '{name}'", f"{device.name} takes none")


def _no_statement(where: str, what: str, why: str) -> BadInput:
    return BadInput("unsupported", f"{where} has {what}, and {why}.", "Write it without.")


def active_qubits(instructions: Iterable[Step]) -> int:
    """Return how many qubits something happens to."""
    active: set[int] = set()
    for name, qubits in instructions:
        if name not in _PASSIVE:
            active.update(qubits)
    return len(active)


def check_active_qubits(instructions: Iterable[Step], device: Device, where: str) -> None:
    """Raise BadInput for more active qubits than the device can have."""
    if device.max_active_qubits is None:
        return
    active = active_qubits(instructions)
    if active > device.max_active_qubits:
        raise BadInput(
            "over_budget",
            f"{where} uses {active} qubits; {device.name} is simulated here, "
            f"with {device.max_active_qubits} in use at most.",
            "Use fewer qubits, or a real device.",
        )


def check_numbers(circuit: QuantumCircuit, where: str) -> None:
    """Raise BadInput for an angle or a length that is not a finite number."""
    from qiskit import QuantumCircuit

    for item in circuit.data:
        for value in params_of(item):
            if isinstance(value, _NUMBERS) and not cmath.isfinite(value):
                raise BadInput(
                    "bad_number",
                    f"{where}: '{name_of(item)}' is given {value} where a number belongs.",
                    "Mend it.",
                )
            if isinstance(value, QuantumCircuit):  # a block is a parameter, too
                check_numbers(value, where)


def check_registers(names: Mapping[str, int], where: str) -> None:
    """Raise BadInput for classical registers, given with their sizes, that results cannot have.

    The service makes attributes of their names, and fails on one without bits.
    """
    for name, size in names.items():
        if not size:
            raise BadInput(
                "bad_register", f"{where}: its register '{name}' has no bits.", "Leave it out."
            )
        if not name.isidentifier() or keyword.iskeyword(name):
            raise BadInput(
                "bad_register",
                f"{where}: no register may be named '{name}'.",
                "Use letters, digits and underscores, and no word that Python reserves.",
            )


def check_options(
    instructions: Iterable[Step], device: Device, where: str, *, decoupled: bool, twirled: bool
) -> None:
    """Raise BadInput for instructions that cannot be combined with what the service is to do.

    Dynamical decoupling cannot with control flow, gate twirling not with fractional gates: the
    latter is the service's code 1519.
    """
    if not decoupled and not twirled:
        return
    names = {name for name, _ in instructions}
    if decoupled and names & FLOW:
        raise BadInput(
            "incompatible_options",
            f"{where} has control flow, which dynamical decoupling cannot be combined with.",
            "Leave the one or the other out.",
        )
    if twirled and (found := sorted(names & FRACTIONAL)):
        raise BadInput(
            "incompatible_options",
            f"{where} has the gate '{found[0]}' on {device.name}, a fractional one, which twirling "
            "cannot be combined with.",
            Words(
                "Leave twirling out, or compile without {}.",
                Argument("fractional_gates", value=True),
            ),
        )


def angles_of(
    circuit: QuantumCircuit, sweep: Sequence[Mapping[str, Any]] | None
) -> Iterator[float]:
    """Yield the angles of every `rzz`; those that are parameters for each row of the `sweep`."""
    expressions: dict[Any, None] = {}
    for angle in _angles(circuit):
        if getattr(angle, "parameters", None):
            expressions[angle] = None
        else:
            yield float(angle)
    for expression in expressions:
        for row in sweep or ():
            values = {p: row[p.name] for p in expression.parameters if p.name in row}
            if len(values) < len(expression.parameters):
                break  # a loop has others, which differ from round to round
            yield float(expression.bind(values))


def _angles(circuit: QuantumCircuit) -> Iterator[Any]:
    for item in circuit.data:
        if name_of(item) == "rzz":
            yield params_of(item)[0]
        for block in blocks_of(item):
            yield from _angles(block)


def unsupported_angle(angles: Iterable[float]) -> float | None:
    """Return the first angle of `rzz` that devices do not have, or None: they have 0 to π/2."""
    return next((angle for angle in angles if not 0 <= angle <= _LARGEST_ANGLE), None)


def check_angles(angles: Iterable[float], where: str) -> None:
    """Raise BadInput for an angle of `rzz` that devices do not have; the service's code is 1517."""
    angle = unsupported_angle(angles)
    if angle is not None:
        raise BadInput(
            "not_in_instruction_set",
            f"{where}: no device has 'rzz' with an angle of {angle:.6g}, only of 0 to π/2.",
            Words(
                "Compile the circuit without {}, or mend the angle.",
                Argument("fractional_gates", value=True),
            ),
        )
