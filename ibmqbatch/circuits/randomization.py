"""Twirling and dynamical decoupling on this machine, for a service that does neither itself.

IBM's program `sampler` does both where a job's options ask for it; `executor` runs what it is sent.
Qiskit 2 inserts the decoupling; twirling is that of samplomatic, which IBM's own client uses, too.
"""

from __future__ import annotations

import math
import threading
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from ..errors import MissingPackage
from ._qiskit import import_qiskit, is_terra
from .compile import build_target
from .device import Device
from .errors import BadInput, first_line
from .qpy import encode_qpy, load_qpy

if TYPE_CHECKING:
    from qiskit.circuit import Gate
    from qiskit.transpiler import PassManager

__all__ = ["Randomizer", "Template"]


@dataclass(frozen=True, slots=True)
class Template:
    """A circuit as it is sent, as QPY; where it is twirled, with what draws its parameters' values.

    That is `samplex`, JSON of samplomatic in the `version` of its format.
    """

    qpy: bytes
    samplex: str | None = None
    version: int | None = None


class Randomizer:
    """Makes templates of compiled circuits, by the sampler's `options`, for one device.

    Without a device, on a simulator, nothing is decoupled: there are no idle times. Raises
    MissingPackage where Qiskit 2, or samplomatic for twirling, is not installed.
    """

    def __init__(self, device: Device | None, options: Mapping[str, Any]) -> None:
        import_qiskit()
        if is_terra():
            raise MissingPackage(
                "Qiskit Terra can neither twirl nor decouple.",
                "Use the program sampler, or install Qiskit 2: pip install 'ibmqbatch[qiskit]'.",
            )
        twirling = options.get("twirling", {})
        self._twirled = bool(twirling.get("enable_gates") or twirling.get("enable_measure"))
        # Passes keep what they have found of a circuit, and requests are written by many threads.
        self._turn = threading.Lock()
        self._boxes = _boxes(twirling) if self._twirled else None
        decoupling = options.get("dynamical_decoupling", {})
        self._decoupling = None
        if decoupling.get("enable") and device is not None:
            self._decoupling = _decoupling(device, decoupling)

    def template(self, data: bytes, where: str) -> Template:
        """Return the template of the circuit in a QPY file; raises BadInput."""
        with self._turn:
            return self._template(data, where)

    def _template(self, data: bytes, where: str) -> Template:
        from qiskit.exceptions import QiskitError

        (circuit,) = load_qpy(data, where)
        samplex, version = None, None
        if self._boxes is not None:
            from samplomatic import build
            from samplomatic.serialization import samplex_to_json
            from samplomatic.ssv import SSV

            name, metadata = circuit.name, circuit.metadata
            try:
                circuit, made = build(self._boxes.run(circuit))
            except Exception as error:  # of whichever of its many kinds
                raise BadInput(
                    "cannot_twirl",
                    f"{where} cannot be twirled on this machine: {first_line(error)}.",
                    "Leave the twirling out, or use the program sampler.",
                ) from error
            circuit.name, circuit.metadata = name, metadata
            samplex, version = samplex_to_json(made, ssv=SSV), int(SSV)
        if self._decoupling is not None:
            try:
                circuit = self._decoupling.run(circuit)
            except QiskitError as error:
                raise BadInput(
                    "cannot_decouple",
                    f"{where} cannot be decoupled on this machine: {first_line(error)}.",
                    "Leave the decoupling out, or use the program sampler.",
                ) from error
        return Template(encode_qpy(circuit), samplex, version)


def _boxes(twirling: Mapping[str, Any]) -> PassManager:
    """Return what puts the gates and measurements that are to be twirled into boxes."""
    try:
        from samplomatic.transpiler import generate_boxing_pass_manager
    except ImportError as error:
        raise MissingPackage(
            "Twirling on this machine needs the package samplomatic, which is not installed.",
            "Install it, pip install samplomatic, or use the program sampler.",
        ) from error
    return generate_boxing_pass_manager(
        enable_gates=bool(twirling.get("enable_gates")),
        enable_measures=bool(twirling.get("enable_measure")),
        twirling_strategy=twirling.get("strategy", "active-accum").replace("-", "_"),
        inject_noise_site="after",
    )


def _decoupling(device: Device, options: Mapping[str, Any]) -> PassManager:
    """Return what schedules a circuit and fills its idle times."""
    from qiskit.transpiler import PassManager, passes

    # Compiled circuits are on all of the device's qubits.
    target = build_target(replace(device, region=tuple(range(device.num_qubits))), fractional=True)
    sequence, spacing = _sequence(options.get("sequence_type", "XX"))
    asap = options.get("scheduling_method") == "asap"
    schedule = passes.ASAPScheduleAnalysis if asap else passes.ALAPScheduleAnalysis
    return PassManager(
        [
            passes.TimeUnitConversion(target=target),
            schedule(target=target),
            passes.PadDynamicalDecoupling(
                dd_sequence=sequence,
                spacing=spacing,
                skip_reset_qubits=options.get("skip_reset_qubits", False),
                extra_slack_distribution=options.get("extra_slack_distribution", "middle"),
                target=target,
            ),
            passes.PadDelay(target=target),
        ]
    )


def _sequence(kind: str) -> tuple[list[Gate], list[float]]:
    """Return the gates of a sequence, and the shares of an idle time before, between, after them.

    A turn about another axis is an X between turns about Z, which take no time.
    """
    from qiskit.circuit.library import RZGate, XGate

    def turn(angle: float) -> list[Gate]:
        return [RZGate(angle), XGate(), RZGate(-angle)] if angle else [XGate()]

    half = math.pi / 2
    pulses = {
        "XX": [turn(0), turn(0)],
        "XpXm": [turn(0), turn(math.pi)],
        "XY4": [turn(0), turn(half), turn(math.pi), turn(-half)],
    }[kind]
    gap = 1 / len(pulses)
    spacing = []
    for number, gates in enumerate(pulses):
        spacing += [gap if number else gap / 2, *[0.0] * (len(gates) - 1)]
    return [gate for gates in pulses for gate in gates], [*spacing, gap / 2]
