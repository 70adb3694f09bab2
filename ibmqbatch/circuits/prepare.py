"""From files to circuits that are ready for the wire, one at a time."""

from __future__ import annotations

import gc
import hashlib
import itertools
import warnings
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import InputError, Problem

with warnings.catch_warnings():
    # Terra 0.46 announces its own end at each import.
    warnings.simplefilter("ignore", DeprecationWarning)
    import qiskit  # noqa: F401 - here, before any other module of this room imports parts of it

from .compile import Compiler
from .delays import count_in_steps
from .device import Device
from .encode import qpy_of
from .errors import BadInput
from .isa import check_activity, check_instructions, measures, misfit
from .parallel import Helpers, available_processors
from .programs import Program, load_circuit, read_programs
from .sources import Source, find_sources
from .tables import read_sources, read_sweep

if TYPE_CHECKING:
    from qiskit import QuantumCircuit

__all__ = ["Inputs", "Preparation", "ReadyCircuit", "ReadyProgram", "prepare"]

_WORTH_SHARING = 12  # circuits; below it other processes take longer to start than they save
_DEFAULT_LEVEL = 2


@dataclass(frozen=True, slots=True)
class Inputs:
    """Where circuits come from: paths, a table of them, and the values of a sweep."""

    paths: tuple[Path, ...]
    table: Path | None = None
    sweep: Path | None = None
    recursive: bool = False
    stdin: bytes | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Preparation:
    """How circuits are made ready.

    `compiling` False leaves them as they are. `level` 0 to 3 compiles them so; None compiles those
    that are not in the device's instruction set already. `initial_layout[i]` is the device's qubit
    for a circuit's qubit i.
    """

    compiling: bool = True
    level: int | None = None
    seed: int | None = None
    initial_layout: tuple[int, ...] | None = None
    measure_all: bool = False


@dataclass(frozen=True, slots=True)
class ReadyCircuit:
    """One run of a program: its name, its metadata, and its parameters' values in their order."""

    name: str
    metadata: Mapping[str, object]
    values: tuple[float, ...] | None


@dataclass(frozen=True, slots=True)
class ReadyProgram:
    """A program for the wire: `body` is zlib of QPY 10, `sha256` that of the QPY itself.

    It stands for one circuit, or one for each row of a sweep. `given` is the program as it came,
    compressed by zlib, of `kind` openqasm2, openqasm3 or qpy. `layout` is None where it was not
    compiled to a device. `shots` is None where nothing is said of them. `note` is what its owner
    should know, if anything.
    """

    circuits: tuple[ReadyCircuit, ...]
    source: str
    position: int
    shots: int | None
    kind: str
    given: bytes = field(repr=False)
    sha256: str
    body: bytes = field(repr=False)
    layout: Mapping[str, Any] | None
    note: str = ""


Progress = Callable[[str, int, int], None]


def prepare(
    inputs: Inputs,
    device: Device,
    preparation: Preparation,
    progress: Progress,
) -> Iterator[ReadyProgram]:
    """Yield the programs of `inputs` in their order, ready for `device`.

    `progress` is told a stage ("finding", "reading", "compiling") and how much of how much of it
    is done. Raises InputError in the end if anything could not be used, with all that was found:
    what was yielded until then is then void.
    """
    problems: list[Problem] = []
    sources = _sources(inputs, problems, progress)
    sweep = None
    try:
        sweep = None if inputs.sweep is None else read_sweep(inputs.sweep)
        _check_layout(preparation, device)
    except BadInput as error:
        # Every circuit would be blamed for it.
        raise InputError([*problems, error.problem]) from error
    work = _Work(device, preparation, sweep)
    feed = _Feed(sources, inputs.stdin, len(sweep or (0,)))
    tasks = feed.programs()
    few = list(itertools.islice(tasks, _WORTH_SHARING)) if work.compiles else []
    processes = available_processors() if len(few) == _WORTH_SHARING else 1
    stage = "compiling" if work.compiles else "reading"
    with Helpers(work, _died, processes) as helpers:
        for done, answer in enumerate(helpers.map(itertools.chain(few, tasks)), 1):
            progress(stage, done, feed.total)
            if isinstance(answer, Problem):
                problems.append(answer)
            elif not problems:
                yield answer
    gc.unfreeze()
    if problems:
        raise InputError(problems)


