"""What IBM's service would refuse of a circuit after hours in the queue, refused before it is sent.

Its instruction set aside, for which see `checks`.
"""

from __future__ import annotations

import keyword
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from ._qiskit import blocks_of, name_of, params_of
from .checks import Step
from .device import FLOW, Device
from .errors import BadInput
from .fractional import FRACTIONAL

if TYPE_CHECKING:
    from qiskit import QuantumCircuit

__all__ = ["angles_of", "check_angles", "check_options", "check_registers", "odd_angle"]

# Beyond a right angle by no more than comes of rounding: IBM's own client lets that pass.
_LARGEST_ANGLE = math.pi / 2 + 1e-10


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
            "Leave twirling out, or compile without --fractional-gates.",
        )


def angles_of(
    circuit: QuantumCircuit, sweep: Sequence[Mapping[str, float]] | None
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


def odd_angle(angles: Iterable[float]) -> float | None:
    """Return the first angle of `rzz` that devices do not have, or None: they have 0 to π/2."""
    return next((angle for angle in angles if not 0 <= angle <= _LARGEST_ANGLE), None)


def check_angles(angles: Iterable[float], where: str) -> None:
    """Raise BadInput for an angle of `rzz` that devices do not have; the service's code is 1517."""
    angle = odd_angle(angles)
    if angle is not None:
        raise BadInput(
            "not_in_instruction_set",
            f"{where}: no device has 'rzz' with an angle of {angle:.6g}, only of 0 to π/2.",
            "Have the circuit compiled, without --fractional-gates, or mend the angle.",
        )
