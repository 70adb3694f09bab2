"""Preparing one program for a device: it is checked, compiled and encoded."""

from __future__ import annotations

import gc
import hashlib
import zlib
from collections.abc import Container, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, Self

from ..errors import Argument, Problem, Words
from ._qiskit import free_parameters, is_panic, names_in
from .checks import (
    Step,
    angles_of,
    check_active_qubits,
    check_angles,
    check_instructions,
    check_numbers,
    check_options,
    check_quickness,
    check_registers,
    check_statements,
    first_unsupported,
    steps,
    unsupported_angle,
)
from .cost import Cost, cost_of, duration_of
from .device import MEASUREMENTS, Device
from .errors import BadInput
from .measured import REGISTER, Measured
from .normalize import convert_delays
from .physical import read_physical
from .programs import Program, load_circuit
from .qpy import encode_qpy, may_hold_infinity
from .rotations import measure

if TYPE_CHECKING:
    from qiskit import QuantumCircuit

    from .compile import Compiler

__all__ = ["Compiled", "Preparation", "Preparer", "ReadyCircuit", "ReadyProgram", "label_of"]

_DEFAULT_LEVEL = 2


@dataclass(frozen=True, slots=True)
class Preparation:
    """How circuits are prepared.

    `compiling` False leaves them as they are. `level` 0 to 3 compiles them so; None compiles those
    that are not in the device's instruction set already. `initial_layout[i]` is the device's qubit
    for a circuit's qubit i. `fractional` gates are compiled to where that is wanted. Not every
    circuit can be `decoupled` or `twirled` by the service.
    """

    compiling: bool = True
    level: int | None = None
    seed: int | None = None
    initial_layout: tuple[int, ...] | None = None
    measure_all: bool = False
    fractional: bool = False
    decoupled: bool = False
    twirled: bool = False


@dataclass(frozen=True, slots=True)
class ReadyCircuit:
    """One run of a program: its name, its metadata, and its parameters' values in their order."""

    name: str
    metadata: Mapping[str, object]
    values: tuple[float, ...] | None


@dataclass(frozen=True, slots=True)
class Compiled:
    """What became of a program: `body` is zlib of QPY, or of OpenQASM 3 (`body_kind`).

    `sha256` is that of the QPY or OpenQASM itself. `layout` is None where it was not compiled to a
    device. `cost` is that of one run. `parameters` are those that the body has, in their order.
    `note` is what its owner should know, without its name before it; empty for nothing.
    """

    sha256: str
    body_kind: str
    body: bytes = field(repr=False)
    layout: Mapping[str, Any] | None
    cost: Cost
    parameters: Sequence[str] = ()
    note: str = ""


@dataclass(frozen=True, slots=True)
class ReadyProgram:
    """A program that is ready for the wire, see `Compiled`.

    It stands for one circuit, or one for each row of a sweep. `original` is the program as it came,
    of `kind` openqasm2, openqasm3 or qpy; None where it was in memory, and was not compiled.
    `shots` is None where nothing is said of them. `notes` are what its owner should know, without
    `where` before them, which names it for a person. `measured` is what it tells of observables.
    """

    circuits: tuple[ReadyCircuit, ...]
    source: str
    position: int
    shots: int | None
    kind: str
    original: bytes | None = field(repr=False)
    sha256: str
    body_kind: str
    body: bytes = field(repr=False)
    layout: Mapping[str, Any] | None
    cost: Cost
    where: str = field(default="", compare=False)
    notes: tuple[str, ...] = ()
    measured: Measured | None = None

    @classmethod
    def of(
        cls,
        program: Program,
        compiled: Compiled,
        where: str,
        sweep: Sequence[Mapping[str, float]] | None,
    ) -> Self:
        """Return a program with what became of it; `where` names it for a person."""
        # What goes out tells the same as a circuit that was in memory, unless it was compiled.
        keeps = compiled.layout is not None or not program.from_memory
        return cls(
            circuits=_runs(program, compiled.parameters, sweep),
            source=program.source,
            position=program.position,
            shots=program.shots,
            kind=program.kind,
            original=program.content if keeps else None,
            sha256=compiled.sha256,
            body_kind=compiled.body_kind,
            body=compiled.body,
            layout=compiled.layout,
            cost=compiled.cost,
            where=where,
            notes=tuple(note for note in (program.note, compiled.note) if note),
            measured=program.measured,
        )