def _sources(inputs: Inputs, problems: list[Problem], progress: Progress) -> list[Source]:
    found = find_sources(
        inputs.paths,
        problems,
        recursive=inputs.recursive,
        listed=lambda count: progress("finding", count, count),
    )
    if inputs.table is not None:
        try:
            found += read_sources(inputs.table)
        except BadInput as error:
            problems.append(error.problem)
    return found


def _check_layout(preparation: Preparation, device: Device) -> None:
    layout = preparation.initial_layout
    if layout is None:
        return
    if not device.instructions:
        raise BadInput(
            "bad_layout",
            f"{device.name} has no qubits to choose from: all are alike.",
            "Leave --initial-layout out.",
        )
    twice = [qubit for number, qubit in enumerate(layout) if qubit in layout[:number]]
    if twice:
        raise BadInput(
            "bad_layout",
            f"Qubit {twice[0]} of {device.name} is named twice.",
            "Name another with --initial-layout.",
        )
    useless = [qubit for qubit in layout if qubit not in device.region]
    if useless:
        there = useless[0] in range(device.num_qubits)
        raise BadInput(
            "bad_layout",
            f"Qubit {useless[0]} of {device.name} "
            + ("does not work, or is cut off from the others." if there else "does not exist."),
            "Name others with --initial-layout.",
        )


class _Feed:
    """The programs of all sources, and how many there are, as far as is known.

    A program is numbered by the first circuit that it stands for; what cannot be read is passed on
    as the problem that it is.
    """

    def __init__(self, sources: Sequence[Source], stdin: bytes | None, runs: int) -> None:
        self.total = len(sources)
        self._sources = sources
        self._stdin = stdin
        self._runs = runs

    def programs(self) -> Iterator[tuple[int, Program] | Problem]:
        index = 0
        for source in self._sources:
            try:
                found = list(read_programs(source, self._stdin))
            except BadInput as error:
                found = []
                yield error.problem
            self.total += max(0, len(found) - 1)
            for program in found:
                yield index, program
                index += self._runs


def _died(task: tuple[int, Program] | Problem) -> ReadyProgram | Problem:
    if isinstance(task, Problem):
        return task
    return Problem(
        "out_of_memory",
        f"The process that compiled {task[1].where} died.",
        "It may have run out of memory: is the circuit very large?",
    )


class _Work:
    """Makes programs ready. Pickled as it is to the processes that share the work."""

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
        # What is there now stays: the collector need not look at it after each circuit again.
        gc.collect()
        gc.freeze()
        level = self._preparation.level
        return Compiler(
            self._device,
            _DEFAULT_LEVEL if level is None else level,
            seed=self._preparation.seed,
            initial_layout=self._preparation.initial_layout,
        )

    def __call__(self, task: tuple[int, Program] | Problem) -> ReadyProgram | Problem:
        if isinstance(task, Problem):
            return task
        try:
            return self._ready(*task)
        except BadInput as error:
            return error.problem

    def _ready(self, index: int, program: Program) -> ReadyProgram:
        circuit, physical = load_circuit(program)
        where = f"Circuit {index} ({program.where})"
        self._check_parameters(circuit, program)
        self._check_size(circuit, where)
        if not measures(circuit):
            if not self._preparation.measure_all:
                raise BadInput(
                    "no_measurements",
                    f"{program.where} measures nothing.",
                    "Add measurements, or have all qubits measured with --measure-all.",
                )
            circuit.measure_all()
        layout, note = None, ""
        if physical and self._preparation.initial_layout is not None:
            raise BadInput(
                "bad_layout",
                f"{where} names physical qubits, which --initial-layout would move.",
                "Leave one of them out.",
            )
        if self.compiles and not self._is_ready(circuit, physical=physical):
            self._check_region(circuit, where)
            note = self._note_of_moving(circuit, where)
            circuit, layout = self._compiler.run(circuit, where)
        check_instructions(circuit, self._device, where)
        check_activity(circuit, self._device, where)
        count_in_steps(circuit, self._device.dt, where)
        runs = self._runs(circuit, program)
        # Last, because compiling gives it another.
        circuit.name = program.name
        circuit.metadata = dict(program.metadata)
        data = qpy_of(circuit)
        return ReadyProgram(
            circuits=runs,
            source=program.source,
            position=program.position,
            shots=program.shots,
            kind=program.kind,
            given=zlib.compress(program.content, level=1),
            sha256=hashlib.sha256(data).hexdigest(),
            body=zlib.compress(data),
            layout=None if layout is None else asdict(layout),
            note=note,
        )

    def _note_of_moving(self, circuit: QuantumCircuit, where: str) -> str:
        """Say it where somebody has perhaps placed the qubits of a circuit that is compiled."""
        if not self._device.instructions or circuit.num_qubits != self._device.num_qubits:
            return ""
        found = misfit(circuit, self._device)
        if found is None:
            return ""
        name, qubits = found
        listed = ", ".join(map(str, qubits))
        return (
            f"{where} is as wide as {self._device.name} and not in its instruction set ('{name}' "
            f"on {listed}): it is compiled, to other qubits perhaps."
        )

    def _is_ready(self, circuit: QuantumCircuit, *, physical: bool) -> bool:
        """Tell whether a circuit is to stay as it is: somebody has compiled it to this device."""
        if not self._device.instructions:
            return False
        if physical:
            return True
        return (
            self._preparation.level is None
            and self._preparation.initial_layout is None
            and circuit.num_qubits == self._device.num_qubits
            and misfit(circuit, self._device) is None
        )

    def _check_size(self, circuit: QuantumCircuit, where: str) -> None:
        device = self._device
        if circuit.num_qubits > device.num_qubits:
            raise BadInput(
                "too_many_qubits",
                f"{where} needs {circuit.num_qubits} qubits; {device.name} has "
                f"{device.num_qubits}.",
                "Use a larger backend, or a smaller circuit.",
            )

    def _check_region(self, circuit: QuantumCircuit, where: str) -> None:
        device = self._device
        if device.instructions and circuit.num_qubits > len(device.region):
            raise BadInput(
                "too_many_qubits",
                f"{where} needs {circuit.num_qubits} qubits; of those of {device.name} "
                f"{len(device.region)} work and are connected.",
                "Use a larger backend, or a smaller circuit.",
            )

    def _check_parameters(self, circuit: QuantumCircuit, program: Program) -> None:
        names = [parameter.name for parameter in circuit.parameters]
        if self._sweep is None:
            if names:
                raise BadInput(
                    "unbound_parameters",
                    f"{program.where} has parameters without values: {_listed(names)}.",
                    "Give them values, a row for each run, with --parameters FILE.",
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

    def _runs(self, circuit: QuantumCircuit, program: Program) -> tuple[ReadyCircuit, ...]:
        """Return the runs that a program stands for: one, or one for each row of the sweep."""
        if self._sweep is None:
            return (ReadyCircuit(program.name, program.metadata, None),)
        # The compiler may have dropped some, and then their values must not go out.
        names = [parameter.name for parameter in circuit.parameters]
        return tuple(
            ReadyCircuit(
                f"{program.name}@{number}",
                {**program.metadata, **row},
                tuple(row[name] for name in names),
            )
            for number, row in enumerate(self._sweep)
        )


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names[:10]) + (", …" if len(names) > 10 else "")