class Preparer:
    """Prepares programs. It is pickled for the processes that share the work.

    Qiskit is imported when the first program needs it.
    """

    def __init__(
        self,
        device: Device,
        preparation: Preparation,
        sweep: Sequence[Mapping[str, float]] | None,
    ) -> None:
        self._device = device
        self._preparation = preparation
        self._sweep = sweep
        on_device = bool(device.instructions)
        self.compiles = preparation.compiling and (on_device or preparation.level is not None)

    def __getstate__(self) -> dict[str, Any]:
        return {k: v for k, v in self.__dict__.items() if k != "_compiler"}

    @cached_property
    def _compiler(self) -> Compiler:
        from .compile import Compiler

        # What is there now stays: the collector need not look at it after each circuit again.
        gc.collect()
        gc.freeze()
        level = self._preparation.level
        return Compiler(
            self._device,
            _DEFAULT_LEVEL if level is None else level,
            seed=self._preparation.seed,
            initial_layout=self._preparation.initial_layout,
            fractional=self._preparation.fractional,
        )

    def __call__(self, task: tuple[int, Program] | Problem) -> Compiled | Problem:
        """Prepare a program, numbered by its first circuit; return a Problem where that fails."""
        if isinstance(task, Problem):
            return task
        index, program = task
        where = label_of(index, program)
        try:
            return self._as_it_is(program, where) or self._as_circuit(program, where)
        except BadInput as error:
            return replace(error.problem, about=program.where)
        except BaseException as error:
            if not is_panic(error):
                raise
            return Problem(
                "unsupported",
                f"{where} is more than Qiskit itself can do, which says: {str(error)[:200]}.",
                "Write it otherwise.",
                about=program.where,
            )

    def _as_it_is(self, program: Program, where: str) -> Compiled | None:
        """Return a program on the device's own qubits as it came, if nothing is to be added."""
        if program.kind != "openqasm3" or self._sweep is not None or program.measured is not None:
            return None
        if self._preparation.initial_layout is not None:
            return None
        text = program.content.decode()
        found = read_physical(text, program.where, program.line, self._device)
        if found is None or not any(name == "measure" for name, _ in found.steps):
            return None
        check_instructions(found.steps, self._device, where)
        check_active_qubits(found.steps, self._device, where)
        check_registers(found.registers, where)
        check_options(found.steps, self._device, where, **self._asked)
        check_angles(found.angles, where)
        return Compiled(
            sha256=hashlib.sha256(program.content).hexdigest(),
            body_kind="openqasm3",
            body=zlib.compress(program.content),
            layout=None,
            cost=cost_of(found.steps, found.registers.values(), found.duration),
            note=self._note_of_staying(),
        )

    @property
    def _asked(self) -> dict[str, bool]:
        asked = self._preparation
        return {"decoupled": asked.decoupled, "twirled": asked.twirled}

    def _as_circuit(self, program: Program, where: str) -> Compiled:
        circuit, physical = load_circuit(program)
        names = names_in(circuit)
        check_statements(circuit, names, self._device, where)
        self._check_parameters(circuit, program)
        self._check_size(circuit, where)
        if program.measured is None:
            self._check_measurements(circuit, names, program.where)
        if self._device.instructions or self.compiles:  # they are reckoned with
            check_numbers(circuit, where)
        stays = not self.compiles or self._is_ready(circuit, physical=physical)
        if program.measured is not None:
            self._measure(circuit, program.measured, where, compiled=not stays)
        layout, note = None, ""
        if physical and self._preparation.initial_layout is not None:
            raise BadInput(
                "bad_layout",
                Words(
                    "{} names physical qubits, which {} would move.",
                    where,
                    Argument("initial_layout"),
                ),
                "Leave one of them out.",
            )
        if not stays:
            self._check_region(circuit, where)
            if self._device.instructions:
                check_quickness(circuit, self._device, where)
            note = self._note_of_moving(circuit)
            circuit, layout = self._compiler.run(circuit, where)
            names = names_in(circuit)
        found: list[Step] = []
        if self._device.instructions:
            found = list(steps(circuit))
            self._check_instructions(circuit, found, where)
        if "delay" in names:
            circuit = convert_delays(circuit, self._device.dt, where)
        cost = self._cost(circuit, found)
        # Last, because compiling gives it another.
        circuit.name = program.name
        circuit.metadata = dict(program.metadata)
        data = encode_qpy(circuit)
        if may_hold_infinity(data):
            check_numbers(circuit, where)
        return Compiled(
            sha256=hashlib.sha256(data).hexdigest(),
            body_kind="qpy",
            body=zlib.compress(data),
            layout=None if layout is None else asdict(layout),
            cost=cost,
            # The compiler may have dropped some, and then their values must not go out.
            parameters=[parameter.name for parameter in free_parameters(circuit)],
            note=note,
        )

    def _check_measurements(
        self, circuit: QuantumCircuit, names: Container[str], where: str
    ) -> None:
        """Measure all qubits of a circuit that measures none, if that is wanted, or else raise."""
        if any(name in names for name in MEASUREMENTS):
            return
        if not self._preparation.measure_all:
            raise BadInput(
                "no_measurements",
                f"{where} measures nothing.",
                Words(
                    "Add measurements, or measure all qubits with {}.",
                    Argument("measure_all", value=True),
                ),
            )
        circuit.measure_all()

    def _measure(
        self, circuit: QuantumCircuit, measured: Measured, where: str, *, compiled: bool
    ) -> None:
        """Append the measurements of observables; raises BadInput.

        They are on the circuit's own qubits, or, where it was compiled elsewhere and tells of it,
        on those of the circuit that it was compiled of, if observables are written for these.
        """
        places = None
        if circuit.layout is not None and measured.width not in {None, circuit.num_qubits}:
            places = circuit.layout.final_index_layout()
        measured.check_width(circuit.num_qubits if places is None else len(places), where)
        keeps_to_device = self._device.instructions and not compiled
        measure(
            circuit,
            measured.basis,
            REGISTER,
            where,
            places=places,
            device=self._device if keeps_to_device else None,
        )

    def _check_instructions(
        self, circuit: QuantumCircuit, found: Sequence[Step], where: str
    ) -> None:
        device = self._device
        check_instructions(found, device, where)
        check_active_qubits(found, device, where)
        check_registers({register.name: register.size for register in circuit.cregs}, where)
        check_options(found, device, where, **self._asked)
        if any(name == "rzz" for name, _ in found):
            check_angles(angles_of(circuit, self._sweep), where)

    def _cost(self, circuit: QuantumCircuit, found: Sequence[Step]) -> Cost:
        sizes = [register.size for register in circuit.cregs]
        if not self._device.instructions:
            return cost_of((), sizes, None)
        return cost_of(found, sizes, duration_of(circuit, self._device))

    def _note_of_staying(self) -> str:
        if self._preparation.level is None:
            return ""
        return "names the device's own qubits: it is sent as it is, and not compiled."

    def _note_of_moving(self, circuit: QuantumCircuit) -> str:
        """Say it where somebody has perhaps placed the qubits of a circuit that is compiled."""
        if not self._device.instructions or circuit.num_qubits != self._device.num_qubits:
            return ""
        found = first_unsupported(steps(circuit), self._device)
        angle = unsupported_angle(angles_of(circuit, self._sweep))
        if found is not None:
            what = f"'{found[0]}' on {', '.join(map(str, found[1]))}"
        elif angle is not None:
            what = f"'rzz' with an angle of {angle:.6g}"
        else:
            return ""
        return (
            f"is as wide as {self._device.name} and not in its instruction set ({what}): "
            "it is compiled, to other qubits perhaps."
        )

    def _is_ready(self, circuit: QuantumCircuit, *, physical: bool) -> bool:
        """Return whether a circuit is to stay as it is: somebody has compiled it to this device."""
        if not self._device.instructions:
            return False
        if physical:
            return True
        return (
            self._preparation.level is None
            and self._preparation.initial_layout is None
            and circuit.num_qubits == self._device.num_qubits
            and first_unsupported(steps(circuit), self._device) is None
            and unsupported_angle(angles_of(circuit, self._sweep)) is None
        )

    def _check_size(self, circuit: QuantumCircuit, where: str) -> None:
        device = self._device
        if circuit.num_qubits > device.num_qubits:
            raise _too_wide(circuit, where, f"{device.name} has {device.num_qubits}")

    def _check_region(self, circuit: QuantumCircuit, where: str) -> None:
        device = self._device
        if device.instructions and circuit.num_qubits > len(device.region):
            of_them = f"of those of {device.name} {len(device.region)} work and are connected"
            raise _too_wide(circuit, where, of_them)

    def _check_parameters(self, circuit: QuantumCircuit, program: Program) -> None:
        names = [parameter.name for parameter in free_parameters(circuit)]
        if self._sweep is None:
            if names:
                raise BadInput(
                    "unbound_parameters",
                    f"{program.where} has parameters without values: {_listed(names)}.",
                    Words("Give them values, a row for each run, with {}.", Argument("parameters")),
                )
            return
        given = set(self._sweep[0])
        for code, what, found in (
            ("unbound_parameters", "has parameters without values", set(names) - given),
            ("unknown_parameters", "has no such parameters", given - set(names)),
        ):
            if found:
                raise BadInput(
                    code,
                    f"{program.where} {what}: {_listed(sorted(found))}.",
                    f"Its parameters are: {_listed(names) or 'none'}.",
                )


def label_of(index: int, program: Program) -> str:
    """Name a program, whose first circuit has this index, for a person."""
    return f"Circuit {index} ({program.where})"


def _runs(
    program: Program, parameters: Sequence[str], sweep: Sequence[Mapping[str, float]] | None
) -> tuple[ReadyCircuit, ...]:
    """Return the runs that a program stands for: one, or one for each row of the sweep."""
    if sweep is None:
        return (ReadyCircuit(program.name, program.metadata, None),)
    return tuple(
        ReadyCircuit(
            f"{program.name}@{number}",
            {**program.metadata, **row},
            tuple(row[name] for name in parameters),
        )
        for number, row in enumerate(sweep)
    )


def _too_wide(circuit: QuantumCircuit, where: str, available: str) -> BadInput:
    return BadInput(
        "too_many_qubits",
        f"{where} needs {circuit.num_qubits} qubits; {available}.",
        "Use a larger backend, or a smaller circuit.",
    )


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names[:10]) + (", …" if len(names) > 10 else "")
